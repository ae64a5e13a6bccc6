// What a plan looks like: fills by band with a pattern each, borders of grids and communities, names.  Paints what is
// seen and no more; points that fall on the same pixel are left out.
const FILLS = {
  in: ["#dfeee4", "#cfe4d8", "#e4f2e6", "#d2e8dc"],
  low: ["#fbe3b3", "#f6d795", "#fbe3b3", "#f6d795"],
  high: ["#f3c4ba", "#ecb1a4", "#f3c4ba", "#ecb1a4"],
  dedicated: ["#dcdcf0", "#cfcfe8", "#dcdcf0", "#cfcfe8"],
  rural: ["#efe1bd", "#e7d6ac", "#efe1bd", "#e7d6ac"],
  none: ["#ffffff"],
  new: ["#cfe3f7"],
};
const GRIDS = ["#cfe4d8", "#f6d795", "#cfcfe8", "#f0c9b6", "#c8e2ef", "#e6d3e6", "#e3e6b8", "#d9d4cc"];
const PATTERN_INK = { low: "#7a5200", high: "#8f1d0c", none: "#8a1457", new: "#0b5394" };
const NEAR_PX = 0.7;
const MOST_IN_PATH = 128; // pieces: the time of a fill grows faster than its path
const LABEL_PX = 44;
const INK = "#16202b";

export const styleOf = (plan, at) => (at < -1 ? "new" : at < 0 ? "none" : plan.grids[at].kind === "standard" ? plan.band(at) : plan.grids[at].kind);

// Lines to the right and up for too few, to the left and down for too many, crosses for none, dots for new.
const PATTERNS = {
  low: (pen) => stroke(pen, [[0, 8, 8, 0]]),
  high: (pen) => stroke(pen, [[0, 0, 8, 8], [4, -4, 12, 4], [-4, 4, 4, 12]]),
  none: (pen) => stroke(pen, [[0, 0, 8, 8], [0, 8, 8, 0]]),
  new: (pen) => stroke(pen, [[4, 4, 5, 4]]),
};

function stroke(pen, lines) {
  pen.beginPath();
  for (const [ax, ay, bx, by] of lines) {
    pen.moveTo(ax, ay);
    pen.lineTo(bx, by);
  }
  pen.stroke();
}

// A small square with the pattern of a style; null for plain ones.
export function tileOf(style, sharpness = 1) {
  if (!PATTERNS[style]) return null;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8 * sharpness;
  const pen = tile.getContext("2d");
  pen.scale(sharpness, sharpness);
  pen.strokeStyle = PATTERN_INK[style];
  pen.lineWidth = style === "new" ? 1.6 : style === "high" ? 1.2 : 1;
  PATTERNS[style](pen);
  return tile;
}

export const colourOf = (style, shade = 0) => FILLS[style][shade % FILLS[style].length];

// Shades such that neighbours of one kind rarely have the same, per grid.
export function shadesOf(plan) {
  const near = plan.grids.map(() => new Set());
  const { touch_a: a, touch_b: b } = plan.ground;
  for (let i = 0; i < a.length; i += 1) {
    const [one, two] = [plan.atomGrid[a[i]], plan.atomGrid[b[i]]];
    if (one >= 0 && two >= 0 && one !== two) {
      near[one].add(two);
      near[two].add(one);
    }
  }
  const shades = new Int8Array(plan.grids.length);
  for (let at = 0; at < shades.length; at += 1) {
    const used = new Set([...near[at]].filter((other) => other < at).map((other) => shades[other]));
    let shade = 0;
    while (used.has(shade)) shade += 1;
    shades[at] = shade;
  }
  return shades;
}

// Lines of one ring or border, in pixels; points on the pixel of the last are left out.
function trace(pen, view, from, to) {
  const { xy, scale, dx, dy } = view;
  let [lastX, lastY] = [NaN, NaN];
  for (let i = from; i < to; i += 1) {
    const x = xy[2 * i] * scale + dx;
    const y = xy[2 * i + 1] * scale + dy;
    if (i === from) pen.moveTo(x, y);
    else if (i === to - 1 || Math.abs(x - lastX) > NEAR_PX || Math.abs(y - lastY) > NEAR_PX) pen.lineTo(x, y);
    else continue;
    [lastX, lastY] = [x, y];
  }
}

export function traceAtom(pen, view, ground, atom) {
  for (let r = ground.atom_ring[atom]; r < ground.atom_ring[atom + 1]; r += 1) {
    trace(pen, view, ground.ring[r], ground.ring[r + 1]);
    pen.closePath();
  }
}

// view: {xy, scale, dx, dy} centimetres to pixels, and {atoms, index, plan, atomGrid, shades, layers, colour, patterns}
// A grid is filled as one, so that no seam shows inside it; its border covers the seam around it.
export function paintFills(pen, view) {
  const { plan, atomGrid, atoms, shades, colour } = view;
  const groups = new Map();
  for (const atom of atoms) {
    const at = atomGrid[atom];
    if (groups.has(at)) groups.get(at).push(atom);
    else groups.set(at, [atom]);
  }
  for (const [at, mine] of groups) {
    const style = styleOf(plan, at);
    const shade = at >= 0 ? shades[at] || 0 : 0;
    const fill = colour === "grids" && at >= 0 ? GRIDS[shade % GRIDS.length] : colourOf(style, shade);
    for (let from = 0; from < mine.length; from += MOST_IN_PATH) {
      const path = new Path2D();
      for (const atom of mine.slice(from, from + MOST_IN_PATH)) traceAtom(path, view, plan.ground, atom);
      pen.fillStyle = fill;
      pen.fill(path, "evenodd");
      if (!view.patterns[style]) continue;
      pen.globalAlpha = 0.45;
      pen.fillStyle = view.patterns[style];
      pen.fill(path, "evenodd");
      pen.globalAlpha = 1;
    }
  }
}

