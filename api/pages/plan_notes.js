// Notes: what people say about a place of the plan.  Written, answered and settled here; what could not be sent yet stays
// with the browser and goes out when the line is back.  The pins: plan_notes_pins.js, the list: plan_notes_list.js.
import { ask, change, Trouble } from "./desk_ask.js";
import { onLanguage, say } from "./desk_words.js";
import { atomAt, map, redraw } from "./plan_map.js";
import { addMenuItem } from "./plan_menu.js";
import { addCommand, badge, openPanel, runCommand } from "./plan_panels.js";
import * as list from "./plan_notes_list.js";
import * as pins from "./plan_notes_pins.js";
import { desk, kept, on, planPath, tell } from "./plan_state.js";
import { askText, confirm, dismiss, notice, tellAloud, trouble, working } from "./desk_talk.js";
import { gridWord } from "./plan_tools_words.js";
import { placeOfGrid } from "./plan_tools_chosen.js";
import { TOOLS } from "./plan_tools_kinds.js";

export const MOST_CHARACTERS = 2000;
const LOOK_EVERY_MS = 15000;
const METRES_PER_DEGREE = 111320;
const CLOSED = ["superseded", "withdrawn"];
const NOT_YET = /^(?:new |\+)/; // codes of grids that the service does not know yet

export const notes = { all: [], filter: "all", chosen: "", isAsked: false, waiting: [], placing: null };
let etag = "";
let isSending = false;

export const idOf = (note) => `${note.plan}-${note.number}`;
export const isThere = (note) => !note.removed_at || note.answers.some((one) => !one.removed_at);
export const mayWrite = () =>
  !desk.share && Boolean(desk.card) && ["planner", "reviewer", "admin"].includes(desk.role) && !CLOSED.includes(desk.card.state);

// As the filter wants them: open, settled, and what is gone.
export function shownNotes() {
  const wanted = notes.all.filter((note) => notes.filter === "all" || (note.state === notes.filter && isThere(note)));
  const rank = (note) => (isThere(note) ? (note.state === "open" ? 0 : 1) : 2);
  return wanted.sort((a, b) => rank(a) - rank(b));
}

export const countOf = (state) => notes.all.filter((note) => note.state === state && isThere(note)).length;

// -- asking

export async function refresh({ isLoud = false } = {}) {
  if (!desk.card) return;
  try {
    const headers = { Accept: "application/json", ...(etag ? { "If-None-Match": etag } : {}) };
    const answer = await ask(planPath("/notes"), { headers });
    if (answer.status === 304) return;
    const found = await answer.json();
    etag = answer.headers.get("ETag") || "";
    notes.all = found.notes.map((note) => ({ ...note, at_m: map.place([note.lon, note.lat]) }));
    notes.isAsked = true;
    showAll();
  } catch (error) {
    if (isLoud) trouble(error, () => refresh({ isLoud }));
    else if (!(error instanceof Trouble)) throw error;
  }
}

function showAll() {
  list.draw();
  badge("notes", String(countOf("open") || ""));
  redraw();
  tell("notes", notes.all);
}

// -- writing

export function lonLatOf([x, y]) {
  const [lon0, lat0] = map.origin;
  const shrink = Math.cos((lat0 * Math.PI) / 180);
  const round = (degrees) => Number(degrees.toFixed(7));
  return { lon: round(lon0 + x / (METRES_PER_DEGREE * shrink)), lat: round(lat0 - y / METRES_PER_DEGREE) };
}

function gridAt(place) {
  const atom = atomAt(place);
  const at = atom >= 0 ? desk.plan.atomGrid[atom] : -1;
  return at >= 0 && !NOT_YET.test(desk.plan.grids[at].code) ? at : -1;
}

// Where a note goes that is not pinned by the pointer: the grid that is worked on, else the middle of what is seen.
export const placeByKeys = () => (desk.grid >= 0 && !desk.plan.grids[desk.grid].is_gone ? placeOfGrid(desk.grid) : [...map.middle]);

