// What is wrong with the plan, kind by kind: what the browser sees at once, and what the service found of a revision.
// A thing that both see is one thing.  Nothing here paints or asks.
import { languageNow, say } from "./desk_words.js";
import { isExcused, missing, shortCode, statusWord } from "./plan_figures.js";
import { desk } from "./plan_state.js";

export const KINDS = ["unassigned", "band", "pieces", "sliver", "estate", "crossing", "other"];
const SLIVER_M2 = 10; // as partition/checks/cover.py
const MOST_NAMED = 3;
const OF_CODE = {
  check_sliver: "sliver", check_grid_in_parts: "pieces", check_estate_cut: "estate", check_crossing: "crossing", check_community_unknown: "crossing",
  check_member_missing: "unassigned", check_gap: "unassigned", check_community_without_grid: "unassigned", plan_rule_open: "band", plan_rule_excused: "band",
};
let hung = new Map(); // grid -> {pieces, slivers: [[atoms]]}; worked out once for what did not change

export function forgetFound(grids = null) {
  if (!grids) hung = new Map();
  else for (const at of grids) hung.delete(at);
}

// How a grid hangs together, and which parts of it are splinters.
function hangs(at) {
  if (!hung.has(at)) {
    const mine = desk.plan.members[at];
    const pieces = desk.plan.piecesOf(mine);
    const area = (run) => run.reduce((sum, atom) => sum + desk.ground.area_m2[atom], 0);
    const runs = pieces > 1 || mine.size === 1 || desk.plan.grids[at].area_m2 < SLIVER_M2 ? desk.plan.runs(mine, { isLand: true }) : [];
    hung.set(at, { pieces, slivers: runs.filter((run) => area(run) < SLIVER_M2) });
  }
  return hung.get(at);
}

const gridName = (at) => shortCode(desk.plan.grids[at]);
const standing = () => [...desk.plan.grids.keys()].filter((at) => !desk.plan.grids[at].is_gone);
const inOrder = new Intl.Collator(undefined, { numeric: true }).compare;
const byCode = (a, b) => inOrder(desk.plan.grids[a].code, desk.plan.grids[b].code);

// -- what the browser sees: {kind, key, atoms, grid, text, isExcused}

function unassigned() {
  const lone = desk.plan.unassigned();
  if (!lone.length) return [];
  const runs = desk.plan.runs(lone, { isLand: true });
  return runs.map((atoms) => {
    const households = atoms.reduce((sum, atom) => sum + desk.ground.households[atom], 0);
    const community = desk.ground.communities[desk.ground.community[atoms[0]]];
    return { key: `atom ${desk.ground.ids[atoms[0]]}`, atoms, grid: -1, text: say("see_found_unassigned", { n: atoms.length, households, name: community.name }) };
  });
}

function outOfBand() {
  const found = standing().filter((at) => missing(desk.plan.grids[at].kind, desk.plan.grids[at].households)).sort(byCode);
  const items = found.map((at) => {
    const grid = desk.plan.grids[at];
    const facts = { code: gridName(at), n: grid.households, status: statusWord(grid.kind, grid.households) };
    const excused = isExcused(grid);
    return { key: `grid ${grid.code}`, grid: at, isExcused: excused, text: say(excused ? "see_found_excused" : "see_found_band", facts) };
  });
  return [...items.filter((one) => !one.isExcused), ...items.filter((one) => one.isExcused)];
}

function inPieces() {
  return standing().filter((at) => hangs(at).pieces > 1).sort(byCode).map((at) => {
    const { pieces } = hangs(at);
    return { key: `grid ${desk.plan.grids[at].code}`, grid: at, text: say("see_found_pieces", { code: gridName(at), n: pieces }) };
  });
}

