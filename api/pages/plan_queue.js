// The steps of a plan as the planner sees them: those that the service has, and those that wait to be sent; what each of
// them moves, shown at once and taken back.  Nothing here asks the service.
//   an entry: {key, kind: edit|undo|redo|lock|unlock, body, title, at, who, pieces, codes, locks, isSent}
//     pieces   [[atom id, grid before, grid now]]; null: known only once the service has answered
//     codes    codes of the grids it makes, "new 1" until the service has numbered them
//     place    of one that was taken back: the number of steps that it stood on
import { kindOf } from "./plan_judge.js";
import { newKey } from "./plan_waiting.js";
import { desk } from "./plan_state.js";

export const line = {
  known: 0, // revision that everything shown stands on
  entries: [], // wait to be sent, the next one first
  taken: [], // steps that were taken back before they were sent, the next one to make again first
  steps: [], // as the service lists them, also those that were taken back
  inEffect: 0, // number of the last one in effect
};
const TEMPORARY = /^new (\d+)$/;

export const isTemporary = (code) => TEMPORARY.test(code);

export function me() {
  return desk.session?.account || "";
}

export function newEntry(kind, facts) {
  return { key: newKey(), kind, body: null, title: "", at: Date.now(), who: me(), pieces: null, codes: [], locks: [], isSent: false, ...facts };
}

const isStep = (entry) => ["edit", "undo", "redo"].includes(entry.kind);

// -- the steps, with what waits

// {steps: [{number, kind, title, at, who, pieces, came, went, entry}], position: how many are in effect}
export function stepsNow() {
  const steps = line.steps.slice();
  const first = steps.length ? steps[0].number : line.inEffect + 1;
  let position = line.inEffect - first + 1;
  for (const entry of line.entries) {
    if (entry.kind === "edit") {
      steps.length = position;
      steps.push(stepOf(entry));
      position += 1;
    } else if (entry.kind === "undo") position -= 1;
    else if (entry.kind === "redo") position += 1;
  }
  if (line.taken.length) {
    // Each goes on top of as many steps as it stood on.
    steps.length = Math.min(Math.max(line.taken[0].place - first + 1, position), steps.length);
    steps.push(...line.taken.map(stepOf));
  }
  return { steps, position: Math.max(position, 0), first };
}

const stepOf = (entry) => ({
  number: null, kind: entry.body.kind, title: entry.title, at: new Date(entry.at).toISOString(), who: entry.who, pieces: entry.pieces, came: [], went: [], entry,
});

// -- showing

const atomOf = (id) => desk.plan.ground.idAt.get(id);
const gridOf = (code) => (code ? (desk.plan.gridAt.get(code) ?? -1) : -1);

// Pieces by their names as positions; null where one of them is not known here.
export function placed(pieces) {
  const found = pieces.map(([id, from, to]) => [atomOf(id), gridOf(from), gridOf(to)]);
  return found.some(([atom, from, to], i) => atom === undefined || (from < 0 && pieces[i][1]) || (to < 0 && pieces[i][2])) ? null : found;
}

export const turned = (pieces) => pieces.map(([id, from, to]) => [id, to, from]);

function nextTemporary() {
  const used = [...line.entries, ...line.taken].flatMap((one) => one.codes);
  const numbers = [...desk.plan.gridAt.keys(), ...used].map((code) => Number(TEMPORARY.exec(code)?.[1] || 0));
  return `new ${Math.max(0, ...numbers) + 1}`;
}

