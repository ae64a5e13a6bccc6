// What the planner chose: pieces of ground, grids, the piece that the keys stand on, and the nine grids with a number.
import { atomAt, centreOf } from "./plan_map.js";
import { desk, on, tell } from "./plan_state.js";
import { middleOf, nearestPiece } from "./plan_tools_shapes.js";

const MOST_NUMBERS = 9;
let numbers = []; // positions of grids; the first is number 1
let placeOf = new Map(); // grid -> where it is shown, in metres

export const there = () => Boolean(desk.plan && desk.ground);

// -- pieces and grids

export function chooseAtoms(atoms, { add = false, takeAway = false } = {}) {
  const chosen = add || takeAway ? new Set(desk.selection) : new Set();
  for (const atom of atoms) {
    if (takeAway) chosen.delete(atom);
    else chosen.add(atom);
  }
  desk.selection = chosen;
  tell("selection");
}

// The grid that is worked on; with `add` one more of several, or one less.
export function chooseGrid(at, { add = false } = {}) {
  const grids = add ? new Set(desk.grids) : new Set();
  const isLess = add && grids.has(at) && grids.size > 1;
  if (isLess) grids.delete(at);
  else if (at >= 0) grids.add(at);
  desk.grids = grids;
  const before = desk.grid;
  desk.grid = isLess && before === at ? [...grids][0] : isLess ? before : at;
  tell("grid", { at: desk.grid });
}

export function clearChosen() {
  const had = desk.selection.size > 0 || desk.grids.size > 1;
  desk.selection = new Set();
  if (desk.grids.size > 1) desk.grids = new Set(desk.grid >= 0 ? [desk.grid] : []);
  tell("selection");
  if (had) tell("grid", { at: desk.grid });
  return had;
}

// -- the piece that the keys stand on

let cursor = -1;
export const cursorNow = () => cursor;
export function setCursor(atom) {
  cursor = atom;
}

// -- where a grid is shown

// Its middle where that lies on its own ground, else the middle of its nearest piece: where its name stands.
export function placeOfGrid(at) {
  if (!placeOf.has(at)) {
    const { plan, ground } = desk;
    const middle = middleOf(ground, plan.members[at]);
    const hit = atomAt(middle);
    const nearest = hit >= 0 && plan.atomGrid[hit] === at ? -1 : nearestPiece(ground, plan.members[at], middle);
    placeOf.set(at, nearest < 0 ? middle : [ground.x_m[nearest], ground.y_m[nearest]]);
  }
  return placeOf.get(at);
}

// -- numbers 1-9: the grids nearest to the one worked on, of the same community, in the order of their codes; they stay
// as they are while one works among them

export const gridOfNumber = (n) => numbers[n - 1] ?? -1;
export const numberedGrids = () => numbers;

function community() {
  const { plan, grid } = desk;
  if (grid >= 0 && !plan.grids[grid].is_gone) return plan.grids[grid].community;
  const [atom] = desk.selection.size ? desk.selection : [cursor];
  return atom >= 0 ? desk.ground.communities[desk.ground.community[atom]].code : "";
}

function renumber() {
  numbers = numbers.filter((at) => desk.plan.grids[at] && !desk.plan.grids[at].is_gone);
  const code = community();
  if (!code) {
    numbers = [];
    return;
  }
  const all = desk.plan.gridsOf(code);
  const isSame = numbers.length && desk.plan.grids[numbers[0]].community === code;
  const isFull = numbers.length === Math.min(all.length, MOST_NUMBERS);
  if (isSame && isFull && (desk.grid < 0 || numbers.includes(desk.grid))) return;
  const from = desk.grid >= 0 && all.includes(desk.grid) ? placeOfGrid(desk.grid) : centreOf(desk.selection.size ? [...desk.selection][0] : cursor);
  const away = (at) => {
    const [x, y] = placeOfGrid(at);
    return at === desk.grid ? -1 : Math.hypot(x - from[0], y - from[1]);
  };
  const near = all.map((at) => [away(at), at]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, MOST_NUMBERS);
  const byCode = (a, b) => (desk.plan.grids[a].code < desk.plan.grids[b].code ? -1 : 1);
  numbers = near.map(([, at]) => at).sort(byCode);
}

// -- keeping true what changes

function refresh() {
  if (!there()) return;
  placeOf = new Map();
  const isThere = (at) => at >= 0 && desk.plan.grids[at] && !desk.plan.grids[at].is_gone;
  if (!isThere(desk.grid)) desk.grid = [...desk.grids].find(isThere) ?? -1;
  desk.grids = new Set([...desk.grids].filter(isThere));
  if (desk.grid >= 0) desk.grids.add(desk.grid);
  renumber();
}

export function start() {
  on("loaded", () => {
    desk.selection = new Set();
    desk.grids = new Set();
    desk.grid = -1;
    cursor = -1;
    numbers = [];
    refresh();
  });
  on("changed", refresh);
  on("grid", () => {
    if (!there()) return;
    if (desk.grid >= 0 && !desk.grids.has(desk.grid)) desk.grids = new Set([desk.grid]); // somebody else chose it
    if (desk.grid < 0) desk.grids = new Set();
    renumber();
  });
  on("selection", () => there() && renumber());
}
