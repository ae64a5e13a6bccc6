// Locked ground on the map: hatched in grey, a padlock on each; a locked border as a line of its own.
import { centreOf, overlay, traceInto } from "./plan_map.js";
import { desk, kept, on } from "./plan_state.js";
import { placeOfGrid, there } from "./plan_tools_chosen.js";
import { middleOf, nearestPiece } from "./plan_tools_shapes.js";
import { partsOf } from "./plan_tools_words.js";

const MOST_HATCHED = 4000; // more pieces than this are seen from so far that the padlocks tell it
const SIGN_PX = 40;
const INK = "#16202b";
let known = null; // {atoms: Set, signs: places, borders: [[a, b]], isAll}
let hatch = null;

export function atomsOfLock(lock) {
  const { plan, ground } = desk;
  const { kind, name } = partsOf(lock);
  const ofGrid = (code) => [...(plan.members[plan.gridAt.get(code)] || [])];
  if (kind === "grid") return ofGrid(name);
  if (kind === "community") return ground.atomsOfCommunity[ground.communityAt.get(name)] || [];
  if (kind === "estate") return ground.atomsOfEstate[ground.estates.findIndex((one) => one.id === name)] || [];
  if (kind === "border") return name.split("+").flatMap(ofGrid);
  if (kind === "all") return ground.ids.map((_, atom) => atom);
  const atom = plan.lockAtom.get(lock);
  return atom === undefined ? [] : [atom];
}

function gather() {
  const { plan, ground, locks } = desk;
  const found = { atoms: new Set(), signs: [], borders: [], isAll: locks.includes("all") };
  for (const lock of locks) {
    const { kind, name } = partsOf(lock);
    if (kind === "border") found.borders.push(name.split("+").map((code) => plan.gridAt.get(code)));
    else if (kind !== "all") for (const atom of atomsOfLock(lock)) found.atoms.add(atom);
    if (kind === "grid" && plan.gridAt.has(name)) found.signs.push(placeOfGrid(plan.gridAt.get(name)));
    if (kind === "community") for (const at of plan.gridsOf(name)) found.signs.push(placeOfGrid(at));
    if (kind === "estate") {
      const mine = atomsOfLock(lock);
      if (mine.length) found.signs.push(centreOf(nearestPiece(ground, mine, middleOf(ground, mine))));
    }
    if (kind === "building" || kind === "unit") for (const atom of atomsOfLock(lock)) found.signs.push(centreOf(atom));
  }
  if (found.isAll) plan.grids.forEach((grid, at) => !grid.is_gone && found.signs.push(placeOfGrid(at)));
  return found;
}

function hatchOf(pen) {
  if (hatch) return hatch;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const own = tile.getContext("2d");
  own.strokeStyle = "rgba(22,32,43,0.42)";
  own.lineWidth = 1;
  own.beginPath();
  own.moveTo(0, 2.5);
  own.lineTo(8, 2.5);
  own.moveTo(0, 6.5);
  own.lineTo(8, 6.5);
  own.stroke();
  hatch = pen.createPattern(tile, "repeat");
  return hatch;
}

function padlock(pen, x, y) {
  pen.save();
  pen.translate(x, y);
  pen.beginPath();
  pen.arc(0, 0, 10, 0, 2 * Math.PI);
  pen.fillStyle = "#ffffff";
  pen.fill();
  pen.strokeStyle = INK;
  pen.lineWidth = 1.5;
  pen.stroke();
  pen.fillStyle = INK;
  pen.fillRect(-4.5, -1, 9, 6.5);
  pen.beginPath();
  pen.arc(0, -1, 3, Math.PI, 0);
  pen.lineWidth = 1.8;
  pen.stroke();
  pen.restore();
}

function paint(pen, map, view) {
  if (!there() || view.plan !== desk.plan || !kept().layers.locks || !desk.locks.length) return;
  known = known || gather();
  const inSight = view.index.within(view.box);
  const seen = known.isAll ? [] : [...inSight].filter((atom) => known.atoms.has(atom));
  if (seen.length && seen.length <= MOST_HATCHED) {
    const path = new Path2D();
    for (const atom of seen) traceInto(path, view, view.plan.ground, atom);
    pen.fillStyle = hatchOf(pen);
    pen.fill(path, "evenodd");
  }
  for (const pair of known.borders) paintBorder(pen, map, view, pair);
  const taken = new Set(); // one padlock in a small square of the map: from afar they would hide it
  for (const place of known.signs) {
    const [x, y] = map.toPixels(place);
    const [sx, sy] = [x + 32, y]; // beside the name of the grid
    if (sx < -12 || sy < -12 || sx > map.width + 12 || sy > map.height + 12) continue;
    const square = Math.floor(sx / SIGN_PX) * 1000 + Math.floor(sy / SIGN_PX);
    if (taken.has(square)) continue;
    taken.add(square);
    padlock(pen, sx, sy);
  }
}

function paintBorder(pen, map, view, [one, two]) {
  const { ground, atomGrid, members } = view.plan;
  if (one === undefined || two === undefined) return;
  const path = new Path2D();
  let middle = null;
  let longest = 0;
  for (const atom of members[one]) {
    for (let i = view.index.arcStart[atom]; i < view.index.arcStart[atom + 1]; i += 1) {
      const arc = view.index.arcOf[i];
      const other = ground.arc_a[arc] === atom ? ground.arc_b[arc] : ground.arc_a[arc];
      if (other < 0 || atomGrid[other] !== two) continue;
      const points = [];
      for (let j = ground.arc[arc]; j < ground.arc[arc] + ground.arc_n[arc]; j += 1) points.push([ground.xy[2 * j] * view.scale + view.dx, ground.xy[2 * j + 1] * view.scale + view.dy]);
      points.forEach(([x, y], k) => (k ? path.lineTo(x, y) : path.moveTo(x, y)));
      const long = Math.hypot(points[0][0] - points.at(-1)[0], points[0][1] - points.at(-1)[1]);
      const [p, q] = points.slice(Math.floor((points.length - 1) / 2));
      if (long >= longest && q) [longest, middle] = [long, [(p[0] + q[0]) / 2, (p[1] + q[1]) / 2]];
    }
  }
  for (const [colour, width, dash] of [["#ffffff", 8, []], [INK, 5, []], ["#ffffff", 1.6, [5, 5]]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.stroke(path);
  }
  pen.setLineDash([]);
  if (middle) padlock(pen, ...middle);
}

export function startLockPaint() {
  overlay(45, paint);
  for (const what of ["locks", "changed", "loaded"]) on(what, () => { known = null; });
}
