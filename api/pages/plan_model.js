// The plan in the browser: the pieces of ground (atoms) as typed arrays, the grid of each, and the sums of the grids.
// What an edit would do is judged in plan_judge.js, as `partition.edits` does; the service judges again.
import { judgeMoves, judgeWish } from "./plan_judge.js";
import { understand } from "./plan_wish.js";

const SUMS = ["households", "population", "buildings", "members", "area_m2"];
export const NONE = -1; // ground in no grid
export { newGrid } from "./plan_wish.js";

// Ground as the service packed it (see api/usecases/plan_ground.py), with what touches what laid out by atom.
export class Ground {
  constructor(head, arrays) {
    Object.assign(this, arrays, head);
    this.ids = head.atoms;
    this.n = this.ids.length;
    this.idAt = new Map(this.ids.map((id, at) => [id, at]));
    this.communityAt = new Map(head.communities.map((one, at) => [one.code, at]));
    this.touches = byAtom(this.n, arrays.touch_a, arrays.touch_b, arrays.touch_m);
    this.links = byAtom(this.n, arrays.link_a, arrays.link_b, null);
    this.atomsOfCommunity = grouped(this.n, arrays.community, head.communities.length);
    this.atomsOfEstate = grouped(this.n, arrays.estate, head.estates.length);
    this.x_m = every(arrays.centre, 0);
    this.y_m = every(arrays.centre, 1);
  }

  // Atoms that share a border, with its metres (0: only tied, it lies apart).
  touching(atom, act) {
    const { start, to, metres } = this.touches;
    for (let i = start[atom]; i < start[atom + 1]; i += 1) act(to[i], metres[i]);
  }

  // Atoms that a grid may hang together by.
  linked(atom, act) {
    const { start, to } = this.links;
    for (let i = start[atom]; i < start[atom + 1]; i += 1) act(to[i]);
  }
}

function byAtom(n, a, b, metres) {
  const start = new Int32Array(n + 1);
  for (const side of [a, b]) for (const atom of side) start[atom + 1] += 1;
  for (let i = 0; i < n; i += 1) start[i + 1] += start[i];
  const next = start.slice();
  const to = new Int32Array(start[n]);
  const long = metres ? new Float32Array(start[n]) : null;
  for (let i = 0; i < a.length; i += 1) {
    for (const [one, two] of [[a[i], b[i]], [b[i], a[i]]]) {
      if (long) long[next[one]] = metres[i];
      to[next[one]] = two;
      next[one] += 1;
    }
  }
  return { start, to, metres: long };
}

function grouped(n, group, count) {
  const lists = Array.from({ length: count }, () => []);
  for (let i = 0; i < n; i += 1) if (group[i] >= 0) lists[group[i]].push(i);
  return lists;
}

function every(pairs, side) {
  const made = new Float64Array(pairs.length / 2);
  for (let i = 0; i < made.length; i += 1) made[i] = pairs[2 * i + side] / 100;
  return made;
}

export class PlanModel {
  constructor(ground, sheet) {
    this.ground = ground;
    this.stamp = 0;
    this.inSet = new Int32Array(ground.n);
    this.seen = new Int32Array(ground.n);
    this.takeSheet(sheet);
  }

  // Everything as the service says it is.
  takeSheet(sheet) {
    this.atomGrid = Int32Array.from(sheet.atom_grid);
    this.grids = sheet.grids.map((row) => this.fresh(row));
    this.gridAt = new Map(this.grids.map((grid, at) => [grid.code, at]));
    this.communities = new Map(sheet.communities.map((row) => [row.code, row]));
    this.broken = sheet.broken_rules;
    this.closed = new Set(sheet.closed);
    this.retired = new Set(sheet.retired);
    this.basis = sheet.basis;
    this.isEstimate = sheet.is_estimate;
    this.members = this.grids.map(() => new Set());
    for (let atom = 0; atom < this.ground.n; atom += 1) {
      const at = this.atomGrid[atom];
      if (at >= 0) this.add(at, atom, 1);
    }
    this.setLocks(sheet.locks, sheet.lock_atoms);
  }

