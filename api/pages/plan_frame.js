// Around the map: zoom buttons, the scale bar, and the map on paper.
import { languageNow, onLanguage, say } from "./desk_words.js";
import { addCommand } from "./plan_panels.js";
import { fitAll, map, overlay, redraw, view } from "./plan_map.js";
import { desk } from "./plan_state.js";

const BAR_PX = 110;
const PAPER_SHARPNESS = 3; // pixels of the picture per pixel of the page: about 290 to the inch
const PAPER_PX = [1044, 574]; // as plan_print.css lays the map on A4 across
const at = (id) => document.getElementById(id);
let shownScale = 0;

function showScale() {
  if (!map.scale || map.scale === shownScale || !desk.plan) return;
  shownScale = map.scale;
  const most = BAR_PX / map.scale;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = [5, 2, 1].map((n) => n * power).find((m) => m <= most);
  at("scale").textContent = length >= 1000 ? `${length / 1000} km` : `${length} m`;
  at("scale").style.width = `${Math.round(length * map.scale)}px`;
}

// -- paper

let before = null;

// The map is painted anew for the paper: what is on the screen now, at the paper's size, sharp.
function toPaper() {
  if (before || !desk.plan) return;
  before = { scale: map.scale, middle: [...map.middle], open: at("legend").open };
  const [wide, high] = PAPER_PX;
  const scale = map.scale * Math.min(wide / map.width, high / map.height);
  at("legend").open = true;
  at("map").style.width = `${wide}px`;
  at("map").style.height = `${high}px`;
  map.fixedSharpness = PAPER_SHARPNESS;
  map.scale = scale;
  view.isStale = true;
  map.resized();
  showScale();
  at("print-title").textContent = desk.card.name || desk.card.id;
  const day = new Intl.DateTimeFormat(languageNow() === "zh" ? "zh-CN" : "en-GB", { dateStyle: "long" }).format(new Date());
  const grids = desk.plan.grids.filter((one) => !one.is_gone).length;
  const facts = { state: say(`plan_state_${desk.card.state}`), revision: desk.card.revision, grids, day };
  at("print-facts").textContent = say(desk.unsaved ? "print_facts_unsaved" : "print_facts", { ...facts, n: desk.unsaved });
}

function fromPaper() {
  if (!before) return;
  at("map").style.removeProperty("width");
  at("map").style.removeProperty("height");
  map.fixedSharpness = 0;
  Object.assign(map, { scale: before.scale, middle: before.middle });
  at("legend").open = before.open;
  before = null;
  view.isStale = true;
  map.resized();
  showScale();
}

export function start() {
  overlay(5, showScale);
  at("zoom-in").addEventListener("click", () => map.zoom(1.5));
  at("zoom-out").addEventListener("click", () => map.zoom(1 / 1.5));
  at("whole").addEventListener("click", fitAll);
  const isLoaded = () => Boolean(desk.plan);
  addCommand({ id: "zoom_in", keys: ["+", "="], word: "zoom_in", group: "map", when: isLoaded, run: () => map.zoom(1.5) });
  addCommand({ id: "zoom_out", keys: ["-"], word: "zoom_out", group: "map", when: isLoaded, run: () => map.zoom(1 / 1.5) });
  addCommand({ id: "whole", keys: ["0"], word: "whole", group: "map", when: isLoaded, run: fitAll });
  addCommand({ id: "print", keys: ["Control+p"], word: "print", group: "page", when: isLoaded, run: () => window.print() });
  window.addEventListener("beforeprint", toPaper);
  window.addEventListener("afterprint", fromPaper);
  onLanguage(redraw);
}
