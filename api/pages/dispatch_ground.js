// What lies beneath the incidents: outlines and codes of the grids and communities of the plan in force, and streets
// where one looks.  Asked for once they are wanted; a map without them is still a map.
import { askJson } from "./desk_ask.js";
import { boxOf } from "./dispatch_index.js";
import { colours, hasRoom, outlined } from "./dispatch_marks.js";
import { desk, lonLatOf, placeOf, setOrigin, tell } from "./dispatch_state.js";

const STREETS_FROM = 0.09; // pixels per metre
const STREETS_WIDE_M = 9000;
const CODES_PX = 46; // a code stands in grids that are so wide
const MOST_CODES = 160;
const SETTLED_MS = 250;
const PAGE = 10000;

export const ground = { grids: [], communities: [], streets: null, box: null, shortCode: (code) => code };
const lines = { grids: null, communities: null }; // Path2D in metres
let streetsBox = null;
let isAsking = false;
let settling = 0;

const polygonsOf = (geometry) => (geometry?.type === "Polygon" ? [geometry.coordinates] : geometry?.type === "MultiPolygon" ? geometry.coordinates : []);
const linesOf = (geometry) => (geometry?.type === "LineString" ? [geometry.coordinates] : geometry?.type === "MultiLineString" ? geometry.coordinates : []);

async function features(name, query = {}) {
  const found = [];
  let page = await askJson(`/collections/${name}/items`, { query: { limit: PAGE, ...query }, headers: { Accept: "application/geo+json" } });
  for (;;) {
    for (const one of page.features) found.push(one);
    const next = page.links?.find((link) => link.rel === "next");
    if (!next) return found;
    const { pathname, search } = new URL(next.href, location.href);
    page = await askJson(pathname + search, { headers: { Accept: "application/geo+json" } });
  }
}

function area(feature) {
  const shapes = polygonsOf(feature.geometry).map((rings) => rings.map((ring) => ring.map(placeOf)));
  const path = new Path2D();
  for (const rings of shapes) for (const ring of rings) traceRing(path, ring);
  const outer = shapes.map(([ring]) => ring).sort((a, b) => b.length - a.length)[0] || [];
  const box = boxOf(outer.map(([x, y]) => ({ x, y })));
  return { ...feature.properties, id: feature.id, path, box, middle: middleOf(outer, box), shapes };
}

function traceRing(path, ring) {
  ring.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
  path.closePath();
}

