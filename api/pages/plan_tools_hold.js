// What is held before it is done: ground under the pointer, or an edit that waits for a yes.  Every change of it is judged
// at once; letting go of what is not lawful changes nothing.
import { say } from "./desk_words.js";
import { doEdit } from "./plan_do.js";
import { flash, redraw } from "./plan_map.js";
import { desk, mayChange, tell } from "./plan_state.js";
import { dismiss, notice, tellAloud } from "./desk_talk.js";
import { bandWord, gridWord, groundWord, reasonOf } from "./plan_tools_words.js";

const PAUSE_MS = 700; // without a change: time to say it aloud
let held = null;
let pausing = 0;

export const heldNow = () => held;

// Hold something: {body} an edit as the service takes it, or {atoms, grid} ground that would go to a grid; `at`: the
// pointer; `isWaiting`: nothing is pressed, it waits for Enter or Esc.
export function hold(wanted) {
  const { plan } = desk;
  const one = { kind: "move", isWaiting: false, ...wanted };
  const key = keyOf(one);
  if (held && held.key === key) {
    Object.assign(held, { at: one.at, isWaiting: one.isWaiting });
  } else {
    if (!one.body) one.atoms = one.atoms.filter((atom) => plan.atomGrid[atom] !== one.grid);
    if (!one.body && !one.atoms.length) {
      held = { ...one, key, verdict: null };
    } else {
      const verdict = one.body ? plan.judge(one.body, plan.locks) : plan.judgeMoves(new Map(one.atoms.map((atom) => [atom, one.grid])), "move", plan.locks);
      held = { ...one, kind: one.body?.kind || "move", key, verdict };
    }
    clearTimeout(pausing);
    pausing = setTimeout(speak, PAUSE_MS);
  }
  tell("hold", held.verdict && { ...held.verdict, kind: held.kind, at: held.at, isWaiting: held.isWaiting });
  redraw();
}

const keyOf = (one) => (one.body ? JSON.stringify(one.body) : `${one.grid}:${[...one.atoms].sort((a, b) => a - b).join()}`);

export function drop() {
  if (!held) return false;
  held = null;
  clearTimeout(pausing);
  tell("hold", null);
  redraw();
  return true;
}

// Households, pieces and the grids they go between, in one line: also the name of the step.
export function titleOf({ kind, verdict, body, grid }) {
  const { plan } = desk;
  const own = [...verdict.moves.keys()];
  const facts = { ground: groundWord(own) };
  const gains = [...new Set(verdict.moves.values())];
  const gives = [...new Set(own.map((atom) => plan.atomGrid[atom]))];
  const names = (list) => list.slice(0, 3).map((at) => gridWord(at, verdict)).join(", ") + (list.length > 3 ? " …" : "");
  if (kind === "move") return say("tools_title_move", { ...facts, from: names(gives), to: gridWord(gains[0] ?? grid, verdict) });
  if (kind === "new") return say("tools_title_new", { ...facts, from: names(gives) });
  if (kind === "merge") return say("tools_title_merge", { from: names(gives), to: names(gains) });
  if (kind === "split") return say("tools_title_split", { ...facts, grid: gridWord(plan.gridAt.get(body.grid), verdict) });
  return say("tools_title_dissolve", { grid: gridWord(plan.gridAt.get(body.grid), verdict), to: names(gains) });
}

function speak() {
  if (!held?.verdict) return;
  const { verdict } = held;
  const rows = verdict.effects.map((one) =>
    say("tools_told_grid", { grid: gridWord(one.grid, verdict), before: one.before.households, after: one.after.households, band: bandWord(one.kind, one.after.households) }),
  );
  const wrong = verdict.faults.length ? [say("tools_told_illegal", { why: verdict.faults.map(reasonOf).join(" ") })] : [];
  const end = held.isWaiting ? [say("tools_told_enter")] : [];
  const title = verdict.moves.size ? [titleOf(held)] : [];
  tellAloud([...title, ...wrong, ...rows, ...end].join(" "));
}

// Let go: what is lawful is done, what is not is refused with every reason, and the ground stays as it is.
export async function release() {
  const now = held;
  drop();
  if (!now?.verdict) return false;
  const { faults, moves } = now.verdict;
  if (faults.length) {
    refuse(faults, [...moves.keys()]);
    return false;
  }
  if (!mayChange()) {
    notice("warn", say("tools_read_only"), { id: "tools" });
    return false;
  }
  const body = now.body || { kind: "move", atoms: now.atoms.map((atom) => desk.ground.ids[atom]), grid: desk.plan.grids[now.grid].code };
  return send(body, titleOf(now), [...moves.keys()]);
}

async function send(body, title, atoms) {
  dismiss("tools");
  const answer = await doEdit(body, { title });
  if (answer?.faults) {
    refuse(answer.faults, atoms);
    return false;
  }
  tellAloud(say("tools_done", { title }));
  return true;
}

// Several locks are told in one sentence.
function together(faults) {
  const locks = faults.filter((one) => one.code === "edit_locked").map((one) => one.facts?.measured ?? "");
  const others = faults.filter((one) => one.code !== "edit_locked");
  return locks.length ? [{ code: "edit_locked", facts: { locks } }, ...others] : others;
}

export function refuse(faults, atoms = []) {
  const why = [...new Set(together(faults).map(reasonOf))];
  notice("bad", say("tools_refused", { why: why.slice(0, 4).join(" ") }), { id: "tools" });
  if (atoms.length) flash(atoms);
}
