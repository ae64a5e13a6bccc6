// What figures are drawn with: numbers, changes, bars, tables that can be sorted, a line over time.
// Every chart has its numbers beside it as text; text from data is always text.
import { languageNow, make, say } from "./desk_words.js";

const SPACE = "http://www.w3.org/2000/svg";
const formats = new Map();

export function number(value, digits = 0) {
  if (value === null || value === undefined) return "–";
  const key = `${languageNow()} ${digits}`;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(languageNow() === "zh" ? "zh-CN" : "en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  return formats.get(key).format(value);
}

// Whole numbers as such; shares of an incident, where a grid was re-drawn, with one place.
export const count = (value) => number(value, Number.isInteger(value) ? 0 : 1);

// As the service rounded it: nobody rounds twice.
export const percent = (share) => (share && share.text !== null ? `${share.text} %` : "–");

export const outOf = (share) => say("out_of", { n: count(share.n), of: count(share.of) });

export function change(one) {
  const text = one.text === null ? say(`trend_${one.trend}`) : `${one.text} %`;
  const made = make("span", text, one.trend);
  made.setAttribute("aria-label", one.text === null ? text : `${say(`trend_${one.trend}`)} ${text}`);
  made.setAttribute("role", "img");
  return made;
}

export function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

// Two bars, now above before, of the same scale; one alone stands in the middle.
export function bars(now, before, most) {
  const wide = (value) => (most > 0 ? Math.max(value > 0 ? 1 : 0, (value / most) * 200) : 0);
  const box = drawn("svg", { viewBox: "0 0 200 22", preserveAspectRatio: "none", class: "bars", "aria-hidden": "true" });
  box.append(drawn("rect", { class: "now", x: 0, y: before === null ? 6.5 : 2, height: 9, width: wide(now) }));
  if (before !== null) box.append(drawn("rect", { class: "before", x: 0, y: 13, height: 6, width: wide(before) }));
  return box;
}

export function key(name, kind) {
  const sign = make("i", "", kind);
  return make("span", [sign, document.createTextNode(name)], "key");
}

export const empty = (text) => make("p", text, "empty");

// columns: [{ key, head, cell(row) -> text or element, of(row) -> what is sorted by, isText, kind(row) }]
export function table(columns, rows, { label, foot = null, sort = null, onSort = null, mark = () => false } = {}) {
  const made = make("table");
  if (label) made.setAttribute("aria-label", label);
  const heads = columns.map((column) => {
    const head = make("th", onSort && column.of ? null : column.head, column.isText ? "text" : "");
    head.scope = "col";
    if (onSort && column.of) {
      const isBy = sort.key === column.key;
      const way = make("button", `${column.head}${isBy ? (sort.isDown ? " ▼" : " ▲") : ""}`);
      way.type = "button";
      way.dataset.sort = column.key;
      way.addEventListener("click", () => onSort(column));
      head.setAttribute("aria-sort", isBy ? (sort.isDown ? "descending" : "ascending") : "none");
      head.append(way);
    }
    return head;
  });
  const line = (row, cellOf) => {
    const tr = make("tr", columns.map((column, i) => {
      const cell = make(i ? "td" : "th", null, column.isText ? "text" : "");
      if (!i) cell.scope = "row";
      const content = cellOf(column, row, i);
      if (content instanceof Node) cell.append(content);
      else cell.textContent = content ?? "";
      return cell;
    }));
    if (mark(row)) tr.className = "chosen";
    return tr;
  };
  made.append(make("thead", [make("tr", heads)]), make("tbody", rows.map((row) => line(row, (column) => column.cell(row)))));
  if (foot) made.append(make("tfoot", [line(foot, (column, row, i) => row[i])]));
  return make("div", [made], "scroll");
}

export function sorted(rows, column, isDown) {
  const missing = (value) => value === null || value === undefined;
  return rows.map((row, i) => [column.of(row), i, row]).sort(([a, i], [b, j]) => {
    if (missing(a) || missing(b)) return missing(a) - missing(b) || i - j;
    const order = typeof a === "string" ? (a < b ? -1 : a > b ? 1 : 0) : a - b;
    return (isDown ? -order : order) || i - j;
  }).map(([, , row]) => row);
}

// -- a line over time, gone through with the arrow keys or the pointer

const WIDE = 760;
const HIGH = 220;
const EDGE = { left: 44, right: 10, top: 10, bottom: 26 };

function topOf(most) {
  const power = 10 ** Math.floor(Math.log10(Math.max(most, 1)));
  return [1, 2, 4, 6, 8, 10].map((n) => n * power).find((top) => top >= Math.max(most, 4)) || 10 * power;
}

// labels, lines: [{ name, values, kind }]; values end where what is to come begins
export function lineChart(labels, lines, title) {
  const top = topOf(Math.max(...lines.flatMap((one) => one.values)));
  const step = (WIDE - EDGE.left - EDGE.right) / labels.length;
  const x = (i) => EDGE.left + step * (i + 0.5);
  const y = (value) => EDGE.top + (1 - value / top) * (HIGH - EDGE.top - EDGE.bottom);
  const chart = drawn("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "chart", role: "slider", tabindex: 0, "aria-valuemin": 1, "aria-valuemax": labels.length, "aria-valuenow": 1, "aria-label": title });
  const named = drawn("title");
  named.textContent = title;
  chart.append(named);
  for (let k = 0; k <= 4; k += 1) {
    const value = (top * k) / 4;
    chart.append(drawn("line", { class: "rule", x1: EDGE.left, x2: WIDE - EDGE.right, y1: y(value), y2: y(value) }));
    if (k % 2 === 0) {
      const text = drawn("text", { x: EDGE.left - 8, y: y(value) + 4, "text-anchor": "end" });
      text.textContent = number(value, Number.isInteger(value) ? 0 : 1);
      chart.append(text);
    }
  }
  const every = Math.ceil(labels.length / 10);
  labels.forEach((label, i) => {
    if (i % every) return;
    const text = drawn("text", { x: x(i), y: HIGH - 6, "text-anchor": "middle" });
    text.textContent = label;
    chart.append(text);
  });
  for (const { values, kind } of lines) {
    chart.append(drawn("path", { class: `line ${kind}`, d: values.map((value, i) => `${i ? "L" : "M"}${x(i).toFixed(1)} ${y(value).toFixed(1)}`).join("") }));
    if (labels.length < 60) values.forEach((value, i) => chart.append(kind === "dashed"
      ? drawn("rect", { class: `dot ${kind}`, x: x(i) - 3, y: y(value) - 3, width: 6, height: 6 })
      : drawn("circle", { class: `dot ${kind}`, cx: x(i), cy: y(value), r: 3.2 })));
  }
  const cursor = drawn("line", { class: "cursor", y1: EDGE.top, y2: HIGH - EDGE.bottom, visibility: "hidden" });
  chart.append(cursor);
  const reading = make("p", say("chart_hint"), "reading soft");
  let here = -1;
  const show = (i) => {
    here = Math.min(labels.length - 1, Math.max(0, i));
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, x(here));
    cursor.setAttribute("visibility", "visible");
    reading.textContent = [labels[here], ...lines.map((one) => `${one.name} ${count(one.values[here])}`)].join(" · ");
    chart.setAttribute("aria-valuenow", here + 1);
    chart.setAttribute("aria-valuetext", reading.textContent);
  };
  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect();
    show(Math.floor((((event.clientX - box.left) / box.width) * WIDE - EDGE.left) / step));
  });
  chart.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: here - 1, ArrowRight: here + 1, Home: 0, End: labels.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    show(to);
  });
  return make("figure", [make("p", lines.map((one) => key(one.name, one.kind || "line"))), chart, reading]);
}
