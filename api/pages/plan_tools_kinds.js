// The tools of the hand: what pressing, drawing and letting go mean.  Each is {down(place, event) -> takes it, move, up,
// cancel, tap}; the keys press and draw with the same functions, at the middle of the piece they stand on.
import { say } from "./desk_words.js";
import { atomAt, borderAt, map, redraw, zoomToGrid } from "./plan_map.js";
import { desk, kept, mayChange } from "./plan_state.js";
import { notice } from "./desk_talk.js";
import { chooseAtoms, chooseGrid, clearChosen, there } from "./plan_tools_chosen.js";
import { drop, hold, release } from "./plan_tools_hold.js";
import { middleOf, piecesBetween, piecesInBox, piecesInLoop, pushed, sidesOfLine, underBrush } from "./plan_tools_shapes.js";

const TRAVEL_PX = 6;
const DOUBLE_MS = 350;
const STEP_PX = 4;
const BORDER_PX = 14;
const FINGER_PX = 26;

export const drawn = { box: null, line: null, border: null }; // what plan_tools_paint.js shows of a gesture

const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) * map.scale;
const gridAt = (atom) => (atom >= 0 ? desk.plan.atomGrid[atom] : -1);
const communityOf = (atom) => desk.ground.communities[desk.ground.community[atom]].code;
const clear = () => {
  Object.assign(drawn, { box: null, line: null, border: null });
  redraw();
};

export function mayDraw() {
  if (there() && mayChange() && !desk.preview) return true;
  if (there()) notice("warn", say(desk.preview ? "tools_preview" : "tools_read_only"), { id: "tools" });
  return false;
}

// The chosen pieces would join the grid that is worked on: shown, and done with Enter.
export function offer({ at, isWaiting = true } = {}) {
  const atoms = [...desk.selection];
  const isLess = desk.grid < 0 || atoms.every((atom) => gridAt(atom) === desk.grid);
  if (isLess || !mayChange() || desk.preview) return drop();
  return hold({ atoms, grid: desk.grid, at: at || middleOf(desk.ground, atoms), isWaiting });
}

// -- choosing, and carrying what is chosen to another grid

let carried = null; // {from, isMoving}
let lastTap = { at: -Infinity, atom: -1 };

function carry(place) {
  carried = { from: place, isMoving: false };
  return true;
}

function carryOn(place) {
  if (!carried.isMoving && apart(place, carried.from) < TRAVEL_PX) return;
  carried.isMoving = true;
  const atom = atomAt(place);
  const grid = gridAt(atom);
  if (grid >= 0) hold({ atoms: [...desk.selection], grid, at: place });
  else drop();
}

function tapped(place, event) {
  const atom = atomAt(place);
  const grid = gridAt(atom);
  const isDouble = event.timeStamp - lastTap.at < DOUBLE_MS && lastTap.atom === atom && grid >= 0;
  lastTap = { at: event.timeStamp, atom };
  if (isDouble && !event.isKeys) return zoomToGrid(grid);
  if (atom < 0) return drop() || clearChosen();
  if (event.ctrlKey || event.metaKey) return grid >= 0 && chooseGrid(grid, { add: true });
  if (event.shiftKey) {
    chooseAtoms([atom], desk.selection.has(atom) ? { takeAway: true } : { add: true });
    return offer();
  }
  drop();
  chooseGrid(grid);
  return chooseAtoms([atom]);
}

export const choose = {
  id: "choose",
  icon: "M6 3l12 9-6 1 3 7-2.5 1-3-7L6 18z",
  key: "a",
  down(place, event) {
    if (!there() || event.isKeys) return false;
    const atom = atomAt(place);
    const isPlain = !event.shiftKey && !event.ctrlKey && !event.metaKey;
    if (event.shiftKey && event.pointerType !== "touch") return box.down(place, event) && (choose.inner = box, true);
    return isPlain && desk.selection.has(atom) && mayChange() && !desk.preview ? carry(place) : false;
  },
  move: (place, event) => (choose.inner ? choose.inner.move(place, event) : carryOn(place)),
  up(place, event) {
    const { inner } = choose;
    choose.inner = null;
    if (inner && drawn.box && apart(...drawn.box) < TRAVEL_PX) {
      inner.cancel();
      tapped(place, event);
    } else if (inner) {
      inner.up(place, event);
    } else {
      const was = carried;
      carried = null;
      if (was?.isMoving) return release();
      tapped(place, event);
    }
    return undefined;
  },
  cancel() {
    choose.inner?.cancel();
    choose.inner = null;
    carried = null;
    drop();
  },
  tap: tapped,
};

