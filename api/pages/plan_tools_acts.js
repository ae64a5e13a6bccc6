// What can be done with what is chosen: move to a grid by its number, new grid, merge, split, dissolve.  Each is shown
// first with both sides' figures, and done with Enter or its button; Esc drops it.
import { say } from "./desk_words.js";
import { map, zoomToAtoms } from "./plan_map.js";
import { desk, keep, kept } from "./plan_state.js";
import { dismiss, notice, tellAloud } from "./desk_talk.js";
import { chooseGrid, gridOfNumber, there } from "./plan_tools_chosen.js";
import { drop, heldNow, hold, release } from "./plan_tools_hold.js";
import { mayDraw } from "./plan_tools_kinds.js";
import { middleOf } from "./plan_tools_shapes.js";
import { gridWord } from "./plan_tools_words.js";

const MOST_BRUSH = 9;
const idsOf = (atoms) => [...atoms].sort((a, b) => a - b).map((atom) => desk.ground.ids[atom]);
const codesOf = (grids) => [...grids].map((at) => desk.plan.grids[at].code).sort();
const tellHow = (key) => notice("plain", say(key), { id: "tools" });

function show(body, atoms) {
  const at = middleOf(desk.ground, atoms);
  hold({ body, at, isWaiting: true });
  const [x, y] = map.toPixels(at);
  if (x < 0 || y < 0 || x > map.width || y > map.height) zoomToAtoms(atoms);
}

// -- a grid by its number: the chosen pieces go there, or it becomes the one that is worked on

export function toNumber(n) {
  const at = gridOfNumber(n);
  if (at < 0) return notice("plain", say("tools_no_number", { n }), { id: "number" });
  dismiss("number");
  const now = heldNow();
  if (now?.isWaiting && now.grid === at) return release();
  return desk.selection.size ? moveTo(at) : pick(at);
}

function pick(at) {
  drop();
  chooseGrid(at);
  tellAloud(say("tools_told_target", { grid: gridWord(at) }));
}

export function moveTo(at) {
  if (!mayDraw()) return undefined;
  if (!desk.selection.size) return tellHow("tools_none_chosen");
  const atoms = [...desk.selection];
  if (atoms.every((atom) => desk.plan.atomGrid[atom] === at)) return pick(at);
  return hold({ atoms, grid: at, at: middleOf(desk.ground, atoms), isWaiting: true });
}

// -- grids that come and go

export function newGrid() {
  if (!mayDraw()) return undefined;
  if (!desk.selection.size) return tellHow("tools_none_chosen");
  return show({ kind: "new", atoms: idsOf(desk.selection) }, desk.selection);
}

export function mergeGrids(grids = desk.grids) {
  if (!mayDraw()) return undefined;
  if (grids.size < 2) return tellHow("tools_two_grids");
  return show({ kind: "merge", grids: codesOf(grids) }, [...grids].flatMap((at) => [...desk.plan.members[at]]));
}

export function dissolveGrid(at = desk.grid) {
  if (!mayDraw()) return undefined;
  if (at < 0) return tellHow("tools_one_grid");
  return show({ kind: "dissolve", grid: desk.plan.grids[at].code }, desk.plan.members[at]);
}

// The chosen pieces of a grid are one part, what is left of it the other.
export function splitOff() {
  if (!mayDraw()) return undefined;
  const [first] = desk.selection;
  const at = first === undefined ? -1 : desk.plan.atomGrid[first];
  const isOne = at >= 0 && [...desk.selection].every((atom) => desk.plan.atomGrid[atom] === at);
  if (!isOne) return tellHow("tools_none_chosen");
  const rest = [...desk.plan.members[at]].filter((atom) => !desk.selection.has(atom));
  if (!rest.length) return tellHow("tools_all_chosen");
  return show({ kind: "split", grid: desk.plan.grids[at].code, parts: [{ atoms: idsOf(desk.selection) }, { atoms: idsOf(rest) }] }, desk.selection);
}

// -- the brush

export function sizeBrush(by) {
  const brush = Math.min(Math.max(kept().brush + by, 1), MOST_BRUSH);
  keep({ brush });
  tellAloud(say("tools_told_brush", { n: brush }));
  return brush;
}

export const canAct = () => there() && !desk.isReadOnly;
