// The same measures on another plan: what a re-draw does to cameras and minutes.
import { make, onLanguage, say } from "./desk_words.js";
import { get, working } from "./coverage_ask.js";
import { shortCode } from "./coverage_map.js";
import { count, decimal, percent } from "./coverage_numbers.js";
import { bandName, ruleName } from "./coverage_reach.js";
import { desk, kept, on, planId } from "./coverage_state.js";

const at = (id) => document.getElementById(id);
let answer = null;

async function askCompare() {
  const other = at("other").value;
  if (!other || !desk.survey || kept().tab !== "compare") return showAnswer();
  if (answer && answer.other === other && answer.of === planId() && answer.stamp === desk.survey.stamp) return showAnswer();
  const { stamp } = desk.survey;
  const found = await working("compare", "load_compare", (options) => get("/v1/cameras/compare", { plan: planId(), other }, options), { again: askCompare });
  if (!found) return undefined;
  answer = { ...found, other, of: planId(), stamp };
  return showAnswer();
}

function shown(name, value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (/frac|in_time/.test(name)) return percent(value);
  return /_m2?$|_m_|count|positions|channels|missing|grids|posts/.test(name) ? count(value) : decimal(value);
}

function showAnswer() {
  const box = at("compare");
  const other = at("other").value;
  if (!other) return void box.replaceChildren(make("p", say("compare_choose"), "soft empty"));
  if (!answer || answer.other !== other) return void box.replaceChildren();
  const head = make("tr", ["measure", "this_plan", "other_plan", "difference"].map((one) => {
    const cell = make("th", say(`compare_${one}`), one === "measure" ? "text" : "");
    cell.scope = "col";
    return cell;
  }));
  const lines = answer.measures.map(({ name, label: told, before, after, better }) => {
    const gap = typeof before === "number" && typeof after === "number" ? after - before : null;
    const way = gap ? Math.sign(gap) * better : 0;
    const label = say(`measure_${name}`) === `measure_${name}` ? told : say(`measure_${name}`);
    const first = make("th", label, "text");
    first.scope = "row";
    return make("tr", [first, make("td", shown(name, before)), make("td", shown(name, after)), make("td", gap === null ? "" : gap === 0 ? "=" : `${gap > 0 ? "+" : ""}${shown(name, gap)}`, way < 0 ? "warn" : way > 0 ? "good" : "")]);
  });
  const names = [...at("other").selectedOptions].map((one) => one.textContent)[0];
  return void box.replaceChildren(
    make("p", say("compare_lead", { name: names }), "soft"),
    make("table", [make("caption", say("compare_lead", { name: names }), "unseen"), make("thead", [head]), make("tbody", lines)]),
    ...promises(), ...grids(),
  );
}

const cell = (tag, text, kind) => {
  const made = make(tag, text, kind);
  made.scope = tag === "th" ? "row" : "";
  return made;
};
const sign = (isKept) => (isKept === null ? "–" : isKept ? say("kept_yes") : say("kept_no"));

function promises() {
  if (!answer.promises || !answer.promises.length) return [];
  const lines = answer.promises.map((one) => make("tr", [
    cell("th", `${ruleName({ name: one.rule })}, ${bandName(one.band)}`, "text"),
    make("td", `${percent(one.share_before)} ${sign(one.kept_before)}`, one.kept_before === false ? "warn" : ""),
    make("td", `${percent(one.share_after)} ${sign(one.kept_after)}`, one.kept_after === false ? "warn" : ""),
  ]));
  return [make("h2", say("compare_promises")), make("table", [make("caption", say("compare_promises"), "unseen"), make("tbody", lines)])];
}

function grids() {
  const parts = answer.codes ? [make("p", say("compare_codes", answer.codes), "soft")] : [];
  const gap = (one) => Math.abs((one.seen_frac_after ?? 0) - (one.seen_frac_before ?? 0));
  const most = (answer.grids || []).filter((one) => one.change === "changed" && gap(one) > 0).sort((a, b) => gap(b) - gap(a)).slice(0, 20);
  if (!most.length) return parts;
  const lines = most.map((one) => make("tr", [
    cell("th", shortCode(one.code), "text"),
    make("td", `${decimal(one.density_before)} → ${decimal(one.density_after)} /km²`),
    make("td", `${percent(one.seen_frac_before)} → ${percent(one.seen_frac_after)}`),
  ]));
  return [...parts, make("h2", say("compare_grids")), make("table", [make("caption", say("compare_grids"), "unseen"), make("tbody", lines)])];
}

export function startComparing() {
  at("other").addEventListener("change", askCompare);
  on("tab", askCompare);
  on("survey", askCompare);
  onLanguage(showAnswer);
}
