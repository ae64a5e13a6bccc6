// The figures of the period one after the other: totals, kinds, over time, levels, ranking, red flags, patrols.
import { languageNow, make, say } from "./desk_words.js";
import { bars, change, count, empty, key, lineChart, number, outOf, percent, table } from "./statistics_draw.js";
import { desk } from "./statistics_state.js";

const at = (id) => document.getElementById(id);
const named = (row) => row.called?.[languageNow()] || row.name || say("none");
const BESIDE = [["hours", "km", "shifts"], ["sweeps", "vehicles", "people", "buildings", "buildings_per_sweep", "problems", "problems_per_building"]];
const LEVELS = ["grid", "community", "town", "county"];

function tile(name, value, below, kind = "") {
  return make("dl", [make("dt", name), make("dd", value), make("dd", [below instanceof Node ? below : document.createTextNode(below)])], `tile ${kind}`);
}

function beforeText({ change: one, period }) {
  return make("span", [document.createTextNode(say("before_was", { label: period.compared.label, n: count(one.before) })), change(one)]);
}

function showTotals(summary) {
  const { totals } = summary;
  at("tiles").replaceChildren(
    tile(say("received"), count(totals.received), beforeText(summary)),
    tile(say("handled_of_due"), percent(totals.rates.handled_of_due), say("handled_due", { n: count(totals.rates.handled_of_due.n), of: count(totals.rates.handled_of_due.of) })),
    tile(say("in_time_of_due"), percent(totals.rates.in_time_of_due), say("in_time_due", { n: count(totals.rates.in_time_of_due.n), of: count(totals.rates.in_time_of_due.of) })),
    tile(say("arrived_in_time"), percent(totals.rates.arrived_in_time_of_due), outOf(totals.rates.arrived_in_time_of_due)),
    tile(say("open"), count(totals.open), say("overdue", { n: count(totals.overdue) }), totals.overdue ? "late" : ""),
  );
  at("aside").textContent = say("aside", { cancelled: count(totals.cancelled), duplicates: count(totals.duplicates), share: percent(totals.rates.handled_of_received), n: count(totals.rates.handled_of_received.n), of: count(totals.rates.handled_of_received.of) });
  const plans = summary.plans.length ? summary.plans.join(languageNow() === "zh" ? "、" : ", ") : say("no_plan");
  at("about").textContent = say("about", { first: summary.period.first, last: summary.period.last, zone: summary.period.zone, plans, made: summary.made_at.slice(0, 16).replace("T", " ") });
}

// First and last day, each whole, one below the other where there is no room.
const inTwo = (label) => label.split(/(?<=\/)/).map((part) => make("span", part, "whole"));

function groupTable(rows, label, nameOf, summary) {
  const most = Math.max(1, ...rows.flatMap((row) => [row.tally.received, row.change.before]));
  const columns = [
    { head: label, cell: nameOf },
    { head: say("received"), cell: (row) => count(row.tally.received) },
    { head: say("bars_head"), isText: true, cell: (row) => bars(row.tally.received, row.change.before, most) },
    { head: inTwo(summary.period.compared.label), cell: (row) => count(row.change.before) },
    { head: say("change"), cell: (row) => change(row.change) },
    { head: say("rate"), cell: (row) => percent(row.tally.rates.handled_of_due) },
    { head: say("in_time"), cell: (row) => percent(row.tally.rates.in_time_of_due) },
  ];
  const { totals } = summary;
  const foot = [say("all"), count(totals.received), "", count(summary.change.before), change(summary.change), percent(totals.rates.handled_of_due), percent(totals.rates.in_time_of_due)];
  return [make("p", [key(summary.period.label, "now"), key(summary.period.compared.label, "before")]), table(columns, rows, { label, foot })];
}

function showKinds(summary) {
  const kinds = summary.kinds.length ? groupTable(summary.kinds, say("kind"), named, summary) : [empty(say("nothing"))];
  const sources = make("details", [make("summary", say("by_source"))]);
  if (summary.sources.length) sources.append(...groupTable(summary.sources, say("source"), (row) => say(`source_${row.name}`), summary));
  at("kinds").replaceChildren(...kinds, ...(summary.sources.length ? [sources] : []));
}

// How many steps have begun by now: days or months that are to come have no number, not nought.
function begun({ steps, period, made_at: made }) {
  const today = made.slice(0, 10);
  if (period.last <= today) return steps.length;
  if (period.kind === "year") return steps.filter((one) => one.label <= today.slice(0, 7)).length;
  return Math.max(0, Math.round((Date.parse(today) - Date.parse(period.first)) / 86_400_000) + 1);
}

