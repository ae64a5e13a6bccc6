// The menu of what lies under the pointer: by right click, long press, the menu key or Shift+F10.  Other parts add lines
// with `addMenuItem`.
import { make, onLanguage, say } from "./desk_words.js";
import { atomAt, borderAt, map, zoomToGrid } from "./plan_map.js";
import { keysOf, runCommand } from "./plan_panels.js";
import { keepSolve } from "./plan_solve_ask.js";
import { desk, mayChange } from "./plan_state.js";
import { dissolveGrid, mergeGrids, moveTo, newGrid, splitOff } from "./plan_tools_acts.js";
import { chooseAtoms, chooseGrid, setCursor, there } from "./plan_tools_chosen.js";
import { offer } from "./plan_tools_kinds.js";
import { bandWord, gridWord } from "./plan_tools_words.js";

const LONG_MS = 550;
const STILL_PX = 10;
const BORDER_PX = 12;
const ORDER = ["ground", "grid", "locks", "more"];
const lines = [];
const box = make("div", null, "hand-menu");
const menu = make("div");
let before = null;

// {id, group, text(what), when(what), run(what), command: id of a command whose keys are shown}
// what: {place, atom, grid, estate, border: {near, far} or null}
export function addMenuItem(one) {
  lines.push({ group: "more", when: () => true, ...one });
}

function under(place) {
  const atom = atomAt(place);
  const { plan, ground } = desk;
  const grid = atom >= 0 ? plan.atomGrid[atom] : -1;
  const found = borderAt(place, BORDER_PX / map.scale);
  const border = found && plan.atomGrid[found.a] >= 0 && plan.atomGrid[found.b] >= 0 && ground.community[found.a] === ground.community[found.b]
    ? { near: plan.atomGrid[found.a], far: plan.atomGrid[found.b] }
    : null;
  return { place, atom, grid, estate: atom >= 0 ? ground.estate[atom] : -1, border };
}

function itemOf(line, what) {
  const made = make("button", [make("span", line.text(what))]);
  made.type = "button";
  made.setAttribute("role", "menuitem");
  made.tabIndex = -1;
  made.dataset.id = line.id;
  const keys = line.command ? keysOf(line.command) : [];
  if (keys.length) made.append(make("kbd", keys[0]));
  made.addEventListener("click", () => {
    close();
    line.run(what);
  });
  return made;
}

export function openMenu(place, event) {
  if (!there()) return;
  const what = under(place);
  if (what.atom >= 0) setCursor(what.atom);
  const groups = ORDER.map((group) => lines.filter((line) => line.group === group && line.when(what)).map((line) => itemOf(line, what))).filter((items) => items.length);
  if (!groups.length) return;
  const head = [];
  if (what.grid >= 0) {
    const { households, kind, name, code } = desk.plan.grids[what.grid];
    head.push(make("p", [make("strong", name || code), make("span", `${gridWord(what.grid)} · ${say("tools_n_households", { n: households })} · ${bandWord(kind, households)}`)], "head"));
  }
  const parts = groups.map((items) => {
    const group = make("div", items);
    group.setAttribute("role", "group");
    return group;
  });
  menu.replaceChildren(...parts);
  menu.setAttribute("aria-label", say("tools_menu"));
  box.replaceChildren(...head, menu);
  box.hidden = false;
  const [px, py] = event ? [event.clientX, event.clientY] : screenOf(place);
  box.style.left = `${Math.max(4, Math.min(px, window.innerWidth - box.offsetWidth - 4))}px`;
  box.style.top = `${Math.max(4, Math.min(py, window.innerHeight - box.offsetHeight - 4))}px`;
  before = document.activeElement;
  box.querySelector("button").focus();
}

function screenOf(place) {
  const frame = map.canvas.getBoundingClientRect();
  const [x, y] = map.toPixels(place);
  return [frame.left + x, frame.top + y];
}

function close() {
  if (box.hidden) return;
  box.hidden = true;
  if (before?.isConnected) before.focus();
  before = null;
}

function walk(event) {
  const all = [...box.querySelectorAll("button")];
  const here = all.indexOf(document.activeElement);
  const way = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: all.length - 1 }[event.key];
  if (way !== undefined) all[(way + all.length) % all.length].focus();
  else if (event.key === "Escape" || event.key === "Tab") close();
  else if (event.key.length === 1 && event.key !== " ") {
    const next = [...all.slice(here + 1), ...all].find((one) => one.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()));
    next?.focus();
    event.stopPropagation();
    return;
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

