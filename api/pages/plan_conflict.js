// Two people changed one plan: what the others did and what waits here, on the map and in a list, and three ways on.
//   theirs: what waits is dropped (and can be had back until the page is left)
//   mine:   made on the newer plan, as far as it can be made there
//   fork:   a draft of its own that goes on from where this page was
import { change, contentOf, Trouble } from "./desk_ask.js";
import { clock, make, say } from "./desk_words.js";
import { openPlan } from "./plan_choose.js";
import { outline, overlay, redraw, zoomToAtoms } from "./plan_map.js";
import { hideAll, line, me, newEntry, stepsNow } from "./plan_queue.js";
import { download } from "./plan_saved.js";
import { desk, tell } from "./plan_state.js";
import { askNow, goOn, hold, pump, save, sync, takeNow } from "./plan_sync.js";
import { askText, button, notice, openDialog, trouble, working } from "./desk_talk.js";
import { handOver, newKey } from "./plan_waiting.js";

export const THEIRS = "#6a1b9a";
export const MINE = "#0b5394";
const MOST_NAME = 200;
let seen = null; // {theirs: atoms, mine: atoms} while the question is open

const atomsOf = (pieces) => [...new Set(pieces.map(([id]) => desk.ground.idAt.get(id)).filter((atom) => atom !== undefined))];

function paint(pen, _, view) {
  if (!seen) return;
  if (seen.mine.length) outline(pen, view, seen.mine, { colour: MINE, width: 3 });
  if (seen.theirs.length) outline(pen, view, seen.theirs, { colour: THEIRS, width: 4, dash: [9, 5], fill: "rgba(106, 27, 154, 0.25)" });
}

// -- the question

function rowOf(text, detail, atoms) {
  const row = make("li", [make("div", [make("strong", text), make("span", detail, "soft")])]);
  if (atoms.length) row.append(button(say("sync_show"), () => zoomToAtoms(atoms), "small"));
  return row;
}

function listTheirs(theirs, more) {
  const rows = theirs.map((one) => {
    const who = one.who === me() ? say("sync_you_elsewhere") : one.who;
    return rowOf(one.title, `${who} · ${clock(one.at)}`, atomsOf(one.pieces || []));
  });
  if (more) rows.unshift(make("li", say("sync_conflict_more", { n: more }), "soft"));
  return make("ul", rows, "conflict-list theirs");
}

function listMine() {
  return make("ul", line.entries.map((entry) => rowOf(entry.title || say(`sync_kind_${entry.kind}`), clock(entry.at), atomsOf(entry.pieces || []))), "conflict-list mine");
}

// Theirs, mine, fork, or null for later.
function ask({ title, text, theirs, more, ways }) {
  seen = { theirs: theirs ? atomsOf(theirs.flatMap((one) => one.pieces || [])) : [], mine: atomsOf(line.entries.flatMap((one) => one.pieces || [])) };
  const both = [...seen.theirs, ...seen.mine];
  if (both.length) zoomToAtoms(both);
  redraw();
  return openDialog({
    title,
    kind: "aside conflict",
    fill(form, close) {
      form.append(make("p", text));
      if (theirs) form.append(make("h3", say("sync_conflict_theirs"), "key theirs"), listTheirs(theirs, more));
      form.append(make("h3", say("sync_conflict_mine", { n: line.entries.length }), "key mine"), listMine());
      const made = ways.map(([id, name, detail]) => {
        const way = button("", () => close(id), "way");
        way.dataset.way = id;
        way.append(make("strong", name), make("span", detail));
        return way;
      });
      const last = button(say("sync_later"), () => close());
      last.autofocus = true; // a key that was meant for the map chooses nothing
      form.append(make("div", made, "ways"), make("div", [button(say("sync_download"), () => download(line.entries)), last], "buttons"));
    },
  }).finally(() => {
    seen = null;
    redraw();
  });
}

const n = () => ({ n: line.entries.length });

export async function openConflict(error) {
  const { theirs = [], more_changes: more = 0, mergeable = false } = error.more || {};
  const isMergeable = mergeable && line.entries[0]?.kind === "edit";
  const way = await ask({
    title: say("sync_conflict"),
    text: say("sync_conflict_text", { who: namesOf(theirs) }),
    theirs,
    more,
    ways: [
      ["mine", say("sync_mine"), say(isMergeable ? "sync_mine_apart" : "sync_mine_text", n())],
      ["theirs", say("sync_theirs"), say("sync_theirs_text", n())],
      ["fork", say("sync_fork"), say("sync_fork_text", n())],
    ],
  });
  if (way === "mine") await keepMine(isMergeable);
  else if (way === "theirs") await keepTheirs();
  else if (way === "fork") await keepBoth();
  else later(() => openConflict(error), say("sync_conflict_later", n()));
}

