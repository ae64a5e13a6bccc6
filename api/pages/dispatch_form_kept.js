// What the form holds, kept for this tab as it is typed, so that no reload and no crash takes it away; and what was saved
// while the line was down, kept until the service has it.  A key goes with each: sent twice, it is taken once.
import { Trouble, change, contentOf } from "./desk_ask.js";

const DRAFT = "gridwright.dispatch.form";
const WAITING = "gridwright.dispatch.waiting";
const AGAIN_MS = 5000;

function read(name) {
  try {
    return JSON.parse(sessionStorage.getItem(name) || "null");
  } catch {
    return null; // no storage, or somebody else's text in it
  }
}

// Whether the browser keeps it.
function write(name, value) {
  try {
    if (value === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

export const newDraft = (receivedMs) => ({
  key: crypto.randomUUID(), isOpen: true, receivedMs, text: "", place: null, kindText: "", kind: "", priority: 0, title: "", source: "phone",
});

// The draft of before, where it is one.
export function keptDraft() {
  const found = read(DRAFT);
  return found && typeof found.key === "string" && Number.isFinite(found.receivedMs) ? { ...newDraft(found.receivedMs), ...found } : null;
}

export const keepDraft = (draft) => write(DRAFT, draft);

export const isFilled = (draft) => Boolean(draft && (draft.text || draft.place || draft.kindText || draft.title));

// -- sending

export function bodyOf(draft) {
  return {
    lon: draft.place.lon, lat: draft.place.lat, kind: draft.kind, priority: draft.priority, title: draft.title.trim() || null,
    address: (draft.place.address || draft.text).trim().slice(0, 200) || null, received_at: new Date(draft.receivedMs).toISOString(),
    source: draft.source, client_id: draft.key,
  };
}

export async function sendDraft(draft) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": draft.key };
  return contentOf(await change("/v1/incidents", { method: "POST", headers, body: JSON.stringify(bodyOf(draft)), patience: 20000 }));
}

// -- what waits for the line

let again = 0;
let isSending = false;
let onSent = () => {};
let onRefused = () => {};
let onCount = () => {};

export function waitingOnes() {
  const found = read(WAITING);
  return Array.isArray(found) ? found.filter((one) => one && typeof one.key === "string" && one.place) : [];
}

function keepWaiting(all) {
  const isKept = write(WAITING, all.length ? all : null);
  onCount(all.length);
  return isKept;
}

// Whether it is kept.
export function waitWith(draft) {
  const isKept = keepWaiting([...waitingOnes().filter((one) => one.key !== draft.key), draft]);
  soon();
  return isKept;
}

function soon() {
  clearTimeout(again);
  if (waitingOnes().length) again = setTimeout(sendWaiting, AGAIN_MS);
}

// All of them, one after the other; a refusal gives it back to be put right, anything else is tried again.
export async function sendWaiting() {
  if (isSending) return;
  isSending = true;
  try {
    for (let [one] = waitingOnes(); one; [one] = waitingOnes()) {
      try {
        const card = await sendDraft(one);
        keepWaiting(waitingOnes().filter((other) => other.key !== one.key));
        onSent(one, card);
      } catch (error) {
        if (!(error instanceof Trouble)) throw error;
        if (error.kind !== "refused") return;
        keepWaiting(waitingOnes().filter((other) => other.key !== one.key));
        onRefused(one, error);
      }
    }
  } finally {
    isSending = false;
    soon();
  }
}

export function startWaiting(acts) {
  ({ onSent, onRefused, onCount } = acts);
  onCount(waitingOnes().length);
  window.addEventListener("online", sendWaiting);
  soon();
}
