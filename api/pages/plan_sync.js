// Between the page and the service: what waits is sent one by one, answers are held against what was shown, and what
// others changed comes in while nothing waits.  Why sending stops is told by plan_troubles.js; a conflict is settled by
// plan_conflict.js.
import { ask, askJson, change, contentOf, Trouble } from "./desk_ask.js";
import {
  hideAll, hideEntry, isAsShown, line, me, noteAnswer, numbersOf, renumber, setLocks, showAgain, showAll, standingNow, takeSheet, without,
} from "./plan_queue.js";
import { desk, on, planPath, tell } from "./plan_state.js";
import { forget, keepWaiting, start as startWaiting, takeLeft } from "./plan_waiting.js";

const PATIENCE_MS = 60000;
const LOOK_EVERY_MS = 10000;
const FIRST_RETRY_MS = 3000;
const LAST_RETRY_MS = 30000;
const STEPS_AT_ONCE = 500;
const MOST_STEPS = 2000; // that the list shows
export const REFUSED = /^(edit_|lock_|nothing_to_|idempotency_key_reused|body_|field_|accept_|solve_|proposal_)/;

// Why nothing is sent: null, or {kind, text, error}.
//   gone, session, other, full, busy, conflict, closed, refused
export const sync = { held: null, isSending: false, savedAt: 0, isDown: false, dropped: null };
const PASSING = ["gone", "full", "busy"]; // it is tried again by itself
let retry = 0;
let patience = FIRST_RETRY_MS;
let isRunning = false;
let isReady = false;
let isSheetWanted = false;
let waiters = [];
const ready = [];

// -- keeping

// Write down what waits; whoever shows how much that is hears of it.
export function save() {
  desk.unsaved = line.entries.length;
  tell("saved", sync);
  return keepWaiting({ plan: desk.id, entries: line.entries, taken: line.taken, known: line.known, who: me(), at: Date.now() });
}

export function hold(kind, error) {
  sync.held = kind ? { kind, error, text: error?.message || "" } : null;
  clearTimeout(retry);
  if (!kind) patience = FIRST_RETRY_MS;
  else if (PASSING.includes(kind)) {
    retry = setTimeout(goOn, patience);
    patience = Math.min(2 * patience, LAST_RETRY_MS);
  }
  tell("saved", sync);
  tell("held", sync.held);
}

// Something for the service to do.
export function push(entry) {
  line.entries.push(entry);
  save();
  pump();
}

// -- sending

const ways = {
  edit: (entry) => ["POST", "/moves", entry.body],
  undo: () => ["POST", "/undo", null],
  redo: () => ["POST", "/redo", null],
  lock: (entry) => ["POST", "/locks", { locks: entry.locks }],
  unlock: (entry) => ["DELETE", `/locks?${entry.isAll ? "all=true" : new URLSearchParams(entry.locks.map((lock) => ["lock", lock]))}`, null],
};

async function send(entry) {
  const [method, tail, body] = ways[entry.kind](entry);
  const headers = { "If-Match": `"${desk.id}-${line.known}"`, "Idempotency-Key": entry.key };
  if (body) headers["Content-Type"] = "application/json";
  if (entry.merges) headers["X-Merge"] = "disjoint";
  const options = { method, headers, patience: PATIENCE_MS, ...(body ? { body: JSON.stringify(body) } : {}) };
  const answer = await change(planPath(tail), options);
  return { answer: await contentOf(answer), revision: revisionOf(answer), isRepeated: answer.headers.get("X-Repeated") === "true" };
}

