// Locks: what nobody may change, by hand or by solving, until the lock is taken away.  Grid, community, estate, building,
// border or everything; hatched with a padlock on the map, and listed here.
import { askJson } from "./desk_ask.js";
import { icon, make, onLanguage, say } from "./desk_words.js";
import { addLocks, removeLocks } from "./plan_do.js";
import { buildingAt } from "./plan_beneath.js";
import { zoomToAtoms } from "./plan_map.js";
import { addMenuItem, nameOfEstate } from "./plan_menu.js";
import { addPanel, addTool, badge } from "./plan_panels.js";
import { desk, mayChange, on, planPath } from "./plan_state.js";
import { button, choose, confirm, notice, tellAloud, working } from "./desk_talk.js";
import { gridWord, lockWord, partsOf } from "./plan_tools_words.js";
import { there } from "./plan_tools_chosen.js";
import { atomsOfLock, startLockPaint } from "./plan_locks_paint.js";

const LOCK = "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3";
const MOST_BUILDINGS = 40;
let list = null;
let all = null;

const isLocked = (lock) => desk.locks.includes(lock);
const may = () => mayChange() && !desk.preview;

export async function toggle(locks, atoms = {}) {
  const isOff = locks.every(isLocked);
  const done = isOff ? await removeLocks(locks) : await addLocks(locks.filter((lock) => !isLocked(lock)), atoms);
  if (done?.faults) notice("bad", done.faults.map((one) => one.detail || one.code).join(" "), { id: "locks" });
  else tellAloud(say(isOff ? "tools_told_unlocked" : "tools_told_locked", { what: locks.map(lockWord).join(", ") }));
}

// -- what is chosen

function lockChosen() {
  const grids = [...desk.grids].map((at) => desk.plan.grids[at].code);
  if (grids.length) return toggle(grids);
  return notice("plain", say("tools_one_grid"), { id: "tools" });
}

const borderLock = ({ near, far }) => `border:${[desk.plan.grids[near].code, desk.plan.grids[far].code].sort().join("+")}`;
const estateLock = (at) => `estate:${desk.ground.estates[at].id}`;
const communityOf = (atom) => desk.ground.communities[desk.ground.community[atom]];

// Which building of the piece is meant.
async function lockBuilding({ atom }) {
  const community = communityOf(atom).code;
  const found = await working("buildings", say("tools_busy_buildings"), (signal) => askJson(planPath("/atoms"), { query: { community }, headers: { Accept: "application/geo+json" }, signal }));
  if (!found) return;
  const piece = found.features.find((one) => (one.id ?? one.properties.id) === desk.ground.ids[atom]);
  const members = piece?.properties.members || [];
  if (!members.length) {
    notice("plain", say("tools_no_buildings"), { id: "tools" });
    return;
  }
  const options = members.slice(0, MOST_BUILDINGS).map((lock) => ({ id: lock, text: lockWord(lock), detail: isLocked(lock) ? say("tools_locked") : "" }));
  const lock = await choose({ title: say("tools_which_building"), text: members.length > MOST_BUILDINGS ? say("tools_more", { n: members.length - MOST_BUILDINGS }) : "", options });
  if (!lock) return;
  await toggle([lock], { [lock]: atom });
}

async function unlockAll() {
  const n = desk.locks.length;
  if (!n || !(await confirm({ title: say("tools_unlock_all"), text: say("tools_unlock_all_text", { n }), ok: say("tools_unlock_all") }))) return;
  const done = await removeLocks([...desk.locks]);
  if (!done?.faults) tellAloud(say("tools_told_unlocked", { what: say("tools_everything") }));
}

// -- the panel

function rowOf(lock) {
  const atoms = atomsOfLock(lock);
  const look = button("", () => {
    if (atoms.length) zoomToAtoms(atoms);
  }, "lock-name");
  look.append(icon(LOCK), make("span", lockWord(lock)));
  look.title = say("tools_menu_zoom");
  look.disabled = !atoms.length;
  const off = button("×", () => toggle([lock]), "square");
  off.setAttribute("aria-label", say("tools_unlock_this", { what: lockWord(lock) }));
  off.disabled = !may();
  const made = make("li", [look, off]);
  made.dataset.lock = lock;
  return made;
}

function fill(section) {
  list = make("ul", null, "lock-list");
  all = make("div", null, "line");
  section.append(make("h2", say("panel_locks")), make("p", say("tools_locks_lead"), "soft"), all, list);
  show();
}

