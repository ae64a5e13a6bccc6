// The panel of grids: a balance bar each, sorted and filtered, and the same by community; live while ground is held.
import { askJson, Trouble } from "./desk_ask.js";
import { apart, make, onLanguage, say } from "./desk_words.js";
import { fillGridRow } from "./plan_bar_row.js";
import { communityRows, missing, percent, sumsOf } from "./plan_figures.js";
import { LongList } from "./plan_list.js";
import { flash, zoomToAtoms, zoomToGrid } from "./plan_map.js";
import { addPanel, isOpen } from "./plan_panels.js";
import { desk, keep, keepIn, kept, on, planPath, tell } from "./plan_state.js";
import { button } from "./desk_talk.js";
import { fillWhy, startWhy } from "./plan_why.js";

const ROW_PX = 58;
const COMMUNITY_PX = 82;
const MOST_HELD = 4;
const SORTS = ["code", "households", "off", "round", "change"];
const FIRST_WAY = { code: 1, households: -1, off: -1, round: 1, change: -1 };
const inOrder = new Intl.Collator(undefined, { numeric: true }).compare;

let opened = new Map(); // code -> households when the plan was opened
let counts = new Map(); // community -> what arithmetic says
let effects = new Map(); // grid -> what the hand would make of it
let waiting = 0;
let asked = "";
const ui = {};

const filters = () => ({ community: "", status: "", text: "", ...kept().filters });
const sorting = () => kept().sort.bars || ["code", 1];
const openedOf = (grid) => (opened.has(grid.code) ? opened.get(grid.code) : null);
const changeOf = (grid) => grid.households - (openedOf(grid) ?? 0);

const VALUE = {
  code: (at) => desk.plan.grids[at].code,
  households: (at) => desk.plan.grids[at].households,
  off: (at) => Math.abs(missing(desk.plan.grids[at].kind, desk.plan.grids[at].households)),
  round: (at) => desk.plan.compactness(at),
  change: (at) => Math.abs(changeOf(desk.plan.grids[at])),
};

// -- which rows, in which order

function isWanted(grid, at) {
  const { community, status, text } = filters();
  if (community && grid.community !== community) return false;
  if (status === "out" && !missing(grid.kind, grid.households)) return false;
  if (["in", "low", "high"].includes(status) && (grid.kind !== "standard" || desk.plan.band(at) !== status)) return false;
  if (["dedicated", "rural"].includes(status) && grid.kind !== status) return false;
  if (status === "changed" && openedOf(grid) === grid.households) return false;
  return !text || `${grid.code} ${grid.name || ""}`.toLowerCase().includes(text.toLowerCase());
}

export function rowsNow() {
  const [by, way] = sorting();
  const value = VALUE[by] || VALUE.code;
  const found = [...desk.plan.grids.keys()].filter((at) => !desk.plan.grids[at].is_gone && isWanted(desk.plan.grids[at], at));
  const keyed = found.map((at) => [value(at), at]);
  const order = by === "code" ? (a, b) => inOrder(a[0], b[0]) : (a, b) => a[0] - b[0];
  keyed.sort((a, b) => order(a, b) * way || inOrder(desk.plan.grids[a[1]].code, desk.plan.grids[b[1]].code));
  return keyed.map(([, at]) => at);
}

// -- choosing

export function chooseGrid(at, { isZoom = true } = {}) {
  desk.grid = at;
  tell("grid", { at });
  if (isZoom) {
    zoomToGrid(at);
    flash(desk.plan.atomsOf(at));
  }
}

// -- the parts of the panel

function fillSort() {
  const [by, way] = sorting();
  options(ui.sort, SORTS.map((name) => [name, say(`see_sort_${name}`)]), by);
  ui.sort.setAttribute("aria-label", say("see_sorts"));
  ui.way.textContent = way > 0 ? "▲" : "▼";
  ui.way.setAttribute("aria-label", say(way > 0 ? "see_sorted_up" : "see_sorted_down"));
  ui.way.title = ui.way.getAttribute("aria-label");
}

