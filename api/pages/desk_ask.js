// Asking the service: every way it can fail is one of few troubles, each with a plain sentence.
import { languageNow, say } from "./desk_words.js";

const PATIENCE_MS = 120000;
const TRIES = 4;
let csrf = null;

// Random keys (RFC 4122): browsers have them only where the page came over https.
if (!crypto.randomUUID) {
  crypto.randomUUID = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  };
}

export class Trouble extends Error {
  // kind: gone (no network or no answer), session (signed out), refused (the service says why), stopped (by the reader)
  constructor(kind, message, { code = "", status = 0, faults = [], ...more } = {}) {
    super(message);
    this.kind = kind;
    this.code = code; // the service's own
    this.status = status;
    this.faults = faults; // all of them, where the service finds several
    this.more = more; // whatever else its answer says
  }
}

const wait = (ms) => new Promise((go) => setTimeout(go, ms));

async function once(path, { patience = PATIENCE_MS, ...options }, signal) {
  if (navigator.onLine === false) throw new Trouble("gone", say("no_network"));
  const stop = new AbortController();
  let isLate = false;
  setTimeout(() => {
    isLate = true;
    stop.abort();
  }, patience);
  if (signal) signal.addEventListener("abort", () => stop.abort());
  const headers = { "Accept-Language": languageNow(), ...options.headers };
  try {
    return await fetch(path, { ...options, headers, credentials: "same-origin", signal: stop.signal });
  } catch {
    if (signal && signal.aborted) throw new Trouble("stopped", "");
    if (isLate) throw new Trouble("gone", say("too_slow"));
    throw new Trouble("gone", say("no_answer"));
  }
}

// The service's good answer, or that the asker has it already.
export async function ask(path, { query = {}, signal, ...options } = {}) {
  const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const filled = pairs.filter(([, value]) => value !== "" && value !== undefined && value !== null);
  const asked = new URLSearchParams(filled).toString();
  for (let attempt = 1; ; attempt += 1) {
    const answer = await once(asked ? `${path}?${asked}` : path, options, signal);
    if (answer.ok || answer.status === 304) return answer;
    const seconds = Number(answer.headers.get("Retry-After"));
    if ([429, 503].includes(answer.status) && seconds > 0 && seconds <= 10 && attempt < TRIES) {
      await wait(seconds * 1000);
      continue;
    }
    if (answer.status === 401) {
      csrf = null;
      throw new Trouble("session", say("session_over"));
    }
    const content = await answer.json().catch(() => ({}));
    if (!content.detail && answer.status >= 500) throw new Trouble("gone", say("no_answer"));
    throw new Trouble("refused", content.detail || say("refused", { status: answer.status }), { ...content, status: answer.status });
  }
}

export async function askJson(path, options = {}) {
  return contentOf(await ask(path, { ...options, headers: { Accept: "application/json", ...options.headers } }));
}

export async function contentOf(answer) {
  try {
    return await answer.json();
  } catch {
    throw new Trouble("gone", say("half_answer"));
  }
}

// Change something; a signed-in browser must also say that the page is ours.
export async function change(path, { headers = {}, ...options }) {
  if (csrf === null) csrf = (await askJson("/v1/session", { signal: options.signal })).csrf;
  const stated = { Accept: "application/json", ...headers };
  if (csrf) stated["X-CSRF-Token"] = csrf;
  try {
    return await ask(path, { ...options, headers: stated });
  } catch (error) {
    csrf = null; // a new session has another one
    throw error;
  }
}

// Send a file.
export async function send(path, { type, ...options }) {
  return contentOf(await change(path, { method: "POST", headers: { "Content-Type": type }, ...options }));
}
