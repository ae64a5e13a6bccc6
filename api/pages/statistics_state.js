// What the page shows: asked for in the address, answered by the service.  Parts of the page listen to what changes.
const PERIODS = ["day", "week", "month", "quarter", "year"];
const MEASURES = ["smoothed", "raw", "count", "hot"];
const KEY = "gridwright.statistics";

// -- the address: what anybody who is sent it will see

const read = () => new URLSearchParams(location.search);
const oneOf = (name, known) => (known.includes(read().get(name)) ? read().get(name) : known[0]);

export const asked = () => ({
  period: PERIODS.includes(read().get("period")) ? read().get("period") : "month",
  at: read().get("at") || "",
  compare: oneOf("compare", ["year", "period"]),
  measure: oneOf("measure", MEASURES),
  grid: read().get("grid") || "",
});

// Change the address; a step that one can go back from, unless it only says more of what is seen.
export function go(changes, { isStep = true } = {}) {
  const now = read();
  for (const [name, value] of Object.entries(changes)) {
    if (value === "" || value === null) now.delete(name);
    else now.set(name, value);
  }
  const text = now.toString();
  const address = text ? `${location.pathname}?${text}` : location.pathname;
  if (isStep) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
}

export { MEASURES, PERIODS };

// -- what the browser keeps: how the page looks, nothing of incidents

export function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) || "{}");
    return found && typeof found === "object" ? found : {};
  } catch {
    return {};
  }
}

export function keep(changes) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...kept(), ...changes }));
  } catch {
    // no storage: the page works, and begins afresh the next time
  }
}

// -- what the service answered last

export const desk = { summary: null, grids: [], chosen: "" };
const listeners = {};

export function on(name, act) {
  (listeners[name] ??= []).push(act);
}

export function tell(name, data) {
  for (const act of listeners[name] || []) act(data);
}