export async function writeAt(place, value = "") {
  if (!mayWrite()) {
    notice("plain", say(desk.share ? "notes_read_only" : "notes_not_you"), { id: "notes-may" });
    return;
  }
  const grid = gridAt(place);
  notes.placing = place;
  redraw();
  const where = grid >= 0 ? say("notes_at_grid", { grid: gridWord(grid) }) : say("notes_at_place");
  const text = await askText({ title: say("notes_new"), label: say("notes_text"), text: where, value, lines: 5, max: MOST_CHARACTERS, ok: say("notes_pin"), check: checkText });
  notes.placing = null;
  redraw();
  if (text === null) return;
  if (kept().tool === "note") runCommand("tool_choose");
  const body = { ...lonLatOf(place), text, ...(grid >= 0 ? { grid: desk.plan.grids[grid].code } : {}) };
  await put({ path: `/v1/plans/${encodeURIComponent(desk.id)}/notes`, body, isNew: true });
}

// What the service would refuse too; it looks closer.
export function checkText(text) {
  const digits = text.normalize("NFKC");
  const isPersonal = /(?<!\d)\d{17}[\dXx](?![\dXx])/.test(digits) || /(?<!\d)(?:(?:\+|00)?86[\s-]?)?1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\d)/.test(digits);
  return isPersonal ? say("notes_personal") : "";
}

export async function answer(note, text) {
  await put({ path: `/v1/plans/${encodeURIComponent(note.plan)}/notes/${note.number}/answers`, body: { text }, about: note.number });
}

async function put(entry) {
  notes.waiting.push({ key: crypto.randomUUID(), fault: "", ...entry });
  keepWaiting();
  await flush({ isLoud: true });
}

// -- what waits for the line

const keyOfStorage = () => `gridwright.notes.${desk.id}`;

function keepWaiting() {
  try {
    if (notes.waiting.length) localStorage.setItem(keyOfStorage(), JSON.stringify(notes.waiting));
    else localStorage.removeItem(keyOfStorage());
  } catch {
    // No room: it waits in this page alone, and the list shows it.
  }
  list.draw();
}

function readWaiting() {
  try {
    const found = JSON.parse(localStorage.getItem(keyOfStorage()) || "[]");
    notes.waiting = Array.isArray(found) ? found.filter((one) => one && one.key && one.path && one.body).map((one) => ({ ...one, isTried: true })) : [];
  } catch {
    notes.waiting = [];
  }
}

export async function flush({ isLoud = false } = {}) {
  if (isSending || desk.share) return;
  isSending = true;
  try {
    for (const entry of notes.waiting.filter((one) => !one.fault)) {
      const made = await send(entry, isLoud);
      if (!made) break;
    }
  } finally {
    isSending = false;
  }
}

// Whether the next one may be sent.
async function send(entry, isLoud) {
  try {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": entry.key };
    const sent = await (await change(entry.path, { method: "POST", headers, body: JSON.stringify(entry.body) })).json();
    notes.waiting = notes.waiting.filter((one) => one !== entry);
    keepWaiting();
    dismiss("notes-waiting");
    notes.chosen = idOf(sent);
    await refresh();
    if (entry.isNew) openNote(notes.chosen, { isZoom: false });
    tellAloud(say(entry.isNew ? "notes_pinned" : "notes_answered", { n: sent.number }));
    return true;
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    entry.isTried = true;
    keepWaiting();
    const passes = error.status >= 500 || error.status === 429; // a full disk, too many at once: later it goes
    if (error.kind === "refused" && !passes) {
      entry.fault = error.message;
      keepWaiting();
      openPanel("notes");
      notice("bad", error.message, { id: "notes-refused" });
      return true;
    }
    if (error.kind === "session") trouble(error, () => flush({ isLoud: true }));
    else if (isLoud) notice("warn", passes ? `${error.message} ${say("notes_waiting")}` : say("notes_waiting_told"), { id: "notes-waiting", actions: [{ text: say("try_again"), act: () => flush({ isLoud: true }) }] });
    openPanel("notes");
    return false;
  }
}

