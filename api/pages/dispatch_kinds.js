// Kinds of incidents: how they are called in both languages, and which ones a few letters may mean.
import { askJson } from "./desk_ask.js";
import { languageNow } from "./desk_words.js";
import { desk, on, tell } from "./dispatch_state.js";

const KEY = "gridwright.dispatch.kinds";
const MOST_RECENT = 8;
let table = new Map(); // code -> {zh, en}
let asked = null;

const fold = (text) => String(text || "").normalize("NFKC").toLowerCase().trim();

// Names by the rules of the county, or of all counties the desk works in; without them every kind is called by its code.
export function loadKinds() {
  asked = asked || askJson("/v1/incidents/kinds").then(
    (found) => {
      table = new Map(found.kinds.map((one) => [one.code, one]));
      desk.counties = found.counties;
      tell("kinds", { staleS: found.stale_s });
      return table;
    },
    () => {
      asked = null; // asked again the next time
      return table;
    },
  );
  return asked;
}

export function start() {
  on("rules", () => {
    asked = null;
    loadKinds();
  });
}

export const kindName = (code) => table.get(code)?.[languageNow()] || code;

// -- what was used last at this browser, with the priority it was given

export function recent() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) || "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one?.code === "string").slice(0, MOST_RECENT) : [];
  } catch {
    return [];
  }
}

export function remember(code, priority) {
  const kept = [{ code, priority }, ...recent().filter((one) => one.code !== code)].slice(0, MOST_RECENT);
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // a browser that keeps nothing: only the order of the list suffers
  }
}

export const usualPriority = (code) => recent().find((one) => one.code === code)?.priority || 0;

// -- which are meant

function all() {
  const counts = new Map([...table.keys()].map((code) => [code, 0]));
  for (const row of desk.incidents.values()) counts.set(row.kind, (counts.get(row.kind) || 0) + 1);
  return counts;
}

function rank(code, wanted) {
  const names = [code, table.get(code)?.zh, table.get(code)?.en].map(fold).filter(Boolean);
  const ranks = names.map((one) => {
    if (one === wanted) return 0;
    if (one.startsWith(wanted)) return 1;
    if (one.split(/[\s\-_/]+/).some((word) => word.startsWith(wanted))) return 2;
    return one.includes(wanted) ? 3 : 9;
  });
  return Math.min(...ranks);
}

// Kinds that a text may mean, best first; without a text those used last, then those that come most often.
// What nothing is called is offered as a kind of its own.
export function kindsLike(text, most = 7) {
  const wanted = fold(text);
  const counts = all();
  const used = recent().map((one) => one.code);
  const place = (code) => (used.includes(code) ? used.indexOf(code) : MOST_RECENT);
  const byUse = (a, b) => place(a) - place(b) || counts.get(b) - counts.get(a) || (a < b ? -1 : 1);
  for (const code of used) if (!counts.has(code)) counts.set(code, 0);
  if (!wanted) return [...counts.keys()].sort(byUse).slice(0, most).map((code) => ({ code, isNew: false }));
  const ranks = new Map([...counts.keys()].map((code) => [code, rank(code, wanted)]));
  const found = [...ranks.keys()].filter((code) => ranks.get(code) < 9);
  found.sort((a, b) => ranks.get(a) - ranks.get(b) || byUse(a, b));
  const rows = found.slice(0, most).map((code) => ({ code, isNew: false }));
  const own = String(text).normalize("NFKC").replace(/\s+/g, " ").trim().slice(0, 60);
  if (!rows.some((one) => ranks.get(one.code) === 0)) rows.push({ code: own, isNew: true });
  return rows;
}

// "fire 1": a kind, and the priority in one go; a digit that belongs to the name of a kind stays there.
export function withPriority(typed) {
  const found = /^(.*[^\d\s])\s*([123])\s*$/.exec(typed.normalize("NFKC"));
  const isName = !found || !kindsLike(typed)[0].isNew || kindsLike(found[1])[0].isNew;
  return isName ? { text: typed, priority: 0 } : { text: found[1], priority: Number(found[2]) };
}
