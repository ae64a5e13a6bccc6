// The marks of incidents: the shape says the state, the colour and the sign inside how its clock stands, size and ring
// the priority.  Each is painted once and then only stamped.
import { CLOCKS, STATES } from "./dispatch_state.js";

// In a box of 24; the same on the map, in the list and in the legend.
export const SHAPES = {
  received: "M12 2.5l9.5 9.5-9.5 9.5-9.5-9.5z",
  assessed: "M4.5 4.5h15v15h-15z",
  assigned: "M12 2.5l10 18h-20z",
  dispatched: "M4 2.5l17.5 9.5-17.5 9.5z",
  arrived: "M12 3a9 9 0 1 0 .001 0z",
  feedback: "M7.5 3.5h9l5 8.5-5 8.5h-9l-5-8.5z",
  verified: "M3.5 6h17v12h-17z",
  closed: "M3 12.5l3-3 4 4 8-8.5 3 3-11 11.5z",
  cancelled: "M4 7l3-3 5 5 5-5 3 3-5 5 5 5-3 3-5-5-5 5-3-3 5-5z",
};
const SIZE_PX = [0, 25, 20, 16]; // by priority
const FONT = 'system-ui, "Noto Sans CJK SC", sans-serif';
const ROOM_PX = 40;
export let colours = {};
const stamps = new Map();
const COLOURS = ["ok", "soon", "over", "none", "land", "ink", "paper", "halo", "grid", "grid-text", "street", "community", "chosen", "unit", "unit-busy", "unit-stale", "flag", "class-0", "class-1", "class-2", "class-3", "class-4", "heat-0", "heat-1", "heat-2"];

export function readColours() {
  const style = getComputedStyle(document.documentElement);
  colours = Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--map-${name}`).trim()]));
  stamps.clear();
}

const paths = Object.fromEntries(Object.entries(SHAPES).map(([state, text]) => [state, new Path2D(text)]));

function stampOf(state, clock, priority, sharpness) {
  const key = `${state} ${clock} ${priority} ${sharpness}`;
  if (stamps.has(key)) return stamps.get(key);
  const made = document.createElement("canvas");
  made.width = made.height = Math.round(ROOM_PX * sharpness);
  const pen = made.getContext("2d");
  pen.scale(sharpness, sharpness);
  paintMark(pen, ROOM_PX / 2, ROOM_PX / 2, state, clock, priority);
  stamps.set(key, made);
  return made;
}

export function paintMark(pen, x, y, state, clock, priority) {
  const px = SIZE_PX[priority] || SIZE_PX[3];
  pen.save();
  pen.translate(x - px / 2, y - px / 2);
  pen.scale(px / 24, px / 24);
  const thin = 24 / px;
  pen.lineJoin = "round";
  pen.strokeStyle = colours.halo;
  pen.lineWidth = (priority === 1 ? 7 : 4) * thin;
  pen.stroke(paths[state]);
  if (priority === 1) {
    pen.strokeStyle = colours.ink;
    pen.lineWidth = 4.4 * thin;
    pen.stroke(paths[state]);
  }
  pen.strokeStyle = colours.halo;
  pen.lineWidth = 1.6 * thin;
  pen.stroke(paths[state]);
  pen.fillStyle = colours[clock];
  pen.fill(paths[state]);
  pen.restore();
  paintSign(pen, x - (state === "dispatched" ? px * 0.12 : 0), y + (state === "assigned" ? px * 0.1 : 0), px, clock);
}

// Passed: an exclamation mark; its last quarter: a dot.
function paintSign(pen, x, y, px, clock) {
  if (clock !== "over" && clock !== "soon") return;
  pen.fillStyle = colours[`on-${clock}`] || "#ffffff";
  const unit = px / 24;
  if (clock === "over") pen.fillRect(x - 1.4 * unit, y - 5.5 * unit, 2.8 * unit, 6.5 * unit);
  pen.beginPath();
  pen.arc(x, clock === "over" ? y + 4 * unit : y, (clock === "over" ? 1.7 : 2.6) * unit, 0, 2 * Math.PI);
  pen.fill();
}

export function stamp(pen, [x, y], row, sharpness) {
  const made = stampOf(row.state, CLOCKS[row.clock], row.priority, sharpness);
  const sharp = (value) => Math.round(value * sharpness) / sharpness;
  pen.drawImage(made, sharp(x - ROOM_PX / 2), sharp(y - ROOM_PX / 2), ROOM_PX, ROOM_PX);
}

// -- many incidents as one mark: a ring of the shares of their clocks, their number, and how many are overdue

export const ringPx = (n) => 13 + 4.5 * Math.log10(n);

export function paintCluster(pen, [x, y], n, shares) {
  const r = ringPx(n);
  pen.beginPath();
  pen.arc(x, y, r + 2, 0, 2 * Math.PI);
  pen.fillStyle = colours.halo;
  pen.fill();
  let from = -Math.PI / 2;
  for (const at of [2, 1, 0, 3]) {
    if (!shares[at]) continue;
    const to = from + (2 * Math.PI * shares[at]) / n;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.arc(x, y, r, from, to);
    pen.closePath();
    pen.fillStyle = colours[CLOCKS[at]];
    pen.fill();
    from = to;
  }
  pen.beginPath();
  pen.arc(x, y, r - 4.5, 0, 2 * Math.PI);
  pen.fillStyle = colours.paper;
  pen.fill();
  pen.fillStyle = colours.ink;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.font = `700 ${n > 999 ? 11 : 12}px ${FONT}`;
  pen.fillText(String(n), x, y + 0.5);
  if (shares[2]) paintOverdue(pen, x + r * 0.75, y - r * 0.85, shares[2]);
}

function paintOverdue(pen, x, y, n) {
  const text = `!${n}`;
  pen.font = `700 10.5px ${FONT}`;
  const wide = pen.measureText(text).width + 7;
  pen.beginPath();
  pen.roundRect(x - wide / 2, y - 7.5, wide, 15, 7.5);
  pen.fillStyle = colours.over;
  pen.fill();
  pen.lineWidth = 1.5;
  pen.strokeStyle = colours.halo;
  pen.stroke();
  pen.fillStyle = "#ffffff";
  pen.fillText(text, x, y + 0.5);
}

// -- units and red flags

// A shield with the first letter of how it goes; hollow where it is not free, dashed and grey where its place is old.
export function paintUnit(pen, [x, y], unit, isStale, label) {
  const path = new Path2D("M-9 -9h18v9c0 6-5 9-9 11c-4-2-9-5-9-11z");
  pen.save();
  pen.translate(x, y);
  pen.lineJoin = "round";
  pen.strokeStyle = colours.halo;
  pen.lineWidth = 4;
  pen.stroke(path);
  const isFree = unit.status === "available" && !isStale;
  const colour = isStale ? colours["unit-stale"] : unit.status === "busy" ? colours["unit-busy"] : colours.unit;
  pen.fillStyle = isFree ? colour : colours.paper;
  pen.fill(path);
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.setLineDash(isStale ? [3, 2.5] : []);
  pen.stroke(path);
  pen.fillStyle = isFree ? "#ffffff" : colour;
  pen.font = `700 11px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText({ foot: "F", ebike: "E", car: "C" }[unit.mode] || "U", 0, 0);
  if (label) outlined(pen, label, 0, 21, 11.5);
  pen.restore();
}

