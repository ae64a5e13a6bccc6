// The desk as a whole: plans, tabs, language, keys and help.  What the parts know they keep in coverage_state.js, so that
// a switch of language or a reload loses nothing.
import { languageNow, make, metres, onLanguage, say, setLanguage } from "./desk_words.js";
import { get, notice, startAsking, stopAll, working } from "./coverage_ask.js";
import { startBlind, step as stepBlind } from "./coverage_blind.js";
import { startComparing } from "./coverage_compare.js";
import { askSurvey, levelNames, setLevel, startGrids } from "./coverage_grids.js";
import { startLegend } from "./coverage_legend.js";
import { fitAll, hintNow, startMap } from "./coverage_map.js";
import { decidePost, startPosts, stepPosts, undoPost } from "./coverage_posts.js";
import { startPromises } from "./coverage_promises.js";
import { startReach } from "./coverage_reach.js";
import { decide, startSites, step as stepSites, undo } from "./coverage_sites.js";
import { desk, keep, keepIn, kept, mayChange, on, planId, tell, whenFull } from "./coverage_state.js";
import { startTrying, stopPlacing } from "./coverage_try.js";

const at = (id) => document.getElementById(id);
const TABS = ["cameras", "reach", "compare"];
const PARTS = { cameras: ["grids", "blind", "try", "sites", "built"], reach: ["shares", "worst", "late", "posts", "promises"] };
const KEYS = ["?", "n", "jk", "a", "r", "u", "levels", "tabs", "arrows", "zero", "esc"];
const TRUTHS = ["truth_density", "truth_heading", "truth_private", "truth_proof", "truth_reach"];
let plans = [];

// -- tabs and parts

function openTab(wanted, { isFocus = false } = {}) {
  keep({ tab: wanted });
  document.body.dataset.tab = wanted;
  for (const name of TABS) {
    at(name).hidden = name !== wanted;
    mark(at(`tab-${name}`), name === wanted);
  }
  if (isFocus) at(`tab-${wanted}`).focus();
  tell("tab", wanted);
}

function openPart(wanted, { isFocus = false } = {}) {
  const tab = Object.keys(PARTS).find((one) => PARTS[one].includes(wanted));
  if (kept().tab !== tab) openTab(tab);
  keepIn("parts", { [tab]: wanted });
  showPart(tab);
  if (isFocus) at(`part-${wanted}`).focus();
  tell("part", wanted);
}

function showPart(tab) {
  for (const name of PARTS[tab]) {
    at(name).hidden = name !== kept().parts[tab];
    mark(at(`part-${name}`), name === kept().parts[tab]);
  }
}

function mark(tab, isHere) {
  tab.setAttribute("aria-selected", String(isHere));
  tab.tabIndex = isHere ? 0 : -1;
}

// Arrows walk along a row of tabs, as they do everywhere.
function walkTabs(event) {
  const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const row = [...event.currentTarget.querySelectorAll("[role=tab]")];
  const here = row.indexOf(document.activeElement);
  if (!way || here < 0) return;
  event.preventDefault();
  const next = row[(here + way + row.length) % row.length];
  next.click();
  next.focus();
}

// -- plans

async function askPlans() {
  const found = await working("plans", "", (options) => get("/v1/plans", { limit: 200 }, options));
  if (found) plans = found.plans;
  showPlans();
}

function showPlans() {
  const option = (value, text) => {
    const made = make("option", text);
    made.value = value;
    return made;
  };
  const name = (one) => `${one.name || one.id}${one.state ? ` · ${say(`state_${one.state}`)}` : ""}`;
  const id = planId();
  const known = plans.some((one) => one.id === id) || !id ? plans : [{ id, name: desk.survey?.plan.name || id }, ...plans];
  const other = at("other").value;
  at("plan").replaceChildren(...(id ? [] : [option("", say("plan_in_force"))]), ...known.map((one) => option(one.id, name(one))));
  at("plan").value = id;
  at("other").replaceChildren(option("", say("compare_none")), ...known.filter((one) => one.id !== id).map((one) => option(one.id, name(one))));
  at("other").value = known.some((one) => one.id === other) ? other : "";
}

async function changePlan(id) {
  desk.plan = id;
  const asked = new URL(location);
  asked.searchParams.set("plan", id);
  history.replaceState(null, "", asked);
  Object.assign(desk, { reach: null, settings: null, decided: [], decidedPosts: [], grid: "", proposal: 0, rows: {} });
  await askSurvey({ isFirst: true });
  showPlans();
}

async function askRole() {
  const found = await working("role", "", (options) => get("/v1/session", {}, options));
  if (!found) return;
  desk.role = found.is_local ? "admin" : found.role;
  tell("role");
}

// -- keys

const isTyping = (where) => where.closest("input:not([type=checkbox], [type=radio], [type=range]), select, textarea");

