// The words of the page, both languages at hand: switching asks nobody and touches nothing but text.
const tables = JSON.parse(document.getElementById("words").textContent);
const redraws = [];
let language = "zh";

export const languageNow = () => language;

// What turns the direction of writing, as a name may hold it, ends where the name ends: the words around it stay as they
// are.  Isolates of its own that do not close, or close too early, fall away.
const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc]/;
export function apart(text) {
  if (!TURNS.test(text)) return text;
  let depth = 0;
  const isClosed = [...text].every((one) => (depth += Number("\u2066\u2067\u2068".includes(one)) - Number(one === "\u2069")) >= 0) && !depth;
  return `\u2068${isClosed ? text : text.replace(/[\u2066-\u2069]/g, "")}\u2069`;
}

// {n:edit|edits}: the first part of exactly one, the second of many; callers may give the number as a formatted text.
export function say(key, facts = {}) {
  const text = tables[language][key];
  if (text === undefined) return key;
  return text.replace(/\{(\w+)(?::([^{}|]*)\|([^{}|]*))?\}/g, (_, name, one, many) => {
    if (many !== undefined) return String(facts[name]) === "1" ? one : many;
    return facts[name] === undefined ? "?" : apart(String(facts[name]));
  });
}

export const has = (key) => key in tables[language];

// Called after every switch.
export function onLanguage(redraw) {
  redraws.push(redraw);
}

export function setLanguage(wanted) {
  language = wanted in tables ? wanted : "zh";
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = say("title");
  for (const one of document.querySelectorAll("[data-w]")) one.textContent = say(one.dataset.w);
  for (const one of document.querySelectorAll("[data-w-label]")) one.setAttribute("aria-label", say(one.dataset.wLabel));
  for (const one of document.querySelectorAll("[data-w-placeholder]")) one.placeholder = say(one.dataset.wPlaceholder);
  for (const redraw of redraws) redraw();
}

// -- numbers

export function metres(m) {
  if (m < 100) return `${Math.max(0, Math.round(m))} m`;
  if (m < 995) return `${Math.round(m / 10) * 10} m`;
  return `${(m / 1000).toFixed(m < 9950 ? 2 : 1)} km`;
}

export const km = (m) => `${(m / 1000).toFixed(m < 99950 ? 2 : 0)} km`;

export const minutes = (seconds) => say("minutes", { n: Math.max(1, Math.round(seconds / 60)) });

export function clock(when) {
  const moment = new Date(when);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

export function dayOf(moment) {
  const two = (n) => String(n).padStart(2, "0");
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

export const byteSize = (n) => (n < 1e6 ? `${Math.max(1, Math.round(n / 1e3))} kB` : `${(n / 1e6).toFixed(1)} MB`);

// -- making elements; text is always text

export function make(tag, content, kind) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (Array.isArray(content)) made.append(...content.filter((one) => one !== null && one !== undefined));
  else if (content !== undefined && content !== null) made.textContent = content;
  return made;
}

export function icon(path, kind = "icon") {
  const space = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(space, "svg");
  made.setAttribute("viewBox", "0 0 24 24");
  made.setAttribute("aria-hidden", "true");
  made.setAttribute("class", kind);
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  made.append(line);
  return made;
}
