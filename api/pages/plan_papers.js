// The papers of the plan: one at once, or all of them made by a job that says how far it is and survives a reload.
import { ask, askJson, change, contentOf } from "./desk_ask.js";
import { byteSize, languageNow, make, say } from "./desk_words.js";
import { isOpen } from "./plan_panels.js";
import { desk, on, planPath } from "./plan_state.js";
import { button, notice, tellAloud, trouble, working } from "./desk_talk.js";

const KEY = "gridwright.plan.papers.";
const LOOK_MS = 700;
const RETRY_MS = 5000;
const SINGLE = ["register", "atlas", "changes", "crosswalk", "statistics", "notice", "map", "change_map"];
let redraw = () => {};
let job = null;
let timer = 0;
let faults = null;
const wanted = { paper: "A4", lang: "" };

const isRunning = () => ["queued", "running"].includes(job?.state);
const isFresh = () => job?.state === "done" && job.params.revision === desk.card?.revision;
const mayAsk = () => ["planner", "reviewer", "admin"].includes(desk.role);

function kept(value) {
  try {
    if (value === undefined) return localStorage.getItem(KEY + desk.id) || "";
    localStorage.setItem(KEY + desk.id, value);
  } catch {
    // The job can be found in the list of jobs all the same.
  }
  return "";
}

async function look(id) {
  clearTimeout(timer);
  try {
    const found = await askJson(`/v1/jobs/${encodeURIComponent(id)}`);
    if (found.params.plan !== desk.id) return;
    const was = job?.state;
    job = found;
    if (isRunning()) timer = setTimeout(() => look(id), LOOK_MS);
    else if (was && was !== job.state) tellAloud(job.state === "done" ? say("papers_ready") : job.faults[0]?.message || say("papers_failed"));
  } catch (error) {
    if (error.status === 404) kept("");
    else timer = setTimeout(() => look(id), RETRY_MS);
  }
  redraw();
}

async function makeAll() {
  faults = null;
  const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
  const body = JSON.stringify({ paper: wanted.paper, lang: wanted.lang || languageNow() });
  const made = await working("papers", say("papers_asking"), async (signal) => contentOf(await change(planPath("/papers"), { method: "POST", headers, body, signal })));
  if (!made) return;
  job = made;
  kept(made.id);
  redraw();
  look(made.id);
}

async function cancel() {
  try {
    job = await contentOf(await change(`/v1/jobs/${encodeURIComponent(job.id)}/cancel`, { method: "POST" }));
    redraw();
    look(job.id);
  } catch (error) {
    trouble(error, cancel);
  }
}

// Fetch a file and give it to the browser to keep; a refusal is said here and not in a page of its own.
async function take(path, query, name) {
  faults = null;
  const found = await working("paper", say("papers_making", { name }), async (signal) => {
    const answer = await ask(path, { query, signal });
    return { name: nameIn(answer.headers.get("Content-Disposition")) || name, content: await answer.blob() };
  }, { isThrown: true }).catch((error) => {
    if (error.faults?.length > 1) faults = error.faults;
    else trouble(error, () => take(path, query, name));
    redraw();
    return null;
  });
  if (!found) return;
  const way = make("a");
  way.href = URL.createObjectURL(found.content);
  way.download = found.name;
  way.click();
  setTimeout(() => URL.revokeObjectURL(way.href), 60000);
  notice("good", say("papers_taken", { name: found.name, size: byteSize(found.content.size) }), { id: "paper" });
}

function nameIn(header) {
  const found = /filename\*=(?:UTF-8|utf-8)''([^;]+)/.exec(header || "") || /filename="([^"]+)"/.exec(header || "");
  return found ? decodeURIComponent(found[1]) : "";
}

function choice(key, values, now, act) {
  const made = make("select");
  for (const value of values) {
    const option = make("option", say(`papers_${value || "same"}`));
    option.value = value;
    option.selected = value === now;
    made.append(option);
  }
  made.dataset.act = key;
  made.addEventListener("change", () => act(made.value));
  return make("label", [make("span", say(key)), made], "field");
}

function link(text, detail, act, name) {
  const made = button(text, act, "small paper");
  made.dataset.act = `paper-${name}`;
  return make("li", [made, make("span", detail, "soft")]);
}

function running() {
  const bar = make("progress");
  bar.max = 1;
  if (job.share !== null) bar.value = job.share;
  bar.setAttribute("aria-label", say("papers_progress"));
  const text = job.state === "queued" ? say("papers_queued") : job.text || say("papers_progress");
  const stop = button(say("cancel"), cancel, "small");
  stop.disabled = job.is_cancelling;
  stop.dataset.act = "papers-stop";
  return make("div", [make("p", text), bar, stop], "merge-run");
}

export function drawPapers() {
  const parts = [make("h3", say("papers")), make("p", say("papers_lead"), "soft")];
  parts.push(make("div", [choice("papers_size", ["A4", "A3"], wanted.paper, (value) => { wanted.paper = value; }), choice("papers_language", ["", "zh", "en"], wanted.lang, (value) => { wanted.lang = value; })], "line"));
  if (isRunning()) parts.push(running());
  else if (mayAsk()) {
    const all = button(say(isFresh() ? "papers_again" : "papers_all"), makeAll, isFresh() ? "" : "main");
    all.dataset.act = "papers-all";
    parts.push(all);
  }
  if (job?.state === "failed") parts.push(make("ul", job.faults.map((one) => make("li", one.message)), "faults"));
  if (faults) parts.push(make("ul", faults.map((one) => make("li", one.message)), "faults"));
  if (isFresh()) {
    const path = `/v1/jobs/${encodeURIComponent(job.id)}/papers`;
    const rows = [link(say("papers_zip"), byteSize(job.result.bytes), () => take(path, {}, say("papers_zip")), "zip")];
    for (const one of job.result.files.filter((file) => SINGLE.includes(file.paper))) {
      rows.push(link(one.name, `${say(`papers_is_${one.paper}`)} · ${byteSize(one.bytes)}`, () => take(path, { only: one.paper }, one.name), one.paper));
    }
    const data = job.result.files.filter((file) => !SINGLE.includes(file.paper));
    const list = make("ul", rows, "papers");
    list.setAttribute("aria-label", say("papers_made"));
    parts.push(list);
    if (data.length) parts.push(make("p", say("papers_data", { n: data.length }), "soft"));
  } else if (!isRunning()) {
    const rows = SINGLE.map((one) => link(say(`papers_${one}`), say(`papers_is_${one}`), () => take(planPath("/file"), { only: one, paper: wanted.paper, lang: wanted.lang || languageNow() }, say(`papers_${one}`)), one));
    const list = make("ul", rows, "papers");
    list.setAttribute("aria-label", say("papers_single"));
    parts.push(make("details", [make("summary", say("papers_single")), list]));
  }
  const box = make("section", parts, "papers-box");
  return box;
}

export function startPapers(draw) {
  redraw = () => isOpen("status") && draw();
  on("loaded", () => {
    job = null;
    faults = null;
    const id = kept();
    if (id) look(id);
  });
}
