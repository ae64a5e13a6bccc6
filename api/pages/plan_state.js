// What the planner's desk knows: what the planner chose (kept by the browser at once, so that no reload takes it away)
// and what the service answered last.  Parts of the page listen to what changes.
const KEY = "gridwright.plan";

const fresh = () => ({
  language: "", panel: "grids", tool: "choose", brush: 1,
  layers: { fills: true, atoms: true, borders: true, labels: true, streets: true, buildings: true, estates: true, ghosts: true, locks: true, notes: true },
  colour: "band", // or "grids": each grid a colour of its own
  sort: {}, keys: true, filters: {},
  sideWide: 0, sideHigh: 0, isSideShut: false, // how the panels stand; 0: as the style says
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
    found.layers = cleaned(found.layers, fresh().layers);
    return found;
  } catch {
    return fresh(); // no storage, or somebody else's text in it
  }
}

let state = read();
let onFull = () => {};

// What to do when the browser keeps nothing.
export function whenFull(act) {
  onFull = act;
}

export const kept = () => state;

export function keep(changes) {
  state = { ...state, ...changes };
  try {
    localStorage.setItem(KEY, JSON.stringify(state));
  } catch {
    onFull();
  }
}

export const keepIn = (name, changes) => keep({ [name]: { ...state[name], ...changes } });

const asked = new URLSearchParams(location.search);
const share = /^\/shared\/([^/]+)/.exec(location.pathname);

// Events: "loaded" (another plan is in the model), "card" (state, name, revision), "changed" (ground moved: {grids}),
// "selection", "grid", "tool", "locks", "saved", "layers", "preview", "notes", "language".
export const desk = {
  id: asked.get("plan") || "",
  share: share ? share[1] : "", // token of a read-only link
  session: null, // /v1/session
  role: "",
  card: null, // PlanOut: id, name, state, revision, etag, parent, next_states ...
  ground: null, // plan_load.js: typed arrays of the territory's pieces
  plan: null, // PlanModel
  locks: [], // as the service lists them
  selection: new Set(), // atoms (positions)
  grid: -1, // the grid that is worked on (position in plan.grids)
  grids: new Set(), // all grids that are chosen, that one among them
  over: -1, // atom under the pointer
  preview: null, // {atomGrid, title, plan: a model of it, where there are other grids}: shown in place of the plan until accepted or dropped
  unsaved: 0, // changes that the service has not answered yet
  isReadOnly: Boolean(share),
};

// Where the plan lies in the service.
export const planPath = (tail = "") => (desk.share ? `/v1/shared/${desk.share}${tail}` : `/v1/plans/${encodeURIComponent(desk.id)}${tail}`);

export const mayChange = () =>
  !desk.isReadOnly && ["planner", "admin"].includes(desk.role) && ["draft", "returned"].includes(desk.card?.state);

// -- who listens

const listeners = {};

export function on(what, act) {
  (listeners[what] = listeners[what] || []).push(act);
}

export function tell(what, facts) {
  for (const act of listeners[what] || []) act(facts);
}