// The middle of an area; where that lies outside of it, the middle of its widest piece there.
function middleOf(ring, box) {
  let [twice, x, y] = [0, 0, 0];
  for (let i = 1; i < ring.length; i += 1) {
    const [[ax, ay], [bx, by]] = [ring[i - 1], ring[i]];
    const part = ax * by - bx * ay;
    twice += part;
    x += (ax + bx) * part;
    y += (ay + by) * part;
  }
  const middle = twice ? [x / (3 * twice), y / (3 * twice)] : [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  const cuts = [];
  for (let i = 1; i < ring.length; i += 1) {
    const [[ax, ay], [bx, by]] = [ring[i - 1], ring[i]];
    if (ay > middle[1] !== by > middle[1]) cuts.push(ax + ((middle[1] - ay) / (by - ay)) * (bx - ax));
  }
  cuts.sort((a, b) => a - b);
  if (cuts.filter((cut) => cut > middle[0]).length % 2) return middle;
  let best = [middle[0], 0];
  for (let i = 0; i + 1 < cuts.length; i += 2) if (cuts[i + 1] - cuts[i] > best[1]) best = [(cuts[i] + cuts[i + 1]) / 2, cuts[i + 1] - cuts[i]];
  return [best[0], middle[1]];
}

// Grids by now: the outlines of those in force.
export async function loadGround() {
  const [grids, communities] = await Promise.all([features("grids"), features("communities")]);
  const first = [...grids, ...communities].flatMap((one) => polygonsOf(one.geometry))[0];
  if (first) setOrigin(first[0][0]);
  ground.grids = grids.map(area);
  ground.communities = communities.map(area);
  ground.shortCode = shortener(ground.grids.map((one) => String(one.code)));
  for (const name of ["grids", "communities"]) {
    lines[name] = new Path2D();
    for (const one of ground[name]) lines[name].addPath(one.path);
  }
  const boxes = [...ground.grids, ...ground.communities].map((one) => one.box);
  if (boxes.length) ground.box = boxOf(boxes.flatMap(([x0, y0, x1, y1]) => [{ x: x0, y: y0 }, { x: x1, y: y1 }]));
  tell("ground");
}

// Codes without what all of them begin with; never less than their last four characters.
function shortener(codes) {
  let common = codes.length > 1 ? Math.min(...codes.map((one) => one.length)) - 4 : 0;
  while (common > 0 && codes.some((one) => !one.startsWith(codes[0].slice(0, common)))) common -= 1;
  return (code) => (common > 3 && code.startsWith(codes[0].slice(0, common)) ? code.slice(common) : code);
}

// -- streets of what is seen, and somewhat around it

export function settle(map, came) {
  clearTimeout(settling);
  settling = setTimeout(() => askStreets(map, came), SETTLED_MS);
}

const isWithin = (inner, outer) => inner[0] >= outer[0] && inner[1] >= outer[1] && inner[2] <= outer[2] && inner[3] <= outer[3];

async function askStreets(map, came) {
  const [x0, y0] = map.toMetres([0, 0]);
  const [x1, y1] = map.toMetres([map.width, map.height]);
  if (isAsking || !desk.origin || map.scale < STREETS_FROM || x1 - x0 > STREETS_WIDE_M) return;
  if (streetsBox && isWithin([x0, y0, x1, y1], streetsBox)) return;
  const [px, py] = [(x1 - x0) / 2, (y1 - y0) / 2];
  const box = [x0 - px, y0 - py, x1 + px, y1 + py];
  isAsking = true;
  try {
    const [[west, north], [east, south]] = [lonLatOf([box[0], box[1]]), lonLatOf([box[2], box[3]])];
    const bbox = [west, south, east, north].map((n) => n.toFixed(6)).join(",");
    const found = await features("streets", { bbox });
    const path = new Path2D();
    for (const one of found) {
      for (const line of linesOf(one.geometry)) line.forEach((at, i) => (i ? path.lineTo(...placeOf(at)) : path.moveTo(...placeOf(at))));
    }
    ground.streets = path;
    streetsBox = box;
    came();
  } catch {
    streetsBox = null; // asked again when the map moves
  } finally {
    isAsking = false;
  }
}

// -- painting

export function paintGround(pen, view) {
  pen.fillStyle = colours.land;
  pen.fillRect(0, 0, view.width, view.height);
  view.inMetres(pen, () => {
    pen.lineJoin = "round";
    pen.lineCap = "round";
    const line = (path, colour, px, dash = []) => {
      if (!path) return;
      pen.strokeStyle = colour;
      pen.lineWidth = px / view.scale;
      pen.setLineDash(dash.map((one) => one / view.scale));
      pen.stroke(path);
    };
    if (view.scale >= STREETS_FROM) line(ground.streets, colours.street, Math.min(Math.max(6 * view.scale, 1.4), 9));
    line(lines.grids, colours.grid, view.scale < 0.05 ? 0.5 : 1.1);
    line(lines.communities, colours.community, view.scale < 0.05 ? 1.2 : 2.4, [9, 4]);
  });
}

export function paintCodes(pen, view) {
  const [x0, y0, x1, y1] = view.box;
  const written = [];
  for (const grid of ground.grids) {
    const [gx0, gy0, gx1, gy1] = grid.box;
    if ((gx1 - gx0) * view.scale < CODES_PX || gx1 < x0 || gx0 > x1 || gy1 < y0 || gy0 > y1) continue;
    const [px, py] = view.toPixels(grid.middle);
    const code = ground.shortCode(String(grid.code));
    if (!hasRoom(written, pen, code, px, py, 11.5)) continue;
    outlined(pen, code, px, py, 11.5, 600, colours["grid-text"]);
    if (written.length >= MOST_CODES) return;
  }
}

// The grid at a place (metres), by its outline.
export function gridAt([x, y]) {
  for (const grid of ground.grids) {
    const [x0, y0, x1, y1] = grid.box;
    if (x < x0 || x > x1 || y < y0 || y > y1) continue;
    if (grid.shapes.some((rings) => isInside([x, y], rings))) return grid;
  }
  return null;
}

function isInside([x, y], rings) {
  let n = 0;
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const [[ax, ay], [bx, by]] = [ring[i - 1], ring[i]];
      if (ay > y !== by > y && ax + ((y - ay) / (by - ay)) * (bx - ax) > x) n += 1;
    }
  }
  return n % 2 === 1;
}
