// What stands on the map.  Colours come from the style sheet; each class of an area also has a pattern and a number, and
// every kind of line its own width and dash, so that nothing is told by colour alone.
const NAMES = ["land", "house", "house-edge", "way", "way-edge", "grid", "ink", "paper", "seen", "unseen", "blind", "camera",
  "sight", "mask", "bad", "chosen", "new", "post", "door", "class-0", "class-1", "class-2", "class-3", "class-4",
  "time-0", "time-1", "time-2", "time-3", "time-4"];
export const CLASSES = 5;
const FONT = "system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";

// Lists of {line} or {rings} in metres; what is drawn is what is there.
export const scene = {
  houses: [], grids: [], ways: [], seen: [], unseen: [], blind: [], chosenBlind: [], sights: [], masks: [], cameras: [], proposals: [], tried: [],
  streets: [], rings: [], posts: [], doors: [], newPosts: [], chosenGrid: "", classOf: null, numberOf: null, shortCode: (code) => code,
};
export let colours = {};
const patterns = new Map();

export function readColours() {
  const style = getComputedStyle(document.documentElement);
  colours = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--map-${name}`).trim()]));
  patterns.clear();
}

const isIn = (map, box) => {
  const [x0, y0] = map.toMetres([0, 0]);
  const [x1, y1] = map.toMetres([map.width, map.height]);
  return box[0] <= x1 && box[2] >= x0 && box[1] <= y1 && box[3] >= y0;
};
const visible = (map, list) => list.filter((one) => isIn(map, one.box));

export function boxOf(places) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of places) {
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  return box;
}

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
  for (const one of visible(map, scene.streets)) timed(map, one);
  const thin = Math.min(Math.max(map.scale / 0.8, 0.5), 1); // from afar rings would hide the streets
  for (const one of visible(map, scene.rings)) for (const ring of one.rings) {
    if (thin === 1) stroke(map, ring, colours.paper, 5);
    stroke(map, ring, colours[`time-${one.step}`], 2.5 * thin, [[], [10, 5], [3, 5]][one.step % 3]);
  }
  for (const one of visible(map, scene.unseen)) stroke(map, one.line, colours.unseen, 2.5, [2, 6]);
  for (const one of visible(map, scene.seen)) stroke(map, one.line, colours.seen, one.by > 1 ? 5 : 3);
  for (const one of visible(map, scene.blind)) {
    stroke(map, one.line, colours.paper, 5);
    stroke(map, one.line, colours.blind, 3, [7, 5]);
  }
  for (const one of visible(map, scene.chosenBlind)) {
    stroke(map, one.line, colours.paper, 13);
    stroke(map, one.line, colours.blind, 8);
  }
  paintOutlines(map, grids);
  paintPoints(map);
  paintNumbers(map, grids);
  paintScale(map, words);
}

// -- lines and areas

function trace(map, line, isNew = true) {
  const { pen } = map;
  if (isNew) pen.beginPath();
  line.forEach((at, i) => (i ? pen.lineTo(...map.toPixels(at)) : pen.moveTo(...map.toPixels(at))));
}

function stroke(map, line, colour, width, dash = []) {
  const { pen } = map;
  trace(map, line);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.stroke();
  pen.setLineDash([]);
}

function fillShape(map, rings, fill, alpha, edge, width) {
  const { pen } = map;
  pen.beginPath();
  for (const ring of rings) {
    trace(map, ring, false);
    pen.closePath();
  }
  pen.globalAlpha = alpha;
  pen.fillStyle = fill;
  pen.fill("evenodd");
  pen.globalAlpha = 1;
  if (!edge) return;
  pen.strokeStyle = edge;
  pen.lineWidth = width;
  pen.stroke();
}

function tile(size, draw) {
  const small = document.createElement("canvas");
  small.width = small.height = size;
  draw(small.getContext("2d"));
  return small;
}

export function hatch(pen, colour, size, isCrossed = false) {
  const key = `${colour} ${size} ${isCrossed}`;
  if (!patterns.has(key)) {
    const made = tile(size, (own) => {
      own.strokeStyle = colour;
      own.lineWidth = 1.3;
      for (const [a, b] of [[[0, size], [size, 0]], [[-1, 1], [1, -1]], [[size - 1, size + 1], [size + 1, size - 1]]]) {
        own.beginPath();
        own.moveTo(...a);
        own.lineTo(...b);
        if (isCrossed) {
          own.moveTo(size - a[0], a[1]);
          own.lineTo(size - b[0], b[1]);
        }
        own.stroke();
      }
    });
    patterns.set(key, pen.createPattern(made, "repeat"));
  }
  return patterns.get(key);
}

function dots(pen, colour, size) {
  const key = `dots ${colour} ${size}`;
  if (!patterns.has(key)) {
    const made = tile(size, (own) => {
      own.fillStyle = colour;
      own.fillRect(size / 2 - 1, size / 2 - 1, 2, 2);
    });
    patterns.set(key, pen.createPattern(made, "repeat"));
  }
  return patterns.get(key);
}

// The pattern of a class: the farther from what is wanted, the denser; none where it is kept.
export function patternOf(pen, step) {
  const dark = colours["grid"];
  return [hatch(pen, dark, 7, true), hatch(pen, dark, 9), dots(pen, dark, 7), dots(pen, dark, 13), null][step];
}

function paintClasses(map, grids) {
  if (!scene.classOf) return;
  for (const grid of grids) {
    const step = scene.classOf(grid);
    if (step === null) continue;
    fillShape(map, grid.rings, colours[`class-${step}`], 0.85);
    const pattern = patternOf(map.pen, step);
    if (pattern) fillShape(map, grid.rings, pattern, 0.4);
  }
}

function paintGround(map) {
  for (const one of visible(map, scene.houses)) fillShape(map, one.rings, colours.house, 1, colours["house-edge"], 0.8);
  const px = Math.min(Math.max(5 * map.scale, 1.6), 12);
  const ways = visible(map, scene.ways);
  for (const one of ways) stroke(map, one.line, colours["way-edge"], px + 1.6);
  for (const one of ways) stroke(map, one.line, colours.way, px);
}

function timed(map, { line, step }) {
  const isLate = step === null;
  stroke(map, line, isLate ? colours.bad : colours[`time-${step}`], isLate ? 3 : 5 - Math.min(step, 3) * 0.8, isLate ? [2, 6] : []);
}

function paintOutlines(map, grids) {
  for (const grid of grids) {
    for (const ring of grid.rings) stroke(map, ring, colours.grid, 1.2);
  }
  for (const grid of grids) {
    if (grid.code !== scene.chosenGrid) continue;
    for (const ring of grid.rings) {
      stroke(map, ring, colours.paper, 7);
      stroke(map, ring, colours.chosen, 4);
    }
  }
}

// -- points

function disc(pen, [x, y], radius, fill, edge, width = 2) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fillStyle = fill;
  pen.fill();
  pen.strokeStyle = edge;
  pen.lineWidth = width;
  pen.stroke();
}

function camera(map, one) {
  const { pen } = map;
  const at = map.toPixels(one.at);
  const size = one.isChosen ? 8 : 5;
  if (one.assumed) {
    pen.setLineDash([3, 3]);
    pen.beginPath();
    pen.arc(...at, size + 4, 0, 7);
    pen.strokeStyle = colours.camera;
    pen.lineWidth = 1.4;
    pen.stroke();
    pen.setLineDash([]);
  }
  if (one.forbidden) {
    pen.fillStyle = colours.bad;
    pen.fillRect(at[0] - size - 1, at[1] - size - 1, 2 * size + 2, 2 * size + 2);
    disc(pen, at, size - 2, colours.paper, colours.paper, 1);
    return;
  }
  disc(pen, at, size, one.working ? colours.camera : colours.paper, one.working ? colours.paper : colours.camera);
  if (!one.working) cross(pen, at, size - 2, colours.camera);
}

function cross(pen, [x, y], size, colour) {
  pen.beginPath();
  for (const way of [1, -1]) {
    pen.moveTo(x - size, y - way * size);
    pen.lineTo(x + size, y + way * size);
  }
  pen.strokeStyle = colour;
  pen.lineWidth = 1.8;
  pen.stroke();
}

function labelled(map, { at, text, isChosen, verdict }, colour) {
  const { pen } = map;
  const [x, y] = map.toPixels(at);
  const size = isChosen ? 15 : 11;
  pen.save();
  pen.translate(x, y);
  pen.rotate(Math.PI / 4);
  pen.fillStyle = verdict === "refused" ? colours.paper : isChosen ? colours.chosen : colour;
  pen.strokeStyle = verdict === "refused" ? colours.ink : isChosen ? colours.ink : colours.paper;
  pen.lineWidth = 2;
  pen.fillRect(-size * 0.75, -size * 0.75, size * 1.5, size * 1.5);
  pen.strokeRect(-size * 0.75, -size * 0.75, size * 1.5, size * 1.5);
  pen.restore();
  pen.fillStyle = verdict === "refused" ? colours.ink : colours.paper;
  pen.font = `700 ${size}px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText({ accepted: "✓", refused: "×" }[verdict] || text, x, y + 0.5);
}

