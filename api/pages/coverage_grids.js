// How many cameras there are and what they see: the figures, the level, the targets to edit, the table of areas, and how
// the building of cameras stands.
import { make, metres, onLanguage, say } from "./desk_words.js";
import { get, getFeatures, getFirst, getTagged, notice, post, put, told, working } from "./coverage_ask.js";
import { setScale } from "./coverage_legend.js";
import { clearLayers, fitAll, fitGrid, hintNow, map, setGrids, shortCode, showLayers } from "./coverage_map.js";
import { scene } from "./coverage_paint.js";
import { desk, keep, kept, mayChange, on, planId, tell } from "./coverage_state.js";
import { table } from "./coverage_table.js";
import { count, decimal, percent } from "./coverage_numbers.js";

const at = (id) => document.getElementById(id);
const SCOPES = ["grid", "community", "town", "class", "class_code"];
const MOST_BLIND = 300; // the longest; the map shows the others where one looks
const CLASS_ORDER = ["urban", "rural"];
let filter = "";

// -- asking

export async function askSurvey({ isFirst = false } = {}) {
  const level = kept().level || undefined;
  const found = await working("survey", "load_survey", async (options) => {
    const query = { plan: desk.plan, level };
    const survey = await get("/v1/cameras", { ...query, scope: "grid" }, options);
    const plan = survey.plan.id;
    const [grids, classes, codes, blind] = await Promise.all([
      getFeatures("/v1/cameras/features", { plan, level, what: "grids" }, options),
      get("/v1/cameras", { plan, level, scope: "class" }, options),
      get("/v1/cameras", { plan, level, scope: "class_code" }, options),
      getFirst("/v1/cameras/features", { plan, level, what: "blind", limit: MOST_BLIND }, options),
    ]);
    return { survey, grids, classes, codes, blind };
  }, { again: () => askSurvey({ isFirst }) });
  if (!found) return false;
  const { survey } = found;
  desk.survey = { ...survey, stamp: `${survey.plan.id} ${Date.now()}` };
  desk.rows = { grid: survey.rows, class: found.classes.rows, class_code: found.codes.rows };
  keep({ level: survey.level });
  clearLayers();
  setGrids(found.grids);
  desk.blindFeatures = found.blind;
  if (isFirst) fitAll();
  tell("survey");
  if (!desk.settings) await askSettings();
  if (kept().scope !== "grid") askScope();
  return true;
}

async function askScope() {
  const { scope } = kept();
  if (desk.rows[scope]) return showTable();
  const found = await working("scope", "load_survey", (options) => get("/v1/cameras", { plan: planId(), level: desk.survey.level, scope }, options), { again: askScope });
  if (found) desk.rows[scope] = found.rows;
  return showTable();
}

async function askSettings() {
  const found = await working("settings", "", (options) => getTagged("/v1/cameras/settings", { plan: planId() }, options));
  if (!found) return;
  desk.settings = { ...found.content, tag: found.tag };
  tell("settings");
}

// -- targets

const densityNow = () => desk.survey.settings.density;

export function targetClasses() {
  const density = densityNow();
  const there = [...desk.rows.class, ...desk.rows.class_code];
  const all = [...new Set([...CLASS_ORDER, ...Object.keys(density), ...there.map((row) => row.code)])];
  return all.map((code) => ({ code, value: density[code], row: there.find((row) => row.code === code) }));
}

// Urban and rural by name; a class code with what it counts as.
export const className = (code) => (CLASS_ORDER.includes(code) ? say(`class_${code}`) : say("class_code", { kind: say(isRural(code) ? "class_rural" : "class_urban"), code }));
const isRural = (code) => /^2/.test(code);

const inherited = (code) => densityNow()[isRural(code) ? "rural" : "urban"];

async function saveTarget(code, text) {
  const { settings } = desk;
  const density = { ...densityNow() };
  const clean = text.trim().replace(",", ".");
  if (!clean && !CLASS_ORDER.includes(code)) delete density[code];
  else density[code] = Number(clean);
  const isDensity = Number(clean) >= 0 && Number.isFinite(Number(clean));
  if (!isDensity || (CLASS_ORDER.includes(code) && !clean)) {
    notice("bad", say("target_wrong", { text }));
    return showTargets();
  }
  if (density[code] === densityNow()[code]) return undefined;
  told(say("saving"));
  const body = { ...settings.settings, density };
  const saved = await working("target", "load_saving", (options) => put("/v1/cameras/settings", { settings: body }, { query: { plan: planId() }, tag: settings.tag, ...options }), { failed: isStale, again: () => saveTarget(code, text) });
  if (!saved) {
    told("");
    return showTargets();
  }
  if (await recount()) told(say("target_saved"));
  return undefined;
}

