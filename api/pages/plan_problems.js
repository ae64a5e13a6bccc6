// Finding problems: one key for each kind, a list that zooms, and a check by the service after everything is saved.
import { ask, contentOf, Trouble } from "./desk_ask.js";
import { make, onLanguage, say } from "./desk_words.js";
import { chooseGrid } from "./plan_bars.js";
import { findAll, forgetFound, KINDS, openOf } from "./plan_find.js";
import { LongList } from "./plan_list.js";
import { flash, map, zoomToAtoms } from "./plan_map.js";
import { addCommand, addPanel, badge, isOpen, keysOf } from "./plan_panels.js";
import { desk, kept, keepIn, on, planPath } from "./plan_state.js";
import { button, tellAloud } from "./desk_talk.js";
import { explain } from "./plan_why.js";

const KEYS = { unassigned: "u", band: "o", pieces: "p", sliver: "v", estate: "e", crossing: "x" };
const AFTER_SAVE_MS = 700;
const IDLE_MS = 200;
const TELL_EVERY_MS = 5000;
const LATER_MS = 20000; // after a trouble
const ROW_PX = 62;
const LEAST_SIDE_M = 40;
let found = null;
let check = null; // {answer, revision, at: when it came here}
let running = null; // {revision, stop}
let trouble = "";
let waiting = 0;
let timer = 0;
const last = {}; // kind -> key of the one that was shown last
const ui = {};

// -- what there is

function look() {
  waiting = 0;
  if (!desk.plan) return;
  found = findAll(check?.answer, { isOutdated: isOutdated() });
  badge("problems", openOf(found).length ? String(openOf(found).length) : "");
  fillPanel();
}

// After painting: nobody waits for the count while ground is held.
function soonLook() {
  if (waiting) return;
  waiting = setTimeout(look, IDLE_MS);
}

const isOutdated = () => Boolean(check) && (desk.unsaved > 0 || check.revision !== desk.card?.revision);

function now() {
  clearTimeout(waiting);
  look();
  return found;
}

// -- going there

function placesOf(one) {
  const [west, south, east, north] = one.spot.bbox;
  const at = map.place([one.spot.lon, one.spot.lat]);
  const [[x0, y1], [x1, y0]] = [map.place([west, south]), map.place([east, north])];
  return Math.max(x1 - x0, y1 - y0) < LEAST_SIDE_M ? [[at[0] - LEAST_SIDE_M, at[1] - LEAST_SIDE_M], [at[0] + LEAST_SIDE_M, at[1] + LEAST_SIDE_M]] : [[x0, y0], [x1, y1]];
}

export function goTo(one) {
  if (one.grid >= 0 && !desk.plan.grids[one.grid].is_gone) chooseGrid(one.grid, { isZoom: false });
  const atoms = one.atoms || (one.grid >= 0 ? [...desk.plan.atomsOf(one.grid)] : null);
  if (one.spot && !one.atoms) map.fit(placesOf(one), { most: 2, pad: 90 });
  else if (atoms) zoomToAtoms(atoms);
  if (atoms) flash(atoms);
}

// The next of a kind, or the one before; where there is none, that is said.
export function next(kind, way = 1) {
  const all = now()[kind];
  if (!all.length) {
    delete last[kind];
    const text = say(`see_none_${kind}`);
    showCard(null, text);
    tellAloud(text);
    return null;
  }
  const before = all.findIndex((one) => one.key === last[kind]);
  const at = before < 0 ? (way > 0 ? 0 : all.length - 1) : (before + way + all.length) % all.length;
  const one = all[at];
  last[kind] = one.key;
  goTo(one);
  const facts = { at: at + 1, n: all.length, kind: say(`see_kind_of_${kind}`) };
  showCard(one, one.text, facts);
  tellAloud(`${say("see_found_at", facts)} ${one.text}`);
  return one;
}

// What was found, over the map.
function showCard(one, text, facts = null) {
  const parts = [make("p", [facts ? make("b", say("see_found_at", facts)) : make("i", "✓"), ` ${text}`])];
  if (one?.more && !one.isExcused) parts.push(make("p", one.more, "soft"));
  const acts = [];
  if (one && facts.n > 1) acts.push(button("‹", () => next(one.kind, -1), "small square"), button("›", () => next(one.kind, 1), "small square"));
  if (acts.length) {
    acts[0].setAttribute("aria-label", say("see_previous"));
    acts[1].setAttribute("aria-label", say("see_next"));
  }
  if (one?.kind === "band" && one.grid >= 0) acts.push(button(say("see_why_key"), () => explain(one.grid), "small"));
  const close = button("×", hideCard, "small square");
  close.setAttribute("aria-label", say("close"));
  ui.card.replaceChildren(make("div", parts, "see-card-text"), make("div", [...acts, close], "see-card-acts"));
  ui.card.classList.toggle("none", !one);
  ui.card.hidden = false;
  ui.cardOf = one;
}

