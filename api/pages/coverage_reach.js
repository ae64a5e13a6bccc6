// Promises in minutes: each rule in each part of the day, what share is reached in time, the doors reached last, rings and
// streets by minutes on the map.
import { make, metres, onLanguage, say } from "./desk_words.js";
import { get, getFeatures, working } from "./coverage_ask.js";
import { setScale, setTimes } from "./coverage_legend.js";
import { asAreas, asLines, asPoint, fitGrid, goTo, hintNow, map, shortCode, showLayers } from "./coverage_map.js";
import { count, duration, percent } from "./coverage_numbers.js";
import { scene } from "./coverage_paint.js";
import { desk, keep, keepIn, kept, on, planId, tell } from "./coverage_state.js";
import { table } from "./coverage_table.js";

const at = (id) => document.getElementById(id);
let drawn = "";

export const keyOf = (one) => `${one.name}|${one.band}`;
export const current = () => desk.reach && (desk.reach.rules.find((one) => keyOf(one) === kept().rule) || unkept(desk.reach.rules));
// What to look at first: a promise that is broken, else one that has something to reach.
const unkept = (rules) => rules.find((one) => one.is_kept === false) || rules.find((one) => one.is_kept !== null) || rules[0];
const word = (code, otherwise) => (say(code) === code ? otherwise : say(code));
// The promises that are shipped have names in words, as long as their minutes are those of the name.
const isAsNamed = (one) => one.minutes === undefined || one.minutes === Number(one.name.replace(/^circle/, ""));
export const ruleName = (one) => (isAsNamed(one) ? word(`rule_${one.name}`, one.name) : one.name);
export const bandName = (band) => word(`band_${band}`, band);
export const modeName = (mode) => word(`mode_${mode}`, mode);
export const kindName = (kind) => word(`kind_${kind}`, kind);
export const kinds = (list, nothing) => (list && list.length ? list.map(kindName).join(say("comma")) : say(nothing));

// -- asking

export async function askReach() {
  const found = await working("reach", "load_reach", (options) => get("/v1/reach", { plan: planId() }, options), { again: askReach });
  if (!found) return;
  desk.reach = found;
  drawn = "";
  showAll();
  tell("reach");
}

const minutesOf = (one) => [...new Set([...Object.keys(one.ring).map(Number), one.minutes])].sort((a, b) => a - b);
const isRingOn = (minutes) => kept().rings[minutes] !== false;

async function askFeatures() {
  const one = current();
  if (!one || kept().tab !== "reach") return;
  const key = `${planId()} ${keyOf(one)}`;
  const minutes = minutesOf(one);
  setTimes(minutes);
  if (drawn !== key) {
    drawn = key;
    for (const list of ["streets", "rings", "posts", "doors"]) scene[list] = [];
    scene.doors = doors(one);
    desk.door = -1;
    const query = { plan: planId(), rule: one.name, band: one.band };
    const found = await working("reach features", "load_reach_map", async (options) => {
      const [streets, posts, ...rings] = await Promise.all([
        getFeatures("/v1/reach/features", { ...query, what: "streets" }, options),
        getFeatures("/v1/reach/features", { ...query, what: "posts" }, options),
        ...minutes.map((n) => getFeatures("/v1/reach/features", { ...query, what: "rings", minutes: n }, options)),
      ]);
      return { streets, posts, rings };
    }, { again: askFeatures });
    if (!found || drawn !== key) {
      if (!found) drawn = "";
      return;
    }
    setStreets(found.streets, minutes);
    scene.posts = found.posts.map((post) => asPoint(post.geometry.coordinates, post.properties));
    allRings = found.rings.flatMap((ring, i) => ring.filter((f) => /Polygon/.test(f.geometry?.type)).flatMap(asAreas).map((area) => ({ ...area, step: Math.min(i, 4), minutes: minutes[i] })));
  }
  scene.rings = allRings.filter((ring) => isRingOn(ring.minutes));
  showLayers();
}

let allRings = [];

function setStreets(features, minutes) {
  scene.streets = features.flatMap(asLines).map((one) => {
    const seconds = one.seconds === null || one.seconds === undefined ? Infinity : one.seconds;
    const step = minutes.findIndex((n) => seconds <= n * 60);
    return { ...one, step: step < 0 ? null : Math.min(step, 4) };
  });
}

const doors = (one) => one.worst.map((door, i) => (door.lon === null ? null : asPoint([door.lon, door.lat], { text: String(i + 1), rank: i, isChosen: false }))).filter(Boolean);

// -- the rules

