// What the form and the choice of units draw on the map: the place that is meant, and the ways to it.
import { colours } from "./dispatch_marks.js";
import { centreOn, map, overlay, placeOf, redraw } from "./dispatch_map.js";

const HEAD_PX = 13;
let marked = null; // longitude and latitude of the form's place
let ways = []; // {lines: [[lon, lat], ...][], isChosen, isStraight, digit}

// The place of the form; null takes it away.
export function markPlace(lonLat) {
  marked = lonLat;
  redraw();
}

export const showPlace = (lonLat) => centreOn(lonLat);

export function showWays(given) {
  ways = given;
  redraw();
}

export const waysShown = () => ways;

function paintPlace(pen) {
  if (!marked) return;
  const [x, y] = map.toPixels(placeOf(marked));
  pen.beginPath();
  pen.moveTo(x, y);
  pen.bezierCurveTo(x - 3, y - 10, x - HEAD_PX, y - 16, x - HEAD_PX, y - 26);
  pen.arc(x, y - 26, HEAD_PX, Math.PI, 0);
  pen.bezierCurveTo(x + HEAD_PX, y - 16, x + 3, y - 10, x, y);
  pen.fillStyle = colours.chosen;
  pen.fill();
  pen.strokeStyle = colours.halo;
  pen.lineWidth = 2;
  pen.stroke();
  pen.fillStyle = colours.halo;
  pen.beginPath();
  pen.arc(x, y - 26, 4.5, 0, 2 * Math.PI);
  pen.fill();
}

function paintWays(pen) {
  for (const way of [...ways].sort((a, b) => Number(a.isChosen) - Number(b.isChosen))) {
    const places = way.line.map((lonLat) => map.toPixels(placeOf(lonLat)));
    if (places.length < 2) continue;
    pen.lineJoin = pen.lineCap = "round";
    for (const [colour, width] of [[colours.halo, way.isChosen ? 8 : 5], [colours.chosen, way.isChosen ? 4.5 : 2]]) {
      pen.setLineDash(way.isStraight && colour !== colours.halo ? [9, 8] : []);
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      places.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
      pen.stroke();
    }
    pen.setLineDash([]);
    const [x, y] = places[0];
    pen.fillStyle = colours.chosen;
    pen.beginPath();
    pen.arc(x, y, 11, 0, 2 * Math.PI);
    pen.fill();
    pen.fillStyle = colours.halo;
    pen.font = "700 14px system-ui, sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(String(way.digit), x, y + 0.5);
  }
}

export function start() {
  overlay(30, paintWays);
  overlay(60, paintPlace);
}
