// Around the map: language, night, sound, the card of what the pointer is on, the legend and the scale bar.
import { addCommand, refreshButtons, showHelp } from "./desk_keys.js";
import { languageNow, make, onLanguage, say, setLanguage } from "./desk_words.js";
import { setParameter } from "./dispatch_filter.js";
import { ground } from "./dispatch_ground.js";
import { numberOf, shown } from "./dispatch_layers.js";
import { clockText, kindName, stateName } from "./dispatch_list.js";
import { fitAll, hitAt, isStaleUnit, map, overlay, standing } from "./dispatch_map.js";
import { markIcon } from "./dispatch_marks.js";
import { CLOCKS, STATES, clockClass, desk, keep, kept, now, on, tell } from "./dispatch_state.js";

const at = (id) => document.getElementById(id);
const BAR_PX = 110;
const NIGHTS = ["", "day", "night"]; // as the system has it, always day, always night

// -- language, night

function beginLanguage() {
  const asked = new URLSearchParams(location.search).get("lang");
  const wanted = asked || kept().language || (document.documentElement.lang.startsWith("zh") ? "zh" : "en");
  at("language").addEventListener("click", () => switchTo(languageNow() === "zh" ? "en" : "zh"));
  switchTo(["zh", "en"].includes(wanted) ? wanted : "zh", !asked && !kept().language);
}

function switchTo(language, isFirst = false) {
  if (!isFirst) keep({ language });
  setLanguage(language);
  at("language").textContent = say("other_language");
  at("language").lang = language === "zh" ? "en" : "zh-CN";
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const isNight = () => (kept().night ? kept().night === "night" : dark.matches);

function showNight() {
  document.documentElement.dataset.night = String(isNight());
  at("night").setAttribute("aria-pressed", String(isNight()));
  tell("night");
}

function turnNight() {
  keep({ night: isNight() ? "day" : "night" });
  setParameter("night", isNight() ? "1" : "0");
  showNight();
}

function beginNight() {
  const asked = new URLSearchParams(location.search).get("night");
  if (asked === "1" || asked === "0") keep({ night: asked === "1" ? "night" : "day" });
  if (!NIGHTS.includes(kept().night)) keep({ night: "" });
  dark.addEventListener("change", showNight);
  showNight();
}

// -- what the pointer is on

const line = (...parts) => make("p", parts.filter(Boolean).join(" · "));

function wordsOf(hit) {
  if (hit.kind === "cluster") {
    const n = hit.rows.length;
    const rows = CLOCKS.map((clock, i) => (hit.shares[i] ? make("li", [make("span", "", `dot clock-${clock}`), make("span", say(`clock_${clock}`)), make("b", String(hit.shares[i]))]) : null));
    return [make("strong", say("hover_many", { n })), make("ul", rows), make("p", say("hover_click"), "soft")];
  }
  if (hit.kind === "unit") {
    const { unit } = hit;
    return [make("strong", unit.name || unit.id), line(unit.kind, say(`unit_${unit.status}`)), isStaleUnit(unit) ? make("p", say("unit_stale"), "soft") : null];
  }
  if (hit.kind === "flag") return [make("strong", hit.flag.title || hit.flag.kind), line(say("flag"), hit.flag.grid)];
  const { row } = hit;
  const clock = CLOCKS[clockClass(row, now() / 1000)];
  return [
    make("strong", row.title || kindName(row.kind)),
    line(row.id, row.title ? kindName(row.kind) : "", say(`priority_${row.priority}`)),
    make("p", [markIcon(row.state, clock), make("span", stateName(row.state)), make("b", clock === "none" ? "" : clockText(row), `time clock-${clock}`)], "line"),
    line(row.grid, row.unit || row.body),
  ];
}

function hover(event) {
  const box = at("hover");
  const hit = event.buttons ? null : hitAt(map.at(event));
  at("map").classList.toggle("pointing", Boolean(hit));
  box.hidden = !hit;
  if (!hit) return;
  box.replaceChildren(...wordsOf(hit).filter(Boolean));
  const [x, y] = map.at(event);
  box.style.left = `${Math.max(4, Math.min(x + 16, map.width - box.offsetWidth - 4))}px`;
  box.style.top = `${y + 18 + box.offsetHeight > map.height ? Math.max(4, y - box.offsetHeight - 12) : y + 18}px`;
}

// -- legend

const swatch = (kind) => make("span", "", `swatch ${kind}`);

function legendRows() {
  const item = (sign, text) => make("li", [sign, make("span", text)]);
  if (desk.filter.layer === "heat") {
    return [make("p", say("legend_heat", { radius: metresText(shown.radiusM || 0) })), make("div", [make("span", "0"), make("span", "", "ramp"), make("span", say("per_km2", { n: numberOf(Math.round(shown.most)) }))], "line")];
  }
  if (desk.filter.layer === "grids") {
    const { bounds } = shown;
    const list = bounds.map((from, i) => {
      const to = bounds[i + 1];
      const place = Math.round((i * 4) / Math.max(bounds.length - 1, 1));
      return item(swatch(`class-${place}`), to === undefined ? say("class_from", { from: numberOf(from) }) : say("class_to", { from: numberOf(from), to: numberOf(to) }));
    });
    const rest = shown.elsewhere ? [make("p", say("legend_elsewhere", { n: shown.elsewhere }), "soft")] : [];
    return [make("p", say(`legend_grids_${desk.filter.per}`)), make("ul", [item(swatch("class-none"), "0"), ...list]), ...rest];
  }
  return [
    make("ul", STATES.map((state) => item(markIcon(state, "none"), stateName(state))), "two"),
    make("ul", CLOCKS.map((clock) => item(markIcon("arrived", clock), say(`clock_${clock}`)))),
    make("p", say("legend_priority"), "soft"),
    make("p", say("legend_cluster"), "soft"),
  ];
}

let legendText = "";

function showLegend() {
  const key = [languageNow(), desk.filter.layer, desk.filter.per, shown.radiusM, shown.most, shown.bounds.join(), shown.elsewhere].join("|");
  if (key === legendText) return;
  legendText = key;
  at("legend-list").replaceChildren(...legendRows());
}

const metresText = (m) => (m >= 1000 ? `${m / 1000} km` : `${m} m`);

let shownScale = 0;
function showScale() {
  if (map.scale !== shownScale) {
    shownScale = map.scale;
    const most = BAR_PX / map.scale;
    const power = 10 ** Math.floor(Math.log10(most));
    const length = [5, 2, 1].map((n) => n * power).find((m) => m <= most);
    at("scale").textContent = metresText(length);
    at("scale").style.width = `${Math.round(length * map.scale)}px`;
  }
  showLegend();
  const { total } = standing();
  const text = say("map_count", { n: total.toLocaleString("en-US"), all: desk.count.toLocaleString("en-US") });
  if (at("map-count").textContent !== text) at("map-count").textContent = text;
}

let isLaid = false; // the service has said what ground there is

// Why there is nothing to lie in, and what to do about it.
function showGround() {
  if (!isLaid) return;
  const word = ground.communities.length ? (ground.grids.length ? "" : "no_plan") : "no_land";
  at("no-ground").hidden = !word;
  at("no-ground").textContent = word ? say(word) : "";
}

// -- sound and the title of the window

let audio = null;

// Two short tones; nothing is loaded for them.
function beep() {
  audio = audio || new AudioContext();
  if (audio.state === "suspended") audio.resume();
  for (const [i, pitch] of [880, 1175].entries()) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const begin = audio.currentTime + i * 0.18;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, begin);
    volume.gain.exponentialRampToValueAtTime(0.18, begin + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, begin + 0.16);
    tone.connect(volume).connect(audio.destination);
    tone.start(begin);
    tone.stop(begin + 0.18);
  }
}

