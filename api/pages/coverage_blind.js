// Stretches of street that no camera sees at the level asked for: listed, the longest first, and gone through one by one.
import { make, metres, onLanguage, say } from "./desk_words.js";
import { asLines, fitLine, hintNow, map, shortCode } from "./coverage_map.js";
import { scene } from "./coverage_paint.js";
import { desk, on } from "./coverage_state.js";
import { levelName } from "./coverage_grids.js";
import { count, percent } from "./coverage_numbers.js";

const at = (id) => document.getElementById(id);
let openPart = () => {};

function setBlind() {
  const found = (desk.blindFeatures || []).map((feature, i) => ({ feature, length: feature.properties.length_m, i }));
  desk.blind = found.sort((a, b) => b.length - a.length || a.i - b.i);
  desk.blindAt = -1;
  draw();
}

function draw() {
  scene.chosenBlind = desk.blindAt < 0 ? [] : asLines(desk.blind[desk.blindAt].feature);
  map.draw();
}

function show() {
  if (!desk.survey) return;
  const { totals, level } = desk.survey;
  at("blind-lead").textContent = desk.blind.length
    ? say("blind_lead", { n: count(totals.blind), shown: count(desk.blind.length), length: metres(totals.blind_m), frac: percent(totals.street_m ? totals.blind_m / totals.street_m : 0), level: levelName(level) })
    : say("blind_none", { level: levelName(level) });
  at("blind-list").replaceChildren(...desk.blind.map((one, i) => {
    const { name, grid } = one.feature.properties;
    const press = make("button", [make("b", i + 1), make("span", [make("span", name || say("unnamed")), make("small", grid ? say("in_grid", { grid: shortCode(grid) }) : say("in_no_grid"))], "two"), make("strong", metres(one.length))]);
    press.type = "button";
    press.addEventListener("click", () => choose(i));
    if (i === desk.blindAt) press.setAttribute("aria-current", "true");
    return make("li", [press]);
  }));
}

export function choose(i) {
  desk.blindAt = i;
  draw();
  fitLine(scene.chosenBlind.map((one) => one.line));
  show();
  const { name, grid } = desk.blind[i].feature.properties;
  hintNow(say("blind_hint", { n: i + 1, of: count(desk.survey.totals.blind), name: name || say("unnamed"), length: metres(desk.blind[i].length), grid: grid ? shortCode(grid) : "–" }));
  const line = at("blind-list").querySelector("[aria-current]");
  if (line) line.scrollIntoView({ block: "nearest" });
}

export function step(way) {
  if (!desk.blind.length) return;
  openPart("blind");
  choose((desk.blindAt + way + desk.blind.length) % desk.blind.length);
}

export function startBlind(open) {
  openPart = open;
  on("survey", () => {
    setBlind();
    show();
  });
  on("tapped blind", (one) => {
    openPart("blind");
    const i = desk.blind.findIndex(({ feature: { properties: other } }) => other.street === one.street && other.from_m === one.from_m);
    if (i >= 0) choose(i);
    else hintNow(`${one.name || say("unnamed")} · ${metres(one.length_m)}`);
  });
  onLanguage(show);
}
