// Solving part of the plan: which part, what for, how long; the run survives a reload, and its answer is a proposal that
// is shown on the map until it is accepted or dropped.  What an answer looks like: plan_solve_show.js.
import { askJson, change, contentOf } from "./desk_ask.js";
import { icon, make, onLanguage, say } from "./desk_words.js";
import { accept, flush } from "./plan_do.js";
import { addMenuItem } from "./plan_menu.js";
import { addCommand, addPanel, isOpen, openPanel } from "./plan_panels.js";
import { hidePreview, isCurrent, isShown, resultBox, showPreview, startPreview } from "./plan_solve_show.js";
import { communityOfScope, gridsOfScope, keepSolve, outlookBox, scopeWord, scopesBox, solving } from "./plan_solve_ask.js";
import { desk, mayChange, on, planPath } from "./plan_state.js";
import { chooseGrid } from "./plan_tools_chosen.js";
import { button, notice, tellAloud, trouble, working } from "./desk_talk.js";

const LOOK_MS = 600;
const RETRY_MS = 5000;
const OUTLOOK_MS = 250;
let box = null;
let timer = 0;
let lookTimer = 0;
let job = null; // as the service tells it
let outlook = null;
let wrong = null; // why the outlook could not be had: a trouble

const isRunning = () => ["queued", "running"].includes(job?.state);
const isDone = () => job?.state === "done";
const may = () => mayChange() && Boolean(desk.plan);
const canAccept = () => may() && isDone() && job.result.is_changed && isCurrent(job.result);

// -- asking

async function begin() {
  if (!may() || isRunning()) return;
  await flush(); // the run is about the plan as the planner sees it
  if (desk.unsaved) {
    notice("warn", say("solve_unsaved"), { id: "solve" });
    return;
  }
  const grids = gridsOfScope();
  const community = grids.length ? null : communityOfScope();
  if (!grids.length && !community) return;
  const { aim, count, most, seconds } = solving();
  const body = JSON.stringify({
    ...(grids.length ? { grids: grids.map((at) => desk.plan.grids[at].code) } : { community }),
    aim, ...(count ? { n_grids: count } : {}), ...(aim === "lawful" && most !== null ? { most_moved: most } : {}), ...(seconds ? { seconds } : {}),
  });
  const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
  const title = say("solve_title", { aim: say(`solve_aim_${aim}`), part: scopeWord() });
  const asked = await working("solve", say("solve_asking"), async (signal) => contentOf(await change(planPath("/solve"), { method: "POST", headers, body, signal })), { again: begin });
  if (!asked) return;
  forget();
  job = asked;
  keepSolve({ job: asked.id, title });
  watch();
  draw();
  box?.querySelector("[data-act=stop]")?.focus();
}

function forget() {
  hidePreview();
  job = null;
  keepSolve({ job: "", title: "" });
}

async function stop() {
  try {
    job = await contentOf(await change(`/v1/jobs/${encodeURIComponent(job.id)}/cancel`, { method: "POST" }));
    watch();
    draw();
  } catch (error) {
    trouble(error, stop);
  }
}

// -- watching, also after a reload

function watch() {
  clearTimeout(timer);
  if (solving().job) timer = setTimeout(look, 0);
}

async function look() {
  const id = solving().job;
  if (!id || !desk.plan) return;
  try {
    const found = await askJson(`/v1/jobs/${encodeURIComponent(id)}`);
    if (id !== solving().job) return;
    const before = job;
    job = found;
    if (isRunning()) timer = setTimeout(look, LOOK_MS);
    else if (before?.state !== found.state) ended(Boolean(before));
    draw();
  } catch (error) {
    if (id !== solving().job) return;
    if (error.status === 404) keepSolve({ job: "", title: "" });
    else timer = setTimeout(look, RETRY_MS);
  }
}