function looking(map, one) {
  if (one.heading === null || one.heading === undefined) return;
  const { pen } = map;
  const [x, y] = map.toPixels(one.at);
  const turn = (one.heading * Math.PI) / 180;
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x + Math.sin(turn) * 28, y - Math.cos(turn) * 28);
  pen.strokeStyle = colours.ink;
  pen.lineWidth = 3;
  pen.stroke();
}

function paintPoints(map) {
  const { pen } = map;
  for (const one of visible(map, scene.cameras)) camera(map, one);
  for (const one of visible(map, scene.doors)) {
    const at = map.toPixels(one.at);
    const isSmall = map.scale < 0.6 && !one.isChosen;
    disc(pen, at, one.isChosen ? 11 : isSmall ? 5 : 8, one.isChosen ? colours.chosen : colours.door, colours.paper);
    if (isSmall) continue;
    pen.fillStyle = colours.paper;
    pen.font = `700 ${one.isChosen ? 13 : 11}px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(one.text, at[0], at[1] + 0.5);
  }
  for (const one of visible(map, scene.posts)) {
    const [x, y] = map.toPixels(one.at);
    pen.fillStyle = colours.post;
    pen.strokeStyle = colours.paper;
    pen.lineWidth = 2.5;
    pen.beginPath();
    pen.moveTo(x, y - 11);
    pen.lineTo(x + 10, y + 7);
    pen.lineTo(x - 10, y + 7);
    pen.closePath();
    pen.stroke();
    pen.fill();
  }
  for (const list of [scene.proposals, scene.tried, scene.newPosts]) {
    const shown = visible(map, list);
    for (const one of shown) if (one.rings && one.isChosen) fillShape(map, one.rings, colours.chosen, 0.28, colours.ink, 1.6);
    for (const one of shown) if (!one.isChosen) labelled(map, one, colours.new);
    for (const one of shown) {
      if (!one.isChosen) continue;
      looking(map, one);
      labelled(map, one, colours.new);
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

function paintNumbers(map, grids) {
  if (!scene.numberOf) return;
  const { pen } = map;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const taken = [];
  for (const grid of [...grids].sort((a, b) => b.area - a.area)) {
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
