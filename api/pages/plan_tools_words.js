// Grids, ground and reasons in words, as the card, the menu and the step list say them.
import { has, say } from "./desk_words.js";
import { desk } from "./plan_state.js";

// The part of a code that differs within its community.
export function shortCode(grid) {
  const { code, community } = grid;
  return community && code.startsWith(community) && code.length > community.length ? code.slice(community.length) : code;
}

export function gridWord(at) {
  if (at <= -2) return say("tools_new_grid_n", { n: -1 - at });
  if (at < 0) return say("tools_no_grid");
  const grid = desk.plan.grids[at];
  const unnumbered = /^new (\d+)$/.exec(grid.code); // by the service, until it answers
  return unnumbered ? say("tools_new_grid_n", { n: Number(unnumbered[1]) }) : shortCode(grid);
}

export function groundWord(atoms) {
  let households = 0;
  for (const atom of atoms) households += desk.ground.households[atom];
  return say("tools_ground", { n: atoms.length, households });
}

// Whole sentences, grids and locks by the names that the page shows them with.
export function reasonOf({ code, facts = {}, detail }) {
  const named = { ...facts };
  if (typeof facts.grid === "string") named.grid = codeWord(facts.grid);
  if (code === "edit_locked") named.measured = (facts.locks || [facts.measured]).map(lockWord).join(", ");
  if (facts.id && code === "edit_cuts_estate") named.id = nameOfEstate(facts.id);
  if (code === "edit_cuts_estate") named.measured = String(facts.measured).split(", ").map(codeWord).join(", ");
  if (has(code) && Object.keys(facts).length) return say(code, named);
  return detail || (has(code) ? say(code, named) : say("tools_fault_other", { code }));
}

// A grid by its code: one that the service has not numbered yet is a new one.
function codeWord(code) {
  const at = desk.plan.gridAt.get(code);
  if (at !== undefined) return gridWord(at);
  return code.startsWith("+") ? say("tools_new_grid_n", { n: Number(code.slice(1)) }) : code;
}

const nameOfEstate = (id) => desk.ground.estates.find((one) => one.id === id)?.name || id;

// The kind of a lock and what it names; ids may hold colons of their own.
export function partsOf(lock) {
  if (lock === "all") return { kind: "all", name: "" };
  const at = lock.indexOf(":");
  const kind = at < 0 ? "grid" : lock.slice(0, at);
  return { kind, name: at < 0 ? lock : lock.slice(at + 1) };
}

// A lock as a person says it.
export function lockWord(lock) {
  const { kind, name } = partsOf(lock);
  const { plan, ground } = desk;
  if (kind === "all") return say("tools_lock_all");
  if (kind === "grid") return say("tools_lock_grid", { grid: [codeWord(name), plan.grids[plan.gridAt.get(name)]?.name].filter(Boolean).join(" ") });
  if (kind === "community") return say("tools_lock_community", { name: ground.communities[ground.communityAt.get(name)]?.name || name });
  if (kind === "estate") return say("tools_lock_estate", { name: nameOfEstate(name) });
  if (kind === "border") {
    const [a, b] = name.split("+").map(codeWord);
    return say("tools_lock_border", { a, b });
  }
  return say(`tools_lock_${kind}`, { name });
}

export const bandSign = { in: "●", low: "▼", high: "▲", exempt: "◇" };

// "in the band", or how far out.
export function bandWord(kind, households) {
  const { min_households: low, max_households: high } = desk.ground.rules;
  const band = desk.plan.bandOf(kind, households);
  if (band === "low") return say("tools_band_low_by", { n: low - households });
  if (band === "high") return say("tools_band_high_by", { n: households - high });
  return say(band === "exempt" ? `tools_band_${kind === "rural" ? "rural" : "dedicated"}` : `tools_band_${band}`);
}

export const round2 = (number) => (Number.isFinite(number) ? number.toFixed(2) : "–");

// What stands against an edit, short enough for the pointer; the whole sentence comes when it is let go.
export function reasonInShort(fault) {
  const key = `tools_short_${fault.code}`;
  if (!has(key)) return reasonOf(fault);
  const { grid, id, measured } = fault.facts || {};
  const isLock = fault.code === "edit_locked";
  return say(key, { grid: grid && codeWord(grid), name: id && nameOfEstate(id), measured: isLock ? lockWord(measured) : measured });
}
