// The card at the pointer: both grids before and after, and what stands against it, while the pointer moves.  The line
// below the map says the same in one row, and holds the buttons for fingers.
import { make, onLanguage, say } from "./desk_words.js";
import { map } from "./plan_map.js";
import { runCommand } from "./plan_panels.js";
import { desk, kept, mayChange, on } from "./plan_state.js";
import { button } from "./desk_talk.js";
import { newGrid } from "./plan_tools_acts.js";
import { there } from "./plan_tools_chosen.js";
import { drop, heldNow, release, titleOf } from "./plan_tools_hold.js";
import { bandSign, bandWord, gridWord, groundWord, reasonInShort, round2 } from "./plan_tools_words.js";

const AWAY_PX = 18;
const at = (id) => document.getElementById(id);
const card = make("div", null, "hand-card");
const text = make("span", "", "strip-held");
const buttons = make("span", null, "strip-buttons");
let shown = null;

function rowOf(one) {
  const arrow = (before, after) => make("td", before === after ? [make("b", after)] : [make("span", before, "was"), " → ", make("b", after)]);
  const isNew = one.grid <= -2;
  const isGone = one.after.pieces === 0;
  const band = make("td", isGone ? say("tools_gone") : bandWord(one.kind, one.after.households), `band ${isGone ? "" : one.after.band}`);
  if (!isGone) band.prepend(make("span", `${bandSign[one.after.band]} `, "sign"));
  const pieces = make("td", isGone ? "" : say(one.after.pieces === 1 ? "tools_whole" : "tools_pieces", { n: one.after.pieces }), one.after.pieces > Math.max(1, one.before.pieces) ? "wrong" : "");
  return make("tr", [
    make("th", gridWord(one.grid)),
    isNew ? make("td", [make("b", one.after.households)]) : arrow(one.before.households, one.after.households),
    band,
    isGone ? make("td", "") : isNew ? make("td", [make("b", round2(one.after.compactness))]) : arrow(round2(one.before.compactness), round2(one.after.compactness)),
    pieces,
  ]);
}

function fill(held) {
  const { verdict } = held;
  const head = make("thead", [make("tr", ["tools_grid", "tools_households", "tools_band", "tools_compact", "tools_hangs"].map((key) => make("th", say(key))))]);
  const wrong = verdict.faults.map((fault) => make("p", reasonInShort(fault), "why"));
  if (wrong.length > 3) wrong.splice(3, wrong.length, make("p", say("tools_more", { n: verdict.faults.length - 3 }), "why"));
  const body = make("tbody", verdict.effects.slice(0, 5).map(rowOf));
  card.replaceChildren(
    make("p", verdict.moves.size ? titleOf(held) : say("tools_nothing_moves"), "what"),
    ...(verdict.effects.length ? [make("table", [head, body])] : []),
    ...wrong,
  );
  card.classList.toggle("illegal", verdict.faults.length > 0);
  if (!held.isWaiting) return;
  const yes = button(`${say("tools_do")} (Enter)`, release, "main small");
  yes.disabled = verdict.faults.length > 0;
  card.append(make("div", [yes, button(`${say("tools_drop")} (Esc)`, drop, "small")], "hand-buttons"));
}

function place(held) {
  const [px, py] = map.toPixels(held.at);
  const [wide, high] = [card.offsetWidth, card.offsetHeight];
  const right = px + AWAY_PX + wide < map.width - 4;
  const below = py + AWAY_PX + high < map.height - 4;
  const x = right ? px + AWAY_PX : px - AWAY_PX - wide;
  const y = below ? py + AWAY_PX : py - AWAY_PX - high;
  card.style.left = `${Math.round(Math.min(Math.max(x, 4), Math.max(map.width - wide - 4, 4)))}px`;
  card.style.top = `${Math.round(Math.min(Math.max(y, 4), Math.max(map.height - high - 4, 4)))}px`;
}

function show() {
  const held = heldNow();
  const isThere = Boolean(held?.verdict);
  card.hidden = !isThere;
  if (isThere) {
    if (shown !== held || card.dataset.waiting !== String(held.isWaiting)) fill(held);
    card.dataset.waiting = String(held.isWaiting);
    place(held);
  }
  shown = held;
  tellStrip();
}

// -- the line below the map

function tellStrip() {
  const held = heldNow();
  buttons.replaceChildren();
  text.className = "strip-held";
  at("strip-text").hidden = true;
  if (held?.verdict) {
    const { verdict } = held;
    const sums = verdict.effects.slice(0, 3).map((one) => `${gridWord(one.grid)}: ${one.before.households} → ${one.after.households} ${bandSign[one.after.band]}`);
    text.textContent = [verdict.moves.size ? titleOf(held) : say("tools_nothing_moves"), ...sums].join("  ·  ");
    if (verdict.faults.length) {
      text.classList.add("illegal");
      text.textContent = `${say("tools_illegal")} ${verdict.faults.map(reasonInShort).join(" ")}`;
    }
  } else if (there() && desk.selection.size) {
    text.textContent = say(mayChange() ? "tools_strip_chosen" : "tools_strip_seen", { ground: groundWord([...desk.selection]) });
    if (mayChange()) buttons.append(button(say("tools_strip_new"), newGrid, "small"));
  } else if (there() && desk.grid >= 0) {
    const grid = desk.plan.grids[desk.grid];
    const many = desk.grids.size > 1 ? say("tools_strip_grids", { n: desk.grids.size, grids: [...desk.grids].slice(0, 6).map((one) => gridWord(one)).join(", ") }) : "";
    const isBrush = ["paint", "push"].includes(kept().tool) && mayChange();
    const facts = { grid: gridWord(desk.grid), name: grid.name || grid.code, households: grid.households, band: bandWord(grid.kind, grid.households) };
    if (isBrush) buttons.append(brush("−", "brush_less", 1), brush("+", "brush_more", 9));
    text.textContent = many || [say("tools_strip_grid", facts), isBrush ? say("tools_strip_brush", { n: kept().brush }) : ""].filter(Boolean).join("  ·  ");
  } else {
    text.textContent = "";
    at("strip-text").hidden = false;
  }
}

// For fingers, which have no brackets.
function brush(sign, id, end) {
  const made = button(sign, () => runCommand(id), "small square");
  made.setAttribute("aria-label", say(`tools_${id}`));
  made.disabled = kept().brush === end;
  return made;
}

export function start() {
  card.id = "hand-card";
  card.hidden = true;
  at("map-box").append(card);
  at("strip").append(text, buttons);
  for (const what of ["hold", "selection", "grid", "changed", "loaded", "tool", "card"]) on(what, show);
  onLanguage(() => {
    shown = null;
    show();
  });
}