function sortBy(by, way) {
  keepIn("sort", { bars: [by, way] });
  fillSort();
  refresh();
}

function field(name, made, word) {
  made.id = `bars-${name}`;
  made.setAttribute("aria-label", say(word));
  made.addEventListener(made.tagName === "SELECT" ? "change" : "input", () => {
    keepIn("filters", { [name]: made.value });
    refresh();
  });
  return made;
}

function options(select, pairs, value) {
  select.replaceChildren(...pairs.map(([id, text]) => {
    const one = make("option", text);
    one.value = id;
    return one;
  }));
  select.value = pairs.some(([id]) => id === value) ? value : "";
}

function fillFilters() {
  const { community, status, text } = filters();
  ui.text.value = text;
  ui.text.placeholder = say("see_filter_text");
  ui.text.setAttribute("aria-label", say("see_filter_text"));
  ui.community.setAttribute("aria-label", say("see_filter_community"));
  ui.status.setAttribute("aria-label", say("see_filter_status"));
  const places = desk.plan ? desk.ground.communities.map(({ code, name }) => [code, name === code ? code : `${apart(name)} ${code}`]) : [];
  options(ui.community, [["", say("see_all_communities")], ...places], community);
  const states = ["out", "low", "high", "in", "dedicated", "rural", "changed"];
  options(ui.status, [["", say("see_all_states")], ...states.map((one) => [one, say(`see_filter_${one}`)])], status);
  if (ui.community.value !== community) keepIn("filters", { community: "" }); // of another plan
}

function fillTotals() {
  const all = sumsOf(desk.plan.grids.filter((grid) => !grid.is_gone));
  const rows = communityRows(counts);
  const proofs = (kind) => rows.filter((row) => row.proof === kind).length;
  const figure = (value, word, kind = "") => make("div", [make("dt", say(word)), make("dd", value)], kind);
  const out = all.low + all.high;
  ui.totals.replaceChildren(
    figure(String(all.households), "see_total_households"),
    figure(String(all.grids), "see_total_grids"),
    figure(all.standard ? percent(all.inside / all.standard) : "–", "see_total_inside", out ? "see-bad" : ""),
    figure(all.standard ? `${all.least} · ${all.mean} · ${all.most}` : "–", "see_total_sizes"),
  );
  ui.told.textContent =
    viewNow() === "grids"
      ? `${say("see_total_out", { low: all.low, high: all.high })} ${say("see_total_kinds", { dedicated: all.dedicated, rural: all.rural, spread: percent(all.variation) })}`
      : say("see_total_proofs", { best: proofs("best"), gap: proofs("gap"), no: proofs("no"), none: proofs("none") });
}

function fillHeld() {
  const touched = [...effects.keys()].slice(0, MOST_HELD);
  ui.held.hidden = !touched.length;
  ui.held.replaceChildren(
    ...touched.map((at) => {
      const row = make("div", null, "long-row");
      fillGridRow(row, at, { held: effects.get(at), opened: openedOf(desk.plan.grids[at]) });
      row.removeAttribute("aria-selected"); // shown beside the list, not one of its rows
      row.removeAttribute("aria-label");
      return row;
    }),
  );
}