export const heard = { beeps: 0 };
let unseen = 0;

function showTitle() {
  document.title = unseen ? `(${unseen}) ${say("title")}` : say("title");
}

function newOne({ row, isNew }) {
  if (!isNew || row.state !== "received") return;
  if (document.hidden) {
    unseen += 1;
    showTitle();
  }
  if (row.priority === 1) at("told").textContent = say("told_urgent", { id: row.id, name: row.title || kindName(row.kind) });
  if (row.priority !== 1 || !kept().hasSound) return;
  heard.beeps += 1;
  beep();
}

function showSound() {
  at("sound").setAttribute("aria-pressed", String(kept().hasSound));
}

function turnSound() {
  keep({ hasSound: !kept().hasSound });
  showSound();
  if (kept().hasSound) beep(); // how it sounds; browsers allow it from here on
}

export function start() {
  beginNight();
  const canvas = at("map");
  canvas.addEventListener("pointermove", hover);
  for (const name of ["pointerleave", "pointerdown", "wheel"]) canvas.addEventListener(name, () => { at("hover").hidden = true; }, { passive: true });
  overlay(1, showScale);
  at("legend").open = kept().legend ? kept().legend === "open" : window.innerWidth >= 1500;
  on("incident", newOne);
  on("ground", () => { isLaid = true; showGround(); });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) unseen = 0;
    showTitle();
  });
  const isLoaded = () => desk.isLoaded;
  addCommand({ id: "whole", keys: ["0"], word: "whole", group: "map", when: isLoaded, run: fitAll });
  addCommand({ id: "zoom_in", keys: ["+", "="], word: "zoom_in", group: "map", run: () => map.zoom(1.5) });
  addCommand({ id: "zoom_out", keys: ["-"], word: "zoom_out", group: "map", run: () => map.zoom(1 / 1.5) });
  addCommand({ id: "to_map", keys: ["m"], word: "to_map", group: "map", run: () => canvas.focus() });
  addCommand({ id: "night", keys: ["Shift+n"], word: "night", group: "page", run: turnNight });
  addCommand({ id: "sound", keys: ["Shift+s"], word: "sound", group: "page", run: turnSound });
  addCommand({ id: "help", keys: ["?"], word: "help", group: "page", run: showHelp });
  onLanguage(() => {
    legendText = "";
    showTitle();
    showSound();
    showGround();
    refreshButtons();
    map?.draw();
  });
}

// After all parts have their words: they are drawn in the language by this.
export function begin() {
  beginLanguage();
}
