// What the phone remembers by itself: the choice of grid and shift, how far one is, what was ticked.  It is written at
// once with every tap, so that no lost session, dead battery or reload takes it away.
const KEY = "gridwright.patrol";
const MOST_SHIFTS = 40;
let state = read();
let onFull = () => {};

function fresh() {
  return { choice: {}, shifts: {}, saved: {}, language: "", view: "pick" };
}

// A table where a table is wanted, text where text is.
function isAlike(found, wanted) {
  return typeof found === typeof wanted && found !== null && !Array.isArray(found);
}

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) || "{}");
    const clean = fresh();
    for (const name of Object.keys(clean)) if (isAlike(found[name], clean[name])) clean[name] = found[name];
    return clean;
  } catch {
    return fresh(); // no storage, or somebody else's text in it
  }
}

function write() {
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    onFull();
  }
}

// What to do when the browser keeps nothing.
export function whenFull(tell) {
  onFull = tell;
}

export const kept = () => state;

export function keep(changes) {
  state = { ...state, ...changes };
  write();
}

// What was done of one shift: the leg one is on, moments of ticks by place, id of the track that was sent.
export function workOf(key) {
  const { step = 0, ticks = {}, track = "" } = state.shifts[key] || {};
  return { step, ticks, track };
}

export function keepWork(key, work) {
  const shifts = { ...state.shifts, [key]: { ...workOf(key), ...work, at: Date.now() } };
  const old = Object.keys(shifts).sort((a, b) => shifts[b].at - shifts[a].at).slice(MOST_SHIFTS);
  for (const one of old) if (!(one in state.saved)) delete shifts[one];
  keep({ shifts });
}

export function keepSaved(key, what) {
  const saved = { ...state.saved };
  if (what) saved[key] = what;
  else delete saved[key];
  keep({ saved });
}