// -- a whole estate

export const estate = {
  id: "estate",
  icon: "M4 20V9l5-4 5 4v11zM14 20v-8h6v8zM8 12h2M8 16h2",
  key: "w",
  isDrawing: true,
  down(place) {
    if (!mayDraw()) return false;
    const atom = atomAt(place);
    if (atom < 0) return false;
    const of = desk.ground.estate[atom];
    if (of < 0) {
      notice("plain", say("tools_no_estate"), { id: "tools" });
      return true;
    }
    if (desk.grid < 0) chooseGrid(gridAt(atom));
    chooseAtoms(desk.ground.atomsOfEstate[of]);
    return carry(place);
  },
  move: (place) => carried && carryOn(place),
  up(place) {
    const was = carried;
    carried = null;
    if (was?.isMoving) return release();
    if (was) offer({ at: place });
    return undefined;
  },
  cancel() {
    carried = null;
    drop();
  },
};

// -- painting: pieces join the grid that is worked on as the pointer passes

let stroke = null; // {grid, atoms: Set, last}

function paintTo(place) {
  const { plan } = desk;
  const size = kept().brush;
  for (const atom of piecesBetween(stroke.last, place, STEP_PX / map.scale, atomAt)) {
    for (const one of underBrush(plan, atom, size, place, stroke.grid)) stroke.atoms.add(one);
  }
  stroke.last = place;
  hold({ atoms: [...stroke.atoms], grid: stroke.grid, at: place });
}

export const paint = {
  id: "paint",
  icon: "M4 20c3 0 5-1 5-4l-2-2c-3 0-3 3-3 6zM9 15L19 4l2 2-11 10",
  key: "b",
  isDrawing: true,
  hasBrush: true,
  down(place, event) {
    if (!mayDraw()) return false;
    const atom = atomAt(place);
    if (atom < 0) return false;
    const { plan } = desk;
    const isElsewhere = desk.grid < 0 || plan.grids[desk.grid].is_gone || plan.grids[desk.grid].community !== communityOf(atom);
    if (event.altKey || isElsewhere) chooseGrid(gridAt(atom));
    if (desk.grid < 0) {
      notice("plain", say("tools_no_target"), { id: "tools" });
      return true;
    }
    clearChosen();
    stroke = { grid: desk.grid, atoms: new Set(), last: place };
    paintTo(place);
    return true;
  },
  move: (place) => stroke && paintTo(place),
  up() {
    const was = stroke;
    stroke = null;
    return was && release();
  },
  cancel() {
    stroke = null;
    drop();
  },
};

// -- pushing a border

let pushing = null; // {near, far, a, b, at, reach_m, loser}

const reachOf = (event) => (event?.pointerType === "touch" ? FINGER_PX : BORDER_PX) / map.scale;

// For the keys: the longest border of the piece they stand on.
function borderOfPiece(atom) {
  let best = null;
  if (atom < 0) return best;
  desk.ground.touching(atom, (other, metres) => {
    if (gridAt(other) !== gridAt(atom) && metres > (best?.metres || 0)) best = { a: atom, b: other, metres };
  });
  return best;
}

function borderNear(place, event) {
  const { plan, ground } = desk;
  const atom = atomAt(place);
  const found = event?.isKeys ? borderOfPiece(atom) : borderAt(place, reachOf(event));
  if (!found) return null;
  const [near, far] = [plan.atomGrid[found.a], plan.atomGrid[found.b]];
  const isOne = near >= 0 && far >= 0 && ground.community[found.a] === ground.community[found.b];
  return isOne ? { near, far, a: found.a, b: found.b } : null;
}

