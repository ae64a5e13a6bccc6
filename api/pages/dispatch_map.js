// The map of the desk: ground, incidents, units and flags on one canvas, what the pointer and keys do on it, and the ways
// other parts draw on it and ask for a place.
import { GroundMap } from "./desk_map.js";
import { keepView, shownRows } from "./dispatch_filter.js";
import { ground, paintCodes, paintGround, settle } from "./dispatch_ground.js";
import { boxOf, cellSize, grouped } from "./dispatch_index.js";
import { paintGrids, paintHeat } from "./dispatch_layers.js";
import { colours, paintCluster, paintFlag, paintUnit, readColours, ringPx, stamp } from "./dispatch_marks.js";
import { Picture } from "./dispatch_picture.js";
import { desk, keep, lonLatOf, now, on, placeOf, select, setOrigin, tell } from "./dispatch_state.js";

export { placeOf };
const at = (id) => document.getElementById(id);
const REACH_PX = 14;
const UNIT_NAMES_FROM = 0.35;
const FLASH_MS = 4000;
const overlays = [];
export let map = null;
let under = null; // picture of the ground
let marks = null; // picture of the incidents
let groups = { key: "", list: [] };
let version = 0;
let isFitted = false;
let hasGround = false;
let isSeen = false;
const flashed = new Map(); // id -> until
export let staleS = 300;

export const redraw = () => map?.draw();
function setStale(seconds) {
  staleS = seconds;
  redraw();
}

// Painted over everything at each painting, the lower order first: paint(pen, map).
export function overlay(order, paint) {
  overlays.push({ order, paint });
  overlays.sort((a, b) => a.order - b.order);
  redraw();
}

// -- incidents as marks

function groupsNow(scale) {
  const size = cellSize(scale, shownRows().length);
  const key = `${version} ${size}`;
  if (groups.key === key) return groups.list;
  const list = grouped(shownRows(), size);
  for (const group of list) {
    group.shares = [0, 0, 0, 0];
    for (const row of group.rows) group.shares[row.clock] += 1;
  }
  groups = { key, list };
  return list;
}

// What stands on the map now, wherever it is looked at: each incident in exactly one mark.
export function standing() {
  const list = groupsNow(map.scale);
  const total = list.reduce((sum, group) => sum + group.rows.length, 0);
  return { total, marks: list.length, clusters: list.filter((one) => one.rows.length > 1).length };
}

const ORDER = [3, 0, 1, 2]; // overdue ones above all

function paintMarks(pen, view) {
  if (desk.filter.layer === "heat") return paintHeat(pen, view);
  if (desk.filter.layer === "grids") return paintGrids(pen, view);
  const [x0, y0, x1, y1] = view.box;
  const pad = 24 / view.scale;
  const inSight = groupsNow(view.scale).filter(({ x, y }) => x >= x0 - pad && x <= x1 + pad && y >= y0 - pad && y <= y1 + pad);
  for (const clock of ORDER) {
    for (const group of inSight) {
      if (group.rows.length > 1 || group.rows[0].clock !== clock) continue;
      stamp(pen, view.toPixels([group.x, group.y]), group.rows[0], view.sharpness);
    }
  }
  const many = inSight.filter((one) => one.rows.length > 1).sort((a, b) => a.rows.length - b.rows.length);
  for (const group of many) paintCluster(pen, view.toPixels([group.x, group.y]), group.rows.length, group.shares);
  return undefined;
}

export const isStaleUnit = (unit) => !unit.position_at || now() - Date.parse(unit.position_at) > staleS * 1000;

function paintMoving(pen) {
  for (const flag of desk.flags.values()) if (!flag.cleared_at && Number.isFinite(flag.x)) paintFlag(pen, map.toPixels([flag.x, flag.y]));
  for (const unit of desk.units.values()) {
    if (!Number.isFinite(unit.x) || unit.status === "off") continue;
    paintUnit(pen, map.toPixels([unit.x, unit.y]), unit, isStaleUnit(unit), map.scale >= UNIT_NAMES_FROM ? unit.name : "");
  }
}

