// Filters above the map: what is chosen of each, how many there are of it, and the way back to all.
import { addCommand, isModal } from "./desk_keys.js";
import { languageNow, make, onLanguage, say } from "./desk_words.js";
import { LAYERS, clearFilter, countsOf, isFiltered, setFilter } from "./dispatch_filter.js";
import { kindName, stateName } from "./dispatch_list.js";
import { markIcon } from "./dispatch_marks.js";
import { LEVELS, OPEN, STATES, clockClass, desk, now, on, select } from "./dispatch_state.js";

const at = (id) => document.getElementById(id);
const MOST_KINDS = 60;
const QUIET_MS = 200;
const MENUS = {
  state: { values: () => STATES, name: stateName, icon: (state) => markIcon(state) },
  kind: { values: () => kindsByCount(), name: (kind) => kindName(kind) },
  priority: { values: () => ["1", "2", "3"], name: (n) => say(`priority_${n}`) },
  level: { values: () => LEVELS, name: (level) => say(`level_${level}`) },
};
let waiting = 0;

function kindsByCount() {
  const counts = countsOf("kind");
  const all = new Set([...desk.filter.kind, ...[...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a))]);
  return [...all].slice(0, MOST_KINDS);
}

// -- menus: values to tick, each with its count

function showMenu(name) {
  const { values, name: nameOf, icon } = MENUS[name];
  const chosen = desk.filter[name];
  const box = at(`filter-${name}`);
  const head = box.querySelector("summary");
  const text = chosen.length ? say("filter_some", { name: say(`filter_${name}`), n: chosen.length }) : say(`filter_${name}`);
  if (head.textContent !== text) head.textContent = text;
  box.classList.toggle("on", chosen.length > 0);
  if (!box.open) return;
  const counts = countsOf(name);
  const before = document.activeElement?.dataset?.value;
  const ticks = values().map((value) => {
    const tick = make("input");
    tick.type = "checkbox";
    tick.checked = chosen.includes(value);
    tick.dataset.value = value;
    tick.addEventListener("change", () => choose(name, value, tick.checked));
    return make("label", [tick, icon ? icon(value) : null, make("span", nameOf(value), "name"), make("span", (counts.get(value) || 0).toLocaleString("en-US"), "n")], "check");
  });
  const list = box.querySelector("div");
  const isHere = list.contains(document.activeElement);
  list.replaceChildren(...(ticks.length ? ticks : [make("p", say("filter_nothing"), "soft")]));
  if (isHere) list.querySelector(`[data-value="${CSS.escape(before || "")}"]`)?.focus();
}

function choose(name, value, isOn) {
  const others = desk.filter[name].filter((one) => one !== value);
  setFilter({ [name]: isOn ? [...others, value] : others });
}

// -- the rest

function show() {
  clearTimeout(waiting);
  waiting = 0;
  for (const name of Object.keys(MENUS)) showMenu(name);
  const { filter } = desk;
  for (const [id, value] of [["q", filter.q], ["place", filter.place], ["from", filter.from], ["to", filter.to]]) {
    if (document.activeElement !== at(id) && at(id).value !== value) at(id).value = value;
  }
  at("filter-when").classList.toggle("on", Boolean(filter.from || filter.to));
  at("overdue").setAttribute("aria-pressed", String(filter.overdue));
  at("clear").hidden = !isFiltered();
  for (const one of LAYERS) at(`layer-${one}`).setAttribute("aria-pressed", String(filter.layer === one));
  at("per").hidden = filter.layer !== "grids";
  at("per").value = filter.per;
  showFigures();
}

function showLater() {
  waiting = waiting || setTimeout(show, QUIET_MS);
}

// How it stands, whatever is filtered: open, urgent, overdue.
function showFigures() {
  const moment = now() / 1000;
  let [open, urgent, over] = [0, 0, 0];
  for (const row of desk.incidents.values()) {
    if (!OPEN.has(row.state)) continue;
    open += 1;
    if (row.priority === 1) urgent += 1;
    if (clockClass(row, moment) === 2) over += 1;
  }
  const figures = { open, urgent, over };
  for (const [name, n] of Object.entries(figures)) {
    const text = n.toLocaleString(languageNow() === "zh" ? "zh-CN" : "en-US");
    if (at(`n-${name}`).textContent !== text) at(`n-${name}`).textContent = text;
  }
}

function shutMenus(besides = null) {
  for (const one of document.querySelectorAll("#filters details[open]")) if (one !== besides) one.open = false;
}

function startMenus() {
  for (const one of document.querySelectorAll("#filters details")) {
    one.addEventListener("toggle", () => {
      if (!one.open) return;
      shutMenus(one);
      show();
    });
    one.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      one.open = false;
      one.querySelector("summary").focus();
      event.preventDefault();
      event.stopPropagation();
    });
  }
  document.addEventListener("pointerdown", (event) => shutMenus(event.target.closest?.("#filters details")));
}

function startFields() {
  const small = { isSmall: true };
  let writing = 0;
  for (const id of ["q", "place"]) {
    at(id).addEventListener("input", () => {
      clearTimeout(writing);
      writing = setTimeout(() => setFilter({ [id]: at(id).value.trim() }, small), QUIET_MS);
    });
    at(id).addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape" && !at(id).value) at("incidents").focus();
      else if (event.key === "Enter") at("incidents").focus();
    });
  }
  for (const id of ["from", "to"]) at(id).addEventListener("change", () => setFilter({ [id]: at(id).value }));
  at("overdue").addEventListener("click", () => setFilter({ overdue: !desk.filter.overdue }));
  at("clear").addEventListener("click", () => {
    clearFilter();
    at("q").focus();
  });
  for (const one of LAYERS) at(`layer-${one}`).addEventListener("click", () => setFilter({ layer: one }));
  at("per").addEventListener("change", () => setFilter({ per: at("per").value }));
}

function showPers() {
  at("per").replaceChildren(...["count", "households"].map((one) => {
    const option = make("option", say(`per_${one}`));
    option.value = one;
    return option;
  }));
  show();
}

export function start() {
  startMenus();
  startFields();
  for (const name of ["loaded", "incident", "clocks", "kinds"]) on(name, showLater);
  on("filter", ({ names }) => { if (names.some((name) => name !== "view")) show(); });
  onLanguage(showPers);
  addCommand({ id: "find", keys: ["/", "Control+f"], word: "find", group: "find", run: () => { at("q").focus(); at("q").select(); } });
  addCommand({ id: "overdue", keys: ["o"], word: "only_overdue", group: "find", run: () => setFilter({ overdue: !desk.filter.overdue }) });
  LAYERS.forEach((one) => addCommand({ id: `layer_${one}`, keys: [{ points: "Shift+p", heat: "Shift+h", grids: "Shift+g" }[one]], word: `layer_${one}`, group: "map", run: () => setFilter({ layer: one }) }));
  addCommand({ id: "clear", keys: ["Shift+c"], word: "clear", group: "find", when: isFiltered, run: clearFilter });
  addCommand({ id: "none", keys: ["Escape"], word: "nothing_chosen", group: "find", when: () => Boolean(desk.selected) && !isModal(), run: () => select("") });
}
