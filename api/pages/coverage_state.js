// What the desk knows: what the reader chose (kept by the browser at once, so that no reload and no lost session takes it
// away) and what the service answered last.  Parts of the page listen to what changes.
const KEY = "gridwright.coverage";
const MOST_PLANS = 5;

const fresh = () => ({
  language: "", tab: "cameras", parts: { cameras: "grids", reach: "shares" }, level: "", scope: "grid",
  layers: { grids: true, cameras: true, sights: false, masks: false, seen: true, blind: false, rings: true, streets: true, posts: true, doors: true },
  metric: "density", sort: {}, keys: true, rule: "", rings: {},
  sites: { goal: "cover", count: 10, where: "", price: 0, floors: false }, posts: { goal: "most", count: 1 }, work: {},
});

// A table where a table is wanted, text where text is; what is unknown falls away.
function cleaned(found, wanted) {
  const clean = { ...wanted };
  for (const name of Object.keys(wanted)) {
    const one = found[name];
    if (typeof one === typeof wanted[name] && one !== null && !Array.isArray(one)) clean[name] = one;
  }
  return clean;
}

function read() {
  try {
    const found = cleaned(JSON.parse(localStorage.getItem(KEY) || "{}"), fresh());
    for (const name of ["parts", "layers", "sites", "posts"]) found[name] = cleaned(found[name], fresh()[name]);
    return found;
  } catch {
    return fresh(); // no storage, or somebody else's text in it
  }
}

let state = read();
let onFull = () => {};

function write() {
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    onFull();
  }
}

// What to do when the browser keeps nothing.
export function whenFull(act) {
  onFull = act;
}

export const kept = () => state;

export function keep(changes) {
  state = { ...state, ...changes };
  write();
}

export const keepIn = (name, changes) => keep({ [name]: { ...state[name], ...changes } });

// Undecided work on one plan: what was tried, the last ranking.
export const workOn = (plan) => state.work[plan] || {};

export function keepWork(plan, changes) {
  const work = { ...state.work, [plan]: { ...workOn(plan), ...changes, at: Date.now() } };
  const old = Object.keys(work).sort((a, b) => work[b].at - work[a].at).slice(MOST_PLANS);
  for (const one of old) delete work[one];
  keep({ work });
}

// -- what the service answered

export const desk = {
  role: "", // whether one may change anything is asked of the service; this only greys out
  plan: new URLSearchParams(location.search).get("plan") || "",
  survey: null, // of the cameras, at the level kept
  rows: {}, // by scope
  settings: null,
  grids: [], // outlines with figures
  blind: [],
  decided: [], // on cameras
  decidedPosts: [],
  reach: null,
  grid: "", // the one chosen
  proposal: 0, // rank of the one looked at
  blindAt: -1,
  door: -1,
};

export const planId = () => (desk.survey ? desk.survey.plan.id : desk.plan);
export const mayChange = () => ["planner", "admin"].includes(desk.role);

// -- who listens

const listeners = {};

export function on(what, act) {
  (listeners[what] = listeners[what] || []).push(act);
}

export function tell(what, facts) {
  for (const act of listeners[what] || []) act(facts);
}