// Somebody else was faster: what they set is shown, and one may set it again.
function isStale(error) {
  if (![409, 412].includes(error.status)) return false;
  notice("warn", say("target_stale"));
  recount();
  return true;
}

export async function undoTarget() {
  const done = await working("target", "load_saving", (options) => post(`/v1/cameras/settings/undo?plan=${encodeURIComponent(planId())}`, {}, options));
  if (!done) return;
  if (await recount()) told(say("target_undone"));
}

function recount() {
  desk.settings = null;
  return askSurvey();
}

function showTargets() {
  const busy = document.activeElement && document.activeElement.dataset && document.activeElement.dataset.target;
  at("targets").replaceChildren(...targetClasses().map(({ code, value, row }) => {
    const input = make("input");
    input.type = "text";
    input.inputMode = "decimal";
    input.dataset.target = code;
    input.value = value ?? "";
    input.placeholder = value === undefined ? decimal(inherited(code) ?? 0) : "";
    input.readOnly = !mayChange();
    input.setAttribute("aria-label", say("target_label", { name: className(code) }));
    input.addEventListener("change", () => saveTarget(code, input.value));
    const facts = row ? say("target_now", { density: row.density_per_km2 === null ? "–" : decimal(row.density_per_km2), missing: count(row.missing) }) : say("target_none");
    return make("label", [make("span", className(code)), input, make("small", facts)]);
  }));
  at("targets-undo").disabled = !mayChange() || !desk.settings || desk.settings.can_undo === false;
  if (busy) at("targets").querySelector(`[data-target="${CSS.escape(busy)}"]`)?.focus();
}

// -- the figures and the level

function showFigures() {
  const { totals, level } = desk.survey;
  const seen = totals.street_m ? totals.seen_m[level] / totals.street_m : null;
  const kept_ = totals.missing === 0;
  const figure = (value, name, kind = "", title = "") => {
    const made = make("div", [make("strong", value), make("span", name)], `figure ${kind}`);
    if (title) made.title = title;
    return made;
  };
  at("figures").replaceChildren(
    figure(count(totals.positions), say("fig_positions", { channels: count(totals.channels) })),
    figure(totals.density_per_km2 === null ? "–" : decimal(totals.density_per_km2), say("fig_density", { target: decimal(totals.target_per_km2) })),
    figure(kept_ ? "0 ✓" : count(totals.missing), say("fig_missing"), kept_ ? "good" : "warn"),
    figure(percent(seen), say("fig_seen", { km: metres(totals.street_m) }), "strong", say("truth_density")),
    figure(metres(totals.private_m), say("fig_private"), "", say("truth_private")),
  );
}

function showTruth() {
  const { totals } = desk.survey;
  const parts = [say("honest_density")];
  if (totals.assumed) parts.push(say("honest_assumed", { n: count(totals.assumed), all: count(totals.positions) }));
  at("honest").textContent = parts.join(" ");
}

function showLevels() {
  const { levels, level, edition } = desk.survey;
  at("levels").replaceChildren(...levels.map((one, i) => {
    const name = typeof one === "string" ? one : one.name;
    const input = make("input");
    input.type = "radio";
    input.name = "level";
    input.value = name;
    input.checked = name === level;
    input.addEventListener("change", () => setLevel(name));
    const span = make("span", levelName(name));
    span.title = say("level_title", { n: i + 1, px: one.px_per_m ? decimal(one.px_per_m) : "" });
    return make("label", [input, span]);
  }));
  at("edition").textContent = edition;
}

export const levelName = (name) => say(`level_${name}`) === `level_${name}` ? name : say(`level_${name}`);
export const levelNames = () => desk.survey.levels.map((one) => (typeof one === "string" ? one : one.name));

export function setLevel(name) {
  if (!desk.survey || name === desk.survey.level) return;
  const before = desk.survey.level;
  keep({ level: name });
  askSurvey().then((isDone) => {
    if (isDone) return;
    keep({ level: before });
    showLevels();
  });
}