  fresh(row) {
    const zero = Object.fromEntries(SUMS.map((name) => [name, 0]));
    return { ...row, ...zero, atoms: 0, perimeter_m: null, is_gone: false };
  }

  add(at, atom, sign) {
    const grid = this.grids[at];
    for (const name of SUMS) grid[name] += sign * this.ground[name][atom];
    grid.atoms += sign;
    grid.perimeter_m = null;
    grid.is_gone = grid.atoms === 0;
    if (sign > 0) this.members[at].add(atom);
    else this.members[at].delete(atom);
  }

  // -- grids

  atomsOf(at) {
    return at >= 0 ? Int32Array.from(this.members[at]) : this.unassigned();
  }

  unassigned() {
    return Int32Array.from(this.atomGrid.keys()).filter((atom) => this.atomGrid[atom] === NONE);
  }

  gridsOf(community) {
    return [...this.grids.keys()].filter((at) => !this.grids[at].is_gone && this.grids[at].community === community);
  }

  addGrid(row) {
    this.grids.push(this.fresh({ kind: "standard", reason: null, parent: null, name: "", ...row }));
    this.members.push(new Set());
    this.grids.at(-1).is_gone = true; // until ground comes
    this.gridAt.set(row.code, this.grids.length - 1);
    return this.grids.length - 1;
  }

  rename(at, code) {
    this.gridAt.delete(this.grids[at].code);
    this.grids[at].code = code;
    this.gridAt.set(code, at);
  }

  perimeter(at) {
    const grid = this.grids[at];
    if (grid.perimeter_m === null) grid.perimeter_m = this.perimeterOf(this.members[at]);
    return grid.perimeter_m;
  }

  compactness(at) {
    return roundness(this.grids[at].area_m2, this.perimeter(at));
  }

  band(at) {
    const { kind, households } = this.grids[at];
    return this.bandOf(kind, households);
  }

  bandOf(kind, households) {
    if (kind !== "standard") return "exempt";
    const { min_households: low, max_households: high } = this.ground.rules;
    return households < low ? "low" : households > high ? "high" : "in";
  }

  pieces(at) {
    return this.piecesOf(this.members[at]);
  }

  // -- some atoms

  mark(atoms) {
    this.stamp += 1;
    for (const atom of atoms) this.inSet[atom] = this.stamp;
    return this.stamp;
  }

  perimeterOf(atoms) {
    const stamp = this.mark(atoms);
    let sum = 0;
    for (const atom of atoms) {
      sum += this.ground.perimeter_m[atom];
      this.ground.touching(atom, (other, metres) => {
        if (this.inSet[other] === stamp) sum -= metres;
      });
    }
    return sum;
  }

  // Which of some atoms hang together: lists, in the order of their first atoms; by contacts too where land counts.
  runs(atoms, { isLand = false } = {}) {
    const sorted = [...atoms].sort((a, b) => a - b);
    const stamp = this.mark(sorted);
    const found = [];
    for (const first of sorted) {
      if (this.seen[first] === stamp) continue;
      const run = [first];
      this.seen[first] = stamp;
      const reach = (other) => {
        if (this.inSet[other] !== stamp || this.seen[other] === stamp) return;
        this.seen[other] = stamp;
        run.push(other);
      };
      for (let i = 0; i < run.length; i += 1) {
        this.ground.linked(run[i], reach);
        if (isLand) this.ground.touching(run[i], (other, metres) => metres > 0 && reach(other));
      }
      found.push(run);
    }
    return found;
  }

  // Homes hang together over contacts that can be passed; land without homes needs only to touch.
  piecesOf(atoms) {
    if (!(atoms.size ?? atoms.length)) return 0;
    const { households } = this.ground;
    const lying = this.runs(atoms, { isLand: true }).length;
    const homes = this.runs(atoms).filter((run) => run.some((atom) => households[atom] > 0)).length;
    return Math.max(lying, homes);
  }

