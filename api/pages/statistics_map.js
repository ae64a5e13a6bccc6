// The map: grids by count, by rate per 1,000 households (raw or smoothed), or by hot and cold spots.  Colour and sign; the
// table beside it says every number.
import { GroundMap } from "./desk_map.js";
import { askJson } from "./desk_ask.js";
import { make, say } from "./desk_words.js";
import { drawn, number } from "./statistics_draw.js";
import { MEASURES, asked, desk, go } from "./statistics_state.js";

const at = (id) => document.getElementById(id);
const NAMES = ["outside", "none", "zero", "grid", "ink", "halo", "chosen", "class-0", "class-1", "class-2", "class-3", "class-4", "hot", "hot-soft", "cold", "cold-soft"];
const FONT = "600 13px system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";
const PAGE = 10000;
let colours = {};
let shapes = []; // {code, rings in metres, box, middle}
let classes = [];
let choose = () => {};
let map = null;
const area = new Map(); // code -> row of the summary

const polygonsOf = (geometry) => (geometry?.type === "Polygon" ? [geometry.coordinates] : geometry?.type === "MultiPolygon" ? geometry.coordinates : []);

function boxOf(ring) {
  const xs = ring.map(([x]) => x);
  const ys = ring.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

async function loadGrids() {
  const found = [];
  let page = await askJson("/collections/grids/items", { query: { limit: PAGE }, headers: { Accept: "application/geo+json" } });
  for (;;) {
    found.push(...page.features);
    const next = page.links?.find((link) => link.rel === "next");
    if (!next) break;
    const { pathname, search } = new URL(next.href, location.href);
    page = await askJson(pathname + search, { headers: { Accept: "application/geo+json" } });
  }
  const first = found.flatMap((one) => polygonsOf(one.geometry))[0];
  if (first) map.setOrigin(first[0][0]);
  shapes = found.flatMap((one) => polygonsOf(one.geometry).map((rings) => {
    const placed = rings.map((ring) => map.line(ring));
    const path = new Path2D();
    for (const ring of placed) {
      ring.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
      path.closePath();
    }
    const box = boxOf(placed[0]);
    return { code: String(one.properties.code), rings: placed, path, box, middle: [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] };
  }));
  fitAll();
}

const fitAll = () => map.fit(shapes.flatMap((one) => [one.box.slice(0, 2), one.box.slice(2)]), { pad: 16, most: 4 });

// -- classes

const measure = () => asked().measure;

function valueOf(row) {
  if (!row) return null;
  return { count: row.tally.received, raw: row.per_1000, smoothed: row.smoothed }[measure()] ?? null;
}

function makeClasses() {
  const values = [...area.values()].map(valueOf).filter((value) => value).map((value) => Math.ceil(value * 100) / 100) // as they are told
    .sort((a, b) => a - b);
  if (!values.length) return [];
  const cuts = [...new Set([0.2, 0.4, 0.6, 0.8].map((q) => values[Math.floor(q * (values.length - 1))]))];
  const most = values[values.length - 1];
  return [...cuts.filter((cut) => cut < most), most];
}

const tint = (k) => colours[`class-${classes.length < 2 ? 2 : Math.round((k * 4) / (classes.length - 1))}`];

function fillOf(row) {
  if (measure() === "hot") {
    const [way, level] = (row?.hot || "").split("_");
    if (!way) return colours.none;
    return level === "90" ? colours[`${way}-soft`] : colours[way];
  }
  const value = valueOf(row);
  if (value === null) return colours.none;
  if (!value) return colours.zero;
  return tint(Math.max(0, classes.findIndex((upto) => value <= upto + 1e-9)));
}

const amount = (value) => number(value, measure() === "count" ? 0 : 2);

function textOf(row) {
  if (measure() === "hot") return row?.hot ? (row.hot.startsWith("hot") ? "▲" : "▼") : "";
  const value = valueOf(row);
  return value ? amount(value) + (row.is_small && measure() === "raw" ? "*" : "") : "";
}

// -- drawing

function paint(one) {
  const { pen, width, height, scale, middle: [x, y] } = one;
  pen.fillStyle = colours.outside;
  pen.fillRect(0, 0, width, height);
  const still = pen.getTransform();
  pen.transform(scale, 0, 0, scale, width / 2 - x * scale, height / 2 - y * scale);
  for (const shape of shapes) {
    pen.fillStyle = fillOf(area.get(shape.code));
    pen.fill(shape.path, "evenodd");
  }
  pen.strokeStyle = colours.grid;
  pen.lineWidth = 1 / scale;
  for (const shape of shapes) pen.stroke(shape.path);
  const chosen = shapes.filter((shape) => shape.code === desk.chosen);
  pen.strokeStyle = colours.chosen;
  pen.lineWidth = 4 / scale;
  for (const shape of chosen) pen.stroke(shape.path);
  pen.setTransform(still);
  pen.font = FONT;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineWidth = 3;
  pen.strokeStyle = colours.halo;
  pen.fillStyle = colours.ink;
  const written = [];
  for (const shape of shapes) {
    const text = textOf(area.get(shape.code));
    if (!text) continue;
    const wide = pen.measureText(text).width + 6;
    if ((shape.box[2] - shape.box[0]) * scale < wide || (shape.box[3] - shape.box[1]) * scale < 18) continue;
    const [px, py] = one.toPixels(shape.middle);
    if (written.some(([x, y, w]) => Math.abs(x - px) < (w + wide) / 2 && Math.abs(y - py) < 15)) continue; // one upon the other
    written.push([px, py, wide]);
    pen.strokeText(text, px, py);
    pen.fillText(text, px, py);
  }
}

function readColours() {
  const style = getComputedStyle(document.documentElement);
  colours = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--map-${name}`).trim()]));
}

function sign(fill, text = "") {
  const box = drawn("svg", { viewBox: "0 0 24 14", "aria-hidden": "true" }, drawn("rect", { x: 0.5, y: 0.5, width: 23, height: 13, fill }));
  if (text) {
    const told = drawn("text", { x: 12, y: 11, "text-anchor": "middle", "font-size": 10, fill: colours.ink, stroke: "none" });
    told.textContent = text;
    box.append(told);
  }
  return box;
}

function showLegend() {
  const rows = measure() === "hot"
    ? [[sign(colours.hot, "▲"), say("legend_hot")], [sign(colours["hot-soft"], "▲"), say("legend_hot_90")], [sign(colours.cold, "▼"), say("legend_cold")], [sign(colours["cold-soft"], "▼"), say("legend_cold_90")], [sign(colours.none), say("legend_neither")]]
    : [...classes.map((upto, k) => [sign(tint(k)), say("upto", { n: amount(upto) })]), [sign(colours.zero), say("zero")], [sign(colours.none), say("unknown")]];
  at("legend").replaceChildren(...rows.map(([picture, text]) => make("li", [picture, make("span", text)])));
  at("map-note").textContent = desk.summary && !desk.summary.areas.length ? say("grids_none") : say(`measure_${measure()}_note`);
  const select = at("measure");
  select.replaceChildren(...MEASURES.map((name) => {
    const option = make("option", say(`measure_${name}`));
    option.value = name;
    option.selected = name === measure();
    return option;
  }));
}

export function showMap() {
  area.clear();
  for (const row of desk.summary?.areas || []) area.set(row.code, row);
  classes = makeClasses();
  readColours();
  showLegend();
  map.draw();
}

// Before it is printed, when no frame comes any more.
export const drawMapNow = () => map.drawNow();

function isInside([x, y], rings) {
  let inside = false;
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const [[ax, ay], [bx, by]] = [ring[i - 1], ring[i]];
      if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
    }
  }
  return inside;
}

export async function startMap(onChoose) {
  choose = onChoose;
  readColours();
  map = new GroundMap(at("map"), paint);
  map.onTapped = (place) => choose(shapes.find((shape) => isInside(place, shape.rings))?.code || "");
  at("zoom-in").addEventListener("click", () => map.zoom(1.5));
  at("zoom-out").addEventListener("click", () => map.zoom(1 / 1.5));
  at("whole").addEventListener("click", fitAll);
  at("measure").addEventListener("change", () => {
    go({ measure: at("measure").value }, { isStep: false });
    showMap();
  });
  try {
    await loadGrids();
  } catch {
    at("map-note").textContent = say("map_none"); // figures without a map are still figures
  }
  document.documentElement.dataset.grids = String(shapes.length);
}
