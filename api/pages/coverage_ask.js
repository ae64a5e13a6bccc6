// Asking the service: one line says what is being waited for and since when, and stops it; every failure is told plainly,
// with the way on.  What is asked for again under the same name takes the place of what was asked before.
import { Trouble, ask, askJson, change, contentOf } from "./desk_ask.js";
import { languageNow, make, onLanguage, say } from "./desk_words.js";

const PATIENCE_MS = 900000;
const SHOW_AFTER_MS = 350;
const at = (id) => document.getElementById(id);
const running = new Map();
let ticking = 0;

// -- notices

export function notice(kind, text, buttons = []) {
  const close = make("button", "×", "close");
  close.type = "button";
  close.setAttribute("aria-label", say("close"));
  const box = make("div", [make("p", text), ...buttons, close], `notice ${kind}`);
  box.setAttribute("role", kind === "bad" ? "alert" : "status");
  close.addEventListener("click", () => box.remove());
  for (const old of at("notices").children) if (old.dataset.text === text) old.remove();
  box.dataset.text = text;
  at("notices").prepend(box);
  while (at("notices").children.length > 3) at("notices").lastChild.remove();
  return box;
}

export function button(text, act, kind = "small") {
  const made = make("button", text, kind);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

export function trouble(error, again) {
  if (!(error instanceof Trouble)) throw error;
  if (error.kind === "stopped") return;
  const ways = [];
  if (error.kind === "session") {
    const way = make("a", say("sign_in"), "button small");
    way.href = `/login?next=${encodeURIComponent(`/desk/coverage${location.search}`)}&lang=${languageNow()}`;
    ways.push(way);
  }
  const box = notice("bad", error.message, ways);
  if (again) {
    const retry = button(say("try_again"), () => {
      box.remove();
      again();
    });
    box.insertBefore(retry, box.lastChild);
  }
}

// -- waiting

function showWaiting() {
  const now = performance.now();
  const shown = [...running.values()].filter((one) => one.label && now - one.begun >= SHOW_AFTER_MS);
  at("busy").hidden = !shown.length;
  if (shown.length) {
    const [oldest] = shown;
    at("busy-text").textContent = say("busy", { what: say(oldest.label), n: Math.round((now - oldest.begun) / 1000) });
  }
  if (!running.size) {
    clearInterval(ticking);
    ticking = 0;
  }
}

export function stopAll() {
  let n = 0;
  for (const [name, one] of running) {
    if (!one.label) continue;
    one.stop.abort();
    running.delete(name);
    n += 1;
  }
  showWaiting();
  if (n) notice("plain", say("stopped"));
  return n > 0;
}

// Do some asking under a name; what is asked for under the same name is stopped.  `work` gets options for the calls
// below.  Nothing comes back where it failed or was stopped: that has been told by then.
export async function working(name, label, work, { again, failed } = {}) {
  running.get(name)?.stop.abort();
  const one = { label, begun: performance.now(), stop: new AbortController() };
  running.set(name, one);
  ticking = ticking || setInterval(showWaiting, 250);
  try {
    const found = await work({ signal: one.stop.signal, patience: PATIENCE_MS });
    return one.stop.signal.aborted ? undefined : found;
  } catch (error) {
    if (failed && failed(error)) return undefined;
    trouble(error, again);
    return undefined;
  } finally {
    if (running.get(name) === one) running.delete(name);
    showWaiting();
  }
}

export const isWaiting = (name) => running.has(name);

// That something was kept: told beside the head for some seconds.
const SHOWN_MS = 6000;
let fading = 0;

export function told(text) {
  at("saved").textContent = text;
  clearTimeout(fading);
  if (text) fading = setTimeout(() => { at("saved").textContent = ""; }, SHOWN_MS);
}

export function startAsking() {
  at("cancel").addEventListener("click", stopAll);
  onLanguage(showWaiting);
}

// -- the calls

const asJson = (body) => ({ body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

export const get = (path, query, options) => askJson(path, { query, ...options });

// One page of features, and all of them.
export async function getFirst(path, query, options) {
  return (await getPage(path, query, options)).features;
}

export async function getFeatures(path, query, options) {
  const found = [];
  for (let offset = 0; offset !== null; ) {
    const page = await getPage(path, offset ? { ...query, offset } : query, options);
    for (const one of page.features) found.push(one);
    offset = page.next ?? null;
  }
  return found;
}

const getPage = (path, query, options) => askJson(path, { query, headers: { Accept: "application/geo+json" }, ...options });

export async function getTagged(path, query, options) {
  const answer = await ask(path, { query, headers: { Accept: "application/json" }, ...options });
  return { content: await contentOf(answer), tag: answer.headers.get("ETag") || "" };
}

export async function post(path, body, options) {
  return contentOf(await send("POST", path, body, options));
}

export const put = (path, body, options) => send("PUT", path, body, options);

// `tag`: only where what is changed is still what it was.
function send(method, path, body, { tag, ...options } = {}) {
  const sent = asJson(body);
  if (tag) sent.headers["If-Match"] = tag;
  return change(path, { method, ...sent, ...options });
}

export const remove = (path, query, options) => change(path, { method: "DELETE", query, ...options });