export function paintFlag(pen, [x, y]) {
  pen.save();
  pen.translate(x, y);
  for (const [colour, width] of [[colours.halo, 5], [colours.ink, 2]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(0, 0);
    pen.lineTo(0, -20);
    pen.stroke();
  }
  const path = new Path2D("M0 -20l13 4.5l-13 4.5z");
  pen.strokeStyle = colours.halo;
  pen.lineWidth = 2.5;
  pen.stroke(path);
  pen.fillStyle = colours.flag;
  pen.fill(path);
  pen.restore();
}

export function outlined(pen, text, x, y, px, weight = 600, colour = colours.ink) {
  pen.font = `${weight} ${px}px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineJoin = "round";
  pen.lineWidth = 3.5;
  pen.strokeStyle = colours.halo;
  pen.strokeText(text, x, y);
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

// Whether a text of a size finds room beside those that are written; if so it is one of them.
export function hasRoom(written, pen, text, x, y, px, lines = 1) {
  pen.font = `700 ${px}px ${FONT}`;
  const [w, h] = [pen.measureText(text).width / 2 + 3, (px * lines) / 2 + 2];
  if (written.some((one) => Math.abs(one.x - x) < one.w + w && Math.abs(one.y - y) < one.h + h)) return false;
  written.push({ x, y, w, h });
  return true;
}

// A mark as a picture in a page: the same shape and signs, coloured by the style sheet.
export function markIcon(state, clock = "none", kind = "mark") {
  const space = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(space, "svg");
  made.setAttribute("viewBox", "-1 -1 26 26");
  made.setAttribute("aria-hidden", "true");
  made.setAttribute("class", `${kind} clock-${clock}`);
  const add = (d, name) => {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", d);
    path.setAttribute("class", name);
    made.append(path);
  };
  add(SHAPES[STATES.includes(state) ? state : "received"], "body");
  if (clock === "over" && state === "dispatched") add("M7.6 6.5h2.8v6.5h-2.8zM9 14.3a1.7 1.7 0 1 0 .001 0z", "sign");
  else if (clock === "over") add("M10.6 6.5h2.8v6.5h-2.8zM12 14.3a1.7 1.7 0 1 0 .001 0z", "sign");
  if (clock === "soon") add("M12 9.4a2.6 2.6 0 1 0 .001 0z", "sign");
  return made;
}
