// Figures of grids, communities and the whole plan, as the lists show them; nothing here paints.
import { say } from "./desk_words.js";
import { desk } from "./plan_state.js";

export const SIGN = { in: "●", low: "▼", high: "▲", exempt: "◇" };
const PROOFS = ["arithmetic", "cover_lp", "cover_mip"];
// Declared deviations that a rule or a person asked for (as api/usecases/verdict.py counts them).
const ASKED_FOR = ["part_joined", "locked", "estate_over_cap"];
const EVEN = 1e-9;

// The part of a code that differs within its community.
export const shortCode = ({ code, community }) =>
  community && code.startsWith(community) && code.length > community.length ? code.slice(community.length) : code;

// How far from the band: negative below, positive above, 0 inside and for grids without one.
export function missing(kind, households) {
  if (kind !== "standard") return 0;
  const { min_households: low, max_households: high } = desk.ground.rules;
  return households < low ? households - low : Math.max(0, households - high);
}

export function statusWord(kind, households) {
  if (kind !== "standard") return say(`see_kind_${kind}`);
  const off = missing(kind, households);
  return off ? say(off < 0 ? "see_too_few" : "see_too_many", { n: Math.abs(off) }) : say("see_in_band");
}

// A grid out of the band that the plan can be submitted with: a proof, a rule or a person speaks for it.
export function isExcused(grid) {
  if (!grid.reason || grid.reason === "edited") return false;
  const community = desk.plan.communities.get(grid.community);
  return ASKED_FOR.includes(grid.reason) || (community?.feasible === "no" && PROOFS.includes(community.proof));
}

// What the solver knows of a community: no, best, gap, none.
export function proofOf(row) {
  if (row.feasible === "no" && PROOFS.includes(row.proof)) return "no";
  if (row.bound === null || row.gap_frac === null) return "none";
  return row.gap_frac <= EVEN ? "best" : "gap";
}

export const percent = (share) => `${Math.round(share * 100)} %`;

export function sumsOf(grids) {
  const standard = grids.filter((grid) => grid.kind === "standard");
  const sizes = standard.map((grid) => grid.households);
  const inside = standard.filter((grid) => missing(grid.kind, grid.households) === 0).length;
  const mean = sizes.length ? sizes.reduce((sum, n) => sum + n, 0) / sizes.length : 0;
  const spread = sizes.length ? Math.sqrt(sizes.reduce((sum, n) => sum + (n - mean) ** 2, 0) / sizes.length) : 0;
  return {
    grids: grids.length,
    standard: standard.length,
    households: grids.reduce((sum, grid) => sum + grid.households, 0),
    least: sizes.length ? Math.min(...sizes) : 0,
    most: sizes.length ? Math.max(...sizes) : 0,
    mean: Math.round(mean),
    variation: mean ? spread / mean : 0,
    inside,
    low: standard.filter((grid) => missing(grid.kind, grid.households) < 0).length,
    high: standard.filter((grid) => missing(grid.kind, grid.households) > 0).length,
    dedicated: grids.filter((grid) => grid.kind === "dedicated").length,
    rural: grids.filter((grid) => grid.kind === "rural").length,
  };
}

// One row a community: what the plan says, what its grids come to, and what the count allows (`counts`: by code).
export function communityRows(counts) {
  const grids = new Map();
  for (const grid of desk.plan.grids) {
    if (grid.is_gone) continue;
    if (!grids.has(grid.community)) grids.set(grid.community, []);
    grids.get(grid.community).push(grid);
  }
  return desk.ground.communities
    .filter(({ code }) => desk.plan.communities.has(code) || grids.has(code))
    .map(({ code, name, is_rural: isRural }) => {
      const row = desk.plan.communities.get(code) || { feasible: "unknown", proof: "none", bound: null, gap_frac: null, reason: null };
      return { code, name, isRural, row, proof: proofOf(row), count: counts.get(code) || null, ...sumsOf(grids.get(code) || []) };
    });
}
