// Doing and undoing: a change is judged by the model, shown at once, kept by the browser, and sent by plan_sync.js.
import { say } from "./desk_words.js";
import { addCommand } from "./desk_keys.js";
import { hideEntry, line, me, newEntry, showEntry, stepsNow } from "./plan_queue.js";
import { desk, mayChange, on, tell } from "./plan_state.js";
import { flush, push, refresh, save, sync, whenReady } from "./plan_sync.js";
import { confirm } from "./desk_talk.js";

export { flush, refresh };
const MOST_TITLE = 200;
const LOCKS_AT_ONCE = 80;

// A fault in words.
export function faultText({ code, facts = {}, message = "" }) {
  if (message) return message;
  const named = Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, typeof value === "string" ? codeText(value) : value]));
  return say(code, named);
}

// A code as people read it: a grid that the service has not numbered yet is "new 1" in their own language.
export const codeText = (text) => String(text).replace(/^(?:new |\+)(\d+)$/, (_, n) => say("sync_new_grid", { n }));

const refusal = (code) => ({ faults: [{ code, facts: {}, detail: say(code) }] });
const told = (faults) => ({ faults: faults.map((fault) => ({ ...fault, detail: faultText(fault) })) });

const cleaned = (title) => [...(title || "").replace(/[\u0000-\u001f\u007f]+/g, " ").trim()].slice(0, MOST_TITLE).join("");

// One edit: `body` as POST /v1/plans/{plan}/moves takes it.  {done: true}, or {faults: [{code, facts, detail}]} and
// nothing has changed.
export async function doEdit(body, { title = "" } = {}) {
  await whenReady();
  if (!mayChange()) return refusal("sync_may_not");
  const name = cleaned(title || body.name);
  const entry = newEntry("edit", { body: { ...structuredClone(body), ...(name ? { name } : {}) }, title: name });
  const faults = showEntry(entry);
  if (faults.length) return told(faults);
  line.taken = [];
  push(entry);
  tellMoved(entry);
  return { done: true };
}

// Take what a job of the solver proposes, as one step; what it moves is shown when the service has answered.
export async function accept(job, title = "") {
  await whenReady();
  if (!mayChange()) return refusal("sync_may_not");
  const name = cleaned(title);
  line.taken = [];
  const entry = newEntry("edit", { body: { kind: "accept", job, ...(name ? { name } : {}) }, title: name || say("sync_accept"), isBlind: true });
  const lost = [];
  lookingFor.set(entry.key, lost);
  push(entry);
  tell("steps");
  await flush();
  lookingFor.delete(entry.key);
  if (lost.length) return told(lost);
  return line.entries.includes(entry) ? { done: false, waits: true } : { done: true };
}

const lookingFor = new Map();

function tellMoved(entry) {
  const codes = new Set((entry.pieces || []).flatMap(([, from, to]) => [from, to]));
  const grids = [...codes].map((code) => desk.plan.gridAt.get(code)).filter((at) => at !== undefined);
  if (grids.length) tell("changed", { grids });
  tell("steps");
}

// -- back and forth

export const canUndo = () => Boolean(desk.plan) && mayChange() && stepsNow().position > 0;

export function canRedo() {
  if (!desk.plan || !mayChange()) return false;
  const { steps, position } = stepsNow();
  return position < steps.length;
}

// A step of somebody else is only taken back by who says so.
async function isMeant(steps) {
  const others = [...new Set(steps.map((step) => step.who))].filter((who) => who && who !== me());
  if (!others.length || steps.every((step) => step.who === me())) return true;
  const title = steps.length === 1 ? steps[0].title : say("sync_n_steps", { n: steps.length });
  return confirm({ title: say("sync_undo_others"), text: say("sync_undo_others_text", { who: others.join(", "), title }), ok: say("sync_undo_anyway") });
}

// Take the newest step back.
export async function undo({ isSure = false } = {}) {
  await whenReady();
  if (!canUndo()) return refusal("sync_nothing_to_undo");
  const { steps, position, first } = stepsNow();
  const step = steps[position - 1];
  if (!isSure && !(await isMeant([step]))) return { done: false };
  const last = line.entries.at(-1);
  if (last && !last.isSent && last.kind === "edit") {
    hideEntry(line.entries.pop());
    line.taken.unshift(Object.assign(last, { place: first + position - 2 }));
    return ended(last);
  }
  if (last && !last.isSent && last.kind === "redo") return ended(hidden(line.entries.pop()));
  const faults = follow("undo", step);
  return faults.length ? told(faults) : { done: true };
}

// Make the step again that was taken back last.
export async function redo() {
  await whenReady();
  if (!canRedo()) return refusal("sync_nothing_to_redo");
  const { steps, position, first } = stepsNow();
  const [next] = line.taken;
  if (next && next.place === first + position - 1) {
    const faults = showEntry(next);
    if (faults.length) return told(faults);
    line.taken.shift();
    const rest = line.taken;
    push(next);
    line.taken = rest;
    return ended(next);
  }
  const last = line.entries.at(-1);
  if (last && !last.isSent && last.kind === "undo") return ended(hidden(line.entries.pop()));
  const faults = follow("redo", steps[position]);
  return faults.length ? told(faults) : { done: true };
}

function hidden(entry) {
  hideEntry(entry);
  return entry;
}

function ended(entry) {
  save();
  tellMoved(entry);
  return { done: true };
}

function follow(kind, step) {
  const { number, revision, title, pieces, came, went, who } = step;
  const entry = newEntry(kind, { title, step: { number, revision, title, pieces, came, went, who } });
  const faults = showEntry(entry);
  if (faults.length) return faults;
  push(entry);
  tellMoved(entry);
  return [];
}

// So many steps in effect: back or forth, one by one.
export async function goToStep(wanted) {
  await whenReady();
  const { steps, position } = stepsNow();
  const goal = Math.min(Math.max(wanted, 0), steps.length);
  if (goal < position && !(await isMeant(steps.slice(goal, position)))) return { done: false };
  while (stepsNow().position !== goal) {
    const before = stepsNow().position;
    const found = before > goal ? await undo({ isSure: true }) : await redo();
    if (!found.done || stepsNow().position === before) return found;
  }
  return { done: true };
}

// -- locks

export const addLocks = (locks, atoms) => changeLocks("lock", locks.filter((lock) => !desk.plan.locks.includes(lock)), atoms);
// Some locks, or all of them with `null`.
export const removeLocks = (locks) => changeLocks("unlock", (locks || desk.plan.locks).filter((lock) => desk.plan.locks.includes(lock)), {}, locks === null);

async function changeLocks(kind, locks, atoms = {}, isAll = false) {
  await whenReady();
  if (!mayChange()) return refusal("sync_may_not");
  const step = isAll ? Math.max(locks.length, 1) : LOCKS_AT_ONCE;
  for (let i = 0; i < locks.length; i += step) {
    const entry = newEntry(kind, { locks: locks.slice(i, i + step), atoms, isAll });
    showEntry(entry);
    push(entry);
  }
  if (locks.length) tell("locks", desk.locks);
  return { done: true };
}

export function start() {
  addCommand({ id: "undo", keys: ["Control+z"], word: "undo", when: canUndo, run: () => undo() });
  addCommand({ id: "redo", keys: ["Control+Shift+z", "Control+y"], word: "redo", when: canRedo, run: () => redo() });
  on("lost", (lost) => {
    for (const { entry, faults } of lost) lookingFor.get(entry.key)?.push(...faults);
  });
}

export { sync };
