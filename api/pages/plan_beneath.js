// What lies under the plan and beside it: streets and buildings of the part that is seen, and the grids of the plan it was
// made from as ghost lines.  Asked for when they are first seen; a map without them is still a map.
import { askGhosts, paintGhosts } from "./plan_ghosts.js";
import { askPacked } from "./plan_load.js";
import { desk, kept, on, planPath } from "./plan_state.js";

const FROM_SCALE = { buildings: 0.16, streets: 0.05 }; // pixels per metre from which it is shown
const known = {};
let onCame = () => {};

export function startBeneath(came) {
  onCame = came;
  on("loaded", () => {
    for (const layer of Object.keys(FROM_SCALE)) known[layer] = null;
    askGhosts(() => onCame());
  });
}

// The window around what is seen, wide enough to move a little.
function windowOf(view) {
  const [x0, y0, x1, y1] = view.box;
  const [lon0, lat0] = view.plan.ground.origin;
  const shrink = 111320 * Math.cos((lat0 * Math.PI) / 180);
  const pad = [(x1 - x0) / 2, (y1 - y0) / 2];
  const lon = (x) => lon0 + x / shrink;
  const lat = (y) => lat0 - y / 111320;
  const fits = (value) => value.toFixed(6);
  return [lon(x0 - pad[0]), lat(y1 + pad[1]), lon(x1 + pad[0]), lat(y0 - pad[1])].map(fits).join(",");
}

async function askFor(layer, view) {
  const asked = { isAsked: true, box: view.box, part: known[layer]?.part };
  known[layer] = asked;
  try {
    // Everything at once where it is not much; else the window.
    let part = await askPacked(planPath(`/backdrop/${layer}`), { query: asked.part?.isPart ? { bbox: windowOf(view) } : {} });
    const isPart = part.head.n_all > part.head.names.length || Boolean(asked.part?.isPart);
    if (isPart && !asked.part?.isPart) part = await askPacked(planPath(`/backdrop/${layer}`), { query: { bbox: windowOf(view) } });
    if (known[layer] !== asked) return;
    known[layer] = { part: { ...part, isPart }, box: grown(view.box) };
    onCame();
  } catch {
    if (known[layer] === asked) known[layer] = { part: asked.part, box: view.box, failed: performance.now() };
  }
}

const grown = ([x0, y0, x1, y1]) => [x0 - (x1 - x0) / 2, y0 - (y1 - y0) / 2, x1 + (x1 - x0) / 2, y1 + (y1 - y0) / 2];
const isWithin = (box, around) => box[0] >= around[0] && box[1] >= around[1] && box[2] <= around[2] && box[3] <= around[3];

function needed(layer, view) {
  if (!kept().layers[layer] || view.metreScale < FROM_SCALE[layer]) return null;
  const have = known[layer];
  const isEnough = have && (have.isAsked || (have.part && !have.part.isPart) || isWithin(view.box, have.box));
  if (!isEnough && !(have?.failed > performance.now() - 10000)) askFor(layer, view);
  return known[layer]?.part || null;
}

// Its points lie around an origin of their own.
function shifted(part, view) {
  const [lon0, lat0] = view.plan.ground.origin;
  const [lon, lat] = part.head.origin;
  const shrink = Math.cos((lat0 * Math.PI) / 180);
  const stretch = shrink / Math.cos((lat * Math.PI) / 180); // their degrees of longitude are a little longer or shorter
  const x = (lon - lon0) * 111320 * shrink * 100;
  const y = (lat0 - lat) * 111320 * 100;
  return { x, y, stretch };
}

function paths(part, view, act) {
  const { xy, line, of } = part.arrays;
  const { x: ox, y: oy, stretch } = shifted(part, view);
  for (let one = 0; one < line.length - 1; one += 1) {
    const path = act(of[one]);
    if (!path) continue;
    for (let i = line[one]; i < line[one + 1]; i += 1) {
      const x = (xy[2 * i] * stretch + ox) * view.scale + view.dx;
      const y = (xy[2 * i + 1] + oy) * view.scale + view.dy;
      if (line[one + 1] - line[one] === 1) path.rect(x - 2, y - 2, 4, 4);
      else if (i === line[one]) path.moveTo(x, y);
      else path.lineTo(x, y);
    }
  }
}

export function paintBeneath(pen, view) {
  const streets = needed("streets", view);
  if (streets) paintStreets(pen, view, streets);
  const buildings = needed("buildings", view);
  if (buildings) paintBuildings(pen, view, buildings);
  if (kept().layers.ghosts) paintGhosts(pen, view);
}

function paintStreets(pen, view, part) {
  const [main, side] = [new Path2D(), new Path2D()];
  paths(part, view, (at) => (part.arrays.weight[at] > 1 ? main : side));
  const wide = Math.min(Math.max(view.metreScale * 5, 1), 7);
  pen.lineCap = "round";
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = wide;
  pen.stroke(side);
  pen.lineWidth = wide * 1.8;
  pen.stroke(main);
}

function paintBuildings(pen, view, part) {
  const [homes, others] = [new Path2D(), new Path2D()];
  paths(part, view, (at) => (part.arrays.weight[at] > 0 ? homes : others));
  pen.lineWidth = 0.6;
  pen.fillStyle = "rgba(120,108,92,0.42)";
  pen.strokeStyle = "rgba(84,74,62,0.55)";
  pen.fill(homes);
  pen.stroke(homes);
  pen.fillStyle = "rgba(150,150,150,0.28)";
  pen.fill(others);
}

// Id of the building at a place, where buildings have been shown; else nothing.
export function buildingAt([px, py]) {
  const part = known.buildings?.part;
  if (!part || !desk.plan) return "";
  const { xy, line, of, is_area: isArea } = part.arrays;
  const { x: ox, y: oy, stretch } = shifted(part, { plan: desk.plan });
  const [x, y] = [(px * 100 - ox) / stretch, py * 100 - oy];
  for (let one = 0; one < line.length - 1; one += 1) {
    if (!isArea[of[one]]) continue;
    let isIn = false;
    for (let i = line[one]; i < line[one + 1] - 1; i += 1) {
      const [ax, ay, bx, by] = [xy[2 * i], xy[2 * i + 1], xy[2 * i + 2], xy[2 * i + 3]];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isIn = !isIn;
    }
    if (isIn) return part.head.names[of[one]];
  }
  return "";
}
