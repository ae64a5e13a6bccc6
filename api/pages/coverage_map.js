// The map of the desk: which layers are asked for and shown, what they are called, and what a tap on it means.  Heavy
// layers are asked for where one looks, in a box somewhat larger than the view.
import { GroundMap, nearest } from "./desk_map.js";
import { languageNow, make, onLanguage, say } from "./desk_words.js";
import { getFeatures, working } from "./coverage_ask.js";
import { showLegend } from "./coverage_legend.js";
import { paint, scene } from "./coverage_paint.js";
import { boxOf } from "./coverage_pen.js";
import { desk, keepIn, kept, on, planId, tell } from "./coverage_state.js";

const at = (id) => document.getElementById(id);
const MOST_VIEW_M = 5000;
const HOUSES_VIEW_M = 1600;
const SETTLED_MS = 200;
const OF_TAB = { cameras: ["grids", "cameras", "sights", "masks", "seen", "blind"], reach: ["grids", "streets", "rings", "posts", "doors"], compare: ["grids"] };
export const map = new GroundMap(at("map"), (one) => {
  paint(one, say);
  settle();
});
const loaded = {}; // per layer: what it was asked for, and the box
let isFar = false;
let hint = "";
let settling = 0;
let onPlace = null; // what to do with the next place tapped

// -- shapes

export const linesOf = (geometry) => {
  if (!geometry) return [];
  if (geometry.type === "LineString") return [geometry.coordinates];
  if (geometry.type === "MultiLineString") return geometry.coordinates;
  return geometry.type === "GeometryCollection" ? geometry.geometries.flatMap(linesOf) : [];
};
export const polygonsOf = (geometry) => {
  if (!geometry) return [];
  if (geometry.type === "Polygon") return [geometry.coordinates];
  if (geometry.type === "MultiPolygon") return geometry.coordinates;
  return geometry.type === "GeometryCollection" ? geometry.geometries.flatMap(polygonsOf) : [];
};

export const asLines = (feature) => linesOf(feature.geometry).map((points) => {
  const line = map.line(points);
  return { ...feature.properties, line, box: boxOf(line) };
});
export const asAreas = (feature) => polygonsOf(feature.geometry).map((rings) => {
  const placed = rings.map((ring) => map.line(ring));
  return { ...feature.properties, rings: placed, box: boxOf(placed[0]) };
});
export function asPoint(lonLat, facts) {
  const place = map.place(lonLat);
  return { ...facts, lonLat, at: place, box: [place[0], place[1], place[0], place[1]] };
}

// Where a number stands: the middle of the area, or of the widest piece of it where the middle lies outside.
function middleOf(rings) {
  let [twice, x, y] = [0, 0, 0];
  const ring = rings[0];
  for (let i = 0; i < ring.length - 1; i += 1) {
    const part = ring[i][0] * ring[i + 1][1] - ring[i + 1][0] * ring[i][1];
    twice += part;
    x += (ring[i][0] + ring[i + 1][0]) * part;
    y += (ring[i][1] + ring[i + 1][1]) * part;
  }
  if (!twice) return { middle: ring[0], area: 0 };
  const middle = [x / (3 * twice), y / (3 * twice)];
  if (!isInside(middle, rings)) middle[0] = widestAt(middle[1], rings);
  return { middle, area: Math.abs(twice) / 2 };
}

function crossings(y, rings) {
  const found = [];
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const [[ax, ay], [bx, by]] = [ring[i - 1], ring[i]];
      if (ay > y !== by > y) found.push(ax + ((y - ay) / (by - ay)) * (bx - ax));
    }
  }
  return found.sort((a, b) => a - b);
}

export const isInside = ([x, y], rings) => crossings(y, rings).filter((one) => one > x).length % 2 === 1;

function widestAt(y, rings) {
  const found = crossings(y, rings);
  let best = [found[0] || 0, 0];
  for (let i = 0; i + 1 < found.length; i += 2) {
    const wide = found[i + 1] - found[i];
    if (wide > best[1]) best = [(found[i] + found[i + 1]) / 2, wide];
  }
  return best[0];
}

// -- grids: always all of them, since the map is fitted to them

export function setGrids(features) {
  const first = features.flatMap((one) => polygonsOf(one.geometry))[0];
  if (first) map.setOrigin(first[0][0]);
  scene.grids = features.flatMap((one) => polygonsOf(one.geometry).map((rings) => {
    const placed = rings.map((ring) => map.line(ring));
    return { ...one.properties, rings: placed, box: boxOf(placed[0]), ...middleOf(placed) };
  })).sort((a, b) => b.area - a.area);
  for (const name of Object.keys(loaded)) delete loaded[name];
  scene.shortCode = shortener([...new Set(scene.grids.map((one) => one.code))]);
}