function ringAt(pen, row, px, colour, width) {
  const [x, y] = map.toPixels([row.x, row.y]);
  for (const [one, wide] of [[colours.halo, width + 3], [colour, width]]) {
    pen.strokeStyle = one;
    pen.lineWidth = wide;
    pen.beginPath();
    pen.arc(x, y, px, 0, 2 * Math.PI);
    pen.stroke();
  }
  return [x, y];
}

function paintChosen(pen) {
  const moment = performance.now();
  for (const [id, until] of flashed) {
    const row = desk.incidents.get(id);
    if (!row || until < moment) flashed.delete(id);
    else if (Number.isFinite(row.x)) ringAt(pen, row, 17, colours.ink, 2);
  }
  const row = desk.incidents.get(desk.selected);
  if (!row || !Number.isFinite(row.x)) return;
  const [x, y] = map.toPixels([row.x, row.y]);
  stamp(pen, [x, y], row, map.sharpness);
  ringAt(pen, row, 19, colours.chosen, 3.5);
}

function paint() {
  if (!colours.land) readColours();
  const { pen } = map;
  pen.clearRect(0, 0, map.width, map.height);
  if (!desk.origin) return;
  under.show();
  marks.show();
  for (const one of overlays) {
    pen.save();
    one.paint(pen, map);
    pen.restore();
  }
  if (desk.isLoaded && !isSeen) {
    isSeen = true;
    performance.mark("incidents painted"); // for whoever measures
  }
  settle(map, () => under.stale());
  if (isFitted) keepView(viewText);
  tell("moved");
}

// -- where the map stands

const viewText = () => {
  const [lon, lat] = lonLatOf(map.middle);
  return `${lon.toFixed(5)},${lat.toFixed(5)},${map.scale.toPrecision(3)}`;
};

function showView(text) {
  const [lon, lat, scale] = text.split(",").map(Number);
  if (![lon, lat, scale].every(Number.isFinite) || Math.abs(lat) > 90 || Math.abs(lon) > 180) return false;
  if (!desk.origin) setOrigin([lon, lat]);
  map.setOrigin(desk.origin);
  map.centre(placeOf([lon, lat]), Math.min(Math.max(scale, 0.01), 20));
  isFitted = true;
  return true;
}

export function fitAll() {
  const box = ground.box || boxOf(desk.incidents.values());
  if (!box || !Number.isFinite(box[0])) return;
  map.fit([box.slice(0, 2), box.slice(2)], { pad: 30, most: 2 });
  isFitted = hasGround; // incidents that come before the ground do not say how much of it is shown
}

function fitFirst() {
  if (!desk.origin) return;
  map.setOrigin(desk.origin);
  if (isFitted && viewText() === desk.filter.view) return;
  if (desk.filter.view && showView(desk.filter.view)) return;
  fitAll();
}

// To an incident, near enough to tell it from others.
export function zoomTo(id, { least = 0.9 } = {}) {
  const row = desk.incidents.get(id);
  if (!row || !Number.isFinite(row.x)) return;
  isFitted = true;
  map.centre([row.x, row.y], Math.max(map.scale, least));
}

export function centreOn(lonLat, least = 0.9) {
  isFitted = true;
  map.centre(placeOf(lonLat), Math.max(map.scale, least));
}

// -- what lies under the pointer

// {kind: incident, cluster, unit or flag, ...}; null: nothing.
export function hitAt([px, py]) {
  const near = (item, reach) => {
    const [x, y] = map.toPixels([item.x, item.y]);
    const away = Math.hypot(x - px, y - py);
    return away <= reach ? away : null;
  };
  let best = null;
  const offer = (away, hit) => { if (away !== null && (!best || away < best.away)) best = { ...hit, away }; };
  for (const unit of desk.units.values()) if (Number.isFinite(unit.x) && unit.status !== "off") offer(near(unit, REACH_PX), { kind: "unit", unit });
  for (const flag of desk.flags.values()) if (Number.isFinite(flag.x) && !flag.cleared_at) offer(near(flag, 10), { kind: "flag", flag });
  if (desk.filter.layer !== "points") return best;
  for (const group of groupsNow(map.scale)) {
    const n = group.rows.length;
    offer(near(group, n > 1 ? ringPx(n) + 2 : REACH_PX), n > 1 ? { kind: "cluster", rows: group.rows, shares: group.shares } : { kind: "incident", row: group.rows[0] });
  }
  return best;
}

