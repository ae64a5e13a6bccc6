// What stands on the map.  Colours come from the style sheet; each class of an area also has a pattern and a number, and
// every kind of line its own width and dash, so that nothing is told by colour alone.
import { paintPoints } from "./coverage_marks.js";
import { CLASSES, FONT, colours, fillAll, fillShape, hatch, pathOf, patternOf, readColours, stroke, strokeAll, visible } from "./coverage_pen.js";

// Lists of {line} or {rings} in metres; what is drawn is what is there.
export const scene = {
  houses: [], grids: [], ways: [], seen: [], unseen: [], blind: [], chosenBlind: [], sights: [], masks: [], cameras: [], proposals: [], tried: [],
  streets: [], rings: [], posts: [], doors: [], newPosts: [], chosenGrid: "", classOf: null, numberOf: null, shortCode: (code) => code,
};

export function paint(map, words) {
  const { pen } = map;
  if (!colours.land) readColours();
  pen.fillStyle = colours.land;
  pen.fillRect(0, 0, map.width, map.height);
  pen.lineJoin = "round";
  pen.lineCap = "round";
  const grids = visible(map, scene.grids);
  paintClasses(map, grids);
  paintGround(map);
  for (const one of visible(map, scene.sights)) fillShape(map, one.rings, colours.sight, 0.16, colours.sight, 1);
  for (const one of visible(map, scene.masks)) fillShape(map, one.rings, hatch(pen, colours.mask, 6), 0.9, colours.mask, 1);
  paintTimes(map);
  const thin = Math.min(Math.max(map.scale / 0.8, 0.5), 1); // from afar rings would hide the streets
  for (const one of visible(map, scene.rings)) for (const ring of one.rings) {
    if (thin === 1) stroke(map, ring, colours.paper, 5);
    stroke(map, ring, colours[`time-${one.step}`], 2.5 * thin, [[], [10, 5], [3, 5]][one.step % 3]);
  }
  strokeAll(map, visible(map, scene.unseen), colours.unseen, 2.5, [2, 6]);
  const seen = visible(map, scene.seen);
  strokeAll(map, seen.filter((one) => one.by < 2), colours.seen, 3);
  strokeAll(map, seen.filter((one) => one.by > 1), colours.seen, 5);
  const blind = pathOf(map, visible(map, scene.blind));
  strokeAll(map, blind, colours.paper, 5);
  strokeAll(map, blind, colours.blind, 3, [7, 5]);
  for (const one of visible(map, scene.chosenBlind)) {
    stroke(map, one.line, colours.paper, 13);
    stroke(map, one.line, colours.blind, 8);
  }
  paintOutlines(map, grids);
  paintPoints(map, scene);
  paintNumbers(map, grids);
  paintScale(map, words);
}

// -- areas and lines

function paintClasses(map, grids) {
  if (!scene.classOf) return;
  const steps = Array.from({ length: CLASSES }, () => []);
  for (const grid of grids) steps[scene.classOf(grid)]?.push(grid);
  steps.forEach((list, step) => {
    if (!list.length) return;
    const path = pathOf(map, list);
    fillAll(map, path, colours[`class-${step}`], 0.85);
    const pattern = patternOf(map.pen, step);
    if (pattern) fillAll(map, path, pattern, 0.4);
  });
}

function paintGround(map) {
  const houses = pathOf(map, visible(map, scene.houses));
  fillAll(map, houses, colours.house);
  strokeAll(map, houses, colours["house-edge"], 0.8);
  const px = Math.min(Math.max(5 * map.scale, 1.6), 12);
  const ways = pathOf(map, visible(map, scene.ways));
  strokeAll(map, ways, colours["way-edge"], px + 1.6);
  strokeAll(map, ways, colours.way, px);
}

function paintTimes(map) {
  const streets = visible(map, scene.streets);
  for (let step = CLASSES - 1; step >= 0; step -= 1) {
    strokeAll(map, streets.filter((one) => one.step === step), colours[`time-${step}`], 5 - Math.min(step, 3) * 0.8);
  }
  strokeAll(map, streets.filter((one) => one.step === null), colours.bad, 3, [2, 6]);
}

function paintOutlines(map, grids) {
  strokeAll(map, grids, colours.grid, map.scale < 0.1 ? 0.6 : 1.2);
  for (const grid of grids) {
    if (grid.code !== scene.chosenGrid) continue;
    for (const ring of grid.rings) {
      stroke(map, ring, colours.paper, 7);
      stroke(map, ring, colours.chosen, 4);
    }
  }
}

// -- numbers and the scale

function outlined(pen, text, x, y) {
  pen.lineWidth = 4;
  pen.strokeStyle = colours.paper;
  pen.strokeText(text, x, y);
  pen.fillStyle = colours.ink;
  pen.fillText(text, x, y);
}

const MOST_NUMBERS = 150;

// The largest grids first, as they stand in the scene.
function paintNumbers(map, grids) {
  if (!scene.numberOf) return;
  const { pen } = map;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const taken = [];
  for (const grid of grids) {
    if (taken.length >= MOST_NUMBERS) break;
    const text = scene.numberOf(grid);
    if (!text) continue;
    const wide = (grid.box[2] - grid.box[0]) * map.scale;
    pen.font = `700 14px ${FONT}`;
    const half = pen.measureText(text).width / 2 + 3;
    if (wide < half * 2) continue;
    const [x, y] = map.toPixels(grid.middle);
    const hasCode = wide > 110;
    const box = [x - Math.max(half, hasCode ? 36 : 0), y - 10, x + Math.max(half, hasCode ? 36 : 0), y + (hasCode ? 24 : 10)];
    if (taken.some((other) => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) continue;
    taken.push(box);
    outlined(pen, text, x, y);
    if (!hasCode) continue;
    pen.font = `500 12px ${FONT}`;
    outlined(pen, scene.shortCode(grid.code), x, y + 16);
  }
}

function paintScale(map, words) {
  const { pen } = map;
  const most = 100 / map.scale;
  const ten = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((n) => n * ten).find((m) => m <= most) || ten;
  const [x, y, long] = [map.width - metres * map.scale - 64, map.height - 12, metres * map.scale];
  for (const [colour, width] of [[colours.paper, 5], [colours.ink, 2]]) {
    pen.beginPath();
    [[x, y - 6], [x, y], [x + long, y], [x + long, y - 6]].forEach(([px, py], i) => (i ? pen.lineTo(px, py) : pen.moveTo(px, py)));
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.stroke();
  }
  pen.font = `600 13px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "alphabetic";
  outlined(pen, `${metres < 1000 ? `${metres} m` : `${metres / 1000} km`}  ↑${words("north")}`, x + long / 2, y - 8);
}