// A finger that rests: the menu, where the browser tells of no other way.
function listenForRest(canvas) {
  let rest = 0;
  let from = null;
  const stop = () => clearTimeout(rest);
  canvas.addEventListener("pointerdown", (event) => {
    stop();
    from = [event.clientX, event.clientY];
    if (event.pointerType !== "touch" || map.fingers.size > 1) return;
    rest = setTimeout(() => {
      map.hand?.cancel();
      openMenu(map.toMetres(map.at(event)), event);
    }, LONG_MS);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (from && Math.hypot(event.clientX - from[0], event.clientY - from[1]) > STILL_PX) stop();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, stop);
}

const may = () => mayChange() && !desk.preview;

function addOwn() {
  const has = () => desk.selection.size > 0;
  addMenuItem({ id: "move", group: "ground", text: ({ grid }) => say("tools_menu_move", { grid: gridWord(grid) }), when: ({ grid }) => may() && has() && grid >= 0 && [...desk.selection].some((atom) => desk.plan.atomGrid[atom] !== grid), run: ({ grid }) => moveTo(grid) });
  addMenuItem({ id: "take", group: "ground", text: ({ atom }) => say(desk.selection.has(atom) ? "tools_menu_leave" : desk.selection.size ? "tools_menu_take" : "tools_menu_take_one"), when: ({ atom }) => atom >= 0, run: ({ atom }) => {
    chooseAtoms([atom], desk.selection.has(atom) ? { takeAway: true } : { add: true });
    offer();
  } });
  addMenuItem({ id: "whole_estate", group: "ground", text: ({ estate }) => say("tools_menu_estate", { name: nameOfEstate(estate) }), when: ({ estate }) => estate >= 0, run: ({ estate }) => {
    chooseAtoms(desk.ground.atomsOfEstate[estate]);
    offer();
  } });
  addMenuItem({ id: "new", group: "ground", command: "tool_new", text: () => say("tools_new_hint"), when: () => may() && has(), run: newGrid });
  addMenuItem({ id: "split_off", group: "ground", command: "split_off", text: () => say("tools_split_off"), when: () => may() && has(), run: splitOff });
  addMenuItem({ id: "pick", group: "grid", text: ({ grid }) => say("tools_menu_pick", { grid: gridWord(grid) }), when: ({ grid }) => grid >= 0 && grid !== desk.grid, run: ({ grid }) => chooseGrid(grid) });
  addMenuItem({ id: "add", group: "grid", text: ({ grid }) => say(desk.grids.has(grid) ? "tools_menu_less" : "tools_menu_add", { grid: gridWord(grid) }), when: ({ grid }) => grid >= 0 && desk.grid >= 0 && grid !== desk.grid, run: ({ grid }) => chooseGrid(grid, { add: true }) });
  addMenuItem({ id: "zoom", group: "grid", text: () => say("tools_menu_zoom"), when: ({ grid }) => grid >= 0, run: ({ grid }) => zoomToGrid(grid) });
  addMenuItem({ id: "merge", group: "grid", command: "tool_merge", text: () => say("tools_menu_merge", { n: desk.grids.size }), when: () => may() && desk.grids.size > 1, run: () => mergeGrids() });
  addMenuItem({ id: "merge_over", group: "grid", text: ({ border }) => say("tools_menu_merge_two", { a: gridWord(border.near), b: gridWord(border.far) }), when: ({ border }) => may() && border && desk.grids.size < 2, run: ({ border }) => mergeGrids(new Set([border.near, border.far])) });
  addMenuItem({ id: "split_line", group: "grid", command: "tool_split", text: ({ grid }) => say("tools_menu_split", { grid: gridWord(grid) }), when: ({ grid }) => may() && grid >= 0, run: ({ grid }) => {
    chooseGrid(grid);
    runCommand("tool_split");
  } });
  addMenuItem({ id: "split_two", group: "grid", text: ({ grid }) => say("tools_menu_split_two", { grid: gridWord(grid) }), when: ({ grid }) => may() && grid >= 0 && desk.plan.grids[grid].kind === "standard" && desk.plan.grids[grid].households >= 2 * desk.ground.rules.min_households, run: ({ grid }) => {
    chooseGrid(grid);
    keepSolve({ scope: "chosen", aim: "balance", count: 2 });
    runCommand("solve_start");
  } });
  addMenuItem({ id: "dissolve", group: "grid", text: ({ grid }) => say("tools_menu_dissolve", { grid: gridWord(grid) }), when: ({ grid }) => may() && grid >= 0, run: ({ grid }) => dissolveGrid(grid) });
}

export const nameOfEstate = (at) => desk.ground.estates[at].name || desk.ground.estates[at].id;

export function start() {
  menu.setAttribute("role", "menu");
  box.hidden = true;
  document.body.append(box);
  box.addEventListener("keydown", walk);
  document.addEventListener("pointerdown", (event) => !box.hidden && !box.contains(event.target) && close(), true);
  window.addEventListener("blur", close);
  map.canvas.addEventListener("wheel", close, { passive: true });
  listenForRest(map.canvas);
  addOwn();
  onLanguage(close);
}
