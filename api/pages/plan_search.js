// Going somewhere by name: grids, communities and estates at once from what the page holds; buildings, addresses, streets
// and places from the service.  A box with a list, worked by keys as such boxes are everywhere.
import { askJson } from "./desk_ask.js";
import { make, onLanguage, say } from "./desk_words.js";
import { addCommand } from "./plan_panels.js";
import { flash, map, zoomToAtoms } from "./plan_map.js";
import { desk, planPath, tell } from "./plan_state.js";
import { tellAloud, trouble } from "./desk_talk.js";
import { setCursor } from "./plan_tools_chosen.js";

const MOST = 12;
const PAUSE_MS = 220;
const NEAR_SCALE = 1.2; // pixels per metre, for what is only a point
const at = (id) => document.getElementById(id);
let rows = [];
let here = -1;
let waiting = 0;
let stop = null;

const fold = (text) => String(text || "").normalize("NFKC").toLowerCase().trim();

// -- what the page holds itself

function own(wanted) {
  const { plan, ground } = desk;
  if (!plan) return [];
  const found = [];
  const add = (kind, text, name, facts) => {
    const ranks = [text, name].map((one) => fold(one)).map((one) => (one === wanted ? 0 : one.startsWith(wanted) ? 1 : one.endsWith(wanted) ? 2 : one.includes(wanted) ? 3 : 9));
    const rank = Math.min(...ranks);
    if (rank < 9) found.push({ rank, kind, text, name, ...facts });
  };
  for (const [grid, one] of plan.grids.entries()) if (!one.is_gone) add("grid", one.code, one.name, { grid });
  for (const [community, one] of ground.communities.entries()) add("community", one.code, one.name, { community });
  for (const [estate, one] of ground.estates.entries()) add("estate", one.name || one.id, one.name ? one.id : "", { estate });
  return found.sort((a, b) => a.rank - b.rank || a.text.length - b.text.length || (a.text < b.text ? -1 : 1)).slice(0, MOST);
}

async function others(wanted) {
  if (desk.share) return [];
  stop?.abort();
  stop = new AbortController();
  try {
    return (await askJson(planPath("/find"), { query: { q: wanted, limit: MOST }, signal: stop.signal })).found;
  } catch (error) {
    if (error.kind !== "stopped" && error.kind !== "gone") trouble(error);
    return [];
  }
}

// -- the list

function search() {
  const wanted = fold(at("search").value);
  clearTimeout(waiting);
  stop?.abort();
  if (!wanted) {
    show([]);
    close();
    return;
  }
  const mine = own(wanted);
  show(mine, { isWhole: Boolean(desk.share) });
  if (desk.share) return;
  waiting = setTimeout(async () => {
    const theirs = await others(wanted);
    if (fold(at("search").value) === wanted && document.activeElement === at("search")) show([...mine.slice(0, MOST - Math.min(theirs.length, 6)), ...theirs].slice(0, MOST), { isWhole: true });
  }, PAUSE_MS);
}

const isOpen = () => !at("found").hidden;

function show(found, { isWhole = false } = {}) {
  rows = found;
  here = found.length ? Math.max(0, Math.min(here, found.length - 1)) : -1;
  const made = found.map((one, i) => {
    const row = make("li", [make("strong", one.name ? `${one.text} ${one.name}` : one.text), make("span", say(`search_${one.kind}`))]);
    row.id = `found-${i}`;
    row.setAttribute("role", "option");
    row.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    row.addEventListener("click", () => go(one));
    return row;
  });
  if (!made.length && isWhole) {
    const none = make("li", say("search_none"), "soft");
    none.setAttribute("role", "option");
    none.setAttribute("aria-disabled", "true");
    made.push(none);
  }
  at("found").replaceChildren(...made);
  at("found").hidden = !made.length;
  at("search").setAttribute("aria-expanded", String(Boolean(made.length)));
  mark();
  if (isWhole) tellAloud(found.length ? say("search_count", { n: found.length }) : say("search_none"));
}

function mark() {
  for (const [i, row] of [...at("found").children].entries()) row.setAttribute("aria-selected", String(i === here));
  if (here >= 0) {
    at("search").setAttribute("aria-activedescendant", `found-${here}`);
    at(`found-${here}`)?.scrollIntoView({ block: "nearest" });
  } else at("search").removeAttribute("aria-activedescendant");
}

function close() {
  at("found").hidden = true;
  at("search").setAttribute("aria-expanded", "false");
  at("search").removeAttribute("aria-activedescendant");
}

// -- going there

function go(one) {
  close();
  at("search").value = one.text;
  const { plan, ground } = desk;
  if (!plan) return;
  let atoms = [];
  if (one.kind === "grid") {
    atoms = plan.atomsOf(one.grid);
    desk.grid = one.grid;
    tell("grid", one.grid);
  } else if (one.kind === "community") atoms = ground.atomsOfCommunity[one.community];
  else if (one.kind === "estate") atoms = ground.atomsOfEstate[one.estate];
  else if (one.atom !== null) atoms = [one.atom];
  if (atoms.length) {
    zoomToAtoms(atoms);
    flash(atoms);
    setCursor(atoms[0]); // keys go on from there
  } else if (one.lon !== undefined) map.centre(map.place([one.lon, one.lat]), Math.max(map.scale, NEAR_SCALE));
  tellAloud(say("search_there", { name: one.text }));
  at("map").focus();
}

function pressed(event) {
  if (event.isComposing) return;
  if (event.key === "Escape") {
    if (isOpen()) close();
    else {
      at("search").value = "";
      at("map").focus();
    }
  } else if (event.key === "Enter") {
    if (rows[here] && isOpen()) go(rows[here]);
    else search();
  } else if (["ArrowDown", "ArrowUp"].includes(event.key) && rows.length) {
    if (!isOpen()) search();
    else here = (here + (event.key === "ArrowDown" ? 1 : -1) + rows.length) % rows.length;
    mark();
  } else return;
  event.preventDefault();
}

export function start() {
  const field = at("search");
  field.addEventListener("input", () => {
    here = 0;
    search();
  });
  field.addEventListener("keydown", pressed);
  field.addEventListener("blur", close);
  addCommand({
    id: "search", keys: ["/", "Control+f"], word: "search_label", group: "page", when: () => Boolean(desk.plan),
    run() {
      field.focus();
      field.select();
    },
  });
  onLanguage(() => isOpen() && search());
}
