// Drawing by pencil: colours from the style sheet, patterns, lines and areas, one by one or many as one path.
const NAMES = ["land", "house", "house-edge", "way", "way-edge", "grid", "ink", "paper", "seen", "unseen", "blind", "camera",
  "sight", "mask", "bad", "chosen", "new", "post", "door", "class-0", "class-1", "class-2", "class-3", "class-4",
  "time-0", "time-1", "time-2", "time-3", "time-4"];
export const CLASSES = 5;
export const FONT = "system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";

const COARSE = 0.15; // pixels per metre below which vertices closer than some metres are left out
const COARSE_M = 8;
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
export const visible = (map, list) => list.filter((one) => isIn(map, one.box));

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

// -- lines and areas

function trace(map, line, isNew = true) {
  const { pen } = map;
  if (isNew) pen.beginPath();
  line.forEach((at, i) => (i ? pen.lineTo(...map.toPixels(at)) : pen.moveTo(...map.toPixels(at))));
}

// Many shapes as one path, so that a city is as quick to draw as a town: each is traced once, in metres.
export function pathOf(map, list) {
  const { scale, middle: [x, y], width, height } = map;
  const turn = new DOMMatrix([scale, 0, 0, scale, width / 2 - x * scale, height / 2 - y * scale]);
  const all = new Path2D();
  for (const one of list) {
    const name = scale < COARSE ? "coarse" : "path";
    one[name] = one[name] || traced(one, scale < COARSE ? COARSE_M : 0);
    all.addPath(one[name], turn);
  }
  return all;
}

function traced({ line, rings }, apart) {
  const path = new Path2D();
  for (const ring of rings || [line]) {
    let [px, py] = ring[0];
    path.moveTo(px, py);
    ring.forEach(([x, y], i) => {
      if (i < ring.length - 1 && Math.abs(x - px) + Math.abs(y - py) < apart) return;
      path.lineTo(x, y);
      [px, py] = [x, y];
    });
    if (rings) path.closePath();
  }
  return path;
}

export function strokeAll(map, list, colour, width, dash = []) {
  const { pen } = map;
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.stroke(list instanceof Path2D ? list : pathOf(map, list));
  pen.setLineDash([]);
}

export function fillAll(map, path, fill, alpha = 1) {
  const { pen } = map;
  pen.globalAlpha = alpha;
  pen.fillStyle = fill;
  pen.fill(path, "evenodd");
  pen.globalAlpha = 1;
}

export function stroke(map, line, colour, width, dash = []) {
  const { pen } = map;
  trace(map, line);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.stroke();
  pen.setLineDash([]);
}

export function fillShape(map, rings, fill, alpha, edge, width) {
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