// -- the table

const share = (row, level) => (row.street_m ? (row.seen_m[level] || 0) / row.street_m : null);

function columns() {
  const { level } = desk.survey;
  const number = (key, head, of, show, kind) => ({ key, head: say(`col_${head}`), title: say(`title_${head}`), of, show, kind });
  const { scope } = kept();
  return [
    { key: "code", head: say(`scope_${scope}`), isText: true, of: (r) => r.code, full: (r) => `${r.code} ${r.name || ""}`,
      show: (r) => (/^class/.test(scope) ? className(r.code) : scope === "grid" ? shortCode(r.code) : r.name || r.code) },
    number("positions", "positions", (r) => r.positions, (r) => count(r.positions)),
    number("channels", "channels", (r) => r.channels, (r) => count(r.channels)),
    number("density", "density", (r) => r.density_per_km2, (r) => (r.density_per_km2 === null ? "–" : decimal(r.density_per_km2))),
    number("target", "target", (r) => r.target_per_km2, (r) => decimal(r.target_per_km2)),
    number("missing", "missing", (r) => r.missing, (r) => count(r.missing), (r) => (r.missing ? "warn" : "")),
    ...levelNames().map((name) => ({
      key: `seen_${name}`, head: say(`short_${name}`) === `short_${name}` ? name : say(`short_${name}`),
      title: say("title_seen", { level: levelName(name) }), of: (r) => share(r, name), show: (r) => percent(share(r, name), 0),
      kind: () => (name === level ? "now" : ""),
    })),
    number("private", "private", (r) => r.private_m, (r) => count(Math.round(r.private_m))),
  ];
}

function showTable() {
  const { scope } = kept();
  const wanted = filter.trim().toLowerCase();
  const all = desk.rows[scope] || [];
  const rows = wanted ? all.filter((row) => `${row.code} ${row.name || ""}`.toLowerCase().includes(wanted)) : all;
  const box = at("rows");
  const { scrollTop } = box;
  if (!rows.length) box.replaceChildren(make("p", wanted ? say("rows_not_found", { text: filter.trim() }) : say("rows_none"), "soft"));
  else box.replaceChildren(table("areas", columns(), rows, {
    first: ["missing", -1], caption: say("table_caption"),
    chosen: (row) => scope === "grid" && row.code === desk.grid,
    choose: (row) => (scope === "grid" ? chooseGrid(row.code) : undefined),
  }));
  box.scrollTop = scrollTop;
}

export function chooseGrid(code, { isFromMap = false } = {}) {
  desk.grid = desk.grid === code && isFromMap ? "" : code;
  scene.chosenGrid = desk.grid;
  if (!isFromMap) fitGrid(code);
  const here = document.activeElement;
  const wasInTable = here && here.closest && here.closest("#rows");
  showTable();
  const line = at("rows").querySelector("[aria-current]");
  if (line) {
    if (wasInTable) line.querySelector("button").focus();
    else line.scrollIntoView({ block: "nearest" });
  }
  map.draw();
  tellGrid(desk.grid);
  tell("grid", code);
}

function tellGrid(code) {
  const row = (desk.rows.grid || []).find((one) => one.code === code);
  if (!row) return void hintNow("");
  const { level } = desk.survey;
  hintNow(say("grid_hint", {
    grid: [shortCode(code), row.name].filter(Boolean).join(" "), positions: count(row.positions), missing: count(row.missing),
    density: row.density_per_km2 === null ? "–" : decimal(row.density_per_km2), target: decimal(row.target_per_km2), seen: percent(share(row, level)), level: levelName(level),
  }));
}

// -- the colours of the grids

const classes = (value, steps) => {
  if (value === null || value === undefined) return null;
  let step = 0;
  while (step < steps.length && value >= steps[step] - 1e-9) step += 1;
  return step;
};
const METRICS = {
  density: { of: (r) => (r.target_per_km2 ? (r.density_per_km2 ?? 0) / r.target_per_km2 : 1), steps: [0.25, 0.5, 0.75, 1], text: (r) => (r.density_per_km2 === null ? "" : decimal(r.density_per_km2)) },
  seen: { of: (r) => share(r, desk.survey.level), steps: [0.1, 0.25, 0.5, 0.75], text: (r) => percent(share(r, desk.survey.level), 0) },
  missing: { of: (r) => -r.missing, steps: [-20, -10, -5, 0], text: (r) => String(r.missing) },
  private: { of: (r) => -r.private_m, steps: [-500, -200, -50, 0], text: (r) => metres(r.private_m) },
};