// Borders of pieces, estates, grids and communities, the wider over the finer.
export function paintBorders(pen, view) {
  const { plan, atomGrid, index, atoms, layers } = view;
  const { ground } = plan;
  const { arc, arc_n: count, arc_a: a, arc_b: b, estate, community } = ground;
  const seen = new Uint8Array(arc.length);
  const kinds = { atoms: [], estates: [], grids: [], communities: [] };
  const isFine = view.metreScale > 0.06;
  for (const atom of atoms) {
    for (let i = index.arcStart[atom]; i < index.arcStart[atom + 1]; i += 1) {
      const one = index.arcOf[i];
      if (seen[one]) continue;
      seen[one] = 1;
      if (b[one] < 0 || community[a[one]] !== community[b[one]]) kinds.communities.push(one);
      else if (atomGrid[a[one]] !== atomGrid[b[one]]) kinds.grids.push(one);
      else if (isFine && estate[a[one]] !== estate[b[one]]) kinds.estates.push(one);
      else if (isFine) kinds.atoms.push(one);
      if (isFine && (b[one] < 0 || estate[a[one]] !== estate[b[one]]) && (estate[a[one]] >= 0 || (b[one] >= 0 && estate[b[one]] >= 0))) kinds.estates.push(one);
    }
  }
  const zoom = Math.min(Math.max(view.metreScale / 0.25, 0.55), 1.6);
  const draw = (list, colour, width, dash = []) => {
    if (!list.length) return;
    const path = new Path2D();
    for (const one of list) trace(path, view, arc[one], arc[one] + count[one]);
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.stroke(path);
    pen.setLineDash([]);
  };
  pen.lineJoin = "round";
  if (layers.atoms) draw(kinds.atoms, "rgba(60,71,86,0.28)", 0.8);
  if (layers.borders) {
    if (isFine) draw(kinds.grids, "rgba(255,255,255,0.85)", 4 * zoom);
    draw(kinds.grids, "#2c3a4b", isFine ? 1.9 * zoom : 0.8);
  }
  if (layers.estates) draw(kinds.estates, "#00664f", 1.3, [1.5, 3]);
  if (layers.borders) {
    if (isFine) draw(kinds.communities, "rgba(255,255,255,0.9)", 5.5 * zoom);
    draw(kinds.communities, "#12263d", isFine ? 3.2 * zoom : 1.8, isFine ? [12 * zoom, 4 * zoom] : []);
  }
}

// The last digits of the code, and the households, where a grid is large enough to hold them.
export function paintLabels(pen, view) {
  const { plan, index, atomGrid, atoms, toPixels, metreScale } = view;
  const room = new Map();
  for (const atom of atoms) {
    const at = atomGrid[atom];
    if (at < 0) continue;
    const one = room.get(at) || { x: 0, y: 0, weight: 0 };
    const weight = plan.ground.area_m2[atom];
    one.x += weight * plan.ground.x_m[atom];
    one.y += weight * plan.ground.y_m[atom];
    one.weight += weight;
    room.set(at, one);
  }
  pen.textAlign = "center";
  pen.lineJoin = "round";
  const taken = [];
  const order = [...room].sort((one, two) => two[1].weight - one[1].weight);
  for (const [at, { x, y, weight }] of order) {
    const wide = Math.sqrt(weight) * metreScale;
    if (wide < LABEL_PX) continue;
    const middle = [x / weight, y / weight];
    const [px, py] = toPixels(onOwnGround(plan, index, at, atomGrid, middle));
    const large = wide > 100;
    const box = [px - 24, py - 10, px + 24, py + (large ? 20 : 10)];
    if (taken.some((other) => other[0] < box[2] && other[2] > box[0] && other[1] < box[3] && other[3] > box[1])) continue;
    taken.push(box);
    const grid = plan.grids[at];
    say(pen, shortCode(grid), px, py + 4, `700 ${large ? 14 : 12}px system-ui, "Noto Sans CJK SC", sans-serif`);
    if (large) say(pen, String(sumOf(plan, at, atomGrid, atoms)), px, py + 19, '12px system-ui, "Noto Sans CJK SC", sans-serif');
  }
}

// The middle, where it lies in the grid; else the middle of its nearest piece.
function onOwnGround(plan, index, at, atomGrid, middle) {
  const hit = index.at(middle);
  if (hit >= 0 && atomGrid[hit] === at) return middle;
  let best = null;
  for (const atom of plan.members[at]) {
    const place = [plan.ground.x_m[atom], plan.ground.y_m[atom]];
    const away = Math.hypot(place[0] - middle[0], place[1] - middle[1]);
    if (atomGrid[atom] === at && (!best || away < best.away)) best = { place, away };
  }
  return best ? best.place : middle;
}

// Households of a grid as it is shown: also in a preview, or while pieces are held.
function sumOf(plan, at, atomGrid, atoms) {
  if (atomGrid === plan.atomGrid) return plan.grids[at].households;
  let sum = 0;
  for (const atom of atoms) if (atomGrid[atom] === at) sum += plan.ground.households[atom];
  return sum;
}

function say(pen, text, x, y, font) {
  pen.font = font;
  pen.strokeStyle = "rgba(255,255,255,0.92)";
  pen.lineWidth = 3.5;
  pen.strokeText(text, x, y);
  pen.fillStyle = INK;
  pen.fillText(text, x, y);
}

// The number within its community: the digits after the community's own.
export const shortCode = (grid) => (grid.code.startsWith(grid.community) ? grid.code.slice(grid.community.length) : grid.code) || grid.code;