function ended(isNew) {
  if (isDone()) {
    const { result } = job;
    if (result.is_changed && mayChange()) showPreview(result, solving().title);
    if (isNew) tellAloud(`${say("solve_told_done")} ${result.sentences[document.documentElement.lang === "en" ? "en" : "zh"].join(" ")}`);
  } else if (job.state === "failed") tellAloud(job.faults[0]?.message || say("solve_failed"));
  if (isDone() && !isOpen("solve") && isNew) notice("good", say("solve_ready"), { id: "solve", actions: [{ text: say("solve_look"), act: () => openPanel("solve", { isFocus: true }) }] });
}

// -- the answer

async function take() {
  if (!canAccept()) return;
  const { result, id } = job;
  const { title } = solving();
  hidePreview();
  const done = await accept(id, title);
  if (done?.faults) {
    notice("bad", done.faults.map((one) => one.detail || one.code).join(" "), { id: "solve" });
    if (result.is_changed) showPreview(result, title);
    draw();
    return;
  }
  tellAloud(say(done?.waits ? "solve_told_waits" : "solve_told_accepted", { n: result.pieces.length }));
  drop();
}

function drop() {
  forget();
  draw();
  askOutlook();
  (box?.querySelector("[data-act=start]") || box)?.focus();
}

function toggle() {
  if (isShown()) hidePreview();
  else showPreview(job.result, solving().title);
  draw();
}

// -- before it begins

// `isAgain`: there was no answer, and what was told of that stays until there is news.
function askOutlook(isAgain = false) {
  clearTimeout(lookTimer);
  if (!box || !isOpen("solve") || isRunning() || isDone() || !desk.plan || desk.share) return;
  lookTimer = setTimeout(async () => {
    const grids = gridsOfScope();
    const community = grids.length ? "" : communityOfScope();
    if (!isAgain) outlook = wrong = null;
    if (grids.length || community) {
      const query = grids.length ? { grid: grids.map((at) => desk.plan.grids[at].code) } : { community };
      try {
        outlook = await working("solve-outlook", "", (signal) => askJson(planPath("/solve"), { query, signal }), { isThrown: true });
        wrong = null;
      } catch (error) {
        const isNews = !isAgain || wrong?.message !== error.message;
        wrong = error;
        if (error.kind === "gone") lookTimer = setTimeout(() => askOutlook(true), RETRY_MS);
        if (!isNews) return;
      }
    }
    drawOutlook();
  }, OUTLOOK_MS);
}

function drawOutlook() {
  const place = box?.querySelector(".solve-outlook");
  if (!place) return;
  place.replaceChildren(...outlookBox(outlook, wrong, () => askOutlook()));
  const go = box.querySelector("[data-act=start]");
  if (go) go.disabled = !may() || Boolean(wrong) || !(gridsOfScope().length || communityOfScope());
}

// -- the panel

function progressBox() {
  const bar = make("progress");
  bar.max = 1;
  if (job.share !== null && job.total > 1) bar.value = job.share;
  bar.setAttribute("aria-label", say("solve_running"));
  const text = job.is_cancelling ? say("solve_cancelling") : job.state === "queued" ? say("solve_queued") : `${job.text || say("solve_running")} · ${say("seconds", { n: Math.round(job.seconds) })}`;
  const end = button(say("cancel"), stop);
  end.dataset.act = "stop";
  end.disabled = Boolean(job.is_cancelling);
  return make("div", [make("p", text), make("div", [bar, end], "line")], "solve-run");
}

function acts() {
  const yes = button(say("solve_accept"), take, "main");
  yes.dataset.act = "accept";
  yes.disabled = !canAccept();
  const no = button(say("solve_drop"), drop);
  no.dataset.act = "drop";
  const see = button(say(isShown() ? "solve_hide" : "solve_show"), toggle);
  see.dataset.act = "preview";
  see.setAttribute("aria-pressed", String(isShown()));
  see.disabled = !isCurrent(job.result);
  return make("div", job.result.is_changed ? [yes, no, see] : [button(say("solve_again"), drop, "main")], "line solve-acts");
}