// Codes without what all of them begin with; long codes only, and never less than their last four characters.
function shortener(codes) {
  let common = codes.length > 1 ? Math.min(...codes.map((one) => one.length)) - 4 : 0;
  while (common > 0 && codes.some((one) => !one.startsWith(codes[0].slice(0, common)))) common -= 1;
  return (code) => (common > 3 && code.startsWith(codes[0].slice(0, common)) ? code.slice(common) : code);
}

export const shortCode = (code) => scene.shortCode(code);

export function fitAll() {
  map.fit(scene.grids.flatMap((one) => [one.box.slice(0, 2), one.box.slice(2)]), { pad: 28, most: 4 });
}

export function fitGrid(code) {
  const mine = scene.grids.filter((one) => one.code === code);
  if (mine.length) map.fit(mine.flatMap((one) => [one.box.slice(0, 2), one.box.slice(2)]), { pad: 70, most: 3 });
}

export function fitLine(lines, most = 3) {
  map.fit(lines.flat(), { pad: 110, most });
}

export function goTo(place, scale = 2) {
  map.centre(place, Math.max(map.scale, scale));
}

// -- loading where one looks

const isOn = (layer) => OF_TAB[kept().tab].includes(layer) && kept().layers[layer] !== false;

function settle() {
  clearTimeout(settling);
  settling = setTimeout(loadView, SETTLED_MS);
}

function viewBox() {
  return [...map.toMetres([0, 0]), ...map.toMetres([map.width, map.height])];
}

function bboxText([x0, y0, x1, y1]) {
  const [lon0, lat0] = map.origin;
  const per = 111320 * Math.cos((lat0 * Math.PI) / 180);
  return [lon0 + x0 / per, lat0 - y1 / 111320, lon0 + x1 / per, lat0 - y0 / 111320].map((n) => n.toFixed(6)).join(",");
}

const isWithin = (inner, outer) => inner[0] >= outer[0] && inner[1] >= outer[1] && inner[2] <= outer[2] && inner[3] <= outer[3];

async function load(layer, key, path, query, take) {
  const view = viewBox();
  const now = loaded[layer];
  if (now && now.key === key && isWithin(view, now.box)) return;
  const [wide, high] = [view[2] - view[0], view[3] - view[1]];
  const box = [view[0] - wide / 4, view[1] - high / 4, view[2] + wide / 4, view[3] + high / 4];
  loaded[layer] = { key, box };
  const found = await working(`layer ${layer}`, `load_${layer}`, (options) => getFeatures(path, { ...query, bbox: bboxText(box) }, options));
  if (!found) {
    if (loaded[layer]?.box === box) loaded[layer].box = [0, 0, 0, 0]; // ask again when the view moves
    return;
  }
  take(found);
  map.draw();
}

function loadView() {
  if (!scene.grids.length || !map.width) return;
  const [x0, , x1] = viewBox();
  const wide = x1 - x0;
  isFar = wide > MOST_VIEW_M;
  showHint();
  if (isFar) return;
  const plan = planId();
  load("ground", plan, "/collections/streets/items", { limit: 10000 }, (found) => {
    scene.ways = found.flatMap(asLines);
  });
  if (wide <= HOUSES_VIEW_M) {
    load("houses", plan, "/collections/buildings/items", { limit: 10000 }, (found) => {
      scene.houses = found.flatMap(asAreas);
    });
  }
  if (kept().tab === "cameras") loadCameras();
  if (kept().tab === "reach") tell("reach view");
}

function loadCameras() {
  const { survey } = desk;
  if (!survey) return;
  const key = `${survey.stamp} ${survey.level}`;
  const query = { plan: planId(), level: survey.level, limit: 20000 };
  const ask = (layer, what, take) => isOn(layer) && load(layer, key, "/v1/cameras/features", { ...query, what }, take);
  ask("cameras", "cameras", (found) => {
    scene.cameras = found.map((one) => asPoint(one.geometry.coordinates, one.properties));
  });
  ask("sights", "sights", (found) => { scene.sights = found.flatMap(asAreas); });
  ask("masks", "masks", (found) => { scene.masks = found.flatMap(asAreas); });
  ask("blind", "blind", (found) => { scene.blind = found.flatMap(asLines); });
  ask("seen", "seen", (found) => {
    const lines = found.flatMap(asLines).map((one) => ({ ...one, by: one.seen_by }));
    scene.seen = lines.filter((one) => one.by);
    scene.unseen = lines.filter((one) => !one.by);
  });
}

