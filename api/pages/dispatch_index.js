// Thousands of places found again fast: a grid of cells in metres, from which the map makes its marks.  Cells are counted
// from the origin and their size doubles from step to step, so that marks stay where they are while the map is moved.
export const CELL_PX = 64; // from afar: incidents so near become one mark with their number
export const CLOSE_CELL_PX = 18; // close by: only those that would lie on each other
export const CLOSE_SCALE = 0.8; // pixels per metre
const FEW = 400; // so few stand apart from afar too
const FEW_CELL_PX = 24;

export function cellSize(scale, n = Infinity) {
  const farPx = n <= FEW ? FEW_CELL_PX : CELL_PX;
  const px = scale < CLOSE_SCALE ? farPx : CLOSE_CELL_PX;
  return 2 ** Math.round(Math.log2(px / scale));
}

// Rows {x, y, ...} by cell.  A group: {rows, x, y (their middle), box}.  All rows are in exactly one group.
export function grouped(rows, size, isApart = () => false) {
  const cells = new Map();
  const groups = [];
  for (const row of rows) {
    if (!Number.isFinite(row.x)) continue;
    if (isApart(row)) {
      groups.push({ rows: [row], x: row.x, y: row.y });
      continue;
    }
    const key = Math.floor(row.x / size) * 67108864 + Math.floor(row.y / size);
    const group = cells.get(key);
    if (!group) {
      const made = { rows: [row], x: row.x, y: row.y };
      cells.set(key, made);
      groups.push(made);
      continue;
    }
    group.rows.push(row);
  }
  for (const group of groups) {
    const n = group.rows.length;
    if (n === 1) continue;
    let [x, y] = [0, 0];
    for (const row of group.rows) {
      x += row.x;
      y += row.y;
    }
    group.x = x / n;
    group.y = y / n;
  }
  return groups;
}

export function boxOf(rows) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of rows) {
    if (!Number.isFinite(x)) continue;
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  return box;
}

// How dense places are: a quartic kernel of a radius, summed on a raster over the view.
// Gives {values (per km²), wide, high, most}.
export function density(rows, { x0, y0, wide, high, cellM, radiusM }) {
  const values = new Float32Array(wide * high);
  const reach = Math.max(1, Math.ceil(radiusM / cellM));
  const side = 2 * reach + 1;
  const kernel = new Float32Array(side * side);
  const unit = (3 / (Math.PI * radiusM * radiusM)) * 1e6; // per km²
  for (let j = -reach; j <= reach; j += 1) {
    for (let i = -reach; i <= reach; i += 1) {
      const t = 1 - ((i * i + j * j) * cellM * cellM) / (radiusM * radiusM);
      kernel[(j + reach) * side + i + reach] = t > 0 ? unit * t * t : 0;
    }
  }
  for (const { x, y } of rows) {
    if (!Number.isFinite(x)) continue;
    const [cx, cy] = [Math.floor((x - x0) / cellM), Math.floor((y - y0) / cellM)];
    if (cx < -reach || cy < -reach || cx >= wide + reach || cy >= high + reach) continue;
    const [i0, i1] = [Math.max(-reach, -cx), Math.min(reach, wide - 1 - cx)];
    for (let j = Math.max(-reach, -cy); j <= Math.min(reach, high - 1 - cy); j += 1) {
      const to = (cy + j) * wide + cx;
      const from = (j + reach) * side + reach;
      for (let i = i0; i <= i1; i += 1) values[to + i] += kernel[from + i];
    }
  }
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return { values, wide, high, most };
}

// Bounds of at most five classes with about as many members each: class i holds bounds[i] <= value < bounds[i + 1].
export function classesOf(values, most = 5) {
  const sorted = [...values].sort((a, b) => a - b);
  if (!sorted.length) return [];
  const bounds = [sorted[0]];
  for (let i = 1; i < most; i += 1) {
    const bound = sorted[Math.floor((i * sorted.length) / most)];
    if (bound > bounds.at(-1)) bounds.push(bound);
  }
  return bounds;
}

export function classAt(bounds, value) {
  let at = -1;
  while (at + 1 < bounds.length && value >= bounds[at + 1]) at += 1;
  return at;
}
