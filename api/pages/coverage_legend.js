// What the colours, patterns and lines of the map mean; only what is shown is explained.
import { make, onLanguage, say } from "./desk_words.js";
import { CLASSES, colours, patternOf, readColours } from "./coverage_pen.js";
import { kept } from "./coverage_state.js";

const at = (id) => document.getElementById(id);
let scale = null; // {title, names: of the classes, the worst first}
let times = []; // minutes of the rings
let isOnNow = () => false;

export function setScale(wanted) {
  scale = wanted;
  showLegend(isOnNow);
}

export function setTimes(minutes) {
  times = minutes;
  showLegend(isOnNow);
}

function swatch(step) {
  const made = document.createElement("canvas");
  made.width = 44;
  made.height = 28;
  const pen = made.getContext("2d");
  if (!colours.land) readColours();
  pen.fillStyle = colours[`class-${step}`];
  pen.fillRect(0, 0, 44, 28);
  const pattern = patternOf(pen, step);
  if (pattern) {
    pen.globalAlpha = 0.4;
    pen.fillStyle = pattern;
    pen.fillRect(0, 0, 44, 28);
  }
  return made;
}

const item = (sign, text) => make("li", [sign, make("span", text)]);
const sign = (kind) => make("i", null, kind);

export function showLegend(isOn) {
  isOnNow = isOn;
  const parts = [];
  if (scale && isOn("grids")) {
    parts.push(make("p", scale.title));
    parts.push(make("ul", scale.names.map((name, i) => item(swatch(i), name)).slice(0, CLASSES).reverse(), "classes"));
  }
  const lines = [];
  const { tab } = kept();
  if (tab === "cameras") {
    if (isOn("seen")) lines.push(item(sign("seen"), say("legend_seen")), item(sign("unseen"), say("legend_unseen")));
    if (isOn("blind")) lines.push(item(sign("blind"), say("legend_blind")));
    if (isOn("cameras")) lines.push(item(sign("camera"), say("legend_camera")), item(sign("camera assumed"), say("legend_assumed")), item(sign("camera broken"), say("legend_broken")));
    if (isOn("sights")) lines.push(item(sign("sight"), say("legend_sight")));
    if (isOn("masks")) lines.push(item(sign("mask"), say("legend_mask")));
  }
  if (tab === "reach") {
    if (isOn("streets") || isOn("rings")) times.forEach((minutes, i) => lines.push(item(sign(`time time-${Math.min(i, 4)}`), say("legend_within", { n: minutes }))));
    if (isOn("streets")) lines.push(item(sign("late"), say("legend_late")));
    if (isOn("posts")) lines.push(item(sign("post"), say("legend_post")));
    if (isOn("doors")) lines.push(item(sign("door"), say("legend_door")));
  }
  if (lines.length) parts.push(make("ul", lines, "lines"));
  at("legend-list").replaceChildren(...parts);
  at("legend").hidden = !parts.length;
}

export function startLegend() {
  onLanguage(() => showLegend(isOnNow));
}