export function clearLayers() {
  for (const name of ["cameras", "sights", "masks", "seen", "unseen", "blind"]) scene[name] = [];
  for (const name of Object.keys(loaded)) if (!["ground", "houses"].includes(name)) delete loaded[name];
}

// Layers that are switched off are kept, but not drawn.
const hidden = {};
const LISTS = { cameras: ["cameras"], sights: ["sights"], masks: ["masks"], seen: ["seen", "unseen"], blind: ["blind"], streets: ["streets"], rings: ["rings"], posts: ["posts"], doors: ["doors"] };

export function showLayers() {
  for (const [layer, lists] of Object.entries(LISTS)) {
    for (const list of lists) shade(list, isOn(layer));
  }
  for (const list of ["proposals", "tried", "chosenBlind"]) shade(list, kept().tab === "cameras");
  shade("newPosts", kept().tab === "reach");
  showLegend(isOn);
  settle();
  map.draw();
}

// A list of the scene that answers with nothing while it is switched off.
function shade(list, isShown) {
  if (!(list in hidden)) {
    hidden[list] = { all: scene[list] || [], isShown };
    Object.defineProperty(scene, list, {
      get: () => (hidden[list].isShown ? hidden[list].all : []),
      set: (all) => { hidden[list].all = all; },
    });
  }
  hidden[list].isShown = isShown;
}

function showList() {
  const { tab, layers } = kept();
  at("layer-list").replaceChildren(...OF_TAB[tab].map((layer) => {
    const box = make("input");
    box.type = "checkbox";
    box.checked = layers[layer] !== false;
    box.id = `layer-${layer}`;
    box.addEventListener("change", () => {
      keepIn("layers", { [layer]: box.checked });
      tell("layers");
    });
    return make("label", [box, make("span", say(`layer_${layer}`))], "check");
  }), ...(tab === "compare" ? [] : [metricChoice()]));
}

function metricChoice() {
  const choice = make("select");
  choice.id = "metric";
  choice.setAttribute("aria-label", say("metric"));
  if (kept().tab === "reach") return make("span", say("metric_reach"), "soft");
  for (const one of ["density", "seen", "missing", "private"]) {
    const option = make("option", say(`metric_${one}`));
    option.value = one;
    option.selected = kept().metric === one;
    choice.append(option);
  }
  choice.addEventListener("change", () => {
    keepIn("layers", { grids: true });
    tell("metric", choice.value);
  });
  return choice;
}

// -- taps

export function hintNow(text) {
  hint = text;
  showHint();
}

function showHint() {
  const text = hint || (isFar ? say("zoom_in_first") : "");
  at("hint").hidden = !text;
  at("hint").textContent = text;
}

// The next place tapped is for this; none: taps mean what they always do.
export function askPlace(act) {
  onPlace = act;
  at("map").classList.toggle("placing", Boolean(act));
}

export const middleOfView = () => lonLatOf(map.middle);

export function lonLatOf([x, y]) {
  const [lon0, lat0] = map.origin;
  return [lon0 + x / (111320 * Math.cos((lat0 * Math.PI) / 180)), lat0 - y / 111320];
}

const closest = (list, place, reach) => {
  let best = null;
  for (const one of list) {
    const away = Math.hypot(one.at[0] - place[0], one.at[1] - place[1]);
    if (away <= reach && (!best || away < best.away)) best = { one, away };
  }
  return best && best.one;
};

function tapped(place, reach) {
  if (onPlace) {
    onPlace(lonLatOf(place));
    return;
  }
  for (const [list, what] of [["proposals", "proposal"], ["newPosts", "newPost"], ["doors", "door"], ["posts", "post"], ["cameras", "camera"]]) {
    const one = closest(scene[list], place, reach);
    if (one) {
      tell(`tapped ${what}`, one);
      return;
    }
  }
  const stretch = scene.blind.find((one) => nearest(one.line, place).away < reach);
  if (stretch) {
    tell("tapped blind", stretch);
    return;
  }
  const grid = scene.grids.find((one) => isInside(place, one.rings));
  if (grid) tell("tapped grid", { code: grid.code, lonLat: lonLatOf(place) });
}

export function startMap() {
  map.onTapped = tapped;
  at("zoom-in").addEventListener("click", () => map.zoom(1.5));
  at("zoom-out").addEventListener("click", () => map.zoom(1 / 1.5));
  at("whole").addEventListener("click", fitAll);
  on("layers", showLayers);
  on("tab", () => {
    hintNow("");
    showList();
    showLayers();
  });
  onLanguage(() => {
    showList();
    showHint();
    showLayers();
  });
  if (window.innerWidth < 1024) for (const id of ["layers", "legend"]) at(id).open = false;
  document.documentElement.dataset.language = languageNow();
}
