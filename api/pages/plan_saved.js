// The line at the top that says what is saved and what waits; what waits as a file; and the browser's own question when
// somebody leaves with something that is kept nowhere.
import { make, onLanguage, say } from "./desk_words.js";
import { line } from "./plan_queue.js";
import { desk, on } from "./plan_state.js";
import { sync } from "./plan_sync.js";
import { isSafe } from "./plan_waiting.js";

const TICK_MS = 1000;
const SOON_S = 5;
const QUICK_MS = 700; // a change that is saved faster than this is not worth a word
let seen = null;
let spoken = null;
let lastSpoken = "";
let begun = 0;

// [what it is, words]
function now() {
  const n = line.entries.length;
  if (!desk.card || desk.share) return ["none", ""];
  if (n && sync.held && sync.held.kind !== "gone") return ["held", say(sync.held.kind === "conflict" ? "sync_conflict_waits" : "sync_held_waits", { n })];
  if (n && (sync.held || sync.isDown)) return ["waits", say("sync_line_waits", { n })];
  if (n) {
    begun = begun || performance.now();
    return performance.now() - begun < QUICK_MS ? ["saved", ago()] : ["saving", n > 1 ? say("sync_saving_n", { n }) : say("sync_saving")];
  }
  begun = 0;
  if (sync.isDown) return ["down", say("sync_down")];
  return ["saved", ago()];
}

function ago() {
  const seconds = Math.max(0, Math.round((Date.now() - sync.savedAt) / 1000));
  if (seconds < SOON_S) return say("sync_saved");
  if (seconds < 60) return say("sync_saved_s", { n: seconds });
  if (seconds < 3600) return say("sync_saved_min", { n: Math.floor(seconds / 60) });
  return say("sync_saved_all");
}

function show() {
  const [what, words] = now();
  const box = document.getElementById("saved");
  if (!seen || !box.contains(seen)) {
    seen = make("span");
    seen.setAttribute("aria-hidden", "true"); // it changes every second; what matters is said once
    spoken = make("span", "", "unseen");
    spoken.setAttribute("role", "status");
    box.replaceChildren(seen, spoken);
  }
  if (seen.textContent !== words) seen.textContent = words;
  box.dataset.what = what;
  box.title = isSafe() ? words : say("sync_not_kept");
  const aloud = { held: words, waits: words, down: words, saved: lastSpoken ? say("sync_saved") : "" }[what];
  if (aloud !== undefined && aloud !== lastSpoken) {
    spoken.textContent = aloud;
    lastSpoken = what === "saved" ? "" : aloud;
  }
}

// What waits, as a file: nothing of it is lost whatever becomes of this page.
export function download(entries, known = line.known) {
  const steps = entries.map(({ kind, title, at, who, body, locks, step, pieces }) => ({
    kind, title, at: new Date(at).toISOString(), who, ...(body ? { request: body } : {}), ...(locks.length ? { locks } : {}), ...(step ? { step: step.title } : {}), pieces,
  }));
  const text = JSON.stringify({ plan: desk.id, name: desk.card?.name, revision: known, steps }, null, 1);
  const way = make("a");
  way.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  way.download = `${desk.id}-${known}-steps.json`;
  way.click();
  setTimeout(() => URL.revokeObjectURL(way.href), 10000);
}

function leaving(event) {
  if (!line.entries.length || isSafe()) return;
  event.preventDefault();
  event.returnValue = ""; // older browsers
}

export function start() {
  for (const what of ["saved", "held", "card", "loaded"]) on(what, show);
  onLanguage(show);
  setInterval(show, TICK_MS);
  window.addEventListener("beforeunload", leaving);
}