export const push = {
  id: "push",
  icon: "M12 3v18M3 12h6M6 9l-3 3 3 3M21 12h-6M18 9l3 3-3 3",
  key: "h",
  isDrawing: true,
  hasBrush: true,
  down(place, event) {
    if (!mayDraw()) return false;
    const border = borderNear(place, event);
    if (!border) {
      if (event.isKeys) notice("plain", say("tools_no_border"), { id: "tools" });
      return false;
    }
    pushing = { ...border, at: place, reach_m: event.isKeys ? 1 : Math.max(reachOf(event), 6 / map.scale), loser: -1 };
    clearChosen();
    if (desk.grid !== border.near) chooseGrid(border.near);
    drawn.border = border;
    redraw();
    return true;
  },
  move(place, event) {
    if (!pushing) return;
    if (event.isKeys && pushing.loser < 0) {
      const there = gridAt(atomAt(place)); // the first other grid that the keys come to
      if (there >= 0 && there !== pushing.near) pushing.far = there;
    }
    const { gainer, atoms } = pushed(desk.plan, pushing, place, { atomAt, step_m: STEP_PX / map.scale, size: kept().brush });
    hold({ atoms, grid: gainer, at: place });
  },
  up() {
    const was = pushing;
    pushing = null;
    clear();
    return was && release();
  },
  cancel() {
    pushing = null;
    clear();
    drop();
  },
  // The pointer tells where a border can be taken.
  hover(place, event) {
    const found = there() ? borderNear(place, event) : null;
    const isNew = (found?.a ?? -1) !== (drawn.border?.a ?? -1) || (found?.b ?? -1) !== (drawn.border?.b ?? -1);
    drawn.border = found;
    if (isNew) redraw();
    return found ? "grab" : "";
  },
};

// -- a box and a loop: pieces whose middle lies inside are chosen

function gathering(name, begin, follow, find) {
  let base = null;
  const take = (place, event) => {
    const found = find(desk.ground);
    if (event.altKey) chooseAtoms([...base].filter((atom) => !found.includes(atom)));
    else chooseAtoms(event.shiftKey ? [...base, ...found] : found);
    offer({ at: place, isWaiting: false });
  };
  return {
    isDrawing: true,
    down(place) {
      if (!there()) return false;
      base = new Set(desk.selection);
      begin(place);
      return true;
    },
    move(place, event) {
      if (!base) return;
      follow(place);
      take(place, event);
      redraw();
    },
    up(place, event) {
      if (!base) return;
      take(place, event);
      base = null;
      clear();
      offer();
    },
    cancel() {
      if (base) chooseAtoms(base);
      base = null;
      clear();
      drop();
    },
  };
}

export const box = {
  id: "box",
  icon: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M10 4h2M10 20h2M4 11v2M20 11v2",
  key: "m",
  ...gathering(
    "box",
    (place) => { drawn.box = [place, place]; },
    (place) => { drawn.box = [drawn.box[0], place]; },
    (ground) => piecesInBox(ground, ...drawn.box),
  ),
};

export const lasso = {
  id: "lasso",
  icon: "M12 4c5 0 9 2 9 6s-4 6-9 6-9-2-9-6 4-6 9-6zM8 15c-2 1-2 4 1 5",
  key: "f",
  ...gathering(
    "lasso",
    (place) => { drawn.line = [place]; },
    (place) => { if (apart(drawn.line.at(-1), place) >= STEP_PX) drawn.line.push(place); },
    (ground) => piecesInLoop(ground, drawn.line),
  ),
};

// -- splitting a grid along a line

function splitHeld(place) {
  const { plan, ground } = desk;
  const met = drawn.line.flatMap((at, i) => (i ? piecesBetween(drawn.line[i - 1], at, STEP_PX / map.scale, atomAt) : [])).map(gridAt).filter((at) => at >= 0);
  if (!met.length) return drop();
  const often = (at) => met.filter((one) => one === at).length;
  const grid = met.includes(desk.grid) ? desk.grid : met.reduce((best, at) => (often(at) > often(best) ? at : best));
  const parts = sidesOfLine(plan, grid, drawn.line);
  if (parts.some((part) => !part.length)) return drop();
  const body = { kind: "split", grid: plan.grids[grid].code, parts: parts.map((part) => ({ atoms: part.sort((a, b) => a - b).map((atom) => ground.ids[atom]) })) };
  return hold({ body, at: place });
}

export const split = {
  id: "split",
  icon: "M4 4h16v16H4zM8 21L16 3",
  key: "k",
  isDrawing: true,
  down(place) {
    if (!mayDraw()) return false;
    clearChosen();
    drawn.line = [place];
    return true;
  },
  move(place) {
    if (!drawn.line || apart(drawn.line.at(-1), place) < STEP_PX) return;
    drawn.line.push(place);
    splitHeld(place);
    redraw();
  },
  up() {
    const line = drawn.line;
    clear();
    return line && release();
  },
  cancel() {
    clear();
    drop();
  },
};

export const TOOLS = [choose, paint, push, box, lasso, estate, split];
