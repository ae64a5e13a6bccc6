// The grids of the plan before as ghost lines: only where a border ran that is none any more.  What is still a border
// would only be drawn twice.
import { askJson } from "./desk_ask.js";
import { desk, tell } from "./plan_state.js";

const METRES_PER_DEGREE = 111320;
const CELL = 10; // centimetres; coordinates of the two plans differ by their last digit
const CLOSE = 2;
let ghosts = null; // outlines, in centimetres from the origin of the ground
let laid = null; // {ground, arcs, loose}: on which borders of the ground they lie

export async function askGhosts(came) {
  ghosts = null;
  laid = null;
  const parent = desk.card?.parent;
  if (!parent || desk.share) return;
  try {
    const found = await askJson(`/v1/plans/${encodeURIComponent(parent)}/grids`, { headers: { Accept: "application/geo+json" } });
    ghosts = found.features.map((one) => ringsOf(one.geometry));
    tell("ghosts", ghosts);
    came();
  } catch {
    ghosts = null; // out of the jurisdiction, or no line: the plan stands by itself
  }
}

const ringsOf = ({ type, coordinates }) => (type === "MultiPolygon" ? coordinates.flat() : type === "Polygon" ? coordinates : []);
const cellOf = (x, y) => Math.floor(x / CELL) * 0x4000000 + Math.floor(y / CELL);

// Which borders of the ground were borders of grids, and the lines that lie on none of them.
function lay(ground) {
  const [lon0, lat0] = ground.origin;
  const east = METRES_PER_DEGREE * Math.cos((lat0 * Math.PI) / 180) * 100;
  const lines = [];
  const at = new Map(); // the cell of the middle of a line -> its number
  for (const ring of ghosts.flat()) {
    for (let i = 1; i < ring.length; i += 1) {
      const [ax, ay, bx, by] = [(ring[i - 1][0] - lon0) * east, (lat0 - ring[i - 1][1]) * METRES_PER_DEGREE * 100, (ring[i][0] - lon0) * east, (lat0 - ring[i][1]) * METRES_PER_DEGREE * 100];
      const [x, y] = [(ax + bx) / 2, (ay + by) / 2];
      for (const dx of [-CLOSE, CLOSE]) for (const dy of [-CLOSE, CLOSE]) if (!at.has(cellOf(x + dx, y + dy))) at.set(cellOf(x + dx, y + dy), lines.length);
      lines.push([ax, ay, bx, by, cellOf(x, y)]);
    }
  }
  const { xy, arc, arc_n: count } = ground;
  const met = new Set();
  const arcs = [];
  for (let one = 0; one < arc.length; one += 1) {
    let isOld = false;
    for (let i = arc[one]; i < arc[one] + count[one] - 1; i += 1) {
      const cell = cellOf((xy[2 * i] + xy[2 * i + 2]) / 2, (xy[2 * i + 1] + xy[2 * i + 3]) / 2);
      if (!at.has(cell)) continue;
      isOld = true;
      met.add(cell);
    }
    if (isOld) arcs.push(one);
  }
  const isMet = ([ax, ay, bx, by]) => {
    const [x, y] = [(ax + bx) / 2, (ay + by) / 2];
    return [-CLOSE, CLOSE].some((dx) => [-CLOSE, CLOSE].some((dy) => met.has(cellOf(x + dx, y + dy))));
  };
  return { ground, arcs, loose: lines.filter((one) => !isMet(one)) };
}

// view: centimetres to pixels, as in plan_view.js.
export function paintGhosts(pen, view) {
  if (!ghosts) return;
  const { ground } = view.plan;
  if (laid?.ground !== ground) laid = lay(ground);
  const { xy, arc, arc_n: count, arc_a: a, arc_b: b } = ground;
  const { atomGrid, scale, dx, dy } = view;
  const path = new Path2D();
  for (const one of laid.arcs) {
    if (b[one] < 0 || atomGrid[a[one]] !== atomGrid[b[one]]) continue;
    for (let i = arc[one]; i < arc[one] + count[one]; i += 1) {
      const [px, py] = [xy[2 * i] * scale + dx, xy[2 * i + 1] * scale + dy];
      if (i === arc[one]) path.moveTo(px, py);
      else path.lineTo(px, py);
    }
  }
  for (const [ax, ay, bx, by] of laid.loose) {
    path.moveTo(ax * scale + dx, ay * scale + dy);
    path.lineTo(bx * scale + dx, by * scale + dy);
  }
  pen.strokeStyle = "rgba(255,255,255,0.8)";
  pen.lineWidth = 4.5;
  pen.stroke(path);
  pen.setLineDash([3, 5]);
  pen.strokeStyle = "#a3168a";
  pen.lineWidth = 2.2;
  pen.stroke(path);
  pen.setLineDash([]);
}

// For the tests: how many old borders are drawn now, and how many lines lie on none.
export const ghostsNow = (plan) => laid && { arcs: laid.arcs.filter((one) => plan.ground.arc_b[one] >= 0 && plan.atomGrid[plan.ground.arc_a[one]] === plan.atomGrid[plan.ground.arc_b[one]]).length, loose: laid.loose.length };
