// What stands on the map: ground, grid, the route with where one is on it, places, what was missed, the reader's position.
// Colours come from the style sheet, so that day and night differ there alone.
const WIDE = new Set(["motorway", "trunk", "primary", "motorway_link", "trunk_link", "primary_link"]);
const MIDDLE = new Set(["secondary", "tertiary", "secondary_link", "tertiary_link"]);
const NARROW = new Set(["footway", "path", "steps", "track", "cycleway", "corridor", "bridleway", "passage"]);
const METRES_WIDE = { wide: 14, middle: 10, plain: 7, narrow: 2.5 };
const BESIDE_PX = 3.5; // a route runs right of the middle, so that there and back are two lines
const NAMES = ["land", "edge", "street", "grid", "route", "done", "empty", "now", "missed", "blind", "place", "ink", "paper", "me"];

export const scene = { ground: [], rings: [], legs: [], lost: [], missed: [], blind: [], places: [], step: 0, me: null, isReport: false };
let colours = null;

export function forgetColours() {
  colours = null;
}

export function widthClass(name) {
  if (WIDE.has(name)) return "wide";
  if (MIDDLE.has(name)) return "middle";
  return NARROW.has(name) ? "narrow" : "plain";
}

export function painted(words) {
  return (map) => paint(map, words);
}

