// Which pieces an edit would move where, as `partition.edits.wishes` understands it.  Positions of grids; a grid that does
// not exist yet is newGrid(0), newGrid(1), ...
const fault = (code, facts = {}) => ({ faults: [{ code, facts }] });
export const newGrid = (number) => -2 - number;
const KINDS = { move, new: fresh, merge, dissolve, split };

// -> {moves: Map atom -> grid, community (position), gone: Set of grids that end} or {faults}
export function understand(plan, body) {
  const found = KINDS[body.kind](plan, body);
  if (found.faults) return found;
  const code = plan.ground.communities[found.community].code;
  if (plan.closed.has(code)) return fault("edit_ground_differs", { community: code });
  return { gone: new Set(), ...found };
}

function atomsOf(plan, ground) {
  const found = new Set();
  for (const id of ground.atoms || []) {
    const atom = plan.ground.idAt.get(id);
    if (atom === undefined) return fault("edit_atom_unknown", { measured: id });
    found.add(atom);
  }
  if (!found.size) return fault("edit_ground_missing");
  return { atoms: [...found].sort((a, b) => a - b) };
}

function gridOf(plan, code) {
  const at = plan.gridAt.get(code);
  return at === undefined || plan.grids[at].is_gone ? fault("edit_grid_unknown", { measured: code }) : { at };
}

// The one community of some atoms and grids.
function home(plan, atoms, grids) {
  const found = new Set(atoms.map((atom) => plan.ground.communities[plan.ground.community[atom]].code));
  for (const at of grids) found.add(plan.grids[at].community);
  if (found.size > 1) return fault("edit_crosses_community", { measured: [...found].sort().slice(0, 8).join(", ") });
  return { community: plan.ground.communityAt.get([...found][0]) };
}

function move(plan, body) {
  const ground = atomsOf(plan, body);
  if (ground.faults) return ground;
  const grid = gridOf(plan, body.grid);
  if (grid.faults) return grid;
  const place = home(plan, ground.atoms, [grid.at]);
  return place.faults ? place : { ...place, moves: new Map(ground.atoms.map((atom) => [atom, grid.at])) };
}

function fresh(plan, body) {
  const ground = atomsOf(plan, body);
  if (ground.faults) return ground;
  const place = home(plan, ground.atoms, []);
  return place.faults ? place : { ...place, moves: new Map(ground.atoms.map((atom) => [atom, newGrid(0)])) };
}

function merge(plan, body) {
  const codes = [...new Set(body.grids)];
  if (codes.length < 2) return fault("edit_too_few_grids", { measured: codes.length, allowed: 2 });
  const found = codes.map((code) => gridOf(plan, code));
  const unknown = found.find((one) => one.faults);
  if (unknown) return unknown;
  const largest = codes.slice().sort((a, b) => {
    const [one, two] = [a, b].map((code) => plan.grids[plan.gridAt.get(code)].households);
    return two - one || (a < b ? -1 : 1);
  });
  const keep = body.grid || largest[0];
  if (!codes.includes(keep)) return fault("edit_grid_unknown", { measured: keep });
  const place = home(plan, [], found.map((one) => one.at));
  if (place.faults) return place;
  const to = plan.gridAt.get(keep);
  const gone = new Set(found.map((one) => one.at).filter((at) => at !== to));
  const moves = new Map([...gone].flatMap((at) => [...plan.members[at]]).sort((a, b) => a - b).map((atom) => [atom, to]));
  return { ...place, moves, gone };
}

// Piece by piece to the neighbour that the ground already given touches longest.
function dissolve(plan, body) {
  const grid = gridOf(plan, body.grid);
  if (grid.faults) return grid;
  const { ground } = plan;
  const mine = new Set([...plan.members[grid.at]].sort((a, b) => a - b));
  const moves = new Map();
  while (mine.size) {
    let best = null;
    for (const atom of mine) {
      const linked = new Set();
      ground.linked(atom, (other) => linked.add(other));
      const touch = new Map();
      ground.touching(atom, (other, metres) => {
        if (mine.has(other)) return;
        const to = moves.get(other) ?? plan.atomGrid[other];
        if (to < 0) return;
        const [long, links] = touch.get(to) || [0, 0];
        touch.set(to, [long + metres, links + Number(linked.has(other))]);
      });
      for (const [to, [long, links]] of touch) {
        if (plan.grids[to].kind === "dedicated" && ground.households[atom] > 0) continue;
        const option = { isLinked: links > 0, long, atom, to };
        if (!best || isBetter(plan, option, best)) best = option;
      }
    }
    if (!best) return fault("edit_no_neighbour", { grid: body.grid });
    mine.delete(best.atom);
    moves.set(best.atom, best.to);
  }
  return { ...home(plan, [], [grid.at]), moves, gone: new Set([grid.at]) };
}

function isBetter(plan, one, two) {
  if (one.isLinked !== two.isLinked) return one.isLinked;
  if (one.long !== two.long) return one.long > two.long;
  if (one.atom !== two.atom) return one.atom < two.atom;
  return plan.grids[one.to].code > plan.grids[two.to].code;
}

function split(plan, body) {
  const grid = gridOf(plan, body.grid);
  if (grid.faults) return grid;
  if (body.parts.length < 2) return fault("edit_too_few_parts", { measured: body.parts.length, allowed: 2 });
  const partOf = new Map();
  for (const [number, part] of body.parts.entries()) {
    const found = atomsOf(plan, part);
    if (found.faults) return found;
    for (const atom of found.atoms) {
      const id = plan.ground.ids[atom];
      if (plan.atomGrid[atom] !== grid.at) return fault("edit_part_elsewhere", { measured: id, grid: body.grid });
      if ((partOf.get(atom) ?? number) !== number) return fault("edit_atom_cut", { measured: id });
      partOf.set(atom, number);
    }
  }
  const mine = [...plan.members[grid.at]].sort((a, b) => a - b);
  const missing = mine.filter((atom) => !partOf.has(atom) && plan.ground.members[atom]);
  if (missing.length) {
    const n = missing.reduce((sum, atom) => sum + plan.ground.members[atom], 0);
    return fault("edit_parts_incomplete", { measured: n, id: plan.ground.ids[missing[0]], grid: body.grid });
  }
  giveBareLand(plan, mine, partOf);
  const total = body.parts.map(() => 0);
  for (const [atom, part] of partOf) total[part] += plan.ground.households[atom];
  const keep = total.indexOf(Math.max(...total));
  const numbers = [...total.keys()].filter((part) => part !== keep);
  const order = [...partOf].filter(([, part]) => part !== keep).sort((a, b) => a[0] - b[0]);
  const moves = new Map(order.map(([atom, part]) => [atom, newGrid(numbers.indexOf(part))]));
  return { ...home(plan, [], [grid.at]), moves };
}

// Land without homes goes with the part it touches longest; what touches none stays with the code.
function giveBareLand(plan, mine, partOf) {
  const rest = new Set(mine.filter((atom) => !partOf.has(atom)));
  while (rest.size) {
    let best = null;
    for (const bare of rest) {
      const touch = new Map();
      plan.ground.touching(bare, (other, metres) => {
        const part = partOf.get(other);
        if (part !== undefined) touch.set(part, (touch.get(part) || 0) + metres);
      });
      for (const [part, long] of touch) {
        const isLonger = !best || long > best.long;
        const isEqual = best && long === best.long && (bare < best.bare || (bare === best.bare && part < best.part));
        if (isLonger || isEqual) best = { bare, part, long };
      }
    }
    if (!best) return;
    partOf.set(best.bare, best.part);
    rest.delete(best.bare);
  }
}