const keys = {
  "?": () => at("help-box").showModal(),
  n: () => stepBlind(1),
  N: () => stepBlind(-1),
  j: () => inProposals(stepSites, stepPosts, 1),
  k: () => inProposals(stepSites, stepPosts, -1),
  a: () => inProposals(decide, decidePost, "accepted"),
  r: () => inProposals(decide, decidePost, "refused"),
  u: () => inProposals(undo, undoPost),
  0: fitAll,
  "[": () => stepPart(-1),
  "]": () => stepPart(1),
};

// The list of proposals in sight: posts where these are open, else cameras; nothing else of the minutes is decided on.
function inProposals(ofCameras, ofPosts, ...facts) {
  if (kept().tab === "reach") {
    if (kept().parts.reach === "posts") ofPosts(...facts);
    return;
  }
  if (kept().tab !== "cameras" || kept().parts.cameras !== "sites") openPart("sites");
  ofCameras(...facts);
}

function stepPart(way) {
  const all = [...PARTS.cameras, ...PARTS.reach];
  const here = all.indexOf(kept().parts[kept().tab] || "grids");
  openPart(all[(here + way + all.length) % all.length], { isFocus: true });
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || at("help-box").open) return;
  if (event.key === "Escape") {
    if (stopPlacing() || stopAll()) return;
    hintNow("");
    return;
  }
  if (isTyping(event.target) || (!kept().keys && event.key !== "?")) return;
  const level = desk.survey && levelNames()[Number(event.key) - 1];
  const act = level ? () => setLevel(level) : keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function showHelp() {
  at("keys").replaceChildren(...KEYS.flatMap((one) => [make("dt", say(`key_${one === "?" ? "help" : one}`)), make("dd", say(`key_${one === "?" ? "help" : one}_does`))]));
  at("truths").replaceChildren(...TRUTHS.map((one) => make("li", say(one))));
  at("keys-on").checked = kept().keys;
}

// -- details of what is tapped

function tellCamera(one) {
  const facts = [
    one.kind, one.working ? say("camera_works") : say("camera_broken"),
    one.assumed ? say("camera_assumed") : "", one.forbidden ? say("camera_forbidden") : "",
    one.height ? say("camera_height", { n: Math.round(10 * one.height) / 10 }) : "", say("site_private", { length: metres(one.private_m || 0) }),
  ];
  hintNow([one.id, ...facts.filter(Boolean)].join(" · "));
}

function switchLanguage() {
  const wanted = languageNow() === "zh" ? "en" : "zh";
  keep({ language: wanted });
  const asked = new URL(location);
  if (asked.searchParams.has("lang")) {
    asked.searchParams.set("lang", wanted); // a reload opens as one left it
    history.replaceState(null, "", asked);
  }
  setLanguage(wanted);
}

function start() {
  const asked = new URLSearchParams(location.search).get("lang");
  whenFull(() => notice("warn", say("not_remembered")));
  startAsking();
  startLegend();
  startMap();
  startGrids();
  startBlind(openPart);
  startTrying();
  startSites();
  startReach();
  startPosts();
  startPromises();
  startComparing();
  onLanguage(() => {
    at("language").textContent = say("other_language");
    showHelp();
    showPlans();
  });
  setLanguage(asked || kept().language || (document.documentElement.lang === "en" ? "en" : "zh"));
  at("language").addEventListener("click", switchLanguage);
  at("help").addEventListener("click", () => at("help-box").showModal());
  at("keys-on").addEventListener("change", () => keep({ keys: at("keys-on").checked }));
  for (const name of TABS) at(`tab-${name}`).addEventListener("click", () => openTab(name));
  for (const name of Object.values(PARTS).flat()) at(`part-${name}`).addEventListener("click", () => openPart(name));
  for (const row of document.querySelectorAll("[role=tablist]")) row.addEventListener("keydown", walkTabs);
  document.addEventListener("keydown", pressed);
  at("plan").addEventListener("change", () => changePlan(at("plan").value));
  at("other").addEventListener("change", () => at("other").value && openTab("compare"));
  on("tapped camera", tellCamera);
  const asking = [...document.querySelectorAll("form:not([method]) button")];
  for (const one of asking) one.disabled = true; // until there is something to ask about
  on("survey", () => {
    for (const one of asking) one.disabled = false;
    showPlans();
  });
  on("role", () => document.body.classList.toggle("may-not", !mayChange()));
  openTab(TABS.includes(kept().tab) ? kept().tab : "cameras");
  for (const tab of Object.keys(PARTS)) {
    if (!PARTS[tab].includes(kept().parts[tab])) keepIn("parts", { [tab]: PARTS[tab][0] });
    showPart(tab);
  }
  askRole();
  askSurvey({ isFirst: true }).then(askPlans);
}

start();
