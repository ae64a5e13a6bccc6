// The map beside the merger wizard: villages of each merger with their number, and the grids of the point that is looked at.
import { map, outline, overlay, redraw, setPointerTool, traceInto, zoomToAtoms } from "./plan_map.js";
import { atomAt } from "./plan_map.js";
import { runCommand } from "./plan_panels.js";
import { desk, on } from "./plan_state.js";
import { facts, groupOf, wizard } from "./plan_merge_state.js";

const SHADES = ["#0b5394", "#8f3200", "#00593f", "#5b3aa0", "#7a1f4f", "#3f4a00"];
export const shadeOf = (group) => SHADES[group % SHADES.length];
let isShown = false;
let picking = null;
let atoms = { of: null, by: new Map() }; // village -> its pieces
let shapes = { of: null, rings: [] };

export function showOnMap(isWanted) {
  isShown = isWanted;
  if (!isWanted) stopPicking();
  redraw();
}

export const isPicking = () => Boolean(picking);

// A tap on the map takes a village, or gives it back.
export function startPicking(act, onEnd) {
  picking = { onEnd, over: "" };
  setPointerTool({
    tap: (place) => {
      const code = villageAt(place);
      if (code) act(code);
    },
    hover: (place) => {
      const code = villageAt(place) || "";
      if (picking && picking.over !== code) {
        picking.over = code;
        redraw();
      }
    },
    cancel: () => ended(),
  });
  map.canvas.style.cursor = "pointer";
}

function ended() {
  const before = picking;
  picking = null;
  map.canvas.style.cursor = "";
  before?.onEnd();
  redraw();
}

export function stopPicking() {
  if (!picking) return;
  setPointerTool(null);
  runCommand("tool_choose");
}

function villageAt(place) {
  const atom = atomAt(place);
  return atom < 0 ? null : desk.ground.communities[desk.ground.community[atom]].code;
}

function atomsOf(code) {
  if (atoms.of !== desk.ground) {
    atoms = { of: desk.ground, by: new Map(desk.ground.communities.map((one) => [one.code, []])) };
    desk.ground.community.forEach((community, atom) => atoms.by.get(desk.ground.communities[community].code).push(atom));
  }
  return atoms.by.get(code) || [];
}

export const zoomToVillages = (codes) => zoomToAtoms(codes.flatMap(atomsOf));

function paintVillages(pen, _, shown) {
  if (!isShown || !desk.ground || shown.plan.ground !== desk.ground) return;
  const isLookedAt = Boolean(facts.point);
  wizard.groups.forEach((group, at) => {
    const mine = group.villages.flatMap(atomsOf);
    if (!mine.length) return;
    const shade = shadeOf(at);
    outline(pen, shown, mine, { colour: shade, width: isLookedAt ? 2.5 : 4, fill: isLookedAt ? "" : `${shade}33` });
    if (!isLookedAt) for (const code of group.villages) hatch(pen, shown, atomsOf(code), shade);
    label(pen, shown, mine, String(at + 1), shade);
  });
  if (picking?.over && groupOf(picking.over) !== wizard.active) {
    outline(pen, shown, atomsOf(picking.over), { colour: shadeOf(wizard.active), width: 2.5, dash: [6, 4] });
  }
}

// Not by colour alone: chosen ground is hatched.
function hatch(pen, shown, mine, shade) {
  const area = new Path2D();
  for (const atom of mine) traceInto(area, shown, desk.ground, atom);
  pen.save();
  pen.clip(area, "evenodd");
  pen.strokeStyle = `${shade}66`;
  pen.lineWidth = 1.5;
  pen.beginPath();
  const { width, height } = map;
  for (let x = -height; x < width; x += 14) {
    pen.moveTo(x, height);
    pen.lineTo(x + height, 0);
  }
  pen.stroke();
  pen.restore();
}

function label(pen, shown, mine, text, shade) {
  let [x, y, weight] = [0, 0, 0];
  for (const atom of mine) {
    const heavy = desk.ground.area_m2[atom];
    x += desk.ground.x_m[atom] * heavy;
    y += desk.ground.y_m[atom] * heavy;
    weight += heavy;
  }
  const [px, py] = shown.toPixels([x / weight, y / weight]);
  pen.beginPath();
  pen.arc(px, py, 14, 0, 2 * Math.PI);
  pen.fillStyle = shade;
  pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = "#fff";
  pen.stroke();
  pen.fillStyle = "#fff";
  pen.font = "700 15px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, px, py + 1);
}

// -- the grids of a point

function ringsOf(point) {
  if (shapes.of === point) return shapes.rings;
  const rings = point.grids.features.map(({ geometry, properties }) => {
    const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    return { properties, polygons: polygons.map((polygon) => polygon.map((ring) => ring.map((at) => map.place(at)))) };
  });
  shapes = { of: point, rings };
  return rings;
}

function paintPoint(pen, _, shown) {
  if (!isShown || !facts.point || shown.plan.ground !== desk.ground) return;
  for (const { properties, polygons } of ringsOf(facts.point)) {
    const area = new Path2D();
    for (const ring of polygons.flat()) {
      ring.forEach((at, i) => (i ? area.lineTo(...shown.toPixels(at)) : area.moveTo(...shown.toPixels(at))));
      area.closePath();
    }
    pen.fillStyle = "rgba(255,255,255,0.45)";
    pen.fill(area, "evenodd");
    pen.lineJoin = "round";
    pen.strokeStyle = "#fff";
    pen.lineWidth = 6;
    pen.stroke(area);
    pen.strokeStyle = "#7a1f4f";
    pen.lineWidth = 3;
    pen.stroke(area);
    name(pen, shown, polygons, properties);
  }
}

function name(pen, shown, polygons, { code, households }) {
  const places = polygons.map((polygon) => polygon[0]).sort((a, b) => b.length - a.length)[0];
  const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
  const middle = [(Math.min(...xs) + Math.max(...xs)) / 2, (Math.min(...ys) + Math.max(...ys)) / 2];
  const [px, py] = shown.toPixels(middle);
  const wide = (Math.max(...xs) - Math.min(...xs)) * shown.metreScale;
  if (wide < 46) return;
  pen.font = "650 13px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineWidth = 4;
  pen.strokeStyle = "rgba(255,255,255,0.92)";
  pen.fillStyle = "#4d0f31";
  [code.slice(-3), String(households)].forEach((text, i) => {
    pen.strokeText(text, px, py - 8 + 16 * i);
    pen.fillText(text, px, py - 8 + 16 * i);
  });
}

export function start() {
  overlay(44, paintVillages);
  overlay(46, paintPoint);
  on("merge", redraw);
}