  sumsOf(atoms) {
    const sums = Object.fromEntries(SUMS.map((name) => [name, 0]));
    for (const atom of atoms) for (const name of SUMS) sums[name] += this.ground[name][atom];
    return sums;
  }

  // -- edits

  understand(body) {
    return understand(this, body);
  }

  judge(body, locks = this.locks) {
    return judgeWish(this, body, locks);
  }

  judgeMoves(moves, kind = "move", locks = this.locks) {
    return judgeMoves(this, moves, kind, locks);
  }

  apply(pieces) {
    for (const [atom, from, to] of pieces) this.put(atom, from, to);
  }

  revert(pieces) {
    for (const [atom, from, to] of pieces) this.put(atom, to, from);
  }

  put(atom, _, to) {
    const was = this.atomGrid[atom];
    if (was === to) return;
    if (was >= 0) this.add(was, atom, -1);
    if (to >= 0) this.add(to, atom, 1);
    this.atomGrid[atom] = to;
  }

  // What the service says of the grids and communities after a step; pieces as [atom id, code before, code now].
  takeAnswer(answer) {
    for (const row of answer.grids) {
      const at = this.gridAt.has(row.code) ? this.gridAt.get(row.code) : this.addGrid({ ...row, community: this.communityOfPiece(answer, row.code) });
      const { name, kind, reason, within_band } = row;
      Object.assign(this.grids[at], { name, kind, reason, within_band });
    }
    const at = (code) => (code ? this.gridAt.get(code) ?? NONE : NONE);
    for (const [id, , code] of answer.pieces) this.put(this.ground.idAt.get(id), null, at(code));
    for (const row of answer.communities) this.communities.set(row.code, row);
    const touched = new Set(answer.communities.map((row) => row.code));
    const home = (rule) => rule.community ?? this.grids[at(rule.grid)]?.community;
    const told = answer.broken_rules.map((rule) => ({ ...rule, community: home(rule) }));
    this.broken = [...this.broken.filter((rule) => !touched.has(rule.community)), ...told];
  }

  communityOfPiece(answer, code) {
    const piece = answer.pieces.find((one) => one[2] === code);
    return piece ? this.ground.communities[this.ground.community[this.ground.idAt.get(piece[0])]].code : "";
  }

  // -- locks

  setLocks(locks, atoms = {}) {
    this.locks = [...locks];
    this.lockAtom = new Map([...(this.lockAtom || []), ...Object.entries(atoms)]);
  }

  isLocked(at) {
    const grid = this.grids[at];
    return this.locks.some((lock) => lock === "all" || lock === grid.code || lock === `community:${grid.community}`);
  }

  // -- what is wrong, as far as the browser sees it

  problems() {
    const standing = [...this.grids.keys()].filter((at) => !this.grids[at].is_gone);
    const lone = this.unassigned();
    return {
      unassigned: lone.length ? this.runs(lone, { isLand: true }) : [],
      low: standing.filter((at) => this.band(at) === "low"),
      high: standing.filter((at) => this.band(at) === "high"),
      split: standing.filter((at) => this.pieces(at) > 1),
      estate_cut: this.cutEstates(),
    };
  }

  cutEstates() {
    const { estates, atomsOfEstate, rules } = this.ground;
    return [...estates.keys()].filter((estate) => {
      const lying = new Set(atomsOfEstate[estate].map((atom) => this.atomGrid[atom]));
      return lying.size > 1 && estates[estate].households <= rules.estate_cap;
    });
  }
}

// How round: 1 for a circle (Polsby and Popper).
export const roundness = (area_m2, perimeter_m) => (perimeter_m > 0 ? (4 * Math.PI * area_m2) / perimeter_m ** 2 : 0);
