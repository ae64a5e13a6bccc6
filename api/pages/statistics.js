// The page as a whole: which period, in which language, by day or by night; what it links to.
import { askJson } from "./desk_ask.js";
import { languageNow, make, onLanguage, say, setLanguage } from "./desk_words.js";
import { showGrids, startGrids } from "./statistics_grids.js";
import { drawMapNow, showMap, startMap } from "./statistics_map.js";
import { showParts } from "./statistics_parts.js";
import { showSweeps, startSweeps } from "./statistics_sweeps.js";
import { PERIODS, asked, desk, go, keep, kept } from "./statistics_state.js";

const at = (id) => document.getElementById(id);
const dark = matchMedia("(prefers-color-scheme: dark)");
let asking = null;

// -- what went wrong

function trouble(error) {
  const again = make("button", say("try_again"));
  again.type = "button";
  again.addEventListener("click", load);
  const parts = [make("p", error.message)];
  if (error.kind === "session") {
    const way = make("a", say("sign_in"), "button");
    way.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}&lang=${languageNow()}`;
    parts.push(way);
  }
  parts.push(again);
  const box = make("div", parts, "notice");
  box.setAttribute("role", "alert");
  at("notices").replaceChildren(box);
}

// -- the figures

async function load() {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const { period, at: day, compare } = asked();
  at("main").setAttribute("aria-busy", "true");
  try {
    const summary = await askJson("/v1/statistics/summary", { query: { period, at: day, compare }, signal, patience: 120000 });
    if (signal.aborted) return;
    desk.summary = summary;
    at("notices").replaceChildren();
  } catch (error) {
    if (error.kind === "stopped") return;
    trouble(error);
    at("main").setAttribute("aria-busy", "false");
    return;
  }
  at("main").setAttribute("aria-busy", "false");
  showAll();
  at("told").textContent = say("shown", { label: desk.summary.period.label });
  document.documentElement.dataset.ready = desk.summary.period.label;
  loadSpots(signal);
}

function showAll() {
  showWhen();
  if (!desk.summary) return;
  desk.chosen = asked().grid;
  showParts(choose);
  showSweeps();
  showGrids();
  showMap();
}

function choose(code) {
  const before = desk.chosen;
  desk.chosen = code;
  go({ grid: code }, { isStep: false });
  showGrids();
  showMap();
  if (code) at("card").focus({ preventScroll: true });
  else if (before) document.querySelector(`[data-grid="${CSS.escape(before)}"]`)?.focus();
}

// Hot and cold spots take longer than the figures, which do not wait for them.
async function loadSpots(signal) {
  const { period, at: day } = asked();
  const { summary } = desk;
  try {
    const found = await askJson("/v1/statistics/hotspots", { query: { period, at: day || summary.period.at }, signal, patience: 120000 });
    if (signal.aborted || desk.summary !== summary) return;
    const said = new Map(found.grids.map((one) => [one.key, one.found || ""]));
    for (const row of summary.areas) row.hot = said.get(row.code) || "";
    showGrids();
    showMap();
    document.documentElement.dataset.spots = summary.period.label;
  } catch (error) {
    if (error.kind !== "stopped") at("map-note").textContent = error.message;
  }
}

// -- which period

function choice(name, chosen) {
  const box = make("input");
  Object.assign(box, { type: "radio", name: "period", value: name, checked: name === chosen });
  box.addEventListener("change", () => {
    go({ period: name, at: at("at").value });
    load();
  });
  return make("label", [box, make("span", say(`period_${name}`))]);
}

const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text);

function showWhen() {
  const { period, compare } = asked();
  const focused = document.activeElement?.name === "period";
  at("kinds-of-period").replaceChildren(...PERIODS.map((name) => choice(name, period)));
  if (focused) at("kinds-of-period").querySelector(":checked").focus();
  at("compare").replaceChildren(...["year", "period"].map((name) => {
    const option = make("option", say(`compare_${name}`));
    option.value = name;
    option.selected = name === compare;
    return option;
  }));
  const { summary } = desk;
  if (!summary) return;
  at("at").value = isDay(asked().at) ? asked().at : summary.period.at; // an address may say 2026-11 or 2026-W47
  at("earlier").disabled = !summary.period.earlier;
  at("later").disabled = !summary.period.later;
  const query = new URLSearchParams({ period, at: summary.period.at, compare, lang: languageNow() });
  for (const name of ["pdf", "xlsx", "csv", "html"]) at(name).href = `/v1/statistics/summary.${name}?${query}`;
}

function step(way) {
  const to = desk.summary?.period[way];
  if (!to) return;
  go({ at: to });
  load();
}

function startWhen() {
  at("earlier").addEventListener("click", () => step("earlier"));
  at("later").addEventListener("click", () => step("later"));
  at("at").addEventListener("change", () => {
    if (!at("at").value) return;
    go({ at: at("at").value });
    load();
  });
  at("compare").addEventListener("change", () => {
    go({ compare: at("compare").value });
    load();
  });
  addEventListener("popstate", load);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.target.closest("input, select, textarea, canvas, svg, summary, dialog")) return;
    const way = { ArrowLeft: "earlier", ArrowRight: "later" }[event.key];
    if (!way) return;
    event.preventDefault();
    step(way);
  });
}

// -- day and night, language, paper

const isNight = () => (kept().night ? kept().night === "night" : dark.matches);

function showNight(isDark = isNight()) {
  document.documentElement.dataset.night = String(isDark);
  at("night").setAttribute("aria-pressed", String(isDark));
  if (desk.summary) showMap();
}

function start() {
  const wanted = new URLSearchParams(location.search).get("lang");
  const first = wanted || kept().language || document.documentElement.lang.slice(0, 2);
  const night = new URLSearchParams(location.search).get("night");
  if (night === "1" || night === "0") keep({ night: night === "1" ? "night" : "day" });
  startWhen();
  startGrids(choose);
  startSweeps(load);
  at("night").addEventListener("click", () => {
    keep({ night: isNight() ? "day" : "night" });
    showNight();
  });
  dark.addEventListener("change", () => showNight());
  at("print").addEventListener("click", () => print());
  addEventListener("beforeprint", () => { // paper is white, and so is the map on it
    showNight(false);
    drawMapNow();
  });
  addEventListener("afterprint", () => showNight());
  at("language").addEventListener("click", () => {
    setLanguage(languageNow() === "zh" ? "en" : "zh");
    keep({ language: languageNow() });
    go({ lang: languageNow() }, { isStep: false });
  });
  onLanguage(() => {
    at("language").textContent = say("other_language");
    at("language").lang = languageNow() === "zh" ? "en" : "zh-CN";
    showAll();
  });
  startMap(choose);
  setLanguage(first);
  showNight();
  load();
}

start();