export async function rewrite(entry) {
  const text = await askText({ title: say("notes_new"), label: say("notes_text"), value: entry.body.text, lines: 5, max: MOST_CHARACTERS, ok: say("notes_pin"), check: checkText });
  if (text === null) return;
  Object.assign(entry, { key: crypto.randomUUID(), fault: "", body: { ...entry.body, text } });
  dismiss("notes-refused");
  keepWaiting();
  await flush({ isLoud: true });
}

export async function drop(entry) {
  const isSure = await confirm({ title: say("notes_drop"), text: entry.body.text.slice(0, 300), ok: say("notes_drop_ok"), isGrave: true });
  if (!isSure) return;
  notes.waiting = notes.waiting.filter((one) => one !== entry);
  dismiss("notes-refused");
  keepWaiting();
}

// -- changing

const pathOf = (plan, number) => `/v1/plans/${encodeURIComponent(plan)}/notes/${number}`;

async function putChange(note, number, options, told) {
  const again = () => putChange(note, number, options, told);
  const headers = { "Idempotency-Key": crypto.randomUUID(), ...(options.body ? { "Content-Type": "application/json" } : {}) };
  const done = await working("note", "", (signal) => change(pathOf(note.plan, number), { ...options, headers, signal }), { again });
  if (!done) return;
  await refresh();
  tellAloud(say(told, { n: note.number }));
}

export const settle = (note, state) =>
  putChange(note, note.number, { method: "PATCH", body: JSON.stringify({ state }) }, state === "settled" ? "notes_settled_told" : "notes_reopened_told");

export async function edit(note, said) {
  const text = await askText({ title: say("notes_edit"), label: say("notes_text"), value: said.text, lines: 5, max: MOST_CHARACTERS, check: checkText });
  if (text !== null && text !== said.text) await putChange(note, said.number, { method: "PATCH", body: JSON.stringify({ text }) }, "notes_edited_told");
}

export async function remove(note, said) {
  const isSure = await confirm({ title: say("notes_remove"), text: say("notes_remove_text"), ok: say("notes_remove_ok"), isGrave: true });
  if (isSure) await putChange(note, said.number, { method: "DELETE" }, "notes_removed_told");
}

// -- looking

export function openNote(id, { isZoom = true, isFocus = false } = {}) {
  const note = notes.all.find((one) => idOf(one) === id);
  if (!note) return;
  if (notes.filter !== "all" && note.state !== notes.filter) notes.filter = "all";
  notes.chosen = id;
  openPanel("notes");
  list.draw();
  list.reveal(id, isFocus);
  if (isZoom) zoomTo(note);
  redraw();
}

export function zoomTo(note) {
  map.centre(note.at_m, Math.max(map.scale, 0.8));
}

function walkNotes(by) {
  const all = shownNotes().filter(isThere);
  if (!all.length) {
    notice("plain", say("notes_none"), { id: "notes-none" });
    return;
  }
  const here = all.findIndex((note) => idOf(note) === notes.chosen);
  openNote(idOf(all[(here + by + all.length) % all.length]), { isFocus: true });
}

// -- the tool

const tool = {
  id: "note",
  icon: "M12 21s-6-6.200-6-11a6 6 0 0 1 12 0c0 4.800-6 11-6 11zM12 8v4M10 10h4",
  key: "n",
  when: mayWrite,
  hover: () => "crosshair",
  tap(place, event) {
    const hit = event.isKeys ? null : pins.noteAt(event);
    if (hit) openNote(idOf(hit), { isZoom: false });
    else writeAt(place);
  },
};
TOOLS.push(tool);

export function start() {
  list.start();
  pins.start();
  addMenuItem({ id: "note", group: "more", command: "tool_note", text: () => say("notes_menu"), when: mayWrite, run: ({ place }) => writeAt(place) });
  addCommand({ id: "note_next", keys: ["Shift+n"], word: "notes_next", group: "find", when: () => Boolean(desk.plan), run: () => walkNotes(1) });
  on("loaded", () => {
    etag = "";
    readWaiting();
    refresh();
    flush();
  });
  setInterval(() => document.visibilityState === "visible" && refresh(), LOOK_EVERY_MS);
  window.addEventListener("focus", () => refresh());
  window.addEventListener("online", () => flush());
  on("held", (held) => !held && flush());
  onLanguage(showAll);
}
