// Everything without a mouse: arrows walk from piece to piece, Enter (or a short Space) presses the tool there and lifts
// it again, so that each tool draws by keys what it draws by hand.
import { say } from "./desk_words.js";
import { atomAt, centreOf, map, redraw } from "./plan_map.js";
import { addCommand } from "./plan_panels.js";
import { desk, tell } from "./plan_state.js";
import { tellAloud } from "./desk_talk.js";
import { cursorNow, setCursor, there } from "./plan_tools_chosen.js";
import { heldNow, release } from "./plan_tools_hold.js";
import { nearestPiece, nextPiece } from "./plan_tools_shapes.js";
import { bandWord, gridWord } from "./plan_tools_words.js";

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const EDGE_PX = 48;
const SHORT_MS = 350;
const SPOKEN_MS = 250;
let toolNow = () => null;
let isDown = false;
let speaking = 0;
let space = null; // {at, middle} since the key is down

export const isPenDown = () => isDown;
export const liftPen = () => { isDown = false; };

const asEvent = (event) => ({
  isKeys: true, shiftKey: Boolean(event?.shiftKey), altKey: Boolean(event?.altKey), ctrlKey: Boolean(event?.ctrlKey), metaKey: Boolean(event?.metaKey), timeStamp: 0, pointerType: "keys",
});

// The piece the keys stand on: where one chose last, else the middle of what is seen.
function here() {
  const now = cursorNow();
  if (now >= 0 && now < desk.ground.n) return now;
  const [chosen] = desk.selection;
  if (chosen !== undefined) return chosen;
  const middle = atomAt(map.middle);
  return middle >= 0 ? middle : nearestPiece(desk.ground, desk.ground.ids.keys(), map.middle);
}

function stand(atom) {
  if (atom < 0) return;
  setCursor(atom);
  const [px, py] = map.toPixels(centreOf(atom));
  if (px < EDGE_PX || py < EDGE_PX || px > map.width - EDGE_PX || py > map.height - EDGE_PX) map.centre(centreOf(atom));
  desk.over = atom;
  tell("over", { atom, isKeys: true });
  clearTimeout(speaking);
  speaking = setTimeout(() => !heldNow() && tellAloud(pieceInWords(atom)), SPOKEN_MS);
  redraw();
}

export function pieceInWords(atom) {
  const { plan, ground } = desk;
  const at = plan.atomGrid[atom];
  const of = ground.estate[atom];
  const parts = [say("tools_told_piece", { households: ground.households[atom], buildings: ground.buildings[atom] })];
  if (at >= 0) parts.push(say("tools_told_in", { grid: gridWord(at), households: plan.grids[at].households, band: bandWord(plan.grids[at].kind, plan.grids[at].households) }));
  else parts.push(say("tools_no_grid"));
  if (of >= 0) parts.push(ground.estates[of].name || ground.estates[of].id);
  return parts.join(", ");
}

export function walk(event) {
  if (!there()) return;
  const from = here();
  if (cursorNow() < 0) {
    stand(from);
    return;
  }
  const to = nextPiece(desk.ground, from, WAYS[event.key]);
  if (to < 0) return;
  stand(to);
  if (isDown) toolNow().move?.(centreOf(to), asEvent(event));
}

// Through the pieces of the grid one stands in, one after the other: none is out of reach of the keys.
function step(by) {
  if (!there()) return;
  const from = here();
  const at = desk.plan.atomGrid[from];
  const all = [...(at >= 0 ? desk.plan.members[at] : desk.plan.unassigned())].sort((a, b) => a - b);
  stand(all[(all.indexOf(from) + by + all.length) % all.length]);
  if (isDown) toolNow().move?.(centreOf(cursorNow()), asEvent());
}

export function press(event) {
  if (!there()) return;
  if (heldNow()?.isWaiting && !isDown) {
    release();
    return;
  }
  const tool = toolNow();
  const atom = here();
  if (cursorNow() < 0) stand(atom);
  if (isDown) {
    isDown = false;
    tool.up?.(centreOf(atom), asEvent(event));
    return;
  }
  isDown = Boolean(tool.down?.(centreOf(atom), asEvent(event)));
  if (isDown) tellAloud(say("tools_told_pen"));
  else (tool.tap || toolNow().tap)?.(centreOf(atom), asEvent(event));
}

export function start(tool) {
  toolNow = tool;
  const box = document.getElementById("map-box");
  // Before the map takes them to move: with Shift it still does.
  box.addEventListener("keydown", (event) => {
    if (event.target.id !== "map" || !WAYS[event.key] || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey || !there()) return;
    event.preventDefault();
    event.stopPropagation();
    walk(event);
  }, true);
  addCommand({ id: "walk", keys: Object.keys(WAYS), word: "tools_walk", group: "map", where: "map", when: there, run: walk });
  addCommand({ id: "walk_next", keys: ["."], word: "tools_walk_next", group: "map", where: "map", when: there, run: () => step(1) });
  addCommand({ id: "walk_last", keys: [","], word: "tools_walk_last", group: "map", where: "map", when: there, run: () => step(-1) });
  addCommand({ id: "pan_far", keys: Object.keys(WAYS).map((key) => `Shift+${key}`), word: "tools_pan_keys", group: "map", where: "map", when: there, run: (event) => map.pan(...WAYS[event.key].map((one) => -60 * one)) });
  addCommand({ id: "take", keys: ["Enter", "Shift+Enter", "Control+Enter", "Alt+Enter"], word: "tools_take", group: "map", where: "map", when: there, run: press });
  addCommand({
    id: "pan", keys: [" "], word: "tools_pan", group: "map", where: "map", when: there,
    run() {
      space = { at: performance.now(), middle: [...map.middle] };
      map.isPanning = true;
      map.canvas.classList.add("panning");
    },
    up(event) {
      map.isPanning = false;
      map.canvas.classList.remove("panning");
      const isStill = space && space.middle.every((one, i) => one === map.middle[i]);
      if (event && isStill && performance.now() - space.at < SHORT_MS && document.activeElement?.id === "map") press(event);
      space = null;
    },
  });
}

// Where a menu opens for the keys.
export const placeNow = () => centreOf(here());
