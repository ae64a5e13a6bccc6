// Which pieces of ground a gesture means: under a brush, in a box, in a loop, over a border, on the sides of a line.
// Places are metres on the map; nothing here changes anything.
const FAR_M = 1e6;

export function isInside(x, y, ring) {
  let isIn = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
    const [ax, ay] = ring[i];
    const [bx, by] = ring[j];
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) isIn = !isIn;
  }
  return isIn;
}

// Pieces whose middle lies in a box between two corners.
export function piecesInBox(ground, [ax, ay], [bx, by]) {
  const [x0, x1, y0, y1] = [Math.min(ax, bx), Math.max(ax, bx), Math.min(ay, by), Math.max(ay, by)];
  const found = [];
  for (let i = 0; i < ground.n; i += 1) {
    const [x, y] = [ground.x_m[i], ground.y_m[i]];
    if (x >= x0 && x <= x1 && y >= y0 && y <= y1) found.push(i);
  }
  return found;
}

// Pieces whose middle lies in a loop.
export function piecesInLoop(ground, loop) {
  if (loop.length < 3) return [];
  const xs = loop.map((at) => at[0]);
  const ys = loop.map((at) => at[1]);
  const box = piecesInBox(ground, [Math.min(...xs), Math.min(...ys)], [Math.max(...xs), Math.max(...ys)]);
  return box.filter((i) => isInside(ground.x_m[i], ground.y_m[i], loop));
}

// The piece under the brush and those nearest to it that hang on it, of the same community and not in the grid yet.
export function underBrush(plan, atom, size, [x, y], grid) {
  const { ground, atomGrid } = plan;
  if (atom < 0 || atomGrid[atom] === grid) return [];
  const found = [atom];
  const away = (one) => Math.hypot(ground.x_m[one] - x, ground.y_m[one] - y);
  while (found.length < size) {
    let best = -1;
    for (const one of found) {
      ground.touching(one, (other, metres) => {
        if (metres <= 0 || atomGrid[other] === grid || found.includes(other)) return;
        if (best < 0 || away(other) < away(best)) best = other;
      });
    }
    if (best < 0) break;
    found.push(best);
  }
  return found;
}

// Every piece on the straight way between two places.
export function piecesBetween(from, to, step_m, atomAt) {
  const long = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const n = Math.min(Math.max(Math.ceil(long / step_m), 1), 400);
  const found = new Set();
  for (let i = 0; i <= n; i += 1) {
    const atom = atomAt([from[0] + ((to[0] - from[0]) * i) / n, from[1] + ((to[1] - from[1]) * i) / n]);
    if (atom >= 0) found.add(atom);
  }
  return [...found];
}

// A border that is pushed: pieces of the losing grid on the way from where it was taken to the pointer, as wide as the
// brush, as far as they hang on the grid that gains.  It depends on the pointer alone, so going back gives them back.
export function pushed(plan, begun, now, { atomAt, step_m, size }) {
  const { ground, atomGrid } = plan;
  const over = atomAt(now);
  const there = over >= 0 ? atomGrid[over] : begun.loser;
  const isFar = Math.hypot(now[0] - begun.at[0], now[1] - begun.at[1]) > begun.reach_m;
  if (there === begun.far) begun.loser = begun.far;
  else if (there === begun.near) begun.loser = isFar ? begun.near : -1;
  const { loser } = begun;
  if (loser < 0) return { gainer: begun.near, atoms: [] };
  const gainer = loser === begun.far ? begun.near : begun.far;
  const way = new Set(piecesBetween(begun.at, now, step_m, atomAt).filter((atom) => atomGrid[atom] === loser));
  if (size > 1) {
    const wide = ((size - 1) * Math.sqrt(ground.area_m2[begun.a] + ground.area_m2[begun.b])) / 3;
    for (const atom of plan.members[loser]) {
      if (fromLine(ground.x_m[atom], ground.y_m[atom], begun.at, now) <= wide) way.add(atom);
    }
  }
  return { gainer, atoms: hanging(plan, way, gainer) };
}

function fromLine(x, y, [ax, ay], [bx, by]) {
  const long = Math.hypot(bx - ax, by - ay);
  const share = long ? Math.min(Math.max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / long ** 2, 0), 1) : 0;
  return Math.hypot(ax + share * (bx - ax) - x, ay + share * (by - ay) - y);
}

// Those of some pieces that hang on a grid, directly or by each other.
export function hanging(plan, atoms, grid) {
  const { ground, atomGrid } = plan;
  const found = new Set();
  const touches = (atom) => {
    let isTouching = false;
    ground.touching(atom, (other, metres) => {
      isTouching = isTouching || (metres > 0 && (atomGrid[other] === grid || found.has(other)));
    });
    return isTouching;
  };
  for (let grown = true; grown; ) {
    grown = false;
    for (const atom of atoms) {
      if (found.has(atom) || !touches(atom)) continue;
      found.add(atom);
      grown = true;
    }
  }
  return [...found];
}

// The pieces of a grid on both sides of a line, which goes on straight beyond its ends.
export function sidesOfLine(plan, grid, line) {
  const [first, last] = [line[0], line.at(-1)];
  const long = Math.hypot(last[0] - first[0], last[1] - first[1]) || 1;
  const [ux, uy] = [(last[0] - first[0]) / long, (last[1] - first[1]) / long];
  const before = [first[0] - ux * FAR_M, first[1] - uy * FAR_M];
  const after = [last[0] + ux * FAR_M, last[1] + uy * FAR_M];
  const turned = ([x, y]) => [x - uy * FAR_M, y + ux * FAR_M];
  const half = [before, ...line, after, turned(after), turned(before)];
  const [left, right] = [[], []];
  for (const atom of plan.members[grid]) (isInside(plan.ground.x_m[atom], plan.ground.y_m[atom], half) ? left : right).push(atom);
  return [left, right];
}

// The next piece in a direction ([1, 0] is to the right): near, and not too far to the side; neighbours first.
export function nextPiece(ground, from, [dx, dy]) {
  const near = new Set();
  ground.touching(from, (other) => near.add(other));
  let [best, least] = [-1, Infinity];
  for (let i = 0; i < ground.n; i += 1) {
    if (i === from) continue;
    const [x, y] = [ground.x_m[i] - ground.x_m[from], ground.y_m[i] - ground.y_m[from]];
    const along = x * dx + y * dy;
    const aside = Math.abs(x * dy - y * dx);
    if (along <= 0 || aside > along * 1.2) continue;
    const cost = (along + 2 * aside) * (near.has(i) ? 0.6 : 1);
    if (cost < least) [best, least] = [i, cost];
  }
  return best;
}

// The middle of some pieces, the larger of more weight.
export function middleOf(ground, atoms) {
  let [x, y, all] = [0, 0, 0];
  for (const atom of atoms) {
    const area = ground.area_m2[atom];
    x += area * ground.x_m[atom];
    y += area * ground.y_m[atom];
    all += area;
  }
  return all ? [x / all, y / all] : [0, 0];
}

// The piece of some that lies nearest to a place.
export function nearestPiece(ground, atoms, [x, y]) {
  let [best, least] = [-1, Infinity];
  for (const atom of atoms) {
    const away = Math.hypot(ground.x_m[atom] - x, ground.y_m[atom] - y);
    if (away < least) [best, least] = [atom, away];
  }
  return best;
}
