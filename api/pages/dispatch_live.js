// Live: the board once, then every event after it.  Each event says the number of the one that this listener was sent
// before; where that one was not applied, something is missing and the board is asked for anew.  A line that
// breaks is taken up again after the last event that was applied, so nothing is lost and nothing is applied twice.
import { Trouble, askJson } from "./desk_ask.js";
import { onLanguage, say } from "./desk_words.js";
import { trouble } from "./desk_talk.js";
import { takeFirst } from "./dispatch_first.js";
import { desk, dropIncident, placedRow, putIncident, rowsOf, tell } from "./dispatch_state.js";

const KINDS = ["incident", "unit", "flag", "import", "rules"];
const FIRST_WAIT_MS = 500;
const MOST_WAIT_MS = 5000;
const OUT_WAIT_MS = 30000;
const SILENT_MS = 45000; // so long without a word: the line is taken up anew
const TOLD_AFTER_MS = 1500; // a shorter break is not worth a word
const at = (id) => document.getElementById(id);
let line = null;
let waitMs = FIRST_WAIT_MS;
let lastWord = 0; // performance.now() of the last word of the service
let downSince = 0;
let openedAt = 0;
let waiting = 0;
let loading = null;
const waiters = new Set();

// For whoever proves that there is no gap: how often what happened.
export const counts = { events: 0, boards: 0, opened: 0, repeated: 0, gaps: 0 };

// Resolves once an event of this number, or a board that has it, is on the desk.
export function applied(number) {
  if (desk.event >= number) return Promise.resolve();
  return new Promise((go) => waiters.add({ number, go }));
}

function reached() {
  for (const one of [...waiters]) {
    if (desk.event < one.number) continue;
    waiters.delete(one);
    one.go();
  }
}

// -- the board

// The board is asked for; one asking at a time.
export function load() {
  loading = loading || askBoard().finally(() => { loading = null; });
  return loading;
}

async function askBoard() {
  const { board, sent, back } = (await takeFirst()) || (await askNow());
  desk.clockSkewMs = Date.parse(board.now) - (sent + back) / 2;
  take(board);
}

async function askNow() {
  const sent = Date.now();
  // Never from the browser's own store: the clock in it would be of another moment.
  const board = await askJson("/v1/incidents/board", { query: { since: desk.since }, cache: "no-store" });
  return { board, sent, back: Date.now() };
}

function take(board) {
  counts.boards += 1;
  const rows = rowsOf(board);
  desk.kinds = board.kinds;
  desk.incidents = new Map(rows.map((row) => [row.id, row]));
  desk.units = new Map((board.units || []).map((one) => [one.id, placedRow(one)]));
  desk.flags = new Map((board.flags || []).map((one) => [one.id, placedRow(one)]));
  desk.count = board.count;
  desk.event = board.event;
  desk.isLoaded = true;
  tell("loaded");
  reached();
}

// -- the line

function open() {
  clearTimeout(waiting);
  line?.close();
  openedAt = performance.now();
  const mine = new EventSource(`/v1/incidents/stream?after=${desk.event}`);
  line = mine;
  mine.addEventListener("open", () => {
    if (line !== mine) return;
    counts.opened += 1;
    waitMs = FIRST_WAIT_MS;
    heard();
  });
  mine.addEventListener("error", () => line === mine && broken());
  for (const kind of KINDS) mine.addEventListener(kind, (event) => line === mine && came(kind, event));
  mine.addEventListener("alive", (event) => line === mine && nothingNew(event));
  mine.addEventListener("resync", () => line === mine && again());
}

function heard() {
  lastWord = performance.now();
  if (!downSince) return;
  downSince = 0;
  desk.isDown = false;
  tell("live", { isDown: false });
  showDown();
}

// Said where nothing happens: the line stands, nothing is missing, and what time it is.
function nothingNew({ data }) {
  heard();
  const said = JSON.parse(data);
  desk.clockSkewMs = Date.parse(said.now) - Date.now();
  if (said.after <= desk.event) return;
  counts.gaps += 1;
  again();
}

function came(kind, { data }) {
  heard();
  const event = JSON.parse(data);
  if (event.number <= desk.event) {
    counts.repeated += 1;
    return;
  }
  if (event.after > desk.event) { // less: what the board brought in between was not sent anew
    counts.gaps += 1;
    again();
    return;
  }
  desk.event = event.number;
  counts.events += 1;
  if (event.kind === "incident.left") dropIncident(event.row);
  else if (kind === "incident") putIncident(event.row);
  else if (["unit.removed", "unit.left"].includes(event.kind)) remove(desk.units, "unit", event.row);
  else if (kind === "unit") put(desk.units, "unit", event.row);
  else if (kind === "flag") put(desk.flags, "flag", event.row);
  else if (kind === "import") again(); // many at once: what stands is asked for
  else tell(kind, event);
  tell("told", event);
  reached();
}

function put(all, name, given) {
  const row = placedRow(given);
  all.set(row.id, row);
  tell(name, { row });
}

function remove(all, name, { id }) {
  all.delete(id);
  tell(name, { row: { id, isGone: true } });
}

// Everything anew: the board, then the line from where it stands.
async function again() {
  line?.close();
  line = null;
  try {
    await load();
    open();
  } catch (error) {
    broken(error);
  }
}

function broken(error) {
  line?.close();
  line = null;
  if (error instanceof Trouble && error.kind !== "gone") trouble(error, () => again());
  else if (error && !(error instanceof Trouble)) throw error;
  if (!downSince) {
    downSince = performance.now();
    desk.isDown = true;
    tell("live", { isDown: true });
  }
  clearTimeout(waiting);
  // Whoever is signed out has to do something first.
  const isOut = error instanceof Trouble && error.kind !== "gone";
  waiting = setTimeout(retry, isOut ? OUT_WAIT_MS : waitMs);
  waitMs = Math.min(waitMs * 1.6, MOST_WAIT_MS);
}

// A stream says nothing of why it was refused; the session is asked, which does.
async function retry() {
  try {
    await askJson("/v1/session", { patience: 8000 });
  } catch (error) {
    broken(error);
    return;
  }
  if (counts.boards) open();
  else again();
}

// -- what is said of it

function showDown() {
  const since = downSince || 0;
  const isTold = Boolean(since) && performance.now() - since > TOLD_AFTER_MS;
  at("offline").hidden = !isTold;
  const n = Math.round((performance.now() - (lastWord || since)) / 1000);
  const text = isTold ? say("live_down", { n }) : "";
  if (at("offline-text").textContent !== text) at("offline-text").textContent = text;
  at("live").dataset.what = since ? "down" : lastWord ? "up" : "wait";
  at("live-text").textContent = say(since ? "live_off" : lastWord ? "live_on" : "live_wait");
}

function tick() {
  if (line && lastWord && performance.now() - Math.max(lastWord, openedAt) > SILENT_MS) open();
  showDown();
}

// The desk is filled and goes on living.
export async function begin() {
  await load();
  open();
}

export function start() {
  onLanguage(showDown);
  setInterval(tick, 1000);
  at("offline-again").addEventListener("click", retry);
  window.addEventListener("online", () => downSince && retry());
  window.addEventListener("pagehide", () => line?.close());
}