function colourGrids() {
  if (!desk.survey || kept().tab === "reach") return;
  const metric = METRICS[kept().metric] || METRICS.density;
  const byCode = new Map((desk.rows.grid || []).map((row) => [row.code, row]));
  const isShown = kept().layers.grids !== false;
  scene.classOf = isShown ? (grid) => (byCode.has(grid.code) ? classes(metric.of(byCode.get(grid.code)), metric.steps) : null) : null;
  scene.numberOf = isShown ? (grid) => (byCode.has(grid.code) ? metric.text(byCode.get(grid.code)) : "") : null;
  const name = METRICS[kept().metric] ? kept().metric : "density";
  setScale({ title: say(`scale_${name}`), names: [0, 1, 2, 3, 4].map((i) => say(`scale_${name}_${i}`)) });
  map.draw();
}

// -- how building stands

function showBuilt() {
  const { programmes = [], owners = [], warnings = [], totals, settings = {} } = desk.survey;
  const box = at("built");
  const rate = (name, value, wanted) => {
    const isKnown = value !== null && value !== undefined;
    const isKept = !isKnown || value >= wanted - 1e-9;
    const mark = isKnown ? (isKept ? "✓" : "!") : "";
    return make("li", [make("span", say(name)), make("strong", isKnown ? percent(value, 2) : say("without_name")), make("small", say("wanted", { n: percent(wanted, 0) })), make("b", mark)], isKept ? "" : "warn");
  };
  const listed = (found, head) => [make("h2", say(head)), found.length ? make("ul", found.map((one) => make("li", [make("span", one.name === "all" ? say("all_programmes") : one.name || say("without_name")), make("strong", say("positions_channels", { positions: count(one.positions), channels: count(one.channels) })), make("small", one.planned ? say("of_planned", { n: count(one.planned), frac: percent(one.frac, 2) }) : "")])), "list plain facts") : make("p", say("nothing_stated"), "soft")];
  const truths = [];
  if (totals.assumed) truths.push(make("p", say("assumed_heading", { n: count(totals.assumed), all: count(totals.positions) }), "told"));
  if (totals.forbidden) truths.push(make("p", say("forbidden_heading", { n: count(totals.forbidden) }), "told warn"));
  box.replaceChildren(
    ...truths,
    make("h2", say("rates_heading")),
    make("ul", [rate("rate_working", totals.working_frac, settings.working_frac ?? 0.98), rate("rate_networked", totals.networked_frac, settings.networked_frac ?? 1)], "list plain facts"),
    ...listed(programmes, "programmes_heading"),
    ...listed(owners, "owners_heading"),
    make("h2", say("warnings_heading")),
    warnings.length ? make("ul", warnings.map((one) => make("li", one.message)), "list plain") : make("p", say("warnings_none"), "soft"),
  );
}

function showAll() {
  if (!desk.survey) return;
  showFigures();
  showTruth();
  showLevels();
  showTargets();
  showTable();
  showBuilt();
  colourGrids();
  showLayers();
}

export function startGrids() {
  at("find").addEventListener("input", () => {
    filter = at("find").value;
    showTable();
  });
  at("rows").addEventListener("sorted", showTable);
  at("targets-undo").addEventListener("click", undoTarget);
  at("scope").addEventListener("change", () => {
    keep({ scope: at("scope").value });
    askScope();
  });
  onLanguage(() => {
    at("scope").replaceChildren(...SCOPES.map((one) => {
      const option = make("option", say(`scope_${one}`));
      option.value = one;
      option.selected = one === kept().scope;
      return option;
    }));
    showAll();
  });
  on("survey", showAll);
  on("settings", showTargets);
  on("role", () => desk.survey && showTargets());
  on("tab", colourGrids);
  on("layers", colourGrids);
  on("metric", (metric) => {
    keep({ metric });
    at("layer-grids").checked = true;
    colourGrids();
    showLayers();
  });
  on("tapped grid", ({ code }) => kept().tab === "cameras" && chooseGrid(code, { isFromMap: true }));
}


