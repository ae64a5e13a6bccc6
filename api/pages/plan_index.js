// Where each piece of ground lies: its box, the pieces near a place, the borders of each piece.  Metres from the origin,
// y to the south, as the map counts.
const PER_CELL = 2;

export class GroundIndex {
  constructor(ground) {
    this.ground = ground;
    const { n, xy, ring, atom_ring: atomRing } = ground;
    this.x0 = new Float32Array(n).fill(Infinity);
    this.y0 = new Float32Array(n).fill(Infinity);
    this.x1 = new Float32Array(n).fill(-Infinity);
    this.y1 = new Float32Array(n).fill(-Infinity);
    for (let atom = 0; atom < n; atom += 1) {
      for (let i = ring[atomRing[atom]]; i < ring[atomRing[atom + 1]]; i += 1) {
        const x = xy[2 * i] / 100;
        const y = xy[2 * i + 1] / 100;
        if (x < this.x0[atom]) this.x0[atom] = x;
        if (y < this.y0[atom]) this.y0[atom] = y;
        if (x > this.x1[atom]) this.x1[atom] = x;
        if (y > this.y1[atom]) this.y1[atom] = y;
      }
    }
    this.box = boxOf(this, allOf(n));
    this.layCells();
    this.layArcs();
  }

  layCells() {
    const { n } = this.ground;
    const [left, top, right, bottom] = this.box;
    const side = Math.sqrt((Math.max(right - left, 1) * Math.max(bottom - top, 1) * PER_CELL) / Math.max(n, 1));
    this.side = Math.max(side, 1);
    this.columns = Math.max(1, Math.ceil((right - left) / this.side));
    this.rows = Math.max(1, Math.ceil((bottom - top) / this.side));
    this.cells = Array.from({ length: this.columns * this.rows });
    for (let atom = 0; atom < n; atom += 1) {
      this.eachCell(this.x0[atom], this.y0[atom], this.x1[atom], this.y1[atom], (cell) => {
        if (this.cells[cell]) this.cells[cell].push(atom);
        else this.cells[cell] = [atom];
      });
    }
  }

  eachCell(x0, y0, x1, y1, act) {
    const column = (x) => Math.min(Math.max(Math.floor((x - this.box[0]) / this.side), 0), this.columns - 1);
    const row = (y) => Math.min(Math.max(Math.floor((y - this.box[1]) / this.side), 0), this.rows - 1);
    for (let r = row(y0); r <= row(y1); r += 1) for (let c = column(x0); c <= column(x1); c += 1) act(r * this.columns + c);
  }

  layArcs() {
    const { n, arc_a: a, arc_b: b } = this.ground;
    this.arcStart = new Int32Array(n + 1);
    for (let i = 0; i < a.length; i += 1) {
      this.arcStart[a[i] + 1] += 1;
      if (b[i] >= 0) this.arcStart[b[i] + 1] += 1;
    }
    for (let i = 0; i < n; i += 1) this.arcStart[i + 1] += this.arcStart[i];
    const next = this.arcStart.slice();
    this.arcOf = new Int32Array(this.arcStart[n]);
    for (let i = 0; i < a.length; i += 1) {
      this.arcOf[next[a[i]]++] = i;
      if (b[i] >= 0) this.arcOf[next[b[i]]++] = i;
    }
  }

  // Pieces whose box meets a box, each once, ascending.
  within([x0, y0, x1, y1]) {
    if (x0 <= this.box[0] && y0 <= this.box[1] && x1 >= this.box[2] && y1 >= this.box[3]) return allOf(this.ground.n);
    const found = new Set();
    this.eachCell(x0, y0, x1, y1, (cell) => {
      for (const atom of this.cells[cell] || []) {
        if (this.x0[atom] <= x1 && this.x1[atom] >= x0 && this.y0[atom] <= y1 && this.y1[atom] >= y0) found.add(atom);
      }
    });
    return Int32Array.from(found).sort();
  }

  // The piece at a place; -1 where there is none.
  at([x, y]) {
    let found = -1;
    this.eachCell(x, y, x, y, (cell) => {
      for (const atom of this.cells[cell] || []) {
        if (found < 0 && x >= this.x0[atom] && x <= this.x1[atom] && y >= this.y0[atom] && y <= this.y1[atom] && this.holds(atom, x, y)) found = atom;
      }
    });
    return found;
  }

  holds(atom, x, y) {
    const { xy, ring, atom_ring: atomRing } = this.ground;
    let isIn = false;
    for (let r = atomRing[atom]; r < atomRing[atom + 1]; r += 1) {
      for (let i = ring[r]; i < ring[r + 1] - 1; i += 1) {
        const [ax, ay, bx, by] = [xy[2 * i] / 100, xy[2 * i + 1] / 100, xy[2 * i + 2] / 100, xy[2 * i + 3] / 100];
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) isIn = !isIn;
      }
    }
    return isIn;
  }

  // The border between two grids that is nearest to a place: {a, b, away} with `a` on the side of the place; or null.
  border(atomGrid, at, reach) {
    const here = this.at(at);
    let best = null;
    for (const atom of this.within([at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach])) {
      for (let i = this.arcStart[atom]; i < this.arcStart[atom + 1]; i += 1) {
        const arc = this.arcOf[i];
        const [a, b] = [this.ground.arc_a[arc], this.ground.arc_b[arc]];
        if (b < 0 || atomGrid[a] === atomGrid[b]) continue;
        const away = this.away(arc, at);
        if (away <= reach && (!best || away < best.away)) best = here === b || atomGrid[here] === atomGrid[b] ? { a: b, b: a, away } : { a, b, away };
      }
    }
    return best;
  }

  away(arc, [x, y]) {
    const { xy, arc: first, arc_n: count } = this.ground;
    let least = Infinity;
    for (let i = first[arc]; i < first[arc] + count[arc] - 1; i += 1) {
      const [ax, ay, bx, by] = [xy[2 * i] / 100, xy[2 * i + 1] / 100, xy[2 * i + 2] / 100, xy[2 * i + 3] / 100];
      const long = (bx - ax) ** 2 + (by - ay) ** 2;
      const share = long ? Math.min(Math.max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / long, 0), 1) : 0;
      least = Math.min(least, Math.hypot(ax + share * (bx - ax) - x, ay + share * (by - ay) - y));
    }
    return least;
  }
}

const allOf = (n) => Int32Array.from({ length: n }, (_, at) => at);

// The box around some pieces: left, top, right, bottom.
export function boxOf(index, atoms) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const atom of atoms) {
    box[0] = Math.min(box[0], index.x0[atom]);
    box[1] = Math.min(box[1], index.y0[atom]);
    box[2] = Math.max(box[2], index.x1[atom]);
    box[3] = Math.max(box[3], index.y1[atom]);
  }
  return box;
}
