// "Why is this grid 512?": what the plan and the count say of the chosen grid, and which lawful moves would help it.
// The service tries the moves (partition/edits/why.py); each is judged once more here before it is offered.
import { askJson, Trouble } from "./desk_ask.js";
import { languageNow, make, onLanguage, say } from "./desk_words.js";
import { bar, statusChip } from "./plan_bar_row.js";
import { proofOf, shortCode, statusWord } from "./plan_figures.js";
import { doEdit } from "./plan_do.js";
import { flash, outline, overlay, redraw, zoomToAtoms } from "./plan_map.js";
import { addCommand, isOpen, openPanel } from "./plan_panels.js";
import { desk, keep, kept, mayChange, on, planPath, tell } from "./plan_state.js";
import { button, tellAloud, trouble } from "./desk_talk.js";

const PAUSE_MS = 250;
let told = null; // {grid: code, revision, answer} or {grid, trouble}
let asking = null; // {grid, stop}
let pausing = 0;
let shown = []; // atoms of the way that is looked at
let box = null;

const chosen = () => (desk.plan && desk.grid >= 0 && !desk.plan.grids[desk.grid]?.is_gone ? desk.plan.grids[desk.grid] : null);
const isFolded = () => kept().isWhyShut === true;

// -- asking

// The service knows what was sent; while changes wait, its answer would be about another plan.
function soonAsk() {
  clearTimeout(pausing);
  pausing = setTimeout(ask, PAUSE_MS);
}

async function ask() {
  const grid = chosen();
  if (!grid || desk.share || desk.unsaved || isFolded() || !isOpen("grids") || !desk.card) return;
  const { revision } = desk.card;
  if (told && told.grid === grid.code && told.revision === revision) return;
  if (asking && asking.grid === grid.code && asking.revision === revision) return;
  if (asking) asking.stop.abort();
  const mine = { grid: grid.code, revision, stop: new AbortController() };
  asking = mine;
  tell("why");
  try {
    const answer = await askJson(planPath(`/grids/${encodeURIComponent(grid.code)}/why`), { signal: mine.stop.signal });
    if (asking === mine) told = { grid: grid.code, revision: answer.revision, answer };
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    if (asking === mine) told = error.kind === "stopped" ? null : { grid: grid.code, trouble: error.message };
  }
  if (asking === mine) {
    asking = null;
    tell("why");
  }
}

// -- showing and doing

const atomsOf = (step) => step.atoms.map((id) => desk.ground.idAt.get(id)).filter((atom) => atom !== undefined);

function show(steps) {
  shown = steps.flatMap(atomsOf);
  const grids = [desk.grid, ...steps.map((step) => desk.plan.gridAt.get(step.grid))].filter((at) => at >= 0);
  zoomToAtoms([...new Set([...shown, ...grids.flatMap((at) => [...desk.plan.atomsOf(at)])])]);
  flash(shown);
  redraw();
}

async function carryOut(way) {
  shown = [];
  for (const [n, edit] of way.edits.entries()) {
    const title = way.edits.length > 1 ? `${way.title[languageNow()]} (${n + 1}/${way.edits.length})` : way.title[languageNow()];
    const answer = await doEdit(edit, { title: title.slice(0, 200) });
    if (answer?.faults) {
      trouble(new Trouble("refused", answer.faults.map((one) => one.detail || one.code).join(" ")));
      return;
    }
  }
  tellAloud(say("see_made", { title: way.title[languageNow()] }));
}

// -- the card

function effect(one) {
  const at = desk.plan.gridAt.get(one.grid);
  const kind = at === undefined ? "standard" : desk.plan.grids[at].kind;
  const code = at === undefined ? one.grid : shortCode(desk.plan.grids[at]);
  if (one.is_gone) return make("li", [make("b", code), ` ${one.before} → `, make("span", say("see_gone"))]);
  return make("li", [make("b", code), make("span", ` ${one.before} → `), make("b", one.after), bar({ kind, households: one.after, was: one.before }), statusChip(kind, one.after)]);
}

// What the browser itself says of the first step: it must agree before the button is there.
function standsAgainst(way) {
  const verdict = desk.plan.judge(way.edits[0]);
  return verdict.faults.length ? verdict.faults.map((fault) => fault.code).join(", ") : "";
}

function wayItem(way) {
  const against = standsAgainst(way);
  const acts = [button(say("see_show"), () => show(way.steps), "small")];
  if (mayChange() && !against) acts.push(button(say(way.edits.length > 1 ? "see_make_two" : "see_make"), () => carryOut(way), way.is_into ? "small main" : "small"));
  const sign = way.is_into ? "✓" : "≈";
  const head = make("p", [make("i", sign), ` ${way.title[languageNow()]}`], "see-way-title");
  const item = make("li", [head, make("ul", way.effects.map(effect), "see-effects"), make("div", acts, "line")], `see-way ${way.is_into ? "into" : "near"}`);
  head.title = say(way.is_into ? "see_way_into" : "see_way_near");
  return item;
}

function stopItem(stop) {
  const text = make("span", stop.sentence[languageNow()]);
  text.title = stop.rule[languageNow()];
  return make("li", [text, button(say("see_show"), () => show([stop.example]), "small")], "line");
}