function hideCard() {
  const had = ui.card.contains(document.activeElement);
  ui.card.hidden = true;
  ui.cardOf = null;
  if (had) document.getElementById("map").focus();
}

// -- the check by the service

function soonCheck(after = AFTER_SAVE_MS) {
  clearTimeout(timer);
  timer = setTimeout(askCheck, after);
}

async function askCheck() {
  if (!desk.card || desk.share || desk.unsaved || document.body.dataset.state === "gone") return;
  const { revision, id } = desk.card;
  if (running?.revision === revision || (check && check.revision === revision)) return;
  running?.stop.abort();
  const mine = { revision, stop: new AbortController() };
  running = mine;
  trouble = "";
  tellCheck();
  try {
    const answer = await checked(mine);
    if (running !== mine || id !== desk.card?.id) return;
    check = { answer, revision: answer.revision, at: performance.now() - answer.age_s * 1000 };
    const n = answer.n.fault + answer.n.open;
    if (isOpen("problems")) tellAloud(say(n ? "see_checked_aloud" : "see_checked_well_aloud", { revision: answer.revision, n }));
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    if (running !== mine || error.kind === "stopped") return;
    trouble = error.message;
    if (error.kind === "gone") soonCheck(LATER_MS);
  } finally {
    if (running === mine) running = null;
  }
  look();
}

// Asks until it is known; 202: it is being found out.
async function checked(mine) {
  for (;;) {
    const answer = await ask(planPath("/check"), { signal: mine.stop.signal, headers: { Accept: "application/json" } });
    if (answer.status !== 202) return contentOf(answer);
    const seconds = Number(answer.headers.get("Retry-After")) || 1;
    await new Promise((go) => setTimeout(go, seconds * 1000));
    if (mine.stop.signal.aborted) throw new Trouble("stopped", "");
  }
}

export const checkNow = () => ({ check, isRunning: Boolean(running), isOutdated: isOutdated() });

// -- the panel

function ago() {
  const seconds = Math.max(0, Math.round((performance.now() - check.at) / 1000));
  if (seconds < 60) return say("see_ago_s", { n: seconds });
  return seconds < 3600 ? say("see_ago_min", { n: Math.round(seconds / 60) }) : say("see_ago_h", { n: Math.round(seconds / 3600) });
}

function tellCheck() {
  if (!ui.check) return;
  const parts = [];
  if (check) {
    const n = check.answer.n.fault + check.answer.n.open;
    const text = say(n ? "see_checked" : "see_checked_well", { revision: check.revision, ago: ago(), n });
    parts.push(make("p", [make("i", n ? "!" : "✓"), ` ${text}`], isOutdated() ? "see-checked old" : n ? "see-checked wrong" : "see-checked well"));
    if (isOutdated()) parts.push(make("p", say(desk.unsaved ? "see_check_waits" : "see_check_old"), "see-old"));
  }
  if (running) parts.push(make("p", say("see_checking", { revision: running.revision }), "soft"));
  else if (trouble) parts.push(make("p", trouble, "fault"), button(say("try_again"), () => soonCheck(0), "small"));
  else if (!check) parts.push(make("p", say(desk.share ? "see_check_shared" : "see_check_not_yet"), "soft"));
  ui.check.replaceChildren(...parts);
}

function kindButton(kind) {
  const press = make("button", [make("span", ""), make("b", ""), make("kbd", "")], "see-kind");
  press.type = "button";
  press.dataset.kind = kind;
  press.addEventListener("click", () => {
    const isSame = kept().filters.problems === kind;
    keepIn("filters", { problems: isSame ? "" : kind });
    if (isSame) look();
    else next(kind, 1);
  });
  return press;
}

function tellKinds() {
  for (const press of ui.kinds.children) {
    const { kind } = press.dataset;
    const all = found[kind];
    const open = all.filter((one) => !one.isExcused).length;
    const key = keysOf(`next_${kind}`)[0] || "";
    const name = say(`see_kind_of_${kind}`);
    const [word, count, known] = press.children;
    word.textContent = name;
    count.textContent = String(all.length);
    known.textContent = key;
    press.className = `see-kind ${open ? "open" : all.length ? "excused" : "none"}`;
    press.setAttribute("aria-label", say("see_kind_button", { kind: name, n: all.length }) + (key ? ` (${key})` : ""));
    press.setAttribute("aria-pressed", String(kept().filters.problems === kind));
  }
}

