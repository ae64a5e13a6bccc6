// The desk's map: the plan that is worked on, what lies beneath it, and the hand of the tool in use.
import { onLanguage } from "./desk_words.js";
import { paintBeneath, startBeneath } from "./plan_beneath.js";
import { desk, kept, on, tell } from "./plan_state.js";
import { PlanView, sync } from "./plan_view.js";

export { PlanView, sync };
const FLASH_MS = 1600;
const DOUBLE_MS = 350;
export let view = null;
export let map = null;
const waiting = []; // overlays that came before the map
let tool = null;
let flashed = null;

const facts = () => ({ plan: desk.preview?.plan || desk.plan, atomGrid: desk.preview?.atomGrid || desk.plan?.atomGrid, layers: kept().layers, colour: kept().colour });

export function overlay(order, paint) {
  if (view) view.overlay(order, paint);
  else waiting.push([order, paint]);
}

export const redraw = () => map && map.draw();
export const repaint = () => view && view.stale();
export const atomAt = (place) => (view && desk.plan ? view.atomAt(place) : -1);
export const borderAt = (place, reach_m = 10 / map.scale) => view.index.border(desk.plan.atomGrid, place, reach_m);
export const zoomToAtoms = (atoms) => view.fitAtoms(atoms, { most: 2, pad: 90 });
export const zoomToGrid = (at) => zoomToAtoms(desk.plan.atomsOf(at));
export const fitAll = () => view.fitAll();
export const centreOf = (atom) => [desk.ground.x_m[atom], desk.ground.y_m[atom]];

// {down(place, event) -> takes it, move, up, cancel(), hover, tap, double, menu}; every one may be missing.
export function setPointerTool(wanted) {
  if (tool && tool.cancel) tool.cancel();
  tool = wanted;
}

// Show for a moment where something is.
export function flash(atoms) {
  flashed = { atoms: [...atoms], until: performance.now() + FLASH_MS };
  redraw();
  setTimeout(redraw, FLASH_MS + 20);
}

function paintFlash(pen, _, shown) {
  if (!flashed || performance.now() > flashed.until) return;
  outline(pen, shown, flashed.atoms, { colour: "#d97a00", width: 5 });
}

// Outline of some pieces of ground as one: the borders that only one of the two sides is in.
export function outline(pen, shown, atoms, { colour = "#d97a00", width = 3, dash = [], fill = "" } = {}) {
  const inside = atoms instanceof Set ? atoms : new Set(atoms);
  const { ground } = shown.plan;
  const { index } = shown;
  const path = new Path2D();
  const area = new Path2D();
  const drawn = new Set();
  for (const atom of inside) {
    if (fill) traceInto(area, shown, ground, atom);
    for (let i = index.arcStart[atom]; i < index.arcStart[atom + 1]; i += 1) {
      const arc = index.arcOf[i];
      const [a, b] = [ground.arc_a[arc], ground.arc_b[arc]];
      if (drawn.has(arc) || (inside.has(a) && b >= 0 && inside.has(b))) continue;
      drawn.add(arc);
      line(path, shown, ground.arc[arc], ground.arc[arc] + ground.arc_n[arc]);
    }
  }
  if (fill) {
    pen.fillStyle = fill;
    pen.fill(area, "evenodd");
  }
  pen.lineJoin = "round";
  pen.setLineDash(dash);
  pen.strokeStyle = "rgba(255,255,255,0.9)";
  pen.lineWidth = width + 2.5;
  pen.stroke(path);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke(path);
  pen.setLineDash([]);
}

export function traceInto(path, shown, ground, atom) {
  for (let r = ground.atom_ring[atom]; r < ground.atom_ring[atom + 1]; r += 1) {
    line(path, shown, ground.ring[r], ground.ring[r + 1]);
    path.closePath();
  }
}

function line(path, { xy, scale, dx, dy }, from, to) {
  for (let i = from; i < to; i += 1) {
    const [x, y] = [xy[2 * i] * scale + dx, xy[2 * i + 1] * scale + dy];
    if (i === from) path.moveTo(x, y);
    else path.lineTo(x, y);
  }
}

function paintChosen(pen, _, shown) {
  if (desk.grid >= 0 && !shown.plan.grids[desk.grid]?.is_gone) outline(pen, shown, shown.plan.members[desk.grid] || [], { colour: "#b35c00", width: 3.5 });
  if (desk.selection.size) outline(pen, shown, desk.selection, { colour: "#0b5394", width: 3, dash: [6, 3], fill: "rgba(11,83,148,0.22)" });
}

function follow(place, event) {
  const over = atomAt(place);
  if (over !== desk.over) {
    desk.over = over;
    tell("over", { atom: over });
  }
  if (tool?.hover) tool.hover(place, event);
}

// One tap chooses, two quick ones zoom.
function tapping() {
  let last = { at: -Infinity, x: 0, y: 0 };
  return (place, event) => {
    const isDouble = event.timeStamp - last.at < DOUBLE_MS && Math.hypot(event.clientX - last.x, event.clientY - last.y) < 12;
    last = isDouble ? { at: -Infinity, x: 0, y: 0 } : { at: event.timeStamp, x: event.clientX, y: event.clientY };
    if (isDouble) doubled(place, event);
    else if (tool?.tap) tool.tap(place, event);
  };
}

function doubled(place, event) {
  if (tool?.double && tool.double(place, event)) return;
  const atom = atomAt(place);
  if (atom >= 0 && desk.plan.atomGrid[atom] >= 0) zoomToGrid(desk.plan.atomGrid[atom]);
}

function listen(canvas) {
  const tapped = tapping();
  let press = null;
  map.hand = {
    down(place, event) {
      press = { place, x: event.clientX, y: event.clientY, isHeld: Boolean(tool?.down && tool.down(place, event)) };
      return press.isHeld;
    },
    move: (place, event) => {
      follow(place, event);
      if (tool?.move) tool.move(place, event);
    },
    up: (place, event) => tool?.up && tool.up(place, event),
    cancel: () => tool?.cancel && tool.cancel(),
    hover: follow,
  };
  canvas.addEventListener("pointerup", (event) => {
    if (!press || press.isHeld || event.button) return;
    if (Math.hypot(event.clientX - press.x, event.clientY - press.y) <= 6) tapped(press.place, event);
    press = null;
  });
  canvas.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    if (tool?.menu) tool.menu(map.toMetres(map.at(event)), event);
  });
  canvas.addEventListener("pointerleave", () => {
    desk.over = -1;
    tell("over", { atom: -1 });
  });
}

export function start() {
  const canvas = document.getElementById("map");
  view = new PlanView(canvas, facts, { beneath: paintBeneath });
  map = view.map;
  for (const [order, paint] of waiting) view.overlay(order, paint);
  view.overlay(50, paintChosen);
  view.overlay(55, paintFlash);
  listen(canvas);
  startBeneath(() => view.stale());
  on("loaded", () => {
    view.setGround(desk.ground);
    fitAll();
  });
  on("changed", ({ isAll } = {}) => (isAll ? view.restyle() : view.stale()));
  on("preview", () => view.restyle());
  on("layers", () => view.restyle());
  on("locks", () => view.stale());
  on("selection", redraw);
  on("grid", redraw);
  onLanguage(redraw);
}
