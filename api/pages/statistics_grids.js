// Grids: a table that can be sorted and searched, and the card of the one that was chosen.
import { make, say } from "./desk_words.js";
import { askJson } from "./desk_ask.js";
import { count, empty, number, outOf, percent, sorted, table } from "./statistics_draw.js";
import { gridButton, stepOf } from "./statistics_parts.js";
import { desk } from "./statistics_state.js";

const at = (id) => document.getElementById(id);
const PAGE = 100;
const sort = { key: "received", isDown: true };
let shown = PAGE;
let choose = () => {};
let cardAsked = 0;

export const hotText = (hot) => {
  if (!hot) return "";
  const [way, level] = hot.split("_");
  return `${way === "hot" ? "▲" : "▼"} ${say(way)} ${level} %`;
};

const columns = () => [
  { key: "code", head: say("grid"), of: (row) => row.code, cell: (row) => gridButton(row, choose) },
  { key: "community", head: say("community"), isText: true, of: (row) => row.community, cell: (row) => row.community },
  { key: "received", head: say("received"), of: (row) => row.tally.received, cell: (row) => count(row.tally.received) },
  { key: "due", head: say("due"), of: (row) => row.tally.due, cell: (row) => count(row.tally.due) },
  { key: "rate", head: say("rate"), of: (row) => row.tally.rates.handled_of_due.frac, cell: (row) => percent(row.tally.rates.handled_of_due) },
  { key: "in_time", head: say("in_time"), of: (row) => row.tally.rates.in_time_of_due.frac, cell: (row) => percent(row.tally.rates.in_time_of_due) },
  { key: "open", head: say("open_short"), of: (row) => row.tally.open, cell: (row) => count(row.tally.open) },
  { key: "households", head: say("households"), of: (row) => row.households, cell: (row) => number(row.households) },
  { key: "raw", head: say("per_1000"), of: (row) => row.per_1000, cell: (row) => (row.per_1000 === null ? "–" : `${number(row.per_1000, 2)}${row.is_small ? " *" : ""}`) },
  { key: "smoothed", head: say("smoothed"), of: (row) => row.smoothed, cell: (row) => number(row.smoothed, 2) },
  { key: "hot", head: say("hot_head"), isText: true, of: (row) => row.hot || null, cell: (row) => hotText(row.hot) },
];

function showTable() {
  const { summary } = desk;
  if (!summary) return;
  const words = at("find").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const found = summary.areas.filter((row) => words.every((word) => `${row.code} ${row.name} ${row.community}`.toLowerCase().includes(word)));
  if (!found.length) {
    at("grids").replaceChildren(empty(say(summary.areas.length ? "find_none" : "grids_none")));
    return;
  }
  const all = columns();
  const by = all.find((column) => column.key === sort.key);
  const rows = sorted(found, by, sort.isDown);
  const upto = Math.max(shown, rows.findIndex((row) => row.code === desk.chosen) + 1);
  const onSort = (column) => {
    sort.isDown = column.key === sort.key ? !sort.isDown : !["code", "community"].includes(column.key);
    sort.key = column.key;
    showTable();
    at("grids").querySelector(`[data-sort="${column.key}"]`).focus();
  };
  const parts = [table(all, rows.slice(0, upto), { label: say("grids"), sort, onSort, mark: (row) => row.code === desk.chosen })];
  if (rows.length > upto) {
    const more = make("button", say("more", { n: upto, of: rows.length }));
    more.type = "button";
    more.addEventListener("click", () => {
      shown = upto + 4 * PAGE;
      showTable();
    });
    parts.push(more);
  }
  if (found.some((row) => row.is_small)) parts.push(make("p", say("small_note"), "soft"));
  at("grids").replaceChildren(...parts);
}

// -- the card

function rowsOf(pairs) {
  return make("dl", pairs.filter(Boolean).flatMap(([name, value]) => [make("dt", name), make("dd", value instanceof Node ? [value] : value)]));
}

async function showCard() {
  const { summary, chosen } = desk;
  cardAsked += 1;
  const mine = cardAsked;
  const isOpen = Boolean(chosen && summary);
  at("card").hidden = !isOpen;
  document.body.classList.toggle("has-card", isOpen);
  if (!isOpen) return;
  const close = make("button", say("close"), "link");
  close.type = "button";
  close.id = "card-close";
  close.addEventListener("click", () => choose(""));
  const row = summary.areas.find((one) => one.code === chosen);
  const name = row?.name || chosen;
  const head = make("div", [make("h2", say("scorecard_of", { name })), close], "line");
  if (!row) {
    at("card").replaceChildren(head, make("p", say("grid_not_there", { code: chosen }), "soft"));
    return;
  }
  const ranked = summary.ranking.find((one) => one.code === chosen);
  const { rates } = row.tally;
  const facts = rowsOf([
    [say("received"), count(row.tally.received)],
    [say("rate"), `${percent(rates.handled_of_due)} (${outOf(rates.handled_of_due)})`],
    [say("in_time"), `${percent(rates.in_time_of_due)} (${outOf(rates.in_time_of_due)})`],
    [say("open_short"), count(row.tally.open)],
    [say("households"), number(row.households)],
    [say("per_1000"), row.per_1000 === null ? "–" : `${number(row.per_1000, 2)}${row.is_small ? " *" : ""}`],
    [say("smoothed"), number(row.smoothed, 2)],
    row.hot ? [say("hot_head"), hotText(row.hot)] : null,
    ranked ? [say("place"), say("place_of", { n: ranked.place, of: summary.ranking.length })] : null,
    ranked && ranked.streak ? [say("step"), stepOf(ranked)] : null,
  ]);
  const months = make("div", [make("p", say("asking"), "soft")]);
  const soft = make("p", [row.code, row.community].filter((one) => one && one !== name).join(" · "), "soft");
  at("card").replaceChildren(head, soft, make("div", [facts, months], "sides"));
  try {
    const found = await askJson("/v1/statistics/scorecards", { query: { unit: chosen, at: summary.ranked_month, months: 6 } });
    if (mine === cardAsked) months.replaceChildren(...(found.cards.length ? monthsOf(found.cards[0]) : []));
  } catch (error) {
    if (mine === cardAsked) months.replaceChildren(make("p", error.message, "soft"));
  }
}

function monthsOf(card) {
  const each = [
    { head: say("month"), cell: (one) => one.month },
    { head: say("received"), cell: (one) => count(one.received) },
    { head: say("rate"), cell: (one) => percent(one.rates.handled_of_due) },
    { head: say("in_time"), cell: (one) => percent(one.rates.in_time_of_due) },
    { head: say("place"), cell: (one) => number(one.rank) },
    { head: say("score"), cell: (one) => (one.score === null ? "–" : number(one.score, 1)) },
  ];
  const stars = card.stars === null ? "–" : "★".repeat(card.stars) + "☆".repeat(5 - card.stars);
  return [make("p", say("stars", { stars })), table(each, card.months, { label: say("scorecard") })];
}

export function showGrids() {
  showTable();
  showCard();
}

export function startGrids(onChoose) {
  choose = onChoose;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && desk.chosen && !event.target.closest("input, select")) choose("");
  });
  at("find").addEventListener("input", () => {
    shown = PAGE;
    showTable();
  });
}
