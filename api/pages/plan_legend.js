// What the map shows and what its colours, patterns and lines mean.  Both boxes stand over the map and can be folded.
import { make, onLanguage, say } from "./desk_words.js";
import { colourOf, tileOf } from "./plan_paint.js";
import { desk, keep, keepIn, kept, on, tell } from "./plan_state.js";

const LAYERS = ["fills", "atoms", "borders", "labels", "streets", "buildings", "estates", "ghosts", "locks", "notes"];
const STYLES = ["in", "low", "high", "dedicated", "rural", "none", "new"];
const WIDE = 34;
const HIGH = 18;
const SHARP = 2;
const ROOM_PX = 40;
// As plan_paint.js, plan_beneath.js and plan_map.js draw them: colour, width, dashes.
const LINES = {
  grids: ["#2c3a4b", 2, []], communities: ["#12263d", 3.2, [9, 3]], estates: ["#00664f", 1.6, [1.5, 3]], atoms: ["rgba(60,71,86,0.6)", 1, []],
  ghosts: ["#a3168a", 2.2, [3, 5]], chosen: ["#b35c00", 3.5, []], selection: ["#0b5394", 3, [6, 3]],
};
const at = (id) => document.getElementById(id);

function picture(paint) {
  const made = make("canvas");
  made.width = WIDE * SHARP;
  made.height = HIGH * SHARP;
  made.setAttribute("aria-hidden", "true");
  const pen = made.getContext("2d");
  pen.scale(SHARP, SHARP);
  paint(pen);
  return made;
}

const swatch = (style) =>
  picture((pen) => {
    pen.fillStyle = colourOf(style);
    pen.fillRect(0, 0, WIDE, HIGH);
    const tile = tileOf(style, SHARP);
    if (tile) {
      const pattern = pen.createPattern(tile, "repeat");
      pattern.setTransform(new DOMMatrix().scale(1 / SHARP));
      pen.globalAlpha = 0.7;
      pen.fillStyle = pattern;
      pen.fillRect(0, 0, WIDE, HIGH);
      pen.globalAlpha = 1;
    }
    pen.strokeStyle = "#2c3a4b";
    pen.strokeRect(0.5, 0.5, WIDE - 1, HIGH - 1);
  });

const stroke = ([colour, width, dash]) =>
  picture((pen) => {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.beginPath();
    pen.moveTo(0, HIGH / 2);
    pen.lineTo(WIDE, HIGH / 2);
    pen.stroke();
  });

const row = (image, text) => make("li", [image, make("span", text)]);

function fillLegend() {
  const { min_households: low, max_households: high } = desk.ground?.rules || {};
  const styles = STYLES.map((style) => row(swatch(style), say(`see_legend_${style}`, { low, high })));
  const lines = Object.entries(LINES).map(([name, how]) => row(stroke(how), say(`see_legend_${name}`)));
  const told = kept().colour === "grids" ? [make("p", say("see_legend_by_grid"), "soft")] : [];
  at("legend-list").replaceChildren(...told, make("ul", styles), make("ul", lines));
}

function check(layer) {
  const box = make("input");
  box.type = "checkbox";
  box.checked = kept().layers[layer];
  box.dataset.layer = layer;
  box.addEventListener("change", () => {
    keepIn("layers", { [layer]: box.checked });
    tell("layers");
  });
  return make("label", [box, make("span", say(`see_layer_${layer}`))], "check");
}

function choice(colour) {
  const box = make("input");
  box.type = "radio";
  box.name = "colour";
  box.checked = kept().colour === colour;
  box.value = colour;
  box.addEventListener("change", () => {
    keep({ colour });
    tell("layers");
    fillLegend();
  });
  return make("label", [box, make("span", say(`see_colour_${colour}`))], "check");
}

function fillLayers() {
  const where = document.activeElement?.dataset?.layer;
  const colours = make("fieldset", [make("legend", say("see_colours")), choice("band"), choice("grids")]);
  at("layer-list").replaceChildren(make("div", LAYERS.map(check), "see-layers"), colours);
  if (where) at("layer-list").querySelector(`[data-layer=${where}]`)?.focus();
}

function folding(id, name) {
  const box = at(id);
  box.open = kept()[name] === true;
  box.addEventListener("toggle", () => {
    keep({ [name]: box.open });
    // Both at a time have room only on large screens.
    const other = at(id === "layers" ? "legend" : "layers");
    if (box.open && other.open && other.offsetHeight + box.offsetHeight > at("map-box").clientHeight - ROOM_PX) other.open = false;
  });
}

export function start() {
  folding("layers", "isLayersOpen");
  folding("legend", "isLegendOpen");
  const fill = () => {
    fillLayers();
    fillLegend();
  };
  on("loaded", fill);
  onLanguage(() => desk.plan && fill());
}