function fillCommunity(element, row) {
  const { count } = row;
  const k = count?.standard_households ? (count.k_min > count.k_max ? say("see_k_none") : say("see_k", { least: count.n_grids_min, most: count.n_grids_max })) : "";
  const sizes = row.standard ? say("see_sizes", { least: row.least, mean: row.mean, most: row.most }) : "";
  const share = row.standard ? say("see_inside", { share: percent(row.inside / row.standard) }) : "";
  const proof = say(`see_proof_${row.proof}`, { gap: row.row.gap_frac === null ? "" : percent(row.row.gap_frac), why: whyNot(row) });
  element.replaceChildren(
    make("span", [make("b", shortName(row.code)), " ", make("bdi", row.name)], "see-name"),
    make("span", [make("b", row.households), ` ${say("see_households")}`], "see-number"),
    make("span", [say("see_grids", { n: row.grids }), k, share].filter(Boolean).join(" · "), "see-line"),
    make("span", sizes, "see-line"),
    make("span", [make("i", { no: "✕", best: "✓", gap: "≈", none: "–" }[row.proof]), ` ${proof}`], `see-line see-proof ${row.proof}`),
  );
  const isHere = filters().community === row.code;
  element.classList.toggle("chosen", isHere);
  element.setAttribute("aria-selected", String(isHere));
  element.dataset.code = row.code;
  element.title = `${row.code} ${row.name}`;
  element.setAttribute("aria-label", [row.code, row.name, `${row.households} ${say("see_households")}`, say("see_grids", { n: row.grids }), k, share, sizes, proof].filter(Boolean).join(", "));
}

// What the codes of this territory do not share.
function shortName(code) {
  const codes = desk.ground.communities.map((one) => one.code);
  let n = 0;
  while (codes.length > 1 && n < code.length - 3 && codes.every((one) => one.startsWith(code.slice(0, n + 1)))) n += 1;
  return code.slice(n);
}

function whyNot(row) {
  const reason = row.row.reason || row.count?.by_count_reason;
  return reason ? say(`see_why_${reason}`) : "";
}

function chooseCommunity(row) {
  keepIn("filters", { community: row.code });
  zoomToAtoms(desk.ground.atomsOfCommunity[desk.ground.communityAt.get(row.code)]);
  setView("grids");
  fillFilters();
  refresh();
}

function setView(view) {
  keep({ barsView: view });
  for (const one of ui.views.children) one.setAttribute("aria-pressed", String(one.dataset.view === view));
  ui.gridPart.hidden = view !== "grids";
  ui.communities.box.hidden = view === "grids";
  if (view === "communities") askCounts();
  refresh();
}

const viewNow = () => (kept().barsView === "communities" ? "communities" : "grids");

function fillViews() {
  ui.views.replaceChildren(...["grids", "communities"].map((view) => {
    const one = make("button", say(`see_view_${view}`), "small");
    one.type = "button";
    one.dataset.view = view;
    one.setAttribute("aria-pressed", String(viewNow() === view));
    one.addEventListener("click", () => setView(view));
    return one;
  }));
}

function fill(section) {
  ui.heading = make("h2", say("panel_grids"));
  ui.views = make("div", null, "see-views");
  ui.views.setAttribute("role", "group");
  ui.totals = make("dl", null, "see-totals");
  ui.told = make("p", "", "soft see-told");
  ui.text = field("text", make("input"), "see_filter_text");
  ui.text.type = "search";
  ui.text.maxLength = 100;
  ui.community = field("community", make("select"), "see_filter_community");
  ui.status = field("status", make("select"), "see_filter_status");
  ui.sort = make("select");
  ui.sort.id = "bars-sort";
  ui.sort.addEventListener("change", () => sortBy(ui.sort.value, FIRST_WAY[ui.sort.value]));
  ui.way = button("", () => sortBy(sorting()[0], -sorting()[1]), "square");
  ui.way.id = "bars-way";
  ui.count = make("p", "", "soft see-count");
  ui.count.setAttribute("role", "status");
  ui.held = make("div", null, "see-held");
  ui.held.setAttribute("aria-hidden", "true"); // the card at the pointer says it
  ui.list = new LongList({
    rowPx: ROW_PX,
    label: say("see_list"),
    fill: (row, at) => fillGridRow(row, at, { held: effects.get(at), opened: openedOf(desk.plan.grids[at]) }),
    choose: (at) => chooseGrid(at),
  });
  ui.list.box.id = "bars";
  ui.communities = new LongList({ rowPx: COMMUNITY_PX, label: say("see_list_communities"), fill: fillCommunity, choose: chooseCommunity });
  ui.communities.box.id = "bars-communities";
  ui.why = make("section", null, "see-why");
  ui.why.id = "why";
  ui.gridPart = make("div", [make("div", [ui.text, ui.status, ui.community, ui.sort, ui.way], "see-filters"), ui.held, ui.list.box, ui.why], "see-grids");
  section.classList.add("see-panel");
  section.append(make("div", [ui.heading, ui.count, ui.views], "see-head"), ui.totals, ui.told, ui.gridPart, ui.communities.box);
  words();
}

