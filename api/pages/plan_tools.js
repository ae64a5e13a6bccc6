// The hands of the desk: which tool is held, what the pointer and the keys do with it, and what can be done with what is
// chosen.  The parts: plan_tools_kinds.js (gestures), plan_tools_hold.js (judging and letting go), plan_tools_acts.js.
import { onLanguage, say } from "./desk_words.js";
import { map, redraw, setPointerTool } from "./plan_map.js";
import { openMenu } from "./plan_menu.js";
import { addCommand, addTool } from "./plan_panels.js";
import { desk, keep, kept, mayChange, on, tell } from "./plan_state.js";
import { dismiss, tellAloud } from "./desk_talk.js";
import { canAct, dissolveGrid, mergeGrids, newGrid, sizeBrush, splitOff, toNumber } from "./plan_tools_acts.js";
import * as card from "./plan_tools_card.js";
import * as chosen from "./plan_tools_chosen.js";
import { drop, heldNow } from "./plan_tools_hold.js";
import * as keys from "./plan_tools_keys.js";
import { TOOLS, choose, drawn } from "./plan_tools_kinds.js";
import * as hands from "./plan_tools_paint.js";

const ICONS = {
  new: "M4 4h16v16H4zM12 8v8M8 12h8", merge: "M4 4h7v16H4zM13 4h7v16h-7zM8 12h8M13 9l3 3-3 3", dissolve: "M4 4h16v16H4zM9 9l6 6M15 9l-6 6",
};

let now = choose;

function take(id) {
  const wanted = TOOLS.find((one) => one.id === id) || choose;
  if (keys.isPenDown()) {
    keys.liftPen();
    now.cancel?.();
  }
  now = wanted;
  Object.assign(drawn, { box: null, line: null, border: null });
  keep({ tool: wanted.id });
  setPointerTool(handOf(wanted));
  map.canvas.style.cursor = wanted.isDrawing ? "crosshair" : "";
  tell("tool", { id: wanted.id });
  redraw();
}

// The map's hand: the tool, and what every tool has.
function handOf(tool) {
  return {
    down: (place, event) => {
      dismiss("tools");
      if (heldNow()?.isWaiting) drop();
      return Boolean(tool.down?.(place, event));
    },
    move: (place, event) => tool.move?.(place, event),
    up: (place, event) => tool.up?.(place, event),
    cancel: () => tool.cancel?.(),
    tap: (place, event) => (tool.tap || choose.tap)(place, event),
    hover: (place, event) => {
      const cursor = tool.hover?.(place, event);
      if (tool.hover) map.canvas.style.cursor = cursor || "crosshair";
    },
    menu: (place, event) => openMenu(place, event),
  };
}

// Esc: whatever is held, then what is chosen, then the tool.
function cancel() {
  if (keys.isPenDown() || map.fingers.size) {
    keys.liftPen();
    now.cancel?.();
    return;
  }
  if (drop()) return;
  if (chosen.clearChosen()) return;
  if (now !== choose) take("choose");
  else if (desk.grid >= 0) chosen.chooseGrid(-1);
}

const isAnything = () => keys.isPenDown() || map?.fingers.size > 0 || Boolean(heldNow()) || desk.selection.size > 0 || desk.grids?.size > 0 || now !== choose;

function addTools() {
  for (const tool of TOOLS) {
    addTool({
      id: tool.id, icon: tool.icon, key: tool.key, group: "hands", word: `tools_${tool.id}`, hint: `tools_${tool.id}_hint`,
      when: () => (tool.when ? tool.when() : !["paint", "push", "estate", "split"].includes(tool.id) || mayChange()),
      press: () => {
        take(tool.id);
        tellAloud(say(`tools_${tool.id}_hint`));
      },
    });
  }
  const acts = [
    { id: "new", key: "g", press: newGrid, when: () => mayChange() && desk.selection.size > 0 },
    { id: "merge", key: "j", press: () => mergeGrids(), when: () => mayChange() && desk.grids.size > 1 },
    { id: "dissolve", key: "Delete", press: () => dissolveGrid(), when: () => mayChange() && desk.grid >= 0 },
  ];
  for (const one of acts) addTool({ ...one, icon: ICONS[one.id], group: "acts", isAction: true, word: `tools_${one.id}`, hint: `tools_${one.id}_hint` });
}

function addCommands() {
  addCommand({ id: "hands_cancel", keys: ["Escape"], word: "tools_cancel", when: isAnything, run: cancel });
  addCommand({ id: "split_off", keys: ["Shift+k"], word: "tools_split_off", group: "tools", when: () => mayChange() && desk.selection.size > 0, run: splitOff });
  addCommand({ id: "brush_less", keys: ["["], word: "tools_brush_less", group: "tools", when: canAct, run: () => brush(-1) });
  addCommand({ id: "brush_more", keys: ["]"], word: "tools_brush_more", group: "tools", when: canAct, run: () => brush(1) });
  for (let n = 1; n <= 9; n += 1) {
    addCommand({ id: `number_${n}`, keys: [String(n)], word: n === 1 ? "tools_numbers" : "", group: "tools", isHidden: n > 1, when: canAct, run: () => toNumber(n) });
  }
  addCommand({
    id: "menu", keys: ["ContextMenu", "Shift+F10"], word: "tools_menu", group: "map", where: "map", when: chosen.there,
    run: () => openMenu(keys.placeNow(), null),
  });
}

function brush(by) {
  sizeBrush(by);
  tell("tool", { id: now.id });
}

export function start() {
  chosen.start();
  keys.start(() => now);
  addTools();
  addCommands();
  card.start();
  hands.start();
  take(kept().tool);
  on("loaded", () => drop());
  on("card", () => !mayChange() && now.isDrawing && !["box", "lasso"].includes(now.id) && take("choose"));
  on("changed", () => heldNow()?.isWaiting && drop());
  map.canvas.addEventListener("blur", redraw);
  map.canvas.addEventListener("focus", redraw);
  onLanguage(redraw);
}