// The plan can not be edited any more: somebody submitted it, or withdrew it.
export async function openClosed(error) {
  const way = await ask({
    title: say("sync_closed"),
    text: error.message,
    theirs: null,
    ways: [
      ["fork", say("sync_fork"), say("sync_fork_text", n())],
      ["theirs", say("sync_closed_drop"), say("sync_theirs_text", n())],
    ],
  });
  if (way === "theirs") await keepTheirs();
  else if (way === "fork") await keepBoth();
  else later(() => openClosed(error), say("sync_closed_later", n()));
}

const namesOf = (theirs) => [...new Set(theirs.map((one) => (one.who === me() ? say("sync_you_elsewhere") : one.who)))].join(", ") || say("sync_somebody");

function later(again, text) {
  notice("warn", text, { id: "line", actions: [{ text: say("sync_decide"), act: again, stays: true }] });
}

// The question again, where it was not answered because the service could not be reached.
const askAgain = (error) => {
  trouble(error, () => tell("held", sync.held));
};

const newest = () => working("newest", say("sync_busy_newest"), () => askNow(), { isThrown: true });

// -- the three ways

async function keepTheirs() {
  const dropped = { entries: line.entries, taken: line.taken, known: line.known };
  try {
    const now = await newest();
    if (!now) throw new Trouble("stopped", "");
    hideAll();
    line.entries = [];
    line.taken = [];
    hold(null);
    takeNow(now);
    await save();
  } catch (error) {
    askAgain(error);
    return;
  }
  const back = { text: say("sync_theirs_back"), act: () => takeBack(dropped) };
  const file = { text: say("sync_download"), act: () => download(dropped.entries, dropped.known), stays: true };
  notice("plain", say("sync_theirs_done", { n: dropped.entries.length }), { id: "dropped", actions: [back, file] });
}

// The dropped steps once more, on the plan as it is now.
function takeBack({ entries, taken }) {
  const again = entries.map((entry) => ({ ...entry, key: newKey(), isSent: false, merges: false, pieces: null, changed: null }));
  keepOn([...line.entries, ...again], [...taken, ...line.taken]);
}

function keepOn(entries, taken) {
  hideAll();
  line.entries = entries;
  line.taken = taken;
  judgeAgain();
}

async function judgeAgain() {
  try {
    const now = await newest();
    if (!now) throw new Trouble("stopped", "");
    hold(null);
    takeNow(now, { rebase: true });
    await save();
    await pump();
  } catch (error) {
    askAgain(error);
  }
}

async function keepMine(isMergeable) {
  for (const entry of line.entries) entry.isSent = false;
  if (isMergeable) {
    line.entries[0].merges = true;
    await goOn();
  } else await judgeAgain();
}

// What this page shows as edits on a copy of the plan as it was when nobody else had touched it.
export function myVersion() {
  const { steps, position } = stepsNow();
  const mine = steps.slice(0, position);
  const old = mine.filter((step) => step.number !== null);
  const last = old.length ? old.at(-1).number : (line.steps[0]?.number ?? line.inEffect + 1) - 1;
  let revision = line.known;
  // Before a step was made, and after it, the plan had just the steps below it: also if others were in effect in between.
  if (last < line.inEffect) revision = line.steps.find((step) => step.number === last + 1).revision - 1;
  else if (last > line.inEffect) revision = old.at(-1).revision;
  const fresh = mine.filter((step) => step.number === null).map(({ entry }) => ({ ...entry, key: newKey(), isSent: false, merges: false }));
  const { locks } = desk.plan;
  const locked = locks.length ? [newEntry("lock", { locks: [...locks] })] : [];
  return { revision, entries: [...fresh, ...locked] };
}

async function post(body) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": newKey() };
  return contentOf(await change("/v1/plans", { method: "POST", headers, body: JSON.stringify(body) }));
}

async function keepBoth() {
  const held = sync.held;
  const value = say("sync_fork_of", { name: desk.card.name || desk.id, who: me() }).slice(0, MOST_NAME);
  const name = await askText({ title: say("sync_fork"), label: say("sync_fork_name"), value, text: say("sync_fork_text", n()), ok: say("sync_fork_ok") });
  if (name === null) {
    tell("held", held);
    return;
  }
  const { revision, entries } = myVersion();
  try {
    const made = await working("fork", say("busy_fork"), async () => {
      try {
        return await post({ parent: desk.id, name, at_revision: revision });
      } catch (error) {
        if (error.code !== "revision_out_of_reach") throw error;
        return post({ parent: desk.id, name }); // what came in between can not be taken back: mine goes on top of it
      }
    }, { isThrown: true });
    if (!made) throw new Trouble("stopped", "");
    await handOver(desk.id, { plan: made.id, entries, taken: [], known: made.revision, who: me(), at: Date.now() });
    line.entries = [];
    line.taken = [];
    desk.unsaved = 0;
    openPlan(made.id);
  } catch (error) {
    askAgain(error);
  }
}

export function start() {
  overlay(65, paint);
}

