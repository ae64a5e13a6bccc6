// What the hand shows on the map: the ground that is held, red and hatched where it may not go; the gesture; the piece the
// keys stand on; the numbers of the grids.
import { centreOf, outline, overlay } from "./plan_map.js";
import { desk, kept } from "./plan_state.js";
import { cursorNow, numberedGrids, placeOfGrid, there } from "./plan_tools_chosen.js";
import { heldNow } from "./plan_tools_hold.js";
import { drawn } from "./plan_tools_kinds.js";

const GOOD = "#0b5394";
const BAD = "#b3261e";
let hatch = null;

// Red lines both ways: not to be taken for a grid with too many households, whose lines lean one way.
function hatchOf(pen) {
  if (hatch) return hatch;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 10;
  const own = tile.getContext("2d");
  own.fillStyle = "rgba(179,38,30,0.16)";
  own.fillRect(0, 0, 10, 10);
  own.strokeStyle = BAD;
  own.lineWidth = 1.6;
  for (const [ax, ay, bx, by] of [[0, 0, 10, 10], [10, 0, 0, 10]]) {
    own.beginPath();
    own.moveTo(ax, ay);
    own.lineTo(bx, by);
    own.stroke();
  }
  hatch = pen.createPattern(tile, "repeat");
  return hatch;
}

function paintHeld(pen, _, view) {
  const held = heldNow();
  if (!held?.verdict || view.plan !== desk.plan) return;
  const { faults, moves } = held.verdict;
  if (!moves.size) return;
  const style = faults.length ? { colour: BAD, width: 3, dash: [7, 4], fill: hatchOf(pen) } : { colour: GOOD, width: 3.5, fill: "rgba(11,83,148,0.35)" };
  outline(pen, view, new Set(moves.keys()), style);
}

function paintGesture(pen, map) {
  const path = drawn.line || (drawn.box && corners(...drawn.box));
  if (!path) return;
  pen.beginPath();
  path.forEach((at, i) => (i ? pen.lineTo(...map.toPixels(at)) : pen.moveTo(...map.toPixels(at))));
  const isSplit = kept().tool === "split";
  if (!isSplit) {
    pen.closePath();
    pen.fillStyle = "rgba(11,83,148,0.10)";
    pen.fill();
  }
  for (const [colour, width] of [["#ffffff", 5], [GOOD, 2.2]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(width > 3 ? [] : [7, 4]);
    pen.stroke();
  }
  pen.setLineDash([]);
}

const corners = ([ax, ay], [bx, by]) => [[ax, ay], [bx, ay], [bx, by], [ax, by]];

// The border that would be pushed from here.
function paintBorder(pen, _, view) {
  const { border } = drawn;
  if (!border || !view.index || view.plan !== desk.plan) return;
  const { ground } = view.plan;
  const { atomGrid } = view.plan;
  const path = new Path2D();
  for (const atom of new Set([border.a, border.b])) {
    for (let i = view.index.arcStart[atom]; i < view.index.arcStart[atom + 1]; i += 1) {
      const arc = view.index.arcOf[i];
      const [a, b] = [ground.arc_a[arc], ground.arc_b[arc]];
      if (b < 0 || !sides(atomGrid[a], atomGrid[b], border)) continue;
      for (let j = ground.arc[arc]; j < ground.arc[arc] + ground.arc_n[arc]; j += 1) {
        const [x, y] = [ground.xy[2 * j] * view.scale + view.dx, ground.xy[2 * j + 1] * view.scale + view.dy];
        if (j === ground.arc[arc]) path.moveTo(x, y);
        else path.lineTo(x, y);
      }
    }
  }
  pen.lineCap = "round";
  for (const [colour, width] of [["#ffffff", 8], ["#d97a00", 5]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.stroke(path);
  }
}

const sides = (one, two, { near, far }) => (one === near && two === far) || (one === far && two === near);

function paintCursor(pen, map, view) {
  const atom = cursorNow();
  if (atom < 0 || !there() || view.plan !== desk.plan || document.activeElement?.id !== "map") return;
  outline(pen, view, [atom], { colour: "#16202b", width: 2.5, dash: [3, 3] });
  const [px, py] = map.toPixels(centreOf(atom));
  for (const [colour, width] of [["#ffffff", 5], ["#16202b", 2]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    pen.arc(px, py, 7, 0, 2 * Math.PI);
    pen.stroke();
  }
}

function paintNumbers(pen, map, view) {
  if (!there() || view.plan !== desk.plan || desk.isReadOnly || (desk.grid < 0 && !desk.selection.size)) return;
  pen.font = "700 13px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  numberedGrids().forEach((at, i) => {
    const [x, y] = map.toPixels(placeOfGrid(at));
    if (x < -20 || y < -20 || x > map.width + 20 || y > map.height + 20) return;
    const isNow = at === desk.grid;
    pen.beginPath();
    pen.roundRect(x - 42, y - 10, 20, 20, 4);
    pen.fillStyle = isNow ? "#b35c00" : "#ffffff";
    pen.fill();
    pen.lineWidth = 1.5;
    pen.strokeStyle = isNow ? "#ffffff" : "#16202b";
    pen.stroke();
    pen.fillStyle = isNow ? "#ffffff" : "#16202b";
    pen.fillText(String(i + 1), x - 32, y + 0.5);
  });
}

export function start() {
  overlay(48, paintNumbers);
  overlay(58, paintBorder);
  overlay(60, paintHeld);
  overlay(62, paintGesture);
  overlay(64, paintCursor);
}