// Judge an entry on the plan as it is shown, and show it; gives the faults that stand against it.
export function showEntry(entry) {
  const { plan } = desk;
  if (entry.kind === "lock" || entry.kind === "unlock") {
    entry.changed = null;
    const before = new Set(plan.locks);
    const changed = entry.locks.filter((lock) => before.has(lock) === (entry.kind === "unlock"));
    entry.changed = changed;
    setLocks(entry.kind === "lock" ? [...before, ...changed] : [...before].filter((lock) => !changed.includes(lock)), entry.atoms);
    return [];
  }
  if (entry.kind !== "edit") return showBack(entry);
  entry.pieces = null;
  if (entry.isBlind) return [];
  const judged = plan.judge(entry.body);
  if (judged.faults.length) return judged.faults;
  if (entry.body.kind === "merge" && !entry.body.grid) {
    // Which one stays is said, so that the numbers of new grids do not decide between two of one size.
    const [to] = judged.moves.values();
    entry.body.grid = plan.grids[to].code;
  }
  const made = new Map();
  for (const to of judged.moves.values()) if (to < -1) made.set(to, null);
  // -2 is the first new grid, -3 the second.
  const fresh = [...made.keys()].sort((a, b) => b - a);
  for (const [i, to] of fresh.entries()) {
    entry.codes[i] = entry.codes[i] || nextTemporary();
    const atoms = [...judged.moves].filter(([, where]) => where === to).map(([atom]) => atom);
    const community = plan.ground.communities[plan.ground.community[atoms[0]]].code;
    const row = { code: entry.codes[i], name: entry.body.grid_name || "", community, kind: kindOf(plan, atoms) };
    made.set(to, plan.gridAt.has(row.code) ? plan.gridAt.get(row.code) : plan.addGrid(row));
  }
  const pieces = [...judged.moves].map(([atom, to]) => [atom, plan.atomGrid[atom], made.get(to) ?? to]);
  const codeAt = (at) => (at < 0 ? "" : plan.grids[at].code);
  entry.pieces = pieces.map(([atom, from, to]) => [plan.ground.ids[atom], codeAt(from), codeAt(to)]);
  plan.apply(pieces);
  return [];
}

// A step of the service that is taken back or made again, as far as the browser knows what it moved.
function showBack(entry) {
  entry.pieces = null;
  if (!entry.step?.pieces) return [];
  for (const row of [...(entry.step.came || []), ...(entry.step.went || [])]) if (!desk.plan.gridAt.has(row.code)) desk.plan.addGrid(row);
  const pieces = entry.kind === "undo" ? turned(entry.step.pieces) : entry.step.pieces;
  const found = placed(pieces);
  if (!found || found.some(([atom, from]) => desk.plan.atomGrid[atom] !== from)) return [];
  const judged = desk.plan.judgeMoves(new Map(found.map(([atom, , to]) => [atom, to])), "move");
  const locked = judged.faults.filter((fault) => fault.code === "edit_locked");
  if (locked.length) return locked;
  entry.pieces = pieces;
  desk.plan.apply(found);
  return [];
}

// Show again what was shown before, without judging.
export function showAgain(entry) {
  if (entry.kind === "lock" || entry.kind === "unlock") showEntry(entry);
  else if (entry.pieces) desk.plan.apply(placed(entry.pieces) || []);
}

// Take an entry off the plan that is shown; the later ones must be off already.
export function hideEntry(entry) {
  if (entry.changed) {
    const { plan } = desk;
    setLocks(entry.kind === "lock" ? plan.locks.filter((lock) => !entry.changed.includes(lock)) : [...plan.locks, ...entry.changed]);
    entry.changed = null;
  } else if (entry.pieces && isStep(entry)) {
    const found = placed(entry.pieces);
    if (found) desk.plan.revert(found);
  }
}

export function hideAll(entries = line.entries) {
  for (const entry of entries.slice().reverse()) hideEntry(entry);
}

// Judge entries anew, one on the other; gives those that can no longer be made, with why.
export function showAll(entries = line.entries) {
  const lost = [];
  for (const entry of entries.slice()) {
    const faults = showEntry(entry);
    if (faults.length) lost.push({ entry, faults });
  }
  return lost;
}

export function setLocks(locks, atoms = {}) {
  desk.plan.setLocks([...locks].sort(), atoms || {});
  desk.locks = desk.plan.locks;
}

// -- the numbers that the service gives to new grids

// Temporary code to real code, from what an entry was thought to move and what it moved.
export function numbersOf(entry, answer) {
  const now = new Map(answer.pieces.map(([id, , to]) => [id, to]));
  const found = new Map();
  for (const [id, , to] of entry.pieces || []) {
    if (isTemporary(to) && now.has(id) && !isTemporary(now.get(id))) found.set(to, now.get(id));
  }
  return found;
}

const swapped = (text, numbers) => numbers.get(text) ?? text;

function swappedLock(lock, numbers) {
  if (!lock.startsWith("border:")) return swapped(lock, numbers);
  const ends = lock.slice("border:".length).split("+").map((code) => swapped(code, numbers));
  return `border:${ends.sort().join("+")}`;
}