const revisionOf = (answer) => Number(/-(\d+)"$/.exec(answer.headers.get("ETag") || "")?.[1] || 0);

export async function pump() {
  if (isRunning || !isReady || sync.held) return;
  isRunning = true;
  try {
    while (line.entries.length && !sync.held) await sendNext(line.entries[0]);
    if (isSheetWanted && !line.entries.length) {
      isSheetWanted = false;
      await askFrom();
    }
  } finally {
    isRunning = false;
    sync.isSending = false;
    tell("saved", sync);
    if (!sync.held) tell("held", null);
    if (!line.entries.length || sync.held) for (const go of waiters.splice(0)) go(!line.entries.length);
  }
}

async function sendNext(entry) {
  if (entry.who !== me()) {
    hold("other", new Trouble("other", ""));
    return;
  }
  if (entry.step && !isNext(entry)) {
    giveUp([{ entry, faults: [{ code: "sync_step_moved_on", facts: {} }] }]);
    return;
  }
  entry.isSent = true;
  sync.isSending = true;
  await save();
  try {
    const told = await send(entry);
    sync.isDown = false;
    patience = FIRST_RETRY_MS;
    if (told.isRepeated || entry.merges) await catchAnswer(entry, told);
    else settle(entry, told);
    sync.savedAt = Date.now();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    await meet(entry, error);
  }
  await save();
}

// Whether the step that is to be taken back or made again is the one the service would take.
function isNext({ kind, step }) {
  const wanted = line.inEffect + Number(kind === "redo");
  if (step.number === null) return true; // it was on its way when it was taken back
  const there = line.steps.find((one) => one.number === wanted);
  return step.number === wanted && (!there || !step.revision || there.revision === step.revision);
}

// An answer to a step that was shown: as thought, or else what really moved and everything later judged anew.
function settle(entry, { answer, revision }) {
  const later = line.entries.slice(1);
  hideAll(later);
  let lost = [];
  line.entries.shift();
  if (entry.locks.length) {
    setLocks(answer.locks);
    later.forEach(showAgain);
    // On which ground a locked building stands is known to the service alone.
    isSheetWanted = isSheetWanted || answer.locks.some((lock) => /^(building|unit):/.test(lock) && !desk.plan.lockAtom.has(lock));
  } else {
    const isSame = isAsShown(entry, answer);
    if (!isSame) hideEntry(entry);
    const numbers = numbersOf(entry, answer);
    renumber(numbers);
    const standing = standingNow();
    for (const code of numbers.values()) standing.delete(code);
    desk.plan.takeAnswer(answer);
    noteAnswer(entry, answer, standing);
    if (isSame) later.forEach(showAgain);
    else lost = showAll(later);
  }
  know(revision, answer.plan);
  if (lost.length) giveUp(lost);
  tellChanged(answer.pieces ? answer.pieces.flatMap(([, from, to]) => [from, to]) : null);
}

// An answer that speaks of an older plan than the service has by now: it was made before a reload, or beside others.
async function catchAnswer(entry, { answer, revision }) {
  const numbers = entry.locks.length ? new Map() : numbersOf(entry, answer);
  hideAll();
  line.entries.shift();
  renumber(numbers);
  line.known = Math.max(line.known, revision);
  showAll();
  await save();
  const newest = await askNow();
  takeNow(newest, { rebase: entry.merges });
}

function know(revision, card) {
  line.known = revision;
  desk.card = card || { ...desk.card, revision, etag: `"${desk.id}-${revision}"` };
  tell("card", desk.card);
}

function tellChanged(codes) {
  const grids = codes ? [...new Set(codes)].map((code) => desk.plan.gridAt.get(code)).filter((at) => at !== undefined) : [...desk.plan.grids.keys()];
  if (!codes || codes.length) tell("changed", { grids, isAll: !codes });
  tell("locks", desk.locks);
  tell("steps");
}

// Steps that can not be made: off the plan and out of the line, and told.
export function giveUp(lost) {
  const all = [...lost];
  for (let i = 0; i < all.length; i += 1) {
    hideAll();
    line.entries = without(line.entries, all[i].entry);
    // What stood on them may fall with them.
    for (const one of showAll()) if (!all.some(({ entry }) => entry === one.entry)) all.push(one);
  }
  tellChanged(null);
  tell("lost", all);
  save();
}

// What stands in the way.
async function meet(entry, error) {
  const { kind, status, code } = error;
  sync.isSending = false;
  if (kind === "session") hold("session", error);
  else if (kind === "gone") hold("gone", error);
  else if (status === 412) hold("conflict", error);
  else if (status === 409 && ["plan_not_editable", "plan_closed"].includes(code)) hold("closed", error);
  else if (status === 507) hold("full", error);
  else if ([429, 503].includes(status)) hold("busy", error);
  else if ([400, 404, 409, 422].includes(status) && REFUSED.test(code)) {
    giveUp([{ entry, faults: error.faults.length ? error.faults : [{ code, message: error.message }] }]);
    await askFrom(); // the model thought otherwise: take what the service has
  } else hold("refused", error);
}

async function askFrom() {
  try {
    takeNow(await askNow());
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
  }
}

// -- taking the service's state

async function askSteps() {
  const found = [];
  const first = await askJson(planPath("/moves"), { query: { limit: 1 } });
  const after = Math.max(0, first.in_effect - MOST_STEPS);
  let told = first;
  for (let next = after; next !== null; next = told.next) {
    told = await askJson(planPath("/moves"), { query: { after: next, limit: STEPS_AT_ONCE } });
    found.push(...told.steps);
  }
  return { steps: found, inEffect: told.in_effect };
}

export async function askNow() {
  const [sheet, made] = await Promise.all([askJson(planPath("/sheet")), desk.share ? { steps: [], inEffect: 0 } : askSteps()]);
  return { sheet, ...made };
}

// The plan as the service has it, and on it what waits.  `rebase`: what waits is meant for this revision now.
export function takeNow({ sheet, steps, inEffect }, { rebase = false } = {}) {
  const held = desk.grid >= 0 ? desk.plan.grids[desk.grid]?.code : "";
  hideAll();
  takeSheet(sheet);
  Object.assign(line, { steps, inEffect });
  if (rebase || !line.entries.length) line.known = sheet.plan.revision;
  desk.card = sheet.plan;
  if (desk.preview) {
    desk.preview = null;
    tell("preview");
  }
  const lost = showAll();
  if (desk.grid >= 0 && held && desk.plan.gridAt.get(held) !== desk.grid) desk.grid = desk.plan.gridAt.get(held) ?? -1;
  tell("card", desk.card);
  tellChanged(null);
  if (lost.length) giveUp(lost);
  return lost;
}

// Whether everything was sent; waits for it.
export function flush() {
  pump();
  if (!line.entries.length) return Promise.resolve(true);
  if (sync.held) return Promise.resolve(false);
  return new Promise((go) => waiters.push(go));
}

// Take what the service has, once everything was sent; whether that could be done.
export async function refresh() {
  if (!(await flush())) return false;
  takeNow(await askNow());
  return true;
}

// Look whether others changed the plan; only while nothing waits.
export async function catchUp() {
  if (isRunning || !isReady || line.entries.length || document.hidden || (sync.held && sync.held.kind !== "gone")) return;
  try {
    const answer = await ask(planPath(), { headers: { Accept: "application/json", "If-None-Match": desk.card.etag }, patience: PATIENCE_MS });
    if (sync.isDown || sync.held) {
      sync.isDown = false;
      hold(null);
    }
    if (answer.status === 304 || line.entries.length) return;
    const card = await contentOf(answer);
    if (card.etag === desk.card.etag || card.revision < line.known) return;
    const told = desk.share ? { changes: [] } : await askJson(planPath("/changes"), { query: { after: line.known, limit: 100 } });
    const newest = await askNow();
    if (line.entries.length || isRunning || newest.sheet.plan.revision <= line.known) return;
    takeNow(newest);
    line.taken = []; // what was taken back here was taken back from another plan
    save();
    tell("others", told.changes);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    if (error.kind === "gone") {
      sync.isDown = true;
      tell("saved", sync);
    } else if (error.kind === "session") hold("session", error);
  }
}

// Whatever stopped the sending is out of the way, or may be.
export async function goOn() {
  const { held } = sync;
  if (["session", "other"].includes(held?.kind)) {
    try {
      desk.session = await askJson("/v1/session");
      desk.role = desk.session.is_local ? "admin" : desk.session.role;
      tell("role");
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      hold(error.kind === "session" ? "session" : "gone", error);
      return;
    }
  }
  // What was told stays until it has succeeded, and the wait between tries grows until then.
  clearTimeout(retry);
  sync.held = null;
  await pump();
  if (!sync.held) await catchUp();
}

// -- starting

// A plan is in the model: what an earlier window left for it comes on top.
async function loaded() {
  isReady = false;
  Object.assign(line, { known: desk.card.revision, entries: [], taken: [], steps: [], inEffect: desk.card.steps || 0 });
  sync.savedAt = Date.parse(desk.card.changed_at) || Date.now();
  hold(null);
  if (desk.share) {
    isReady = true;
    for (const go of ready.splice(0)) go();
    return;
  }
  const [made, left] = await Promise.all([askSteps().catch(() => null), takeLeft(desk.id)]);
  if (made) Object.assign(line, made);
  const own = left.filter((record) => record.who === me());
  for (const record of own) {
    if (record.entries.length) line.known = record.known;
    line.entries.push(...record.entries);
    line.taken = record.taken;
  }
  const lost = showAll();
  // A first one that was on its way may have been made: its answer will say so.
  const real = lost.filter(({ entry }) => !(entry === line.entries[0] && entry.isSent));
  isReady = true;
  await save();
  for (const record of own) await forget(record);
  if (own.length) tellChanged(null);
  else tell("steps");
  for (const go of ready.splice(0)) go();
  const foreign = left.filter((record) => record.who !== me() && record.entries.length);
  if (foreign.length) tell("foreign", foreign);
  if (real.length) giveUp(real);
  if (line.entries.length) tell("taken up", line.entries.length);
  pump();
}

// Once what an earlier window left has been looked at.
export const whenReady = () => (isReady ? Promise.resolve() : new Promise((go) => ready.push(go)));

export function start() {
  startWaiting();
  on("loaded", () => loaded());
  on("card", (card) => {
    // Another part of the page changed the plan: its name, its state.
    if (isReady && card && card.id === desk.id && !line.entries.length && card.revision > line.known) line.known = card.revision;
  });
  setInterval(catchUp, LOOK_EVERY_MS);
  const again = () => ([...PASSING, "session"].includes(sync.held?.kind) ? goOn() : catchUp());
  window.addEventListener("online", again);
  window.addEventListener("focus", again);
  window.addEventListener("offline", () => {
    sync.isDown = true;
    tell("saved", sync);
  });
}