function words() {
  if (!ui.list) return;
  ui.heading.textContent = say("panel_grids");
  ui.views.setAttribute("aria-label", say("see_views"));
  ui.list.setLabel(say("see_list"));
  ui.communities.setLabel(say("see_list_communities"));
  fillViews();
  fillFilters();
  fillSort();
  setView(viewNow());
}

function refresh() {
  if (!ui.list || !desk.plan || !isOpen("grids")) return;
  fillTotals();
  if (viewNow() === "grids") {
    const rows = rowsNow();
    const all = desk.plan.grids.filter((grid) => !grid.is_gone).length;
    ui.count.textContent = rows.length === all ? say("see_count_all", { n: all }) : say(rows.length ? "see_count" : "see_count_none", { n: rows.length, all });
    ui.list.set(rows);
    fillHeld();
    fillWhy(ui.why);
  } else {
    ui.count.textContent = "";
    ui.communities.set(communityRows(counts), { keyOf: (row) => row.code });
  }
}

// Several things may change at once; one painting is enough.
function soon() {
  if (waiting) return;
  waiting = requestAnimationFrame(() => {
    waiting = 0;
    refresh();
  });
}

// What the count says of the communities: the same for as long as the ground is.
async function askCounts() {
  const path = planPath("/arithmetic");
  if (asked === path || desk.share) return;
  asked = path;
  try {
    const told = await askJson(path);
    counts = new Map(told.communities.map((one) => [one.code, one]));
    soon();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    asked = ""; // asked again when the list is opened again
  }
}

export const countOf = (community) => counts.get(community) || null;

function opening() {
  opened = new Map(desk.plan.grids.filter((grid) => !grid.is_gone).map((grid) => [grid.code, grid.households]));
  effects = new Map();
  counts = new Map();
  asked = "";
  if (ui.list) {
    fillFilters();
    if (viewNow() === "communities") askCounts();
  }
  soon();
}

// What the hand would do, per grid that is there.
function holding(verdict) {
  const before = effects;
  effects = new Map((verdict?.effects || []).filter(({ grid }) => grid >= 0).map((one) => [one.grid, one.after]));
  if (!ui.list || !isOpen("grids") || viewNow() !== "grids" || (!before.size && !effects.size)) return;
  for (const row of ui.list.rowsSeen()) {
    const at = ui.list.items[Number(row.dataset.at)];
    if (before.has(at) || effects.has(at)) ui.list.dress(row, Number(row.dataset.at));
  }
  fillHeld();
}

// The grid that was chosen elsewhere comes into sight.
function follow() {
  if (!ui.list || !isOpen("grids") || !desk.plan) return;
  const at = ui.list.items.indexOf(desk.grid);
  if (at >= 0 && viewNow() === "grids") ui.list.goTo(at);
  ui.list.repaint();
  fillWhy(ui.why);
}

export function start() {
  startWhy();
  addPanel({ id: "grids", key: "t", fill, show: () => soon() });
  on("loaded", opening);
  on("changed", soon);
  on("saved", soon);
  on("hold", holding);
  on("grid", follow);
  on("why", () => ui.why && fillWhy(ui.why));
  onLanguage(words);
}