function slivers() {
  return standing().filter((at) => hangs(at).slivers.length).sort(byCode).flatMap((at) =>
    hangs(at).slivers.map((atoms, i) => {
      const area = atoms.reduce((sum, atom) => sum + desk.ground.area_m2[atom], 0);
      return { key: `grid ${desk.plan.grids[at].code}${i ? ` ${i}` : ""}`, grid: at, atoms, text: say("see_found_sliver", { code: gridName(at), n: area.toFixed(1), most: SLIVER_M2 }) };
    }),
  );
}

function cutEstates() {
  return desk.plan.cutEstates().map((estate) => {
    const atoms = desk.ground.atomsOfEstate[estate];
    const grids = [...new Set(atoms.map((atom) => desk.plan.atomGrid[atom]))];
    const names = grids.map((at) => (at < 0 ? "–" : gridName(at))).sort().join(", ");
    const { id, name } = desk.ground.estates[estate];
    return { key: `estate ${id}`, atoms, grid: grids.find((at) => at >= 0) ?? -1, text: say("see_found_estate", { name: name || id, grids: names }) };
  });
}

// Ground whose grid is of another community.
function crossing() {
  const { plan, ground } = desk;
  const found = new Map();
  for (let atom = 0; atom < ground.n; atom += 1) {
    const at = plan.atomGrid[atom];
    if (at < 0 || plan.grids[at].community === ground.communities[ground.community[atom]].code) continue;
    if (!found.has(at)) found.set(at, []);
    found.get(at).push(atom);
  }
  return [...found.keys()].sort(byCode).map((at) => {
    const places = [...new Set(found.get(at).map((atom) => ground.communities[ground.community[atom]].name))];
    const facts = { code: gridName(at), n: found.get(at).length, names: places.slice(0, MOST_NAMED).join(", ") };
    return { key: `grid ${plan.grids[at].code}`, grid: at, atoms: found.get(at), text: say("see_found_crossing", facts) };
  });
}

const SEEN = { unassigned, band: outOfBand, pieces: inPieces, sliver: slivers, estate: cutEstates, crossing, other: () => [] };

// -- what the service found

function ofService(finding) {
  const at = finding.grid ? desk.plan.gridAt.get(finding.grid) ?? -1 : -1;
  const kind = finding.weight === "remark" ? "remark" : OF_CODE[finding.code] || "other";
  // A rule of a grid that is in the band now (a joined part, for one) is not about the band.
  const isBand = kind === "band" && at >= 0 && missing(desk.plan.grids[at].kind, desk.plan.grids[at].households) !== 0;
  const isExcusedRule = finding.weight === "excused";
  const place = finding.code === "check_estate_cut" ? `estate ${finding.id}` : finding.id ? `member ${finding.id}` : finding.grid ? `grid ${finding.grid}` : `community ${finding.community || ""}`;
  return {
    kind: kind === "band" && !isBand ? (isExcusedRule ? "remark" : "other") : kind,
    key: place, grid: at, spot: finding.spot, code: finding.code, text: finding.sentence[languageNow()], isExcused: isExcusedRule, isOfService: true,
  };
}

// kind -> items, and `remarks`: lawful, and worth a look.  `check`: the last answer of the service, or null; what it
// says of a plan that has changed since is left out where the browser sees the same kind itself.
export function findAll(check, { isOutdated = false } = {}) {
  const found = Object.fromEntries(KINDS.map((kind) => [kind, SEEN[kind]().map((one) => ({ ...one, kind }))]));
  const remarks = [];
  for (const finding of check?.findings || []) {
    const one = ofService(finding);
    if (one.kind === "remark") {
      remarks.push(one);
      continue;
    }
    const same = found[one.kind].find((other) => other.key === one.key);
    if (same) {
      same.more = one.text;
      same.spot = same.spot || one.spot;
    } else if (!(isOutdated && ["band", "pieces", "estate"].includes(one.kind))) {
      found[one.kind].push(one);
    }
  }
  return { ...found, remarks };
}

// What must be mended before the plan can be submitted.
export const openOf = (found) => KINDS.flatMap((kind) => found[kind]).filter((one) => !one.isExcused);
