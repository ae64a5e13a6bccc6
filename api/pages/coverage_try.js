// What if so many more stood here: in a grid, or at a place of the map.  Nothing is saved at the service.
import { make, metres, onLanguage, say } from "./desk_words.js";
import { button, notice, post, working } from "./coverage_ask.js";
import { chooseGrid } from "./coverage_grids.js";
import { askPlace, asPoint, fitGrid, goTo, hintNow, map, middleOfView, shortCode } from "./coverage_map.js";
import { count, decimal, percent } from "./coverage_numbers.js";
import { scene } from "./coverage_paint.js";
import { desk, keepWork, kept, on, planId, workOn } from "./coverage_state.js";

const at = (id) => document.getElementById(id);
let answer = null;

const tried = () => workOn(planId()).tried || [];

function setTried(list) {
  keepWork(planId(), { tried: list });
  draw();
  showList();
  askWhatIf();
}

const wantedCount = () => Math.min(Math.max(Math.round(Number(at("try-count").value)) || 1, 1), 500);

function add(one) {
  if (tried().length >= 50) {
    notice("warn", say("try_full", { n: 50 }));
    return;
  }
  setTried([...tried(), one]);
}

function draw() {
  scene.tried = tried().map((one, i) => {
    if (one.grid) return null;
    return asPoint([one.lon, one.lat], { text: String(one.count > 1 ? `+${one.count}` : "+"), isChosen: false, index: i });
  }).filter(Boolean);
  map.draw();
}

function showList() {
  at("tried").replaceChildren(...tried().map((one, i) => {
    const where = one.grid ? say("tried_grid", { n: one.count, grid: shortCode(one.grid) }) : say("tried_place", { n: one.count, place: `${one.lon.toFixed(5)}, ${one.lat.toFixed(5)}` });
    const see = button(where, () => (one.grid ? fitGrid(one.grid) : goTo(map.place([one.lon, one.lat]))), "quiet");
    const drop = button("×", () => setTried(tried().filter((_, j) => j !== i)), "square");
    drop.setAttribute("aria-label", say("tried_drop", { what: where }));
    return make("li", [see, drop]);
  }));
  if (tried().length > 1) at("tried").append(make("li", [button(say("tried_clear"), () => setTried([]))]));
}

export async function askWhatIf() {
  if (!tried().length || !desk.survey) {
    answer = null;
    showAnswer();
    return;
  }
  const asked = tried().map((one) => (one.grid ? { grid: one.grid, count: one.count } : { lon: one.lon, lat: one.lat, heading_deg: null, count: one.count }));
  const body = { plan: planId(), level: desk.survey.level, targets: {}, add: asked };
  const found = await working("what-if", "load_what_if", (options) => post("/v1/cameras/what-if", body, options), { again: askWhatIf });
  if (!found) return;
  answer = found;
  showAnswer();
}

// A figure before and after, and the way it went.
const change = (before, after, show) => (show(before) === show(after) ? make("span", show(before)) : make("span", [make("span", show(before), "soft"), make("span", " → "), make("strong", show(after))]));

function showAnswer() {
  const box = at("try-answer");
  if (!answer) {
    box.replaceChildren(make("p", say("try_nothing"), "soft empty"));
    return;
  }
  const { level } = desk.survey;
  const rows = answer.rows || [];
  const share = (row) => (row.street_m ? (row.seen_m[level] || 0) / row.street_m : null);
  const line = ({ before, after }) => make("tr", [
    rowHead(before.scope === "grid" ? shortCode(before.code) : say("whole_area")),
    make("td", [change(before.positions, after.positions, count)]),
    make("td", [change(before.density_per_km2, after.density_per_km2, decimal)]),
    make("td", [change(before.missing, after.missing, count)]),
    make("td", [change(share(before), share(after), percent)]),
  ]);
  const order = ["grid", "all"];
  const isTold = ({ before, after }) => before.scope === "all" || before.positions !== after.positions || percent(share(before)) !== percent(share(after));
  const shown = rows.filter((one) => order.includes(one.before.scope) && isTold(one)).sort((a, b) => order.indexOf(a.before.scope) - order.indexOf(b.before.scope));
  const head = make("tr", ["grid", "positions", "density", "missing", "seen"].map((one) => {
    const cell = make("th", say(one === "grid" ? "scope_grid" : `try_${one}`));
    cell.scope = "col";
    return cell;
  }));
  const parts = [];
  const sums = make("table", [make("caption", say("try_caption"), "unseen"), make("thead", [head]), make("tbody", shown.map(line))], "before-after");
  const metresNew = answer.newly_seen_m;
  if (metresNew !== null && metresNew !== undefined && tried().some((one) => !one.grid)) parts.push(make("p", say("try_newly", { length: metres(metresNew) }), "told"));
  if (answer.private_m) parts.push(make("p", say("try_newly_private", { length: metres(answer.private_m) }), "told warn"));
  parts.push(sums);
  if (tried().some((one) => one.grid)) parts.push(make("p", say("try_grid_only"), "soft"));
  if (tried().some((one) => !one.grid)) parts.push(make("p", say("truth_heading"), "soft"));
  box.replaceChildren(...parts);
}

function rowHead(text) {
  const head = make("th", text);
  head.scope = "row";
  return head;
}

function place(isOn) {
  at("try-map").setAttribute("aria-pressed", String(isOn));
  hintNow(isOn ? say("try_hint") : "");
  askPlace(isOn ? ([lon, lat]) => {
    place(false);
    add({ lon, lat, count: wantedCount() });
  } : null);
}

export function stopPlacing() {
  if (at("try-map").getAttribute("aria-pressed") !== "true") return false;
  place(false);
  return true;
}

function showGrids() {
  const choice = at("try-grid");
  const before = choice.value || desk.grid;
  choice.replaceChildren(...(desk.rows.grid || []).map((row) => {
    const option = make("option", `${shortCode(row.code)}${row.name ? ` ${row.name}` : ""} · ${say("try_short", { n: count(row.missing) })}`);
    option.value = row.code;
    return option;
  }));
  if (before) choice.value = before;
}

export function startTrying() {
  at("try-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (at("try-grid").value) add({ grid: at("try-grid").value, count: wantedCount() });
  });
  at("try-map").addEventListener("click", () => place(at("try-map").getAttribute("aria-pressed") !== "true"));
  at("try-middle").addEventListener("click", () => {
    const [lon, lat] = middleOfView();
    add({ lon, lat, count: wantedCount() });
  });
  at("try-grid").addEventListener("change", () => chooseGrid(at("try-grid").value));
  on("survey", () => {
    showGrids();
    draw();
    showList();
    askWhatIf();
  });
  on("grid", (code) => {
    at("try-grid").value = code;
  });
  on("tab", () => kept().tab !== "cameras" && stopPlacing());
  onLanguage(() => {
    if (!desk.survey) return;
    showGrids();
    showList();
    showAnswer();
  });
}