function showRules() {
  const { rules } = desk.reach;
  const chosen = current();
  const columns = [
    { key: "name", head: say("col_rule"), isText: true, of: ruleName, show: ruleName, full: (one) => say("rule_told", { places: kinds(one.places, "every_building"), posts: kinds(one.posts, "every_post"), mode: modeName(one.mode), n: one.minutes }) },
    { key: "band", head: say("col_band"), isText: true, of: (one) => one.band, show: (one) => bandName(one.band) },
    { key: "minutes", head: say("col_minutes"), of: (one) => one.minutes, show: (one) => String(one.minutes) },
    { key: "posts", head: say("col_posts"), of: (one) => one.n_posts, show: (one) => count(one.n_posts), kind: (one) => (one.n_posts ? "" : "warn") },
    { key: "share", head: say("col_share"), of: (one) => promised(one.shares, one), show: (one) => percent(promised(one.shares, one)) },
    { key: "worst", head: say("col_worst"), of: (one) => (one.unreachable ? Infinity : one.worst_s), show: (one) => (one.worst_s === null ? "–" : duration(one.worst_s, say)) },
    { key: "kept", head: say("col_kept"), of: (one) => (one.is_kept === null ? -1 : Number(one.is_kept)), kind: (one) => (one.is_kept === false ? "warn" : ""),
      show: (one) => (one.is_kept === null ? say("kept_nothing") : one.is_kept ? say("kept_yes") : say("kept_no")) },
  ];
  at("rules").replaceChildren(table("rules", columns, rules, { first: ["minutes", 1], caption: say("rules_caption"), chosen: (one) => one === chosen, choose }));
  at("rules").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

// What a rule promises: its places, or its households (buildings, where nobody lives).
function promised(shares, one) {
  if (!shares) return null;
  if (one.places && one.places.length) return shares.places ? shares.places_in / shares.places : null;
  if (shares.households) return shares.households_in / shares.households;
  return shares.buildings ? shares.buildings_in / shares.buildings : null;
}

function choose(one) {
  keep({ rule: keyOf(one) });
  tell("rule");
  showAll();
  at("rules").querySelector("[aria-current] button")?.focus();
}

// -- shares

const PARTS = [["households", "households_in", count], ["buildings", "buildings_in", count], ["places", "places_in", count], ["street_m", "street_in_m", metres], ["area_m2", "area_in_m2", (n) => `${(n / 1e6).toFixed(2)} km²`]];

function bar(name, within, all, show) {
  const share = all ? within / all : null;
  const rail = make("span", [make("i")], "rail");
  rail.firstChild.style.setProperty("width", `${share === null ? 0 : 100 * share}%`);
  return make("div", [make("span", name), rail, make("strong", percent(share)), make("small", say("of_all", { n: show(within), all: show(all) }))], "bar");
}

function showShares() {
  const one = current();
  const parts = [make("p", say("rule_told", { places: kinds(one.places, "every_building"), posts: kinds(one.posts, "every_post"), mode: modeName(one.mode), n: one.minutes }), "soft")];
  if (!one.n_posts) parts.push(make("p", say("no_posts"), "told warn"));
  const { shares } = one;
  parts.push(...PARTS.filter(([all]) => shares[all]).map(([all, within, show]) => bar(say(`share_${all}`), shares[within], shares[all], show)));
  parts.push(make("h2", say("rings_heading")));
  parts.push(...minutesOf(one).map((minutes, i) => {
    const box = make("input");
    box.type = "checkbox";
    box.checked = isRingOn(minutes);
    box.dataset.ring = minutes;
    box.addEventListener("change", () => {
      keepIn("rings", { [minutes]: box.checked });
      askFeatures();
    });
    const found = one.ring[minutes] || (minutes === one.minutes ? shares : null);
    const all = found && (one.places.length ? [found.places_in, found.places] : [found.households_in, found.households]);
    return make("label", [box, make("i", null, `time time-${Math.min(i, 4)}`), make("span", say("ring_minutes", { n: minutes })), make("strong", all ? percent(all[1] ? all[0] / all[1] : null) : "–"), make("small", found ? say("ring_streets", { frac: percent(found.street_m ? found.street_in_m / found.street_m : null) }) : "")], "check ring");
  }));
  const { warnings = [] } = desk.reach;
  if (warnings.length) parts.push(make("h2", say("warnings_heading")), make("ul", warnings.map((w) => make("li", w.message)), "list plain"));
  at("shares").replaceChildren(...parts);
}

// -- the doors reached last

function showWorst() {
  const one = current();
  const lead = [make("p", one.unreachable ? say("unreachable", { n: count(one.unreachable) }) : say("all_reachable"), one.unreachable ? "told warn" : "soft")];
  const list = make("ol", one.worst.map((door, i) => {
    const late = door.seconds === null || door.seconds === undefined ? say("never") : duration(door.seconds, say);
    const where = [door.grid ? say("in_grid", { grid: shortCode(door.grid) }) : say("in_no_grid"), door.post ? say("first_post", { post: door.post }) : "", door.off_m > 50 ? say("off_street", { length: metres(door.off_m) }) : ""].filter(Boolean).join(" · ");
    const press = make("button", [make("b", i + 1), make("span", [make("span", door.name || door.id), make("small", where)], "two"), make("strong", late)]);
    press.type = "button";
    if (i === desk.door) press.setAttribute("aria-current", "true");
    press.addEventListener("click", () => chooseDoor(i));
    return make("li", [press], door.seconds === null || door.seconds > one.minutes * 60 ? "warn" : "");
  }), "list");
  at("worst").replaceChildren(...lead, list);
}

function chooseDoor(i) {
  const one = current();
  const had = at("worst").contains(document.activeElement);
  desk.door = i;
  scene.doors = doors(one).map((door) => ({ ...door, isChosen: door.rank === i }));
  const door = one.worst[i];
  keepIn("layers", { doors: true });
  if (door.lon !== null) goTo(map.place([door.lon, door.lat]), 1.2);
  showWorst();
  showLayers();
  hintNow(say("door_hint", { name: door.name || door.id, time: duration(door.seconds, say), n: one.minutes }));
  const line = at("worst").querySelector("[aria-current]");
  if (line && had) line.focus();
  if (line) line.scrollIntoView({ block: "nearest" });
}

// -- grids by share in time

const gridShares = (one) => desk.reach.grids[`${one.name}-${one.band}`] || {};

function showLate() {
  const one = current();
  const rows = Object.entries(gridShares(one)).map(([code, frac]) => ({ code, frac }));
  const columns = [
    { key: "code", head: say("scope_grid"), isText: true, of: (r) => r.code, show: (r) => shortCode(r.code), full: (r) => r.code },
    { key: "frac", head: say("col_share"), of: (r) => r.frac, show: (r) => percent(r.frac), kind: (r) => (r.frac !== null && r.frac < 1 ? "warn" : "") },
  ];
  if (!rows.length) at("late").replaceChildren(make("p", say("rows_none"), "soft"));
  else at("late").replaceChildren(table("late", columns, rows, { first: ["frac", 1], caption: say("late_caption"), chosen: (r) => r.code === desk.grid, choose: (r) => {
    desk.grid = r.code;
    scene.chosenGrid = r.code;
    fitGrid(r.code);
    showLate();
    at("late").querySelector("[aria-current] button")?.focus();
  } }));
}

function colourGrids() {
  if (kept().tab !== "reach") return;
  const one = current();
  const isShown = one && kept().layers.grids !== false;
  const shares = one ? gridShares(one) : {};
  const stepOf = (frac) => (frac >= 1 - 1e-9 ? 4 : frac >= 0.9 ? 3 : frac >= 0.75 ? 2 : frac >= 0.5 ? 1 : 0);
  const has = (grid) => shares[grid.code] !== undefined && shares[grid.code] !== null;
  scene.classOf = isShown ? (grid) => (has(grid) ? stepOf(shares[grid.code]) : null) : null;
  scene.numberOf = isShown ? (grid) => (has(grid) ? percent(shares[grid.code], 0) : "") : null;
  setScale(one ? { title: say("scale_reach", { n: one.minutes }), names: [0, 1, 2, 3, 4].map((i) => say(`scale_reach_${i}`)) } : null);
  map.draw();
}

function showAll() {
  if (!desk.reach) return;
  showRules();
  showShares();
  showWorst();
  showLate();
  colourGrids();
  askFeatures();
}

async function askArrival({ lonLat: [lon, lat] }) {
  if (kept().tab !== "reach") return;
  hintNow(say("arrival_asking"));
  const found = await working("arrival", "", (options) => get("/v1/reach/arrival", { plan: planId(), lon, lat }, options));
  if (!found) return hintNow("");
  const told = (found.rules || []).map((one) => `${ruleName(one)} ${bandName(one.band)} ${duration(one.seconds, say)}${one.post ? ` (${one.post})` : ""}`);
  return hintNow(`${say("arrival")} ${told.join(" · ")}`);
}

export function startReach() {
  at("rules").addEventListener("sorted", showRules);
  at("late").addEventListener("sorted", showLate);
  on("tab", () => {
    if (kept().tab !== "reach") return;
    colourGrids();
    if (!desk.reach && desk.survey) askReach();
    else askFeatures();
  });
  on("survey", () => {
    if (desk.reach && desk.reach.plan.id === planId()) drawn = "";
    if (kept().tab === "reach" && !desk.reach) askReach();
    else if (kept().tab === "reach") showAll();
  });
  on("layers", colourGrids);
  on("tapped door", (one) => chooseDoor(one.rank));
  on("tapped post", (one) => hintNow(say("post_hint", { name: one.name || one.id, kind: word(`kind_${one.kind}`, one.kind || "") })));
  on("tapped grid", askArrival);
  onLanguage(showAll);
}