function fillRow(row, one) {
  const sign = one.isRemark ? "i" : one.isExcused ? "✓" : "!";
  row.replaceChildren(
    make("i", sign, "see-sign"),
    make("span", [make("b", one.isRemark ? say("see_remark") : say(`see_kind_of_${one.kind}`)), make("span", one.text)], "see-text"),
  );
  row.classList.toggle("excused", Boolean(one.isExcused || one.isRemark));
  row.title = one.more || one.text;
  row.setAttribute("aria-selected", String(ui.cardOf?.key === one.key && ui.cardOf?.kind === one.kind));
  row.dataset.kind = one.kind;
}

function fillPanel() {
  if (!ui.list || !isOpen("problems") || !found) return;
  ui.heading.textContent = say("panel_problems");
  tellCheck();
  tellKinds();
  const only = kept().filters.problems || "";
  const items = KINDS.filter((kind) => !only || kind === only).flatMap((kind) => found[kind]);
  const sorted = [...items.filter((one) => !one.isExcused), ...items.filter((one) => one.isExcused)];
  const remarks = only ? [] : found.remarks.map((one) => ({ ...one, isRemark: true }));
  ui.none.hidden = sorted.length + remarks.length > 0;
  ui.none.textContent = only ? say(`see_none_${only}`) : say("see_none");
  ui.list.box.hidden = !ui.none.hidden;
  ui.list.setLabel(say("see_list_problems"));
  ui.list.set([...sorted, ...remarks], { keyOf: (one) => `${one.kind} ${one.key} ${one.code || ""}` });
  ui.rows.replaceChildren(...rowsOfCheck());
  ui.rowsBox.hidden = !check;
  ui.rowsHead.textContent = say("see_rows");
}

function rowsOfCheck() {
  return (check?.answer.rows || []).map((row) => {
    const measured = row.unit === "m2" ? `${row.measured} m²` : String(row.measured);
    return make("li", [make("i", row.passed ? "✓" : "!"), ` ${say(`see_check_${row.check}`)}: `, make("b", measured)], row.passed ? "well" : "wrong");
  });
}

function fill(section) {
  section.classList.add("see-panel");
  ui.heading = make("h2", say("panel_problems"));
  ui.check = make("div", null, "see-check");
  ui.check.id = "check";
  ui.kinds = make("div", KINDS.map(kindButton), "see-kinds");
  ui.none = make("p", "", "empty");
  ui.list = new LongList({
    rowPx: ROW_PX,
    label: say("see_list_problems"),
    fill: fillRow,
    choose: (one) => {
      if (!one.isRemark) last[one.kind] = one.key;
      goTo(one);
      const all = one.isRemark ? [] : found[one.kind];
      showCard(one, one.text, all.length ? { at: all.indexOf(one) + 1, n: all.length, kind: say(`see_kind_of_${one.kind}`) } : { at: 1, n: 1, kind: say("see_remark") });
    },
  });
  ui.list.box.id = "problem-list";
  ui.rowsHead = make("summary", say("see_rows"));
  ui.rows = make("ul", null, "see-rows");
  ui.rowsBox = make("details", [ui.rowsHead, ui.rows]);
  section.append(ui.heading, ui.check, ui.kinds, ui.none, ui.list.box, ui.rowsBox);
}

export function start() {
  ui.card = make("div", null, "see-card");
  ui.card.id = "found-card";
  ui.card.hidden = true;
  document.getElementById("map-box").append(ui.card);
  addPanel({ id: "problems", key: "q", fill, show: () => now() });
  const isThere = () => Boolean(desk.plan);
  for (const [kind, key] of Object.entries(KEYS)) {
    addCommand({ id: `next_${kind}`, keys: [key], word: `see_next_${kind}`, group: "find", when: isThere, run: () => next(kind, 1) });
    addCommand({ id: `last_${kind}`, keys: [`Shift+${key}`], word: `see_last_${kind}`, group: "find", isHidden: true, when: isThere, run: () => next(kind, -1) });
  }
  on("loaded", () => {
    check = null;
    trouble = "";
    running?.stop.abort();
    running = null;
    forgetFound();
    hideCard();
    soonLook();
    soonCheck();
  });
  on("changed", ({ grids, isAll } = {}) => {
    forgetFound(isAll || !grids ? null : grids);
    hideCard();
    soonLook();
  });
  on("saved", () => {
    soonLook();
    if (!desk.unsaved) soonCheck();
  });
  on("card", () => !desk.unsaved && soonCheck());
  setInterval(() => isOpen("problems") && tellCheck(), TELL_EVERY_MS);
  onLanguage(() => {
    if (found) look();
    hideCard();
  });
}