let cycle = 0;

function tapped(place) {
  const hit = hitAt(map.toPixels(place));
  if (!hit) return;
  if (hit.kind === "incident") select(hit.row.id);
  else if (hit.kind === "unit") tell("unit tapped", { unit: hit.unit });
  else if (hit.kind === "flag") tell("flag tapped", { flag: hit.flag });
  else openCluster(hit.rows);
}

// Nearer, until they part; those at one place one after the other.
function openCluster(rows) {
  const box = boxOf(rows);
  const wide = Math.max(box[2] - box[0], box[3] - box[1]);
  if (wide * 20 > 30 && map.scale < 19) {
    map.fit([box.slice(0, 2), box.slice(2)], { pad: 80, most: 20 });
    return;
  }
  const here = rows.findIndex((row) => row.id === desk.selected);
  cycle = here < 0 ? 0 : (here + 1) % rows.length;
  select(rows[cycle].id);
}

// -- asking for a place

let picking = null;

// The next place pressed on the map, or the middle of it by Enter, is given to `onPick([lon, lat])`; Esc gives it up.
// Gives a function that ends the asking.
export function pickPlace({ onPick, onCancel = () => {} }) {
  picking?.stop(true);
  const stop = (isGivenUp = false) => {
    if (picking !== mine) return;
    picking = null;
    at("map").classList.remove("picking");
    at("pick-hint").hidden = true;
    redraw();
    if (isGivenUp) onCancel();
  };
  const mine = { stop, pick: (place) => { stop(); onPick(lonLatOf(place)); } };
  picking = mine;
  at("map").classList.add("picking");
  at("pick-hint").hidden = false;
  at("map").focus();
  redraw();
  return () => stop();
}

export const isPicking = () => Boolean(picking);

function paintCross(pen) {
  if (!picking) return;
  const [x, y] = [map.width / 2, map.height / 2];
  for (const [colour, width] of [[colours.halo, 5], [colours.chosen, 2]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      pen.moveTo(x + 5 * dx, y + 5 * dy);
      pen.lineTo(x + 22 * dx, y + 22 * dy);
    }
    pen.stroke();
  }
}

// -- it begins

function again() {
  version += 1;
  marks.stale();
}

function listen(canvas) {
  map.onTapped = (place) => (picking ? picking.pick(place) : tapped(place));
  canvas.addEventListener("keydown", (event) => {
    if (!picking || event.isComposing) return;
    if (event.key === "Enter") picking.pick(map.middle);
    else if (event.key === "Escape") picking.stop(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  at("zoom-in").addEventListener("click", () => map.zoom(1.5));
  at("zoom-out").addEventListener("click", () => map.zoom(1 / 1.5));
  at("whole").addEventListener("click", fitAll);
  at("legend").querySelector("summary").addEventListener("click", () => keep({ legend: at("legend").open ? "shut" : "open" }));
}

export function start() {
  const canvas = at("map");
  map = new GroundMap(canvas, paint);
  under = new Picture(map, (pen, view) => {
    paintGround(pen, view);
    if (desk.filter.layer !== "grids") paintCodes(pen, view);
  });
  marks = new Picture(map, paintMarks);
  overlay(20, paintMoving);
  overlay(40, paintChosen);
  overlay(90, paintCross);
  listen(canvas);
  on("loaded", () => { fitFirst(); again(); });
  on("ground", () => { hasGround = true; fitFirst(); under.stale(); again(); });
  on("clocks", again);
  on("incident", ({ row }) => {
    flashed.set(row.id, performance.now() + FLASH_MS);
    setTimeout(redraw, FLASH_MS + 50);
    again();
  });
  for (const name of ["unit", "flag", "selected"]) on(name, redraw);
  on("kinds", ({ staleS }) => { if (staleS > 0) setStale(staleS); });
  on("filter", ({ names }) => {
    if (names.includes("view") && names.length > 1 && desk.filter.view && desk.filter.view !== viewText()) showView(desk.filter.view);
    if (names.includes("layer")) under.stale();
    if (names.some((name) => name !== "view")) again();
  });
  on("night", () => { readColours(); under.stale(); marks.stale(); });
}

// For whoever measures.
export const pictures = () => ({ under, marks });