function showSteps(summary) {
  const { steps, period } = summary;
  if (!steps.length || !steps.some((one) => one.received || one.handled)) {
    at("steps").replaceChildren(empty(say("nothing")));
    return;
  }
  const past = steps.slice(0, begun(summary));
  const told = (name) => (one) => (past.includes(one) ? count(one[name]) : "–");
  const lines = [
    { name: say("received"), values: past.map((one) => one.received), kind: "line" },
    { name: say("done"), values: past.map((one) => one.handled), kind: "dashed" },
  ];
  const columns = [
    { head: say("when_head"), cell: (one) => one.label },
    { head: say("received"), cell: told("received") },
    { head: say("done"), cell: told("handled") },
  ];
  const numbers = make("details", [make("summary", say("as_table")), table(columns, steps, { label: say("over_time") })]);
  const isOne = steps.length < 2;
  at("steps").replaceChildren(...(isOne ? [table(columns, steps, { label: say("over_time") })] : [lineChart(steps.map((one) => one.label), lines, say("line_title", { label: period.label })), numbers]));
}

function showLevels({ totals }) {
  const shares = totals.settled;
  if (!LEVELS.some((level) => shares[level].of)) {
    at("levels").replaceChildren(empty(say("levels_none")));
    return;
  }
  const rows = LEVELS.map((level) => ({ level, ...shares[level] }));
  at("levels").replaceChildren(table([
    { head: say("level"), cell: (row) => say(`level_${row.level}`) },
    { head: say("settled"), cell: (row) => count(row.n) },
    { head: say("bars_head"), isText: true, cell: (row) => bars(row.n, null, row.of) },
    { head: say("share"), cell: (row) => percent(row) },
  ], rows, { label: say("levels") }));
}

// -- ranking

export function stepOf(row) {
  if (!row.step) return row.streak ? say("streak", { n: row.streak }) : "";
  const made = make("span", say(`step_${row.step}`), `step step-${row.step}`);
  return make("span", [made, document.createTextNode(` ${say("streak", { n: row.streak })}`)]);
}

function showRanking({ ranking, ranked_month: month }, choose) {
  if (!ranking.length) {
    at("ranking").replaceChildren(empty(say("ranking_none")));
    return;
  }
  const columns = [
    { head: say("place"), cell: (row) => number(row.place) },
    { head: say("grid"), isText: true, cell: (row) => gridButton(row, choose) },
    { head: say("score"), cell: (row) => (row.score === null ? "–" : number(row.score, 2)) },
    { head: say("step"), isText: true, cell: stepOf },
  ];
  const first = ranking.slice(0, 10);
  const last = [...ranking].reverse().slice(0, 10);
  at("ranking").replaceChildren(make("div", [
    make("div", [make("h3", say("ranking_top", { n: first.length, of: ranking.length })), table(columns, first, { label: say("ranking") })]),
    make("div", [make("h3", say("bottom_top", { n: last.length, of: ranking.length })), table(columns, last, { label: say("bottom") })]),
  ], "two"), make("p", say("ranking_note", { month }), "soft"));
}

export function gridButton(row, choose) {
  const made = make("button", row.code, "link");
  made.type = "button";
  made.dataset.grid = row.code;
  if (row.name) made.title = row.name;
  made.addEventListener("click", () => choose(row.code));
  return made;
}

// -- red flags, patrols

function showFlags({ flags }) {
  if (!flags) {
    at("flags").replaceChildren(empty(say("flags_none")));
    return;
  }
  const facts = ["before", "raised", "cleared", "open", "overdue"].map((name) => tile(say(`flags_${name}`), count(flags[name]), "", name === "overdue" && flags.overdue ? "late" : ""));
  const ages = flags.ages.map((one) => ({ name: one.upto === null ? say("age_over", { days: one.over }) : say("age_upto", { days: one.upto }), n: one.n }));
  const most = Math.max(1, ...ages.map((one) => one.n));
  const parts = [make("div", facts, "facts")];
  if (flags.open) {
    parts.push(table([
      { head: say("age"), cell: (row) => row.name },
      { head: say("flags"), cell: (row) => count(row.n) },
      { head: say("bars_head"), isText: true, cell: (row) => bars(row.n, null, most) },
    ], ages, { label: say("age") }), make("p", say("flags_oldest", { n: flags.oldest_days }), "soft"));
  } else parts.push(make("p", say("flags_zero", { n: count(flags.before + flags.raised) }), "soft"));
  at("flags").replaceChildren(...parts);
}

function showBeside({ beside }) {
  const told = (value) => (typeof value === "string" ? value : number(value, Number.isInteger(value) ? 0 : 1)); // a ratio is rounded by the service
  const facts = BESIDE.map((names) => names.filter((name) => beside[name] !== null)).filter((names) => names.length);
  at("beside").replaceChildren(...(facts.length
    ? facts.map((names) => make("div", names.map((name) => tile(say(`beside_${name}`), told(beside[name]), "")), "facts"))
    : [empty(say("beside_none"))]));
}

export function showParts(choose) {
  const { summary } = desk;
  if (!summary) return;
  showTotals(summary);
  showKinds(summary);
  showSteps(summary);
  showLevels(summary);
  showRanking(summary, choose);
  showFlags(summary);
  showBeside(summary);
  const notes = ["note_due", "note_apart", "note_smoothed", "note_hot", "note_internal"].map((name) => make("p", say(name)));
  at("notes").replaceChildren(...notes);
  at("label").textContent = summary.period.label;
  document.title = `${say("title")} ${summary.period.label}`;
}