function show() {
  badge("locks", desk.locks.length ? String(desk.locks.length) : "");
  if (!list || !there()) return;
  const focused = document.activeElement?.closest?.(".lock-list li")?.dataset.lock;
  list.parentElement.querySelector("h2").textContent = say("panel_locks");
  list.parentElement.querySelector("p").textContent = say("tools_locks_lead");
  const shut = button(say("tools_lock_everything"), () => toggle(["all"]));
  shut.disabled = !may() || isLocked("all");
  const open = button(say("tools_unlock_all"), unlockAll);
  open.disabled = !may() || !desk.locks.length;
  all.replaceChildren(shut, open);
  const order = ["all", "community", "grid", "estate", "border", "building", "unit"];
  const sorted = [...desk.locks].sort((a, b) => order.indexOf(partsOf(a).kind) - order.indexOf(partsOf(b).kind) || (a < b ? -1 : 1));
  list.replaceChildren(...(sorted.length ? sorted.map(rowOf) : [make("li", say("tools_no_locks"), "empty")]));
  if (focused) (list.querySelector(`[data-lock="${CSS.escape(focused)}"] button`) || open).focus();
}

function addLines() {
  const word = (lock, on_, off, facts) => say(isLocked(lock) ? off : on_, facts);
  const gridLock = (at) => desk.plan.grids[at].code;
  addMenuItem({ id: "lock_grid", group: "locks", command: "tool_lock", text: ({ grid }) => word(gridLock(grid), "tools_menu_lock_grid", "tools_menu_unlock_grid", { grid: gridWord(grid) }), when: ({ grid }) => may() && grid >= 0, run: ({ grid }) => toggle([gridLock(grid)]) });
  addMenuItem({ id: "lock_border", group: "locks", text: ({ border }) => word(borderLock(border), "tools_menu_lock_border", "tools_menu_unlock_border", { a: gridWord(border.near), b: gridWord(border.far) }), when: ({ border }) => may() && Boolean(border), run: ({ border }) => toggle([borderLock(border)]) });
  addMenuItem({ id: "lock_estate", group: "locks", text: ({ estate }) => word(estateLock(estate), "tools_menu_lock_estate", "tools_menu_unlock_estate", { name: nameOfEstate(estate) }), when: ({ estate }) => may() && estate >= 0, run: ({ estate }) => toggle([estateLock(estate)]) });
  const under = ({ atom, place }) => (atom >= 0 ? buildingAt(place) : "");
  addMenuItem({ id: "lock_this", group: "locks", text: (what) => word(`building:${under(what)}`, "tools_menu_lock_this", "tools_menu_unlock_this", { name: under(what) }), when: (what) => may() && Boolean(under(what)), run: (what) => toggle([`building:${under(what)}`], { [`building:${under(what)}`]: what.atom }) });
  addMenuItem({ id: "lock_building", group: "locks", text: () => say("tools_menu_lock_building"), when: ({ atom }) => may() && atom >= 0 && desk.ground.members[atom] > 0, run: lockBuilding });
  addMenuItem({ id: "lock_community", group: "locks", text: ({ atom }) => word(`community:${communityOf(atom).code}`, "tools_menu_lock_community", "tools_menu_unlock_community", { name: communityOf(atom).name }), when: ({ atom }) => may() && atom >= 0, run: ({ atom }) => toggle([`community:${communityOf(atom).code}`]) });
  // All communities of a town: their codes are the town's and three digits more.
  const townOf = ({ atom }) => communityOf(atom).code.slice(0, -3);
  const townLocks = (what) => desk.ground.communities.filter((one) => one.code.slice(0, -3) === townOf(what)).map((one) => `community:${one.code}`);
  addMenuItem({ id: "lock_town", group: "locks", text: (what) => say(townLocks(what).every(isLocked) ? "scen_unlock_town" : "scen_lock_town", { code: townOf(what), n: townLocks(what).length }), when: (what) => may() && what.atom >= 0 && townLocks(what).length > 1, run: (what) => toggle(townLocks(what)) });
  addMenuItem({ id: "lock_all", group: "locks", text: () => say("tools_lock_everything"), when: () => may() && !isLocked("all"), run: () => toggle(["all"]) });
  addMenuItem({ id: "unlock_all", group: "locks", text: () => say("tools_unlock_all"), when: () => may() && desk.locks.length > 0, run: unlockAll });
}

export function start() {
  addTool({ id: "lock", icon: LOCK, key: "l", group: "acts", isAction: true, word: "tools_lock_act", hint: "tools_lock_hint", press: lockChosen, when: () => may() && desk.grid >= 0 });
  addPanel({ id: "locks", word: "panel_locks", fill, show });
  addLines();
  startLockPaint();
  for (const what of ["locks", "loaded", "changed", "card"]) on(what, show);
  onLanguage(show);
}