// Real codes in place of temporary ones, in everything that waits.
export function renumber(numbers) {
  for (const [temporary, code] of numbers) {
    const at = desk.plan.gridAt.get(temporary);
    if (at !== undefined) desk.plan.rename(at, code);
  }
  const withNumbers = (pieces) => pieces.map(([id, from, to]) => [id, swapped(from, numbers), swapped(to, numbers)]);
  for (const entry of [...line.entries, ...line.taken]) {
    entry.codes = entry.codes.map((code) => swapped(code, numbers));
    if (entry.step?.pieces) entry.step.pieces = withNumbers(entry.step.pieces);
    if (entry.pieces) entry.pieces = withNumbers(entry.pieces);
    entry.locks = entry.locks.map((lock) => swappedLock(lock, numbers));
    if (entry.changed) entry.changed = entry.changed.map((lock) => swappedLock(lock, numbers));
    if (entry.body?.grid) entry.body.grid = swapped(entry.body.grid, numbers);
    if (entry.body?.grids) entry.body.grids = entry.body.grids.map((code) => swapped(code, numbers));
  }
  setLocks(desk.plan.locks.map((lock) => swappedLock(lock, numbers)));
}

// Whether a step moved what was shown.
export function isAsShown(entry, answer) {
  if (!entry.pieces || entry.pieces.length !== answer.pieces.length) return false;
  const numbers = numbersOf(entry, answer);
  const shown = new Map(entry.pieces.map(([id, , to]) => [id, swapped(to, numbers)]));
  return answer.pieces.every(([id, , to]) => shown.get(id) === to);
}

// -- the service's list of steps, kept in step with its answers

// `standing`: codes of the grids that were there before.
export function noteAnswer(entry, answer, standing) {
  const number = answer.step;
  if (entry.kind === "edit") {
    const { changed_at: at, changed_by: who, revision } = answer.plan;
    const came = answer.grids.map((row) => row.code).filter((code) => !standing.has(code));
    line.steps = line.steps.filter((step) => step.number < number);
    line.steps.push({ number, kind: answer.kind, title: answer.title, at, who, revision, pieces: answer.pieces, came: came.map(briefOf), went: answer.gone.map(briefOf) });
  }
  line.inEffect = number;
}

function briefOf(code) {
  const grid = desk.plan.grids[desk.plan.gridAt.get(code)] || {};
  const { name = "", community = "", kind = "standard", reason = null, parent = null } = grid;
  return { code, name, community, kind, reason, parent };
}

export const standingNow = () => new Set(desk.plan.grids.filter((grid) => !grid.is_gone).map((grid) => grid.code));

// Entries without one that was refused, and without what took that one back and made it again.
export function without(entries, refused) {
  const kept = [];
  let depth = 0; // of steps since the refused one; -1: it was taken back
  let isAfter = false;
  for (const entry of entries) {
    if (entry === refused) {
      isAfter = entry.kind === "edit";
      continue;
    }
    if (isAfter && entry.kind === "undo") {
      depth -= 1;
      if (depth < 0) continue;
    } else if (isAfter && entry.kind === "redo" && depth < 0) {
      depth += 1;
      continue;
    } else if (isAfter && isStep(entry)) depth += 1;
    kept.push(entry);
  }
  return kept;
}

// -- the plan as the service has it, grids where they stood: a position that somebody holds stays good

export function takeSheet(sheet) {
  const { plan } = desk;
  const at = sheet.grids.map((row) => (plan.gridAt.has(row.code) ? plan.gridAt.get(row.code) : plan.addGrid(row)));
  for (const [i, row] of sheet.grids.entries()) {
    const { name, kind, reason, within_band, parent, community } = row;
    Object.assign(plan.grids[at[i]], { name, kind, reason, within_band, parent, community });
  }
  for (const [atom, grid] of sheet.atom_grid.entries()) plan.put(atom, null, grid < 0 ? -1 : at[grid]);
  plan.communities = new Map(sheet.communities.map((row) => [row.code, row]));
  plan.broken = sheet.broken_rules;
  plan.closed = new Set(sheet.closed);
  plan.retired = new Set(sheet.retired);
  plan.basis = sheet.basis;
  setLocks(sheet.locks, sheet.lock_atoms);
}
