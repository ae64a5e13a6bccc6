// What the dispatcher's desk knows: incidents, units and flags as the service told them last, what is filtered and
// chosen, and the service's clock.  Parts of the page listen to what changes; nothing of what is known here is kept by
// the browser but how the desk looks.
const KEY = "gridwright.dispatch";
const METRES_PER_DEGREE = 111320;

// The states in the order of their numbers (partition.incidents.flow).
export const STATES = ["received", "assessed", "assigned", "dispatched", "arrived", "feedback", "verified", "closed", "cancelled"];
export const OPEN = new Set(STATES.slice(0, 7));
export const LEVELS = ["grid", "community", "town", "county"];
// How a running clock stands: plenty of time, its last quarter, passed; none: nothing runs.
export const CLOCKS = ["ok", "soon", "over", "none"];
const LAST_QUARTER = 0.25;
const LEAST_SOON_S = 60;

// -- how the desk looks, kept by the browser

const fresh = () => ({ language: "", keys: true, hasSound: false, night: "", sort: "clock", legend: "" });

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) || "{}");
    const clean = fresh();
    for (const name of Object.keys(clean)) if (typeof found[name] === typeof clean[name]) clean[name] = found[name];
    return clean;
  } catch {
    return fresh(); // no storage, or somebody else's text in it
  }
}

let state = read();

export const kept = () => state;

export function keep(changes) {
  state = { ...state, ...changes };
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    // a browser that keeps nothing shows the desk as it is at first
  }
}

// -- what the service told

export const desk = {
  session: null, // /v1/session
  role: "",
  incidents: new Map(), // id -> row: see rowOf
  units: new Map(), // id -> row, with x, y in metres where its position is known
  flags: new Map(), // id -> row, with x, y
  kinds: [], // of incidents, as the board lists them
  counties: [], // {code, name} of those with rules that hold here
  event: 0, // number of the newest event that is applied
  count: 0, // incidents in the store that fit what was asked for, kept up by the events
  since: "", // moment from which ended ones are asked for; empty: the last day
  selected: "", // id of an incident
  filter: {}, // dispatch_filter.js
  clockSkewMs: 0, // of the service's clock against the browser's
  isLoaded: false,
  isDown: false,
  origin: null, // longitude and latitude from which metres are counted
};

export const mayWrite = () => ["dispatcher", "admin"].includes(desk.role);

// Milliseconds by the service's clock.
export const now = () => Date.now() + desk.clockSkewMs;

// -- places: metres from the origin, x to the east, y to the south

export function setOrigin(lonLat) {
  if (!desk.origin) desk.origin = [...lonLat];
  return desk.origin;
}

export function placeOf([lon, lat]) {
  const [lon0, lat0] = desk.origin || setOrigin([lon, lat]);
  return [(lon - lon0) * METRES_PER_DEGREE * Math.cos((lat0 * Math.PI) / 180), (lat0 - lat) * METRES_PER_DEGREE];
}

export function lonLatOf([x, y]) {
  const [lon0, lat0] = desk.origin || [0, 0];
  return [lon0 + x / (METRES_PER_DEGREE * Math.cos((lat0 * Math.PI) / 180)), lat0 - y / METRES_PER_DEGREE];
}

function placed(row) {
  if (Number.isFinite(row.lon) && Number.isFinite(row.lat)) [row.x, row.y] = placeOf([row.lon, row.lat]);
  return row;
}

// -- rows.  An incident's: id, kind, priority, state and stateName (the same word), stateAt (its number), level, lon, lat,
// x, y, clock (how its clock stands: a place in CLOCKS), title, grid, community, unit, body, source, revision, and moments in seconds: received_at, due_at, clock_at (of
// the deadline that runs; null: none), closed_at.  What came by an event has all of the card beneath `card`.

const seconds = (moment) => (typeof moment === "string" ? Date.parse(moment) / 1000 : (moment ?? null));

// The deadline that runs in a state (partition.incidents.deadlines.running).
function clockOf(card) {
  if (card.state === "received") return seconds(card.assess_due_at);
  if (["assessed", "assigned", "dispatched"].includes(card.state)) return seconds(card.arrive_due_at);
  return card.state === "arrived" ? seconds(card.due_at) : null;
}

function finished(row) {
  row.stateName = row.state;
  row.stateAt = STATES.indexOf(row.state);
  row.number = Number(String(row.id).slice(1)) || 0;
  row.clock = clockClass(row, now() / 1000);
  return placed(row);
}

// A card as an event or an answer brings it.
export function rowOf(card) {
  const { id, kind, priority, state: stateName, level, lon, lat, title, grid, community, unit, body, source, revision } = card;
  return finished({
    id, kind, priority, state: stateName, level, lon, lat, title, grid, community, unit, body, source, revision, card,
    received_at: seconds(card.received_at), due_at: seconds(card.due_at), clock_at: clockOf(card),
    closed_at: seconds(card.closed_at ?? card.cancelled_at),
  });
}

// The columns of the board as rows.
export function rowsOf({ columns, kinds, grids, communities }) {
  const names = Object.keys(columns);
  const named = { kind: kinds, grid: grids, community: communities, state: STATES };
  return columns.id.map((id, i) => {
    const row = {};
    for (const name of names) {
      const value = columns[name][i];
      row[name] = named[name] ? (named[name][value] ?? null) : value;
    }
    return finished(row);
  });
}

export const placedRow = (row) => placed({ ...row });

// How an incident's clock stands at a moment (seconds): a place in CLOCKS.
export function clockClass(row, at) {
  if (row.clock_at === null || row.clock_at === undefined) return 3;
  const left = row.clock_at - at;
  if (left < 0) return 2;
  return left <= Math.max(LEAST_SOON_S, (row.clock_at - row.received_at) * LAST_QUARTER) ? 1 : 0;
}

export const isOverdue = (row, at = now() / 1000) => clockClass(row, at) === 2;

// -- who listens.  "loaded" (all is new), "incident" {row, before, isNew}, "unit" {row} (with
// isGone where it is no longer seen here), "flag" {row}, "selected" {id,
// before}, "filter", "live" {isDown}, "told" (one event with its number), "role", "night", "ground" (the base of the map).

const listeners = {};

export function on(name, act) {
  (listeners[name] = listeners[name] || []).push(act);
}

export function tell(name, data = {}) {
  for (const act of listeners[name] || []) act(data);
}

// Choose an incident; empty: none.
export function select(id = "") {
  const before = desk.selected;
  desk.selected = id;
  if (id !== before) tell("selected", { id, before });
}

const left = new Map(); // id -> revision with which an incident went out of what this desk may see

// An incident as an answer brought it: shown at once, whichever of the answer and the event comes first.
export function putIncident(card) {
  if (left.get(card.id) >= card.revision) return null; // an answer of before it left
  const before = desk.incidents.get(card.id);
  if (before && before.revision > card.revision) return before;
  const row = rowOf(card);
  desk.incidents.set(row.id, row);
  if (!before) desk.count += 1;
  tell("incident", { row, before, isNew: !before });
  return row;
}

// An incident lies where this desk sees nothing.
export function dropIncident({ id, revision }) {
  const before = desk.incidents.get(id);
  left.set(id, revision);
  if (before) {
    desk.incidents.delete(id);
    desk.count -= 1;
  }
  tell("incident", { row: { id, isGone: true }, before, isNew: false });
}
