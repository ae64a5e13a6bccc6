// The list of incidents, thousands of them: only the rows in sight are there, and the clocks in them run.
// Arrows walk along it, Enter chooses; J and K go to the next and the one before from wherever one is.
import { addCommand } from "./desk_keys.js";
import { make, onLanguage, say } from "./desk_words.js";
import { isFiltered, shownRows } from "./dispatch_filter.js";
import { ground } from "./dispatch_ground.js";
import { kindName } from "./dispatch_kinds.js";
import { zoomTo } from "./dispatch_map.js";
import { markIcon } from "./dispatch_marks.js";
import { CLOCKS, clockClass, desk, keep, kept, mayWrite, now, on, select } from "./dispatch_state.js";

const ROW_PX = 58;
const APART_MS = 250;
const MORE = 6; // rows beyond those in sight
const SORTS = ["clock", "newest", "priority", "number"];
const at = (id) => document.getElementById(id);
let rows = [];
let cursor = ""; // id of the row that the arrows stand on
let isStale = true;
let asked = 0;
let sortedAt = 0;
let ordering = 0;
const made = new Map(); // id -> element

// -- words of an incident

export { kindName }; // by the rules of the county
export const stateName = (state) => say(`state_${state}`);

// A running clock: minutes and seconds that are left, with + what it is over; hours and days where it is long.
export function clockText(row, moment = now() / 1000) {
  if (row.clock_at === null || row.clock_at === undefined) return "–";
  const left = row.clock_at - moment;
  const s = Math.floor(Math.abs(left));
  const two = (n) => String(n).padStart(2, "0");
  const text = s < 3600 ? `${two(Math.floor(s / 60))}:${two(s % 60)}` : s < 172800 ? `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}` : say("days_hours", { d: Math.floor(s / 86400), h: Math.floor((s % 86400) / 3600) });
  return left < 0 ? `+${text}` : text;
}

// -- order

const LATE = Number.MAX_SAFE_INTEGER;
const ORDERS = {
  clock: (a, b) => (a.clock_at ?? LATE) - (b.clock_at ?? LATE) || a.priority - b.priority || b.number - a.number,
  newest: (a, b) => b.received_at - a.received_at || b.number - a.number,
  priority: (a, b) => a.priority - b.priority || (a.clock_at ?? LATE) - (b.clock_at ?? LATE) || b.number - a.number,
  number: (a, b) => a.number - b.number,
};

function sorted() {
  if (!isStale) return rows;
  rows = [...shownRows()].sort(ORDERS[kept().sort] || ORDERS.clock);
  isStale = false;
  sortedAt = performance.now();
  return rows;
}

const indexOf = (id) => sorted().findIndex((row) => row.id === id);

// -- the rows in sight

function fill(box, row, i) {
  const clock = CLOCKS[clockClass(row, now() / 1000)];
  const key = [row.id, row.revision, row.state, clock, document.documentElement.lang].join(" ");
  if (box.dataset.key !== key) {
    box.dataset.key = key;
    const place = [row.grid ? ground.shortCode(row.grid) : "", row.unit || row.body].filter(Boolean).join(" · ");
    const head = make("span", [make("b", `${say("priority_short", { n: row.priority })}`, `p${row.priority}`), make("strong", row.title || kindName(row.kind), "title")], "head");
    const foot = make("span", [make("span", `${row.id} · ${stateName(row.state)}${row.title ? ` · ${kindName(row.kind)}` : ""}`), make("span", place, "where")], "foot");
    const time = make("span", "", `time clock-${clock}`);
    box.replaceChildren(markIcon(row.state, clock), make("span", [head, foot], "what"), time);
  }
  const text = clockText(row);
  if (box.lastChild.textContent !== text) box.lastChild.textContent = text;
  box.style.top = `${i * ROW_PX}px`;
  box.setAttribute("aria-posinset", String(i + 1));
  box.setAttribute("aria-setsize", String(rows.length));
  box.setAttribute("aria-selected", String(row.id === desk.selected));
  box.classList.toggle("here", row.id === cursor);
}

function show() {
  cancelAnimationFrame(asked);
  asked = 0;
  const list = at("incidents");
  const all = sorted();
  at("incident-room").style.height = `${all.length * ROW_PX}px`;
  showNone(all.length > 0 || !desk.isLoaded);
  const first = Math.max(0, Math.floor(list.scrollTop / ROW_PX) - MORE);
  const last = Math.min(all.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW_PX) + MORE);
  const wanted = new Set();
  for (let i = first; i < last; i += 1) {
    const row = all[i];
    wanted.add(row.id);
    let box = made.get(row.id);
    if (!box) {
      box = make("div", null, "row");
      box.id = `row-${row.id}`;
      box.dataset.id = row.id;
      box.setAttribute("role", "option");
      made.set(row.id, box);
      at("incident-room").append(box);
    }
    fill(box, row, i);
  }
  for (const [id, box] of made) {
    if (wanted.has(id)) continue;
    box.remove();
    made.delete(id);
  }
  if (made.has(cursor)) list.setAttribute("aria-activedescendant", `row-${cursor}`);
  else list.removeAttribute("aria-activedescendant");
  showCount();
}

