// What stands against an edit, and what it would do to the grids it touches, as `partition.edits.edit` finds it.
import { roundness } from "./plan_model.js";

// -> {faults: [{code, facts}], moves: Map atom -> grid with the land that follows, effects: [{grid, code, before, after}]}
export function judgeWish(plan, body, locks) {
  const meant = plan.understand(body);
  if (meant.faults) return { faults: meant.faults, moves: new Map(), effects: [] };
  return judgeMoves(plan, meant.moves, body.kind, locks, meant);
}

export function judgeMoves(plan, wanted, kind, locks, meant = {}) {
  const moves = new Map([...wanted].filter(([atom, to]) => plan.atomGrid[atom] !== to));
  const sides = homesOf(plan, moves);
  if (sides.size > 1) {
    const measured = [...sides].map((at) => plan.ground.communities[at].code).sort().slice(0, 8).join(", ");
    return { faults: [{ code: "edit_crosses_community", facts: { measured } }], moves, effects: effectsOf(plan, sidesOf(plan, moves)) };
  }
  const community = [...sides][0];
  if (community !== undefined && plan.closed.has(plan.ground.communities[community].code)) {
    const facts = { community: plan.ground.communities[community].code };
    return { faults: [{ code: "edit_ground_differs", facts }], moves, effects: [] };
  }
  letBareLandFollow(plan, moves);
  if (!moves.size) return { faults: [{ code: "edit_changes_nothing", facts: {} }], moves, effects: [] };
  const touched = sidesOf(plan, moves);
  const locked = brokenLocks(plan, moves, locks, touched, community);
  const faults = locked.length
    ? locked
    : [
        ...emptied(plan, touched, meant.gone || new Set()),
        ...cutEstates(plan, moves, community),
        ...inPieces(plan, touched),
        ...mixed(plan, touched),
      ];
  return { faults, moves, effects: effectsOf(plan, touched) };
}

// Communities (positions) of the ground and of the grids it goes to.
function homesOf(plan, moves) {
  const found = new Set();
  for (const [atom, to] of moves) {
    found.add(plan.ground.community[atom]);
    if (to >= 0) found.add(plan.ground.communityAt.get(plan.grids[to].community));
  }
  return found;
}

// Per grid that gains or loses: its atoms before and after.
function sidesOf(plan, moves) {
  const touched = new Map();
  const side = (grid) => {
    if (!touched.has(grid)) {
      const before = grid >= 0 ? plan.members[grid] : new Set();
      touched.set(grid, { before, after: new Set(before) });
    }
    return touched.get(grid);
  };
  for (const [atom, to] of moves) {
    if (plan.atomGrid[atom] >= 0) side(plan.atomGrid[atom]).after.delete(atom);
    side(to).after.add(atom);
  }
  return touched;
}

const codeOf = (plan, grid) => (grid >= 0 ? plan.grids[grid].code : `+${-1 - grid}`);
const byCode = (plan) => (a, b) => (codeOf(plan, a) < codeOf(plan, b) ? -1 : 1);

// Land without homes that is cut off its grid goes with a grid of the edit that it touches.
function letBareLandFollow(plan, moves) {
  const moved = new Set(moves.keys());
  const takers = new Set(moves.values());
  const givers = [...new Set([...moved].map((atom) => plan.atomGrid[atom]))].filter((at) => at >= 0);
  for (const giver of givers.sort(byCode(plan))) {
    // Moved there and away again: what lies in the giver now.
    const mine = new Set([...plan.members[giver]].filter((atom) => !moves.has(atom)));
    for (const [atom, to] of moves) if (to === giver) mine.add(atom);
    if (!mine.size) continue;
    const runs = plan.runs(mine);
    if (runs.length <= plan.runs(plan.members[giver]).length) continue;
    const weight = runs.map((run) => run.reduce((sum, atom) => sum + plan.ground.households[atom] * 1e6 + plan.ground.area_m2[atom], 0));
    const largest = weight.indexOf(Math.max(...weight));
    for (const [number, run] of runs.entries()) {
      if (number === largest || run.some((atom) => plan.ground.households[atom] || plan.ground.members[atom])) continue;
      const touch = new Map();
      for (const atom of run) {
        plan.ground.touching(atom, (other, metres) => {
          if (moved.has(other)) touch.set(moves.get(other), (touch.get(moves.get(other)) || 0) + metres);
        });
      }
      if (!touch.size || [...touch.keys()].some((to) => !takers.has(to))) continue;
      const [best] = [...touch].sort((a, b) => b[1] - a[1] || -byCode(plan)(a[0], b[0]))[0];
      for (const atom of run) moves.set(atom, best);
    }
  }
}