function paint(map, words) {
  if (!colours) {
    const style = getComputedStyle(document.documentElement);
    colours = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--map-${name}`).trim()]));
  }
  const { pen } = map;
  pen.fillStyle = colours.land;
  pen.fillRect(0, 0, map.width, map.height);
  pen.lineJoin = "round";
  pen.lineCap = "round";
  paintGround(map);
  paintRings(map);
  for (const rings of scene.isReport ? scene.blind : []) fillHatched(map, rings);
  for (const line of scene.lost) stroke(map, line, colours.ink, 3, [2, 7]);
  paintRoute(map);
  for (const line of scene.isReport ? scene.missed : []) {
    stroke(map, line, colours.paper, 11);
    stroke(map, line, colours.missed, 7);
  }
  paintPlaces(map);
  paintNames(map);
  paintMe(map);
  paintScale(map, words);
}

function trace(map, line) {
  const { pen } = map;
  pen.beginPath();
  line.forEach((at, i) => {
    const [px, py] = map.toPixels(at);
    if (i) pen.lineTo(px, py);
    else pen.moveTo(px, py);
  });
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

function paintGround(map) {
  const px = (kind) => Math.max(METRES_WIDE[kind] * map.scale, kind === "narrow" ? 1.5 : 3);
  for (const one of scene.ground) {
    if (one.kind === "narrow") stroke(map, one.line, colours.edge, Math.min(px("narrow"), 2.5), [4, 4]);
    else stroke(map, one.line, colours.edge, px(one.kind) + 2);
  }
  for (const one of scene.ground) if (one.kind !== "narrow") stroke(map, one.line, colours.street, px(one.kind));
}

function paintRings(map) {
  for (const ring of scene.rings) {
    stroke(map, ring, colours.paper, 7);
    stroke(map, ring, colours.grid, 3, [14, 6]);
  }
}

function fillHatched(map, rings) {
  const { pen } = map;
  pen.save();
  pen.beginPath();
  for (const ring of rings) {
    ring.forEach((at, i) => (i ? pen.lineTo(...map.toPixels(at)) : pen.moveTo(...map.toPixels(at))));
    pen.closePath();
  }
  pen.clip("evenodd");
  pen.strokeStyle = colours.blind;
  pen.lineWidth = 2.5;
  pen.beginPath();
  for (let x = -map.height; x < map.width; x += 10) {
    pen.moveTo(x, map.height);
    pen.lineTo(x + map.height, 0);
  }
  pen.stroke();
  pen.restore();
  for (const ring of rings) stroke(map, ring, colours.blind, 1.5);
}

// A line in pixels, moved to the right of where it leads.
function beside(map, line) {
  const points = line.map((at) => map.toPixels(at));
  if (points.length < 2) return points;
  return points.map(([x, y], i) => {
    const [ax, ay] = points[Math.max(i - 1, 0)];
    const [bx, by] = points[Math.min(i + 1, points.length - 1)];
    const long = Math.hypot(bx - ax, by - ay) || 1;
    return [x - ((by - ay) / long) * BESIDE_PX, y + ((bx - ax) / long) * BESIDE_PX];
  });
}

function strokePixels(pen, points, colour, width, dash = []) {
  pen.beginPath();
  points.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.stroke();
  pen.setLineDash([]);
}

function paintRoute(map) {
  const { pen } = map;
  if (scene.isReport) {
    for (const { line } of scene.legs) stroke(map, line, colours.done, 3);
    return;
  }
  const lines = scene.legs.map((leg) => (leg.kind === "dwell" ? null : beside(map, leg.line)));
  const each = (chosen, draw) => lines.forEach((points, i) => points && chosen(i) && draw(points, scene.legs[i]));
  each((i) => i < scene.step, (points) => strokePixels(pen, points, colours.done, 4));
  each((i) => i > scene.step, (points, leg) => {
    if (leg.kind === "deadhead") strokePixels(pen, points, colours.empty, 3, [3, 7]);
    else strokePixels(pen, points, colours.route, 4.5);
  });
  each((i) => i > scene.step && i <= scene.step + 12, (points) => chevrons(pen, points, colours.ink, 90, 5));
  each((i) => i === scene.step, (points, leg) => {
    strokePixels(pen, points, colours.ink, 12);
    strokePixels(pen, points, colours.now, 8, leg.kind === "deadhead" ? [10, 10] : []);
    chevrons(pen, points, colours.ink, 46, 6);
    spot(pen, points[0], 9, colours.now);
  });
}

// Arrow heads along a line, at least one in its middle.
function chevrons(pen, points, colour, every, size) {
  let long = 0;
  for (let i = 1; i < points.length; i += 1) long += Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]);
  if (long < 3 * size) return;
  const gap = long / Math.max(1, Math.floor(long / every));
  let due = gap / 2;
  let begun = 0;
  pen.beginPath();
  for (let i = 1; i < points.length; i += 1) {
    const [ax, ay] = points[i - 1];
    const [bx, by] = points[i];
    const step = Math.hypot(bx - ax, by - ay);
    for (; step && due <= begun + step; due += gap) {
      const share = (due - begun) / step;
      const [ux, uy] = [(bx - ax) / step, (by - ay) / step];
      const [x, y] = [ax + share * (bx - ax) + (ux * size) / 2, ay + share * (by - ay) + (uy * size) / 2];
      pen.moveTo(x - size * (ux - uy), y - size * (uy + ux));
      pen.lineTo(x, y);
      pen.lineTo(x - size * (ux + uy), y - size * (uy - ux));
    }
    begun += step;
  }
  pen.strokeStyle = colour;
  pen.lineWidth = 2.5;
  pen.stroke();
}

function spot(pen, [x, y], radius, fill) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fillStyle = fill;
  pen.fill();
  pen.strokeStyle = colours.ink;
  pen.lineWidth = 3;
  pen.stroke();
}

function paintPlaces(map) {
  const { pen } = map;
  if (scene.isReport) return;
  for (const place of scene.places) {
    const [x, y] = map.toPixels(place.at);
    const half = place.isNow ? 15 : 11;
    pen.fillStyle = place.isTicked ? colours.paper : colours.place;
    pen.strokeStyle = place.isTicked ? colours.place : colours.paper;
    pen.lineWidth = 2.5;
    pen.beginPath();
    pen.roundRect(x - half, y - half, 2 * half, 2 * half, 4);
    pen.fill();
    pen.stroke();
    pen.fillStyle = place.isTicked ? colours.place : colours.paper;
    pen.font = `700 ${half + 3}px system-ui, sans-serif`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(place.isTicked ? "✓" : place.label, x, y + 1);
  }
}

// Names of the streets, each along its longest piece, none over another.
function paintNames(map) {
  if (map.scale < 0.35) return;
  const { pen } = map;
  pen.font = "600 14px system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  const taken = [];
  const seen = new Map();
  for (const { name, line } of scene.ground) {
    if (!name) continue;
    for (let i = 1; i < line.length; i += 1) {
      const a = map.toPixels(line[i - 1]);
      const b = map.toPixels(line[i]);
      const [x, y] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
      const long = Math.hypot(b[0] - a[0], b[1] - a[1]);
      if (x < 0 || y < 0 || x > map.width || y > map.height || long <= (seen.get(name)?.long ?? 0)) continue;
      seen.set(name, { long, x, y, angle: Math.atan2(b[1] - a[1], b[0] - a[0]) });
    }
  }
  for (const [name, { long, x, y, angle }] of [...seen].sort((a, b) => b[1].long - a[1].long)) {
    const width = pen.measureText(name).width;
    if (width > long + 30) continue;
    const reach = width / 2 + 4;
    if (taken.some((other) => Math.hypot(other.x - x, other.y - y) < other.reach + reach)) continue;
    taken.push({ x, y, reach });
    pen.save();
    pen.translate(x, y);
    pen.rotate(Math.abs(angle) > Math.PI / 2 ? angle + Math.PI : angle);
    pen.translate(0, -14);
    pen.lineWidth = 4;
    pen.strokeStyle = colours.paper;
    pen.strokeText(name, 0, 0);
    pen.fillStyle = colours.ink;
    pen.fillText(name, 0, 0);
    pen.restore();
  }
}

function paintMe(map) {
  if (!scene.me) return;
  const { pen } = map;
  const at = map.toPixels(scene.me.at);
  pen.beginPath();
  pen.arc(...at, Math.max(scene.me.accuracy * map.scale, 14), 0, 7);
  pen.globalAlpha = 0.18;
  pen.fillStyle = colours.me;
  pen.fill();
  pen.globalAlpha = 1;
  pen.beginPath();
  pen.arc(...at, 10, 0, 7);
  pen.fillStyle = colours.me;
  pen.fill();
  pen.strokeStyle = colours.paper;
  pen.lineWidth = 3;
  pen.stroke();
}

function paintScale(map, words) {
  const { pen } = map;
  const most = 100 / map.scale;
  const ten = 10 ** Math.floor(Math.log10(most));
  const metres = [5, 2, 1].map((n) => n * ten).find((m) => m <= most) || ten;
  const [x, y, long] = [14, map.height - 14, metres * map.scale];
  for (const [colour, width] of [[colours.paper, 6], [colours.ink, 2.5]]) {
    strokePixels(pen, [[x, y - 6], [x, y], [x + long, y], [x + long, y - 6]], colour, width);
  }
  pen.font = "600 14px system-ui, sans-serif";
  pen.textAlign = "left";
  pen.textBaseline = "alphabetic";
  outlined(pen, metres < 1000 ? `${metres} m` : `${metres / 1000} km`, x + 6, y - 8);
  pen.textAlign = "center";
  pen.font = "700 15px system-ui, 'Noto Sans CJK SC', sans-serif";
  outlined(pen, words("north"), 24, map.height - 46);
  strokePixels(pen, [[17, map.height - 62], [24, map.height - 76], [31, map.height - 62]], colours.ink, 3);
}

function outlined(pen, text, x, y) {
  pen.lineWidth = 4;
  pen.strokeStyle = colours.paper;
  pen.strokeText(text, x, y);
  pen.fillStyle = colours.ink;
  pen.fillText(text, x, y);
}
