// What the pointer rests on: the grid and the piece of ground, in figures; an estimate is said to be one.
import { make, onLanguage, say } from "./desk_words.js";
import { centreOf, map } from "./plan_map.js";
import { desk, on } from "./plan_state.js";
import { there } from "./plan_tools_chosen.js";
import { heldNow } from "./plan_tools_hold.js";
import { bandSign, bandWord, shortCode } from "./plan_tools_words.js";

const REST_MS = 220;
const AWAY_PX = 16;
const card = make("div", null, "hover-card");
let shown = -1;
let resting = 0;
let pointer = null;

const row = (key, value, kind) => make("div", [make("dt", say(key)), make("dd", value, kind)]);
// Households that were modelled, not counted.
const number = (n) => (desk.plan.isEstimate ? `≈ ${n}` : String(n));

function fill(atom) {
  const { plan, ground } = desk;
  const at = plan.atomGrid[atom];
  const rows = [];
  const head = [];
  if (at >= 0) {
    const grid = plan.grids[at];
    const band = plan.band(at);
    head.push(make("strong", grid.name || grid.code), make("span", grid.name && grid.name !== grid.code ? `${grid.code}` : shortCode(grid), "code"));
    rows.push(
      row("tools_households", [make("b", number(grid.households)), make("span", ` ${bandSign[band]} ${bandWord(grid.kind, grid.households)}`, `band ${band}`)]),
      row("tools_buildings", String(grid.buildings)),
      row("tools_population", String(grid.population)),
    );
    if (plan.isLocked(at)) rows.push(row("tools_lock", say("tools_locked")));
  } else {
    head.push(make("strong", say("tools_no_grid")));
  }
  const of = ground.estate[atom];
  rows.push(row("tools_piece", say("tools_told_piece", { households: number(ground.households[atom]), buildings: ground.buildings[atom] })));
  if (of >= 0) rows.push(row("tools_estate_of", ground.estates[of].name || ground.estates[of].id));
  const notes = desk.plan.isEstimate ? [make("p", say("tools_estimate"), "soft")] : [];
  card.replaceChildren(make("p", head, "head"), make("dl", rows), ...notes);
}

function show(atom) {
  shown = atom;
  card.hidden = atom < 0 || !there() || Boolean(heldNow()) || map.fingers.size > 0;
  if (card.hidden) return;
  fill(atom);
  const [px, py] = pointer || map.toPixels(centreOf(atom));
  const [wide, high] = [card.offsetWidth, card.offsetHeight];
  const x = px + AWAY_PX + wide < map.width ? px + AWAY_PX : px - AWAY_PX - wide;
  const y = py + AWAY_PX + high < map.height ? py + AWAY_PX : py - AWAY_PX - high;
  card.style.left = `${Math.max(4, Math.round(x))}px`;
  card.style.top = `${Math.max(4, Math.round(y))}px`;
}

function rest(atom) {
  clearTimeout(resting);
  if (atom < 0) show(-1);
  else if (atom !== shown || card.hidden) resting = setTimeout(() => show(atom), REST_MS);
}

export function start() {
  card.id = "hover-card";
  card.hidden = true;
  card.setAttribute("aria-hidden", "true"); // keys are told the same aloud
  document.getElementById("map-box").append(card);
  map.canvas.addEventListener("pointermove", (event) => {
    pointer = event.pointerType === "touch" ? null : map.at(event);
    if (event.pointerType !== "touch") rest(desk.over);
  });
  map.canvas.addEventListener("pointerdown", () => {
    clearTimeout(resting);
    show(-1);
  });
  on("over", ({ atom, isKeys }) => {
    if (isKeys) pointer = null;
    if (isKeys) show(atom);
    else if (atom !== shown) show(-1);
    if (atom < 0) rest(-1);
  });
  on("hold", () => show(-1));
  on("changed", () => !card.hidden && show(shown));
  map.canvas.addEventListener("blur", () => show(-1));
  onLanguage(() => show(-1));
}