// Why nothing is there, and what to do about it.
function showNone(isHidden) {
  const word = isFiltered() ? "list_none" : mayWrite() ? "list_empty" : "list_empty_read";
  at("list-none").hidden = isHidden;
  if (!isHidden && at("list-none").textContent !== say(word)) at("list-none").textContent = say(word);
}

function showLater() {
  asked = asked || requestAnimationFrame(show);
}

function again() {
  isStale = true;
  showLater();
}

// Many events a second: the list is put in order anew a few times in it.
function againSoon() {
  const left = APART_MS - (performance.now() - sortedAt);
  if (left <= 0) again();
  else ordering = ordering || setTimeout(() => { ordering = 0; again(); }, left);
}

function showCount() {
  const n = sorted().length;
  const text = say("count_of", { n: n.toLocaleString("en-US"), all: desk.count.toLocaleString("en-US") });
  if (at("count").textContent !== text) at("count").textContent = text;
}

// -- walking

function reveal(i) {
  const list = at("incidents");
  if (i * ROW_PX < list.scrollTop) list.scrollTop = i * ROW_PX;
  else if ((i + 1) * ROW_PX > list.scrollTop + list.clientHeight) list.scrollTop = (i + 1) * ROW_PX - list.clientHeight;
}

function walk(to) {
  const all = sorted();
  if (!all.length) return;
  const i = Math.min(Math.max(to, 0), all.length - 1);
  cursor = all[i].id;
  reveal(i);
  show();
}

// The next, or the one before, is chosen at once.
function step(by) {
  const here = indexOf(desk.selected || cursor);
  walk(here < 0 ? 0 : here + by);
  select(cursor);
  zoomTo(cursor);
}

function pressed(event) {
  const here = indexOf(cursor);
  const page = Math.max(1, Math.floor(at("incidents").clientHeight / ROW_PX) - 1);
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, PageDown: here + page, PageUp: here - page, Home: 0, End: Infinity }[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (to !== undefined) walk(here < 0 && to !== Infinity ? 0 : to);
  else if ((event.key === "Enter" || event.key === " ") && cursor) {
    select(cursor);
    zoomTo(cursor);
  } else return;
  event.preventDefault();
}

function showSorts() {
  at("sort").replaceChildren(...SORTS.map((one) => {
    const option = make("option", say(`sort_${one}`));
    option.value = one;
    option.selected = kept().sort === one;
    return option;
  }));
}

export function start() {
  const list = at("incidents");
  list.addEventListener("scroll", showLater, { passive: true });
  list.addEventListener("keydown", pressed);
  list.addEventListener("focus", () => { if (!cursor && sorted().length) walk(Math.max(0, indexOf(desk.selected))); });
  list.addEventListener("click", (event) => {
    const box = event.target.closest("[role=option]");
    if (!box) return;
    cursor = box.dataset.id;
    select(cursor);
    zoomTo(cursor);
  });
  at("sort").addEventListener("change", () => {
    keep({ sort: at("sort").value });
    list.scrollTop = 0;
    again();
  });
  new ResizeObserver(showLater).observe(list);
  on("loaded", again);
  on("role", showLater);
  for (const name of ["incident", "clocks"]) on(name, againSoon);
  for (const name of ["ground", "kinds"]) {
    on(name, () => {
      for (const box of made.values()) box.dataset.key = "";
      showLater();
    });
  }
  on("filter", ({ names }) => {
    if (!names.some((name) => name !== "view")) return;
    list.scrollTop = 0;
    again();
  });
  on("selected", ({ id }) => {
    const i = id ? indexOf(id) : -1;
    if (i >= 0) {
      cursor = id;
      reveal(i);
    }
    showLater();
  });
  onLanguage(() => { showSorts(); showLater(); });
  setInterval(showLater, 1000);
  const isLoaded = () => desk.incidents.size > 0;
  addCommand({ id: "next", keys: ["j"], word: "next", group: "find", when: isLoaded, run: () => step(1) });
  addCommand({ id: "previous", keys: ["k"], word: "previous", group: "find", when: isLoaded, run: () => step(-1) });
  addCommand({ id: "to_list", keys: ["l"], word: "to_list", group: "find", run: () => list.focus() });
}