function brokenLocks(plan, moves, locks, touched, community) {
  const { ground } = plan;
  const facts = (lock) => ({ code: "edit_locked", facts: { measured: lock } });
  return [...locks].sort().filter((lock) => {
    const at = lock.lastIndexOf(":");
    const [kind, name] = at < 0 ? ["", lock] : [lock.slice(0, at), lock.slice(at + 1)];
    if (lock === "all") return true;
    if (kind === "") return touched.has(plan.gridAt.get(name));
    if (kind === "community") return community === ground.communityAt.get(name);
    if (kind === "building" || kind === "unit") return moves.has(plan.lockAtom.get(lock));
    if (kind === "estate") return [...moves.keys()].some((atom) => ground.estate[atom] >= 0 && ground.estates[ground.estate[atom]].id === name);
    const ends = name.split("+").map((code) => plan.gridAt.get(code));
    return [...moves.keys()].some((atom) => {
      const mine = ends.indexOf(plan.atomGrid[atom]);
      let isThere = false;
      if (mine >= 0) ground.touching(atom, (other) => (isThere = isThere || plan.atomGrid[other] === ends[1 - mine]));
      return isThere;
    });
  }).map(facts);
}

function emptied(plan, touched, gone) {
  const has = (atoms) => [...atoms].some((atom) => plan.ground.members[atom]);
  const found = [];
  for (const grid of [...touched.keys()].sort(byCode(plan))) {
    const { before, after } = touched.get(grid);
    if (grid < 0 || gone.has(grid) || ![...before].some((atom) => !after.has(atom))) continue;
    if (!after.size || (has(before) && !has(after))) found.push({ code: "edit_empties_grid", facts: { grid: codeOf(plan, grid) } });
  }
  return found;
}

// An estate up to the cap lies in one grid, or in no more than before.
function cutEstates(plan, moves, community) {
  const { ground } = plan;
  const found = [];
  const concerned = new Set([...moves.keys()].map((atom) => ground.estate[atom]).filter((estate) => estate >= 0));
  for (const estate of [...concerned].sort((a, b) => a - b)) {
    const land = ground.atomsOfEstate[estate].filter((atom) => ground.community[atom] === community);
    const before = new Set(land.map((atom) => plan.atomGrid[atom]));
    const after = new Set(land.map((atom) => moves.get(atom) ?? plan.atomGrid[atom]));
    const households = land.reduce((sum, atom) => sum + ground.households[atom], 0);
    if (after.size <= Math.max(1, before.size) || households > ground.rules.estate_cap) continue;
    const measured = [...after].map((grid) => codeOf(plan, grid)).sort().join(", ");
    found.push({ code: "edit_cuts_estate", facts: { id: ground.estates[estate].id, measured, allowed: ground.rules.estate_cap } });
  }
  return found;
}

function inPieces(plan, touched) {
  const found = [];
  for (const grid of [...touched.keys()].sort(byCode(plan))) {
    const { before, after } = touched.get(grid);
    const n = plan.piecesOf(after);
    if (n > Math.max(1, plan.piecesOf(before))) {
      found.push({ code: "edit_not_contiguous", facts: { grid: codeOf(plan, grid), measured: n, allowed: 1 } });
    }
  }
  return found;
}

// A dedicated grid takes no homes but those of its own estate.
function mixed(plan, touched) {
  const { ground } = plan;
  const estates = (atoms) => new Set([...atoms].filter((atom) => ground.households[atom] > 0).map((atom) => ground.estate[atom]));
  const found = [];
  for (const grid of [...touched.keys()].sort(byCode(plan))) {
    if (grid < 0 || plan.grids[grid].kind !== "dedicated") continue;
    const own = estates(touched.get(grid).before);
    const homes = estates(touched.get(grid).after);
    if ([...homes].some((one) => !own.has(one)) && (own.size || homes.size > 1)) {
      found.push({ code: "edit_mixes_dedicated", facts: { grid: codeOf(plan, grid) } });
    }
  }
  return found;
}

// What a grid of this ground would be.
export function kindOf(plan, atoms) {
  const { ground } = plan;
  const all = [...atoms];
  const homes = all.filter((atom) => ground.households[atom] > 0);
  const estates = new Set((homes.length ? homes : all).map((atom) => ground.estate[atom]));
  const [only] = estates;
  if (estates.size === 1 && only >= 0 && ground.estates[only].is_dedicated) return "dedicated";
  const isRural = ground.communities[ground.community[all[0]]].is_rural;
  return isRural && ground.rules.rural_mode !== "banded" ? "rural" : "standard";
}

function effectsOf(plan, touched) {
  return [...touched.keys()].sort(byCode(plan)).map((grid) => {
    const { before, after } = touched.get(grid);
    const kind = grid >= 0 ? plan.grids[grid].kind : kindOf(plan, after);
    const figures = (atoms) => {
      const sums = plan.sumsOf(atoms);
      const { households, area_m2, population, buildings } = sums;
      const compactness = roundness(area_m2, atoms.size ? plan.perimeterOf(atoms) : 0);
      return { households, population, buildings, area_m2, compactness, pieces: plan.piecesOf(atoms), band: plan.bandOf(kind, households) };
    };
    return { grid, code: codeOf(plan, grid), kind, before: figures(before), after: figures(after) };
  });
}
