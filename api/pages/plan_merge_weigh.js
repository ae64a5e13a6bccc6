// The middle of the merger wizard: the trade-off is worked out by a job that survives a reload, shown as a chart and a
// table, each point on the map, and one of them made a draft.
import { askJson, change, contentOf } from "./desk_ask.js";
import { make, say } from "./desk_words.js";
import { openPlan } from "./plan_choose.js";
import { flush } from "./plan_do.js";
import { MEASURES, chart, distinct, isLeast, table } from "./plan_merge_chart.js";
import { zoomToVillages } from "./plan_merge_map.js";
import { facts, keepTyped, keepWizard, noteBorn, readyGroups, specOf, wizard } from "./plan_merge_state.js";
import { desk, keep, tell } from "./plan_state.js";
import { button, notice, tellAloud, trouble, working } from "./desk_talk.js";

const LOOK_MS = 700;
const RETRY_MS = 5000;
let timer = 0;
let measure = "border_km";
let looked = null;
const shownPoints = new Map(); // job/number -> its grids

export const isRunning = () => ["queued", "running"].includes(facts.job?.state);
export const isDone = () => facts.job?.state === "done";
export const points = () => (isDone() ? facts.job.result.points : []);
const isPlanner = () => ["planner", "admin"].includes(desk.role);
const headers = () => ({ "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() });

// -- the job

export async function begin(seconds) {
  await flush(); // the job is about the plan as the planner sees it
  if (desk.unsaved) {
    notice("warn", say("merge_unsaved"), { id: "merge-unsaved" });
    return;
  }
  const body = JSON.stringify({ plan: desk.id, merge: readyGroups().map(specOf), ...(seconds ? { seconds } : {}) });
  const made = await working("frontier", say("merge_asking"), async (signal) => contentOf(await change("/v1/frontier", { method: "POST", headers: headers(), body, signal })));
  if (!made) return;
  Object.assign(facts, { job: made, point: null });
  keepWizard({ job: made.id, weight: null });
  watch();
}

// Look after the job, also after a reload.
export function watch() {
  clearTimeout(timer);
  if (wizard.job) look();
}

export function unwatch() {
  clearTimeout(timer);
}

async function look() {
  const id = wizard.job;
  try {
    const found = await askJson(`/v1/jobs/${encodeURIComponent(id)}`);
    if (id !== wizard.job) return;
    const was = facts.job?.state;
    facts.job = found;
    if (isRunning()) timer = setTimeout(look, LOOK_MS);
    else if (was !== found.state) ended(found);
    tell("weighed");
  } catch (error) {
    if (id !== wizard.job) return;
    if (error.status === 404) keepWizard({ job: "", weight: null });
    else timer = setTimeout(look, RETRY_MS);
  }
}

function ended(job) {
  if (job.state === "done") {
    tellAloud(say("merge_done", { n: distinct(job.result.points).length }));
    choosePoint(wizard.weight ?? job.result.points.at(-1).change_weight, false);
  } else if (job.state === "failed") tellAloud(job.faults[0]?.message || say("merge_failed"));
}

async function cancel() {
  try {
    facts.job = await contentOf(await change(`/v1/jobs/${encodeURIComponent(wizard.job)}/cancel`, { method: "POST" }));
    watch();
    tell("weighed");
  } catch (error) {
    trouble(error, cancel);
  }
}

// -- a point

export async function choosePoint(weight, isFocus) {
  const point = points().find((one) => one.change_weight === weight);
  if (!point) return;
  keepWizard({ weight });
  looked = isFocus;
  tell("weighed");
  const key = `${wizard.job}/${point.number}`;
  if (!shownPoints.has(key)) {
    const found = await working("merge-point", "", (signal) => askJson(`/v1/jobs/${wizard.job}/points/${point.number}`, { signal }));
    if (!found) return;
    shownPoints.set(key, found);
  }
  if (wizard.weight !== weight) return;
  facts.point = shownPoints.get(key);
  tell("weighed");
  tell("merge", wizard);
}

export function dropPoint() {
  facts.point = null;
  tell("merge", wizard);
}

function progressOf(job) {
  const bar = make("progress");
  bar.max = 1;
  if (job.share !== null) bar.value = job.share;
  bar.setAttribute("aria-label", say("merge_progress"));
  const steps = job.total ? ` ${job.done}/${job.total}` : "";
  const text = job.state === "queued" ? say("merge_queued") : `${job.text || say("merge_progress")}${steps} · ${say("seconds", { n: Math.round(job.seconds) })}`;
  const stop = button(say("cancel"), cancel);
  stop.disabled = job.is_cancelling;
  stop.dataset.act = "stop";
  return make("div", [make("p", job.is_cancelling ? say("merge_cancelling") : text), bar, stop], "merge-run");
}

function startBox(redraw) {
  const limit = make("select");
  for (const [value, key] of [["", "merge_until_proved"], ["30", "merge_30_s"], ["120", "merge_2_min"], ["900", "merge_15_min"]]) {
    const option = make("option", say(key));
    option.value = value;
    limit.append(option);
  }
  const go = button(say(wizard.job ? "merge_weigh_again" : "merge_weigh_go"), async () => {
    go.disabled = true;
    await begin(Number(limit.value) || 0);
    redraw();
  }, isDone() ? "" : "main");
  go.dataset.act = "weigh";
  go.disabled = !readyGroups().length || !facts.reckoned?.is_possible || !isPlanner();
  const why = isPlanner() ? null : make("p", say("merge_planner_only"), "soft");
  return make("div", [make("label", [make("span", say("merge_time")), limit], "field"), go, why], "merge-go");
}

export function drawWeigh(redraw) {
  const { job } = facts;
  const parts = [make("p", say("merge_weigh_lead"), "soft")];
  if (isRunning()) parts.push(progressOf(job));
  if (job?.state === "failed") parts.push(make("ul", job.faults.map((one) => make("li", one.message)), "faults"));
  if (job?.state === "cancelled") parts.push(make("p", say("merge_was_cancelled"), "empty"));
  if (isDone()) parts.push(...results(redraw));
  if (!isRunning()) parts.push(startBox(redraw));
  return parts;
}

function results(redraw) {
  const select = make("select");
  for (const name of Object.keys(MEASURES)) {
    const option = make("option", say(`merge_${name}`));
    option.value = name;
    option.selected = name === measure;
    select.append(option);
  }
  select.dataset.act = "measure";
  select.addEventListener("change", () => {
    measure = select.value;
    redraw();
  });
  const picture = chart(points(), measure, wizard.weight, choosePoint);
  if (looked) {
    looked = false;
    requestAnimationFrame(() => document.querySelector(".merge-chart .mark.chosen")?.focus());
  }
  const parts = [make("label", [make("span", say("merge_against")), select], "field"), picture, table(points(), wizard.weight, choosePoint)];
  if (distinct(points()).length === 1) parts.push(make("p", say("merge_one_plan"), "soft"));
  if (points().some((one) => one.is_cut_short)) parts.push(make("p", say("merge_cut_short"), "soft"));
  const chosen = points().find((one) => one.change_weight === wizard.weight);
  if (chosen) parts.push(about(chosen));
  return parts;
}

// The point in words, and what becomes of the old grids.
function about(point) {
  const here = point.here || distinct(points()).find((one) => one.weights.includes(point.change_weight))?.here;
  const list = make("dl", null, "facts");
  const add = (key, value) => list.append(make("dt", say(key)), make("dd", value));
  add("merge_moved", say("merge_moved_of", { n: point.moved, share: (100 * point.moved_frac).toFixed(1) }) + (isLeast(point) ? ` · ${say("merge_least")}` : ""));
  if (here) add("merge_here_grids", Number.isFinite(here.households_min) ? say("merge_here", { n: here.grids, low: here.households_min, high: here.households_max, out: here.out_of_band }) : say("merge_here_free", { n: here.grids }));
  const parts = [make("h3", say("merge_point_heading", { weight: point.change_weight })), list];
  if (facts.point) {
    const rows = facts.point.crosswalk.filter((one) => one.households > 0 || one.buildings > 0).map((one) => make("tr", [
      make("td", one.old || "—", "text"), make("td", one.new || "—", "text"), make("td", String(one.households)), make("td", say(`merge_relation_${one.relation}`), "text"),
    ]));
    const head = make("tr", ["merge_old", "merge_new", "merge_households", "merge_relation"].map((key, i) => make("th", say(key), i === 2 ? "" : "text")));
    const inside = make("details", [make("summary", say("merge_crosswalk", { n: rows.length })), make("div", [make("table", [make("thead", [head]), make("tbody", rows)])], "merge-wide")]);
    parts.push(inside, button(say("merge_show"), () => zoomToVillages(readyGroups().flatMap((one) => one.villages)), "small"));
  }
  return make("section", parts, "merge-card active");
}

// -- step 4: the draft

export function drawChoose() {
  const point = points().find((one) => one.change_weight === wizard.weight);
  if (!point) return [make("p", say("merge_choose_first"), "empty")];
  const field = make("input");
  field.type = "text";
  field.maxLength = 200;
  field.autocomplete = "off";
  field.value = wizard.draft || say("merge_draft_name", { names: readyGroups().map((one) => facts.reckoned?.mergers.find((merger) => merger.villages[0].code === one.villages[0])?.results[0]?.name || one.villages.join("+")).join("、") }).slice(0, 200);
  field.dataset.act = "draft-name";
  field.addEventListener("input", () => keepTyped({ draft: field.value }));
  const go = button(say("merge_make_draft"), async () => {
    const name = field.value.trim();
    const body = JSON.stringify({ weight: point.change_weight, ...(name ? { name } : {}) });
    go.disabled = true;
    const made = await working("choose", say("merge_making"), async (signal) => contentOf(await change(`/v1/jobs/${wizard.job}/choose`, { method: "POST", headers: headers(), body, signal })));
    go.disabled = false;
    if (!made) return;
    noteBorn(made.id, { base: desk.id, job: wizard.job, weight: point.change_weight });
    keepTyped({ draft: "" });
    keep({ panel: "merger" });
    openPlan(made.id);
  }, "main");
  go.disabled = !isPlanner();
  go.dataset.act = "draft";
  return [make("p", say("merge_choose_lead"), "soft"), about(point), make("label", [make("span", say("merge_draft_label")), field], "field"), go];
}
