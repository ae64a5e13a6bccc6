// The trade-off as a picture and as a table: households moved against border, balance or shape.  Points are walked with
// arrows in the picture and chosen by radio buttons in the table; both show the same.
import { make, say } from "./desk_words.js";

const SPACE = "http://www.w3.org/2000/svg";
const WIDE = 340;
const HIGH = 210;
const PAD = { left: 50, right: 14, top: 30, bottom: 40 };
export const MEASURES = {
  border_km: { digits: 2, of: (one) => (one.here || one).border_km },
  households_cv: { digits: 3, of: (one) => one.households_cv },
  polsby_popper: { digits: 3, of: (one) => (one.here || one).polsby_popper },
};

function svg(tag, facts, ...inside) {
  const made = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(facts)) made.setAttribute(name, String(value));
  made.append(...inside);
  return made;
}

// A plan that several weights give is one point.
export function distinct(points) {
  return points.filter((one) => one.same_as === null).map((one) => ({
    ...one,
    weights: points.filter((other) => other.change_weight === one.change_weight || other.same_as === one.change_weight).map((other) => other.change_weight),
  }));
}

export const isLeast = (one) => one.moved === one.moved_at_least;
// Neighbours on the curve: from the lowest weight to the highest.
const weightsText = ({ weights }) => (weights.length > 2 ? `${Math.min(...weights)}–${Math.max(...weights)}` : weights.join(", "));

export function pointText(one, measure) {
  const { digits, of } = MEASURES[measure];
  const facts = { weight: weightsText(one), moved: one.moved, value: of(one).toFixed(digits), measure: say(`merge_${measure}`) };
  return say(isLeast(one) ? "merge_point_least" : "merge_point", facts);
}

const spread = (values) => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low) * 0.12 || Math.abs(high) * 0.1 || 1;
  return [low - room, high + room];
};

const nice = (low, high) => {
  const step = 10 ** Math.floor(Math.log10((high - low) / 2));
  const wide = [1, 2, 5, 10].map((n) => n * step).find((one) => (high - low) / one <= 4);
  const found = [];
  for (let at = Math.ceil(low / wide) * wide; at <= high; at += wide) found.push(Number(at.toPrecision(10)));
  return found;
};

