// Pins of notes on the map: open ones are drops with their number, settled ones small flags with a tick, so that form tells
// as well as colour.
import { map, overlay } from "./plan_map.js";
import { idOf, isThere, notes, openNote, shownNotes } from "./plan_notes.js";
import { desk, kept } from "./plan_state.js";

const HEAD_PX = 11;
const REACH_PX = 14;
const FINGER_PX = 22;
const OPEN = "#a0195f";
const SETTLED = "#3d4a57";
const CHOSEN = "#d97a00";

const headOf = (px, py, note) => [px, py - (note.state === "open" ? 25 : 21)];

function drop(pen, px, py) {
  pen.beginPath();
  pen.arc(px, py - 25, HEAD_PX, 0.86 * Math.PI, 0.14 * Math.PI);
  pen.lineTo(px, py);
  pen.closePath();
}

function flag(pen, px, py) {
  pen.beginPath();
  pen.rect(px - 9, py - 30, 18, 18);
  pen.moveTo(px, py - 12);
  pen.lineTo(px, py);
}

function paintOpen(pen, px, py, text, isInherited) {
  drop(pen, px, py);
  pen.fillStyle = OPEN;
  pen.fill();
  pen.lineWidth = 2;
  pen.strokeStyle = "#ffffff";
  pen.setLineDash(isInherited ? [3, 2] : []);
  pen.stroke();
  pen.setLineDash([]);
  pen.fillStyle = "#ffffff";
  pen.font = `700 ${text.length > 2 ? 10 : 12}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, px, py - 24.5);
}

function paintSettled(pen, px, py) {
  flag(pen, px, py);
  pen.lineWidth = 4;
  pen.strokeStyle = "#ffffff";
  pen.stroke();
  pen.fillStyle = "#ffffff";
  pen.fillRect(px - 9, py - 30, 18, 18);
  flag(pen, px, py);
  pen.lineWidth = 2;
  pen.strokeStyle = SETTLED;
  pen.stroke();
  pen.beginPath();
  pen.moveTo(px - 5, py - 21);
  pen.lineTo(px - 1.5, py - 17);
  pen.lineTo(px + 5, py - 25);
  pen.lineWidth = 2.5;
  pen.stroke();
}

function ring(pen, px, py, note) {
  const [x, y] = headOf(px, py, note);
  pen.beginPath();
  pen.arc(x, y, HEAD_PX + 6, 0, 2 * Math.PI);
  pen.lineWidth = 3;
  pen.strokeStyle = "#ffffff";
  pen.stroke();
  pen.lineWidth = 2.5;
  pen.strokeStyle = CHOSEN;
  pen.stroke();
}

// Those on the map, the one on top last: settled beneath open, the chosen one above all.
function pinned() {
  const rank = (note) => (idOf(note) === notes.chosen ? 2 : note.state === "open" ? 1 : 0);
  return shownNotes().filter(isThere).sort((a, b) => rank(a) - rank(b));
}

function paint(pen, _, view) {
  if (!view.layers.notes) return;
  pen.lineJoin = "round";
  for (const note of pinned()) {
    const [px, py] = map.toPixels(note.at_m);
    if (px < -20 || py < -5 || px > map.width + 20 || py > map.height + 40) continue;
    if (idOf(note) === notes.chosen) ring(pen, px, py, note);
    if (note.state === "open") paintOpen(pen, px, py, String(note.number), note.is_inherited);
    else paintSettled(pen, px, py);
  }
  if (notes.placing) {
    const [px, py] = map.toPixels(notes.placing);
    pen.globalAlpha = 0.75;
    paintOpen(pen, px, py, "+", true);
    pen.globalAlpha = 1;
  }
}

// The note whose pin lies under a pointer; null for none.
export function noteAt(event) {
  if (!desk.plan || !kept().layers.notes) return null;
  const [x, y] = map.at(event);
  const reach = event.pointerType === "touch" ? FINGER_PX : REACH_PX;
  return pinned().findLast((note) => {
    const [hx, hy] = headOf(...map.toPixels(note.at_m), note);
    return Math.hypot(hx - x, hy - y) <= reach;
  }) || null;
}

const isFree = () => ["choose", "note"].includes(kept().tool) && !map.isPanning;

// A pin that is tapped opens its note, before any tool of the ground hears of it.
function listen() {
  const box = document.getElementById("map-box");
  const canvas = map.canvas;
  let pressed = null;
  let isPointing = false;
  box.addEventListener("pointerdown", (event) => {
    pressed = null;
    if (event.target !== canvas || event.button || !isFree()) return;
    pressed = noteAt(event);
    if (pressed) event.stopPropagation();
  }, true);
  box.addEventListener("pointerup", (event) => {
    if (!pressed) return;
    event.stopPropagation();
    const note = noteAt(event);
    if (note && idOf(note) === idOf(pressed)) openNote(idOf(note), { isZoom: false });
    pressed = null;
  }, true);
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons || !isFree()) return;
    const isOver = Boolean(noteAt(event));
    if (isOver) canvas.style.cursor = "pointer";
    else if (isPointing) canvas.style.cursor = kept().tool === "note" ? "crosshair" : "";
    isPointing = isOver;
  });
}

export function start() {
  overlay(70, paint);
  listen();
}
