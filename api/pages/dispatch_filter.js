// Which incidents are shown, and how: kept in the address bar and nowhere else, so that an address can be sent to a
// colleague and the browser's own back and forward restore it.
import { CLOCKS, LEVELS, STATES, clockClass, desk, now, on, tell } from "./dispatch_state.js";

export const LAYERS = ["points", "heat", "grids"];
const PRIORITIES = ["1", "2", "3"];
const VIEW_MS = 500; // the view is written so long after the map came to rest

const fresh = () => ({
  state: [], kind: [], priority: [], level: [], overdue: false, place: "", from: "", to: "", q: "",
  layer: "points", per: "count", view: "",
});
export const NAMES = Object.keys(fresh());
const shownBy = ["layer", "per", "view"]; // change what is drawn, not which incidents

desk.filter = fresh();
let visible = []; // rows that fit
let isStale = true;

// -- the address

const listOf = (text, allowed) => [...new Set((text || "").split(",").filter((one) => one && (!allowed || allowed.includes(one))))];
const day = /^\d{4}-\d{2}-\d{2}$/;

export function fromAddress(text = location.search) {
  const given = new URLSearchParams(text);
  const filter = fresh();
  filter.state = listOf(given.get("state"), STATES);
  filter.kind = given.getAll("kind").filter(Boolean).slice(0, 40);
  filter.priority = listOf(given.get("priority"), PRIORITIES);
  filter.level = listOf(given.get("level"), LEVELS);
  filter.overdue = given.get("overdue") === "1";
  for (const name of ["place", "q", "view"]) filter[name] = (given.get(name) || "").slice(0, 100);
  for (const name of ["from", "to"]) filter[name] = day.test(given.get(name) || "") ? given.get(name) : "";
  if (LAYERS.includes(given.get("layer"))) filter.layer = given.get("layer");
  if (given.get("per") === "households") filter.per = "households";
  return filter;
}

export function toAddress(filter = desk.filter) {
  const asked = new URLSearchParams(location.search);
  for (const name of NAMES) asked.delete(name);
  const blank = fresh();
  for (const [name, value] of Object.entries(filter)) {
    if (name === "kind") for (const one of value) asked.append("kind", one);
    else if (Array.isArray(value)) { if (value.length) asked.set(name, value.join(",")); }
    else if (value !== blank[name]) asked.set(name, value === true ? "1" : value);
  }
  const text = asked.toString();
  return text ? `${location.pathname}?${text}` : location.pathname;
}

// Change some of it; `isSmall` changes (a letter typed, the map moved) make no step to go back to.
export function setFilter(changes, { isSmall = false } = {}) {
  const before = toAddress();
  desk.filter = { ...desk.filter, ...changes };
  const after = toAddress();
  if (after === before) return;
  if (isSmall) history.replaceState(null, "", after);
  else history.pushState(null, "", after);
  changed(Object.keys(changes));
}

export function clearFilter() {
  const { layer, per, view } = desk.filter;
  setFilter({ ...fresh(), layer, per, view });
}

export const isFiltered = () => NAMES.some((name) => !shownBy.includes(name) && String(desk.filter[name]) !== String(fresh()[name]));

// Another parameter of the address that is not a filter: the chosen incident, the night, the language.
export function setParameter(name, value) {
  const asked = new URLSearchParams(location.search);
  if (value) asked.set(name, value);
  else asked.delete(name);
  const text = asked.toString();
  history.replaceState(null, "", text ? `${location.pathname}?${text}` : location.pathname);
}

function changed(names) {
  if (names.some((name) => !shownBy.includes(name))) isStale = true;
  if (names.includes("from")) askSince();
  tell("filter", { names });
}

let writing = 0;
export function keepView(text) {
  clearTimeout(writing);
  writing = setTimeout(() => {
    if (text() !== desk.filter.view) setFilter({ view: text() }, { isSmall: true });
  }, VIEW_MS);
}

// -- which fit

// The moment a local day begins, or ends, in seconds.
const dayAt = (text, add = 0) => (text ? new Date(`${text}T00:00:00`).getTime() / 1000 + add : null);

function tester(filter) {
  const sets = Object.fromEntries(["state", "kind", "priority", "level"].map((name) => [name, filter[name].length ? new Set(filter[name]) : null]));
  const [from, to] = [dayAt(filter.from), dayAt(filter.to, 86400)];
  const words = filter.q.toLowerCase().split(/\s+/).filter(Boolean);
  return (row, moment) =>
    (!sets.state || sets.state.has(row.state)) &&
    (!sets.kind || sets.kind.has(row.kind)) &&
    (!sets.priority || sets.priority.has(String(row.priority))) &&
    (!sets.level || sets.level.has(LEVELS[row.level])) &&
    (!filter.overdue || CLOCKS[clockClass(row, moment)] === "over") &&
    (!filter.place || String(row.grid || "").startsWith(filter.place) || String(row.community || "").startsWith(filter.place)) &&
    (from === null || row.received_at >= from) &&
    (to === null || row.received_at < to) &&
    (!words.length || words.every((word) => `${row.id} ${row.title || ""} ${row.kind} ${row.grid || ""} ${row.unit || ""}`.toLowerCase().includes(word)));
}

let fits = tester(desk.filter);

export function shownRows() {
  if (!isStale) return visible;
  fits = tester(desk.filter);
  const moment = now() / 1000;
  visible = [];
  for (const row of desk.incidents.values()) if (fits(row, moment)) visible.push(row);
  isStale = false;
  return visible;
}

export const isShown = (row) => fits(row, now() / 1000);

// How many incidents there are of each value, whatever is chosen of that value itself.
export function countsOf(name) {
  const test = tester({ ...desk.filter, [name]: [] });
  const moment = now() / 1000;
  const found = new Map();
  for (const row of desk.incidents.values()) {
    if (!test(row, moment)) continue;
    const value = name === "level" ? LEVELS[row.level] : String(row[name]);
    found.set(value, (found.get(value) || 0) + 1);
  }
  return found;
}

// Ended incidents of longer ago are asked of the service.
function askSince() {
  const since = desk.filter.from ? new Date(`${desk.filter.from}T00:00:00`).toISOString() : "";
  if (since === desk.since) return;
  desk.since = since;
  tell("since");
}

export function begin() {
  desk.filter = fromAddress();
  if (desk.filter.from) desk.since = new Date(`${desk.filter.from}T00:00:00`).toISOString();
  isStale = true;
  for (const name of ["loaded", "incident", "clocks"]) on(name, () => { isStale = true; });
  window.addEventListener("popstate", () => {
    desk.filter = fromAddress();
    changed(NAMES);
  });
}