// `chosen` is a weight; `choose(weight)` is called by click, arrows, Enter.
export function chart(points, measure, chosen, choose) {
  const shown = distinct(points).sort((a, b) => a.moved - b.moved);
  const { of, digits } = MEASURES[measure];
  const least = Math.max(...points.map((one) => one.moved_at_least));
  let [x0, x1] = spread([...shown.map((one) => one.moved), least]);
  if (x1 - x0 < 4) x1 = x0 + 4;
  x0 = Math.max(x0, 0);
  const [low, y1] = spread(shown.map(of));
  const y0 = Math.max(low, 0);
  const isWhole = (one) => one >= 0 && Number.isInteger(one);
  const x = (value) => PAD.left + ((value - x0) / (x1 - x0)) * (WIDE - PAD.left - PAD.right);
  const y = (value) => HIGH - PAD.bottom - ((value - y0) / (y1 - y0)) * (HIGH - PAD.top - PAD.bottom);
  const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "merge-chart", role: "group" });
  picture.setAttribute("aria-label", say("merge_chart_label", { measure: say(`merge_${measure}`), n: shown.length }));
  const words = (text, facts) => {
    const made = svg("text", { class: "axis", ...facts });
    made.textContent = text;
    return made;
  };
  for (const value of nice(y0, y1)) {
    picture.append(svg("line", { class: "rule", x1: PAD.left, x2: WIDE - PAD.right, y1: y(value), y2: y(value) }));
    picture.append(words(String(value), { x: PAD.left - 6, y: y(value) + 4, "text-anchor": "end" }));
  }
  for (const value of nice(x0, x1).filter(isWhole)) picture.append(words(String(value), { x: x(value), y: HIGH - PAD.bottom + 16, "text-anchor": "middle" }));
  picture.append(words(say("merge_moved_axis"), { x: (PAD.left + WIDE - PAD.right) / 2, y: HIGH - 6, "text-anchor": "middle" }));
  picture.append(words(say(`merge_${measure}`), { x: 6, y: 15, "text-anchor": "start" }));
  if (least > 0) {
    picture.append(svg("line", { class: "least", x1: x(least), x2: x(least), y1: PAD.top, y2: HIGH - PAD.bottom }));
    const isRight = x(least) > WIDE / 2; // its words would be cut off there
    picture.append(words(say("merge_least_line", { n: least }), { x: x(least) + (isRight ? -6 : 6), y: HIGH - PAD.bottom - 7, "text-anchor": isRight ? "end" : "start", class: "axis strong" } /* where few move, borders are long: the foot is free */));
  }
  if (shown.length > 1) picture.append(svg("polyline", { class: "way", points: shown.map((one) => `${x(one.moved)},${y(of(one))}`).join(" ") }));
  const marks = shown.map((one) => {
    const isChosen = one.weights.includes(chosen);
    const mark = svg("g", { class: `mark${isChosen ? " chosen" : ""}${isLeast(one) ? " is-least" : ""}`, role: "button", tabindex: isChosen ? 0 : -1, "aria-pressed": isChosen });
    mark.setAttribute("aria-label", pointText(one, measure));
    const at = [x(one.moved), y(of(one))];
    mark.append(svg("circle", { class: "reach", cx: at[0], cy: at[1], r: 15 }));
    mark.append(isLeast(one) ? svg("rect", { class: "dot", x: at[0] - 6, y: at[1] - 6, width: 12, height: 12, transform: `rotate(45 ${at[0]} ${at[1]})` }) : svg("circle", { class: "dot", cx: at[0], cy: at[1], r: 6.5 }));
    const title = svg("title", {});
    title.textContent = `${pointText(one, measure)} (${of(one).toFixed(digits)})`;
    mark.append(title);
    mark.addEventListener("click", () => choose(one.change_weight, true));
    return mark;
  });
  if (marks.length && !marks.some((one) => one.getAttribute("tabindex") === "0")) marks[0].setAttribute("tabindex", "0");
  picture.append(...marks);
  picture.addEventListener("keydown", (event) => {
    const here = marks.indexOf(document.activeElement);
    if (here < 0) return;
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    const next = way ? Math.min(Math.max(here + way, 0), marks.length - 1) : ["Enter", " "].includes(event.key) ? here : -1;
    if (next < 0) return;
    event.preventDefault();
    choose(shown[next].change_weight, true);
  });
  return picture;
}

// The same as a table; radio buttons choose.
export function table(points, chosen, choose) {
  const head = ["merge_weight", "merge_moved", "merge_border_km", "merge_in_band", "merge_households_cv", "merge_polsby_popper"];
  const rows = distinct(points).map((one) => {
    const radio = make("input");
    radio.type = "radio";
    radio.name = "merge-point";
    radio.checked = one.weights.includes(chosen);
    radio.setAttribute("aria-label", pointText(one, "border_km"));
    radio.addEventListener("change", () => choose(one.change_weight, false));
    const moved = make("td", [make("span", String(one.moved)), isLeast(one) ? make("span", `◆ ${say("merge_least")}`, "least-word") : null]);
    const here = one.here || one;
    const cells = [here.border_km.toFixed(2), `${Math.round(100 * one.in_band_frac)} %`, one.households_cv.toFixed(3), here.polsby_popper.toFixed(3)];
    const row = make("tr", [make("td", [make("label", [radio, make("span", weightsText(one))], "check")], "text"), moved, ...cells.map((cell) => make("td", cell))]);
    row.classList.toggle("chosen", radio.checked);
    row.addEventListener("click", (event) => {
      if (!event.target.closest("label")) choose(one.change_weight, false);
    });
    return row;
  });
  const made = make("table", [make("thead", [make("tr", head.map((key, i) => make("th", say(key), i ? "" : "text")))]), make("tbody", rows)], "merge-points");
  made.setAttribute("aria-label", say("merge_table_label"));
  return make("div", [made], "merge-wide");
}