// Somebody, or the planner's own hand, changed the plan meanwhile.
function planChanged() {
  if (isShown() && isDone()) showPreview(job.result, solving().title, { isZoomed: false });
  if (isDone()) draw();
  else chosenChanged();
}

function parts() {
  if (isRunning()) return [make("p", solving().title, "solve-title"), progressBox()];
  if (isDone()) {
    const old = isCurrent(job.result) ? [] : [make("p", say("solve_outdated"), "solve-no")];
    return [make("p", solving().title, "solve-title"), ...old, acts(), ...resultBox(job.result)];
  }
  const start = button("", begin, "main");
  start.append(icon("M13 3L5 14h6l-1 7 8-11h-6z"), make("span", say("solve_start")));
  start.dataset.act = "start";
  start.disabled = !may();
  const why = job?.state === "failed" ? [make("ul", job.faults.map((one) => make("li", one.message)), "solve-faults")] : job?.state === "cancelled" ? [make("p", say("solve_cancelled"), "empty")] : [];
  const out = make("div", outlookBox(outlook, wrong, () => askOutlook()), "solve-outlook");
  out.setAttribute("aria-live", "polite");
  return [...why, scopesBox({ changed: () => { draw(); askOutlook(); } }), out, start, ...(mayChange() ? [] : [make("p", say("solve_read_only"), "soft")])];
}

function draw() {
  if (!box || !desk.plan || document.activeElement?.id === "solve-most") return; // what is being typed stays
  const held = document.activeElement && box.contains(document.activeElement) ? document.activeElement.dataset.act || document.activeElement.id : "";
  box.replaceChildren(make("h2", say("panel_solve")), make("p", say("solve_lead"), "soft"), ...parts());
  if (held) (box.querySelector(`[data-act="${held}"], #${CSS.escape(held)}`) || box).focus();
}

function show() {
  draw();
  askOutlook();
}

function chosenChanged() {
  if (!box || !isOpen("solve") || isRunning() || isDone()) return;
  draw();
  askOutlook();
}

function runFor(grid, scope) {
  if (!desk.grids.has(grid)) chooseGrid(grid);
  if (job && !isRunning()) forget();
  keepSolve({ scope });
  openPanel("solve", { isFocus: true });
  show();
}

export function start() {
  addPanel({ id: "solve", key: "Shift+s", fill: (section) => { box = section; box.classList.add("solve"); draw(); }, show });
  addCommand({ id: "solve_start", keys: ["Shift+r"], word: "solve_key_start", group: "doing", when: () => may() && !isRunning() && !isDone() && (desk.grid >= 0 || gridsOfScope().length > 0), run: () => { openPanel("solve"); begin(); } });
  addCommand({ id: "solve_accept", keys: ["Shift+a"], word: "solve_key_accept", group: "doing", when: canAccept, run: take });
  addCommand({ id: "solve_drop", keys: ["Shift+q"], word: "solve_key_drop", group: "doing", when: isDone, run: drop });
  addCommand({ id: "solve_preview", keys: ["Shift+w"], word: "solve_key_preview", group: "doing", when: canAccept, run: toggle });
  addMenuItem({ id: "solve_grids", group: "grid", text: () => say("solve_menu_grids"), when: ({ grid }) => may() && grid >= 0, run: ({ grid }) => runFor(grid, desk.grids.size > 1 ? "chosen" : "around") });
  addMenuItem({ id: "solve_community", group: "grid", text: () => say("solve_menu_community"), when: ({ grid }) => may() && grid >= 0, run: ({ grid }) => runFor(grid, "community") });
  startPreview();
  on("loaded", () => { job = null; outlook = null; watch(); show(); });
  for (const what of ["grid", "locks"]) on(what, chosenChanged);
  on("changed", planChanged);
  for (const what of ["card", "preview"]) on(what, draw);
  onLanguage(draw);
}