function arithmetic(community) {
  const { k_min: least, k_max: most, standard_households: households } = community;
  const fits = !households ? "" : least > most ? say("see_count_no", { households }) : say("see_count_fits", { households, least, most });
  const near = community.near.map((one) => say("see_near", { n: one.grids, sizes: one.sizes.join(", ") })).join("; ");
  const others = community.n_dedicated ? say("see_count_dedicated", { n: community.n_dedicated, households: community.dedicated_households }) : "";
  return [fits, others, near ? say("see_nearest", { near }) : ""].filter(Boolean).join(" ");
}

function proof(row) {
  const kind = proofOf(row);
  if (kind === "no") return say("see_told_no", { why: row.why ? row.why[languageNow()] : "" });
  const facts = { cost: Math.round(row.objective ?? 0), bound: Math.round(row.bound ?? 0), gap: row.gap_frac === null ? "" : `${(row.gap_frac * 100).toFixed(1)} %` };
  return say(`see_told_${kind}`, facts);
}

function full(grid, { answer }) {
  const language = languageNow();
  const parts = [make("p", answer.sentence[language], "see-sentence")];
  if (answer.ways.length) parts.push(make("h4", say("see_ways")), make("ol", answer.ways.map(wayItem), "see-ways"));
  if (answer.stops.length) parts.push(make("h4", say(answer.ways.length ? "see_stops_besides" : "see_stops")), make("ul", answer.stops.map(stopItem), "see-stops"));
  if (answer.n_tried) parts.push(make("p", say("see_tried", { n: answer.n_tried }), "soft"));
  if (answer.broken_rules.length) parts.push(make("h4", say("see_plan_says")), ...answer.broken_rules.map((rule) => make("p", rule.sentence[language])));
  parts.push(make("h4", say("see_community", { name: answer.community.name })), make("p", arithmetic(answer.community)), make("p", proof(answer.community)));
  return parts;
}

// What the browser knows by itself: while the service is asked, off the line, and for a shared link.
function short(grid) {
  const parts = [make("p", say("see_short", { code: shortCode(grid), n: grid.households, status: statusWord(grid.kind, grid.households) }), "see-sentence")];
  const rules = desk.plan.broken.filter((rule) => rule.grid === grid.code);
  if (rules.length) parts.push(make("h4", say("see_plan_says")), ...rules.map((rule) => make("p", rule.detail)));
  const row = desk.plan.communities.get(grid.community);
  if (row) parts.push(make("p", proof({ ...row, why: null })));
  return parts;
}

function state(grid) {
  if (desk.share) return "";
  if (desk.unsaved) return say("see_why_unsaved");
  if (asking) return say("see_why_asking");
  return told?.grid === grid.code && told.trouble ? told.trouble : "";
}

// Fill the card in the panel of grids.
export function fillWhy(section) {
  box = section;
  const grid = chosen();
  section.hidden = !grid;
  if (!grid) return;
  const isKnown = told && told.grid === grid.code && told.answer;
  const isFresh = isKnown && !desk.unsaved && told.revision === desk.card?.revision;
  if (!isFresh && !(told?.trouble && told.grid === grid.code)) soonAsk();
  const where = section.contains(document.activeElement) ? document.activeElement.textContent : null;
  const fold = button("", () => {
    keep({ isWhyShut: !isFolded() });
    fillWhy(section);
    section.querySelector("button").focus();
  }, "see-why-head");
  fold.setAttribute("aria-expanded", String(!isFolded()));
  fold.append(make("i", isFolded() ? "▸" : "▾"), make("h3", say("see_why_title", { code: shortCode(grid), n: grid.households })));
  const body = make("div", null, "see-why-body");
  body.hidden = isFolded();
  if (!isFolded()) {
    body.append(...(isFresh ? full(grid, told) : short(grid)));
    const text = isFresh ? "" : state(grid);
    if (text) body.append(make("p", text, "soft"));
    if (told?.trouble && told.grid === grid.code) body.append(button(say("try_again"), () => { told = null; soonAsk(); }, "small"));
  }
  const top = section.querySelector(".see-why-body")?.scrollTop || 0;
  section.replaceChildren(fold, body);
  section.setAttribute("aria-label", say("see_why_title", { code: shortCode(grid), n: grid.households }));
  body.scrollTop = section.dataset.code === grid.code ? top : 0;
  section.dataset.code = grid.code;
  if (where !== null) ([...section.querySelectorAll("button")].find((one) => one.textContent === where) || fold).focus();
}

// Open the card on a grid.
export function explain(at) {
  if (at >= 0 && at !== desk.grid) {
    desk.grid = at;
    tell("grid", { at });
  }
  keep({ isWhyShut: false });
  openPanel("grids");
  tell("why");
  box?.querySelector("button")?.focus();
}

export function startWhy() {
  overlay(60, (pen, _, view) => shown.length && outline(pen, view, shown, { colour: "#0b5394", width: 3, dash: [5, 4], fill: "rgba(11,83,148,0.25)" }));
  addCommand({ id: "why", keys: ["i"], word: "see_why_key", group: "find", when: () => Boolean(chosen()), run: () => explain(desk.grid) });
  const forget = () => {
    if (shown.length) redraw();
    shown = [];
  };
  on("grid", forget);
  on("changed", forget);
  on("loaded", () => { told = null; forget(); });
  on("saved", () => tell("why"));
  window.addEventListener("online", () => {
    if (told?.trouble) told = null;
    tell("why");
  });
  onLanguage(() => tell("why"));
}
