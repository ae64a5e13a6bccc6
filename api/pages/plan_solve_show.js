// An answer of the solver: on the map in place of the plan, what moves hatched, and as a table of before and after.
import { make, say } from "./desk_words.js";
import { overlay, redraw, zoomToAtoms } from "./plan_map.js";
import { traceAtom } from "./plan_paint.js";
import { desk, on, tell } from "./plan_state.js";
import { shortCode } from "./plan_tools_words.js";

const INK = "#5b1a8f";
let moved = []; // positions of the atoms that would move

export const isShown = () => Boolean(desk.preview?.isSolve);

// The plan as it would be: a model of its own, so that fills, names and sums are those of the answer.
function planAfter(result) {
  const { plan, ground } = desk;
  const after = Object.assign(Object.create(Object.getPrototypeOf(plan)), plan, {
    atomGrid: plan.atomGrid.slice(),
    grids: plan.grids.map((one) => ({ ...one })),
    members: plan.members.map((one) => new Set(one)),
    gridAt: new Map(plan.gridAt),
  });
  for (const { label, kind } of result.new) after.addGrid({ code: say("sync_new_grid", { n: label.slice(1) }), community: result.community, kind, label });
  const fresh = new Map(result.new.map(({ label }, i) => [label, plan.grids.length + i]));
  for (const [id, from, to] of result.pieces) {
    const atom = ground.idAt.get(id);
    const at = fresh.has(to) ? fresh.get(to) : plan.gridAt.get(to);
    const now = atom === undefined ? undefined : plan.grids[plan.atomGrid[atom]]?.code || "";
    if (at === undefined || now !== from) return null; // the plan is another one by now
    after.put(atom, plan.atomGrid[atom], at);
  }
  return after;
}

// Whether the ground that an answer moves is still where it was.
export const isCurrent = (result) => result.pieces.every(([id, from]) => (desk.plan.grids[desk.plan.atomGrid[desk.ground.idAt.get(id)]]?.code || "") === from);

export function showPreview(result, title, { isZoomed = true } = {}) {
  const after = planAfter(result);
  if (!after) {
    hidePreview();
    return;
  }
  moved = result.pieces.map(([id]) => desk.ground.idAt.get(id));
  desk.preview = { atomGrid: after.atomGrid, plan: after, title, isSolve: true };
  tell("preview");
  if (isZoomed) zoomToAtoms(Int32Array.from(after.atomGrid.keys()).filter((atom) => result.grids.some((row) => codeOf(after, atom) === row.code)));
  redraw();
}

const codeOf = (plan, atom) => {
  const grid = plan.grids[plan.atomGrid[atom]];
  return grid ? grid.label || grid.code : "";
};

export function hidePreview() {
  if (!isShown()) return;
  desk.preview = null;
  moved = [];
  tell("preview");
}

function hatch(pen) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 10;
  const line = tile.getContext("2d");
  line.strokeStyle = INK;
  line.lineWidth = 1.6;
  line.beginPath();
  line.moveTo(-2, 7);
  line.lineTo(7, -2);
  line.moveTo(3, 12);
  line.lineTo(12, 3);
  line.stroke();
  return pen.createPattern(tile, "repeat");
}

let pattern = null;

function paintMoved(pen, map, view) {
  if (!isShown() || !moved.length) return;
  pattern = pattern || hatch(pen);
  const path = new Path2D();
  for (const atom of moved) traceAtom(path, view, desk.ground, atom);
  pen.fillStyle = pattern;
  pen.globalAlpha = 0.55;
  pen.fill(path, "evenodd");
  pen.globalAlpha = 1;
  pen.strokeStyle = INK;
  pen.lineWidth = 1.5;
  pen.setLineDash([5, 3]);
  pen.stroke(path);
}

// A word over the map says that what is seen is not the plan.
function showTitle() {
  let sign = document.getElementById("preview-sign");
  if (!isShown()) {
    sign?.remove();
    return;
  }
  if (!sign) {
    sign = make("p", "", "preview-sign");
    sign.id = "preview-sign";
    document.getElementById("map-box").append(sign);
  }
  sign.textContent = say("solve_preview", { title: desk.preview.title });
}

export function startPreview() {
  overlay(45, paintMoved);
  on("preview", () => {
    if (!isShown()) moved = [];
    showTitle();
    redraw();
  });
}

// -- the table

const number = (value, digits = 0) => (value === null || value === undefined ? "–" : value.toFixed(digits));

const cell = (text, other = text) => make("td", text, text === other ? "" : "differs");

function compared(rows, head) {
  const table = make("table", null, "solve-table");
  const top = make("tr", head.map((text, i) => {
    const one = make(text ? "th" : "td", text);
    if (text) one.scope = "col";
    return one;
  }));
  table.append(make("thead", [top]));
  const body = rows.map(([name, before, after]) => {
    const label = make("th", name);
    label.scope = "row";
    return make("tr", [label, cell(before), cell(after, before)]);
  });
  table.append(make("tbody", body));
  return table;
}

function figures({ before, after, moved: n, moved_at_least: least, bound, gap_frac: gap, proof, feasible }) {
  const share = (one) => `${one.in_band} / ${one.standard}`;
  const rows = [
    [say("solve_row_grids"), String(before.grids), String(after.grids)],
    [say("solve_row_in_band"), share(before), share(after)],
    [say("solve_row_outside"), number(before.outside), number(after.outside)],
    [say("solve_row_sizes"), `${before.least}–${before.most}`, `${after.least}–${after.most}`],
    [say("solve_row_moved"), "–", least ? say("solve_row_moved_least", { n, least }) : String(n)],
    [say("solve_row_border"), number(before.border_km, 2), number(after.border_km, 2)],
    [say("solve_row_compact"), number(before.compactness, 3), number(after.compactness, 3)],
    [say("solve_row_cost"), number(before.cost, 1), number(after.cost, 1)],
    ...(bound === null ? [] : [[say("solve_row_bound"), "–", `${number(bound, 1)} (${gap === 0 ? say("solve_best") : say("solve_gap", { n: (100 * gap).toFixed(1) })})`]]),
    [say("solve_row_proof"), "–", say(`solve_proof_${feasible === "no" ? "no" : gap === 0 ? "best" : feasible === "yes" ? "lawful" : "open"}`, { proof })],
  ];
  if (before.unassigned) rows.splice(1, 0, [say("solve_row_unassigned"), String(before.unassigned), String(after.unassigned)]);
  return compared(rows, ["", say("solve_before"), say("solve_after")]);
}

function gridRows(result) {
  const rows = result.grids.map((one) => {
    const at = desk.plan.gridAt.get(one.code);
    const code = one.code.startsWith("+") ? say("sync_new_grid", { n: one.code.slice(1) }) : at === undefined ? one.code : shortCode(desk.plan.grids[at]);
    const outside = (side) => side && !side.within_band && one.kind === "standard";
    const word = (side) => (side ? `${side.households}${outside(side) ? ` ${say("solve_outside_band")}` : ""}` : say("solve_none"));
    return [code, word(one.before), word(one.after)];
  });
  const made = make("details", [make("summary", say("solve_grids", { n: rows.length })), compared(rows, [say("solve_grid"), say("solve_before"), say("solve_after")])]);
  made.open = rows.length <= 6;
  return made;
}

export function resultBox(result) {
  const language = document.documentElement.lang === "en" ? "en" : "zh";
  const kind = result.feasible === "yes" ? "solve-yes" : "solve-no";
  const said = result.sentences[language].map((text) => make("p", text, kind));
  return [make("div", said, "solve-said"), figures(result), ...(result.is_changed ? [gridRows(result)] : [])];
}
