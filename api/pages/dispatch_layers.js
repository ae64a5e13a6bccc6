// Two other ways to look at the incidents that are shown: how dense they lie (heat), and how many each grid has, or has
// for every 1,000 of its households.
import { classAt, classesOf, density } from "./dispatch_index.js";
import { shownRows } from "./dispatch_filter.js";
import { ground } from "./dispatch_ground.js";
import { colours, hasRoom, outlined } from "./dispatch_marks.js";
import { desk } from "./dispatch_state.js";

const CELL_PX = 4;
const RADIUS_PX = 46; // about: the radius is a round number of metres
const LABEL_PX = 30;

// For the legend: what is painted now.
export const shown = { radiusM: 0, most: 0, bounds: [], elsewhere: 0 };

function roundMetres(m) {
  const ten = 10 ** Math.floor(Math.log10(m));
  return [5, 2, 1].map((n) => n * ten).find((one) => one <= m) || ten;
}

// -- heat

const parsed = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

export function heatColour(share) {
  const stops = ["heat-0", "heat-1", "heat-2"].map((name) => parsed(colours[name]));
  const at = Math.min(share, 0.9999) * 2;
  const [a, b] = [stops[Math.floor(at)], stops[Math.floor(at) + 1]];
  return a.map((one, i) => Math.round(one + (b[i] - one) * (at % 1)));
}

export function paintHeat(pen, view) {
  const wide = Math.ceil(view.width / CELL_PX);
  const high = Math.ceil(view.height / CELL_PX);
  const cellM = CELL_PX / view.scale;
  const radiusM = roundMetres(RADIUS_PX / view.scale);
  const found = density(shownRows(), { x0: view.box[0], y0: view.box[1], wide, high, cellM, radiusM });
  shown.radiusM = radiusM;
  shown.most = found.most;
  if (!found.most) return;
  const picture = document.createElement("canvas");
  [picture.width, picture.height] = [wide, high];
  const inner = picture.getContext("2d");
  const image = inner.createImageData(wide, high);
  const table = Array.from({ length: 256 }, (_, i) => heatColour(i / 255));
  for (let i = 0; i < found.values.length; i += 1) {
    const share = Math.sqrt(found.values[i] / found.most);
    if (share < 0.06) continue;
    const [r, g, b] = table[Math.round(share * 255)];
    image.data.set([r, g, b, Math.round(255 * Math.min(0.25 + share * 0.65, 0.85))], 4 * i);
  }
  inner.putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = true;
  pen.drawImage(picture, 0, 0, wide * CELL_PX, high * CELL_PX);
}

// -- grids

export function gridValues() {
  const counts = new Map();
  for (const row of shownRows()) counts.set(row.grid, (counts.get(row.grid) || 0) + 1);
  const isRate = desk.filter.per === "households";
  const values = new Map();
  let known = 0;
  for (const grid of ground.grids) {
    const n = counts.get(grid.code) || 0;
    known += n;
    if (isRate && !grid.households) continue; // nobody lives there: no rate
    values.set(grid.code, isRate ? (1000 * n) / grid.households : n);
  }
  return { values, counts, elsewhere: shownRows().length - known };
}

export function paintGrids(pen, view) {
  const { values, elsewhere } = gridValues();
  const bounds = classesOf([...values.values()].filter((one) => one > 0));
  shown.bounds = bounds;
  shown.elsewhere = elsewhere;
  const [x0, y0, x1, y1] = view.box;
  const inSight = ground.grids.filter(({ box }) => box[2] >= x0 && box[0] <= x1 && box[3] >= y0 && box[1] <= y1);
  view.inMetres(pen, () => {
    for (const grid of inSight) {
      const value = values.get(grid.code);
      if (!value) continue;
      pen.globalAlpha = 0.82;
      pen.fillStyle = colours[`class-${Math.round((classAt(bounds, value) * 4) / Math.max(bounds.length - 1, 1))}`];
      pen.fill(grid.path, "evenodd");
      pen.globalAlpha = 1;
    }
    pen.strokeStyle = colours.grid;
    pen.lineWidth = 1 / view.scale;
    for (const grid of inSight) pen.stroke(grid.path);
  });
  const isWide = (grid, px) => (grid.box[2] - grid.box[0]) * view.scale >= px;
  const told = inSight.filter((grid) => values.get(grid.code) !== undefined && isWide(grid, LABEL_PX));
  told.sort((a, b) => values.get(b.code) - values.get(a.code)); // where there is room for one, the greater is said
  const written = [];
  for (const grid of told) {
    const [px, py] = view.toPixels(grid.middle);
    const [text, code] = [numberOf(values.get(grid.code)), ground.shortCode(String(grid.code))];
    if (isWide(grid, 78) && hasRoom(written, pen, code, px, py, 13, 2)) {
      outlined(pen, code, px, py - 7, 11.5, 500);
      outlined(pen, text, px, py + 8, 13, 700);
    } else if (hasRoom(written, pen, text, px, py, 13)) {
      outlined(pen, text, px, py, 13, 700);
    }
  }
}

export const numberOf = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 1 : 0));
