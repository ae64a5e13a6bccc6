// Measures of the plans side by side: what each is, in which unit, and which plan does better, in a word and a sign.
import { languageNow, make, say } from "./desk_words.js";

// Name, how it is written, and whether more (1) or less (-1) is better; 0: neither.
export const MEASURES = [
  ["grids", "count", 0], ["standard", "count", 0], ["dedicated", "count", 0], ["rural", "count", 0],
  ["in_band_frac", "percent", 1], ["households_out_of_band", "count", -1], ["broken_rules", "count", -1],
  ["households_min", "count", 0], ["households_mean", "decimal", 0], ["households_max", "count", 0], ["households_cv", "ratio", -1],
  ["inner_border_km", "decimal", -1], ["polsby_popper", "ratio", 1], ["area_mean_km2", "ratio", 0], ["area_max_km2", "ratio", 0],
  ["households_moved", "count", -1], ["households_moved_frac", "percent", -1], ["keeps_code_frac", "percent", 1],
  ["communities_without_plan", "count", 0], ["proved_optimal_frac", "percent", 1], ["cost", "decimal", -1],
];
const OF_THE_WAY = new Set(["households_moved", "households_moved_frac", "keeps_code_frac"]); // from the first plan to another
const DIGITS = { count: 0, decimal: 1, ratio: 3, percent: 1 };

export function written(kind, value) {
  if (value === null || value === undefined) return "–";
  const digits = DIGITS[kind];
  const number = new Intl.NumberFormat(languageNow() === "zh" ? "zh-CN" : "en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return kind === "percent" ? `${number.format(100 * value)} %` : number.format(value);
}

function gapText(kind, before, after) {
  if (typeof before !== "number" || typeof after !== "number") return "";
  const gap = after - before;
  const text = written(kind, Math.abs(gap));
  if (text === written(kind, 0)) return "=";
  const told = kind === "percent" ? say("scen_points", { n: written("decimal", 100 * Math.abs(gap)) }) : text;
  return `${gap > 0 ? "+" : "−"}${told}`;
}

// Which plans do best, by position; nobody where all are the same, or it is no matter of better.
export function bestOf(kind, better, values) {
  const known = values.filter((one) => typeof one === "number");
  if (!better || known.length < 2 || new Set(known.map((one) => written(kind, one))).size < 2) return new Set();
  const best = better > 0 ? Math.max(...known) : Math.min(...known);
  return new Set(values.flatMap((one, at) => (typeof one === "number" && written(kind, one) === written(kind, best) ? [at] : [])));
}

// sides: [{name, measures}], the first is what the others are held against; `isOneLand`: drawn on the same territory.
export function fillMeasures(box, sides, { isOneLand = true } = {}) {
  const scope = (cell, to) => {
    cell.scope = to;
    return cell;
  };
  const isPair = sides.length === 2;
  const heads = [scope(make("th", say("scen_measure"), "text"), "col"), ...sides.map((one, at) => scope(make("th", [make("span", "ABC"[at], "letter"), make("bdi", one.name)]), "col"))];
  if (isPair) heads.push(scope(make("th", say("scen_difference_col")), "col"));
  const rows = MEASURES.map(([name, kind, better]) => {
    const isWay = OF_THE_WAY.has(name);
    const values = sides.map((one, at) => (isWay && at === 0 ? null : one.measures[name]));
    const best = isWay && isPair ? new Set() : bestOf(kind, name === "cost" && !isOneLand ? 0 : better, values);
    const head = scope(make("th", [make("span", say(`scen_m_${name}`)), make("span", say(`scen_u_${name}`), "unit")], "text"), "row");
    head.title = say(`scen_h_${name}`);
    const cells = values.map((value, at) => {
      const cell = make("td", [make("span", written(kind, value))], best.has(at) ? "better" : "");
      if (best.has(at)) cell.append(make("em", `✓ ${say("scen_better")}`));
      return cell;
    });
    const row = make("tr", [head, ...cells, ...(isPair ? [make("td", isWay ? "" : gapText(kind, values[0], values[1]), "gap")] : [])]);
    row.dataset.measure = name;
    return row;
  });
  const table = make("table", [make("caption", say("scen_measures"), "unseen"), make("thead", [make("tr", heads)]), make("tbody", rows)], "measures");
  const meanings = make("dl", MEASURES.flatMap(([name]) => [make("dt", say(`scen_m_${name}`)), make("dd", say(`scen_h_${name}`))]));
  const help = make("details", [make("summary", say("scen_meanings")), meanings], "meanings");
  box.replaceChildren(make("div", [table], "scroll"), help);
}
