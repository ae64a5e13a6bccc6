// A balance bar: households on a scale with the band marked; by length, colour and pattern, and always in words beside it.
import { make, say } from "./desk_words.js";
import { SIGN, missing, shortCode, statusWord } from "./plan_figures.js";
import { desk } from "./plan_state.js";

const BEYOND = 1.5; // the scale ends at so many times the most households of the band

export function scaleEnd() {
  return desk.ground.rules.max_households * BEYOND;
}

// The bar itself; `was`: where it stood before what is held now.
export function bar({ kind, households, was = null }) {
  const { min_households: low, max_households: high } = desk.ground.rules;
  const end = scaleEnd();
  const at = (n) => `${(Math.min(n, end) / end) * 100}%`;
  const band = make("span", null, "bar-band");
  band.style.left = at(low);
  band.style.width = `calc(${at(high)} - ${at(low)})`;
  const fill = make("span", null, `bar-fill ${desk.plan.bandOf(kind, households)}`);
  fill.style.width = at(households);
  const box = make("span", [band, fill], "bar");
  if (was !== null && was !== households) {
    const mark = make("span", null, "bar-was");
    mark.style.left = at(was);
    box.append(mark);
  }
  if (households > end) box.classList.add("beyond");
  box.setAttribute("aria-hidden", "true");
  return box;
}

export function statusChip(kind, households) {
  const band = desk.plan.bandOf(kind, households);
  return make("span", [make("i", SIGN[band]), ` ${statusWord(kind, households)}`], `see-status ${band}`);
}

const signed = (n) => (n > 0 ? `+${n}` : n < 0 ? `−${-n}` : "±0");

// A grid in the list.  `held`: what the hand would make of it now ({households, compactness, pieces}), or null.
export function fillGridRow(row, at, { held = null, opened = null } = {}) {
  const grid = desk.plan.grids[at];
  const households = held ? held.households : grid.households;
  const compactness = held ? held.compactness : desk.plan.compactness(at);
  const change = opened === null ? null : households - opened;
  const number = held && held.households !== grid.households ? [make("s", grid.households), " → ", make("b", households)] : [make("b", households)];
  const changed = change === null ? say("see_is_new") : change ? signed(change) : "";
  const line = [
    make("span", [make("b", shortCode(grid)), " ", make("bdi", grid.name || "")], "see-name"),
    make("span", number, "see-number"),
    bar({ kind: grid.kind, households, was: held ? grid.households : null }),
    statusChip(grid.kind, households),
    make("span", [make("span", say("see_round", { n: compactness.toFixed(2) })), make("span", changed, "see-change")], "see-more"),
  ];
  row.replaceChildren(...line);
  row.classList.toggle("held", Boolean(held));
  row.classList.toggle("chosen", desk.grid === at);
  row.setAttribute("aria-selected", String(desk.grid === at));
  row.title = `${grid.code} ${grid.name || ""}`.trim();
  const facts = { code: grid.code, name: grid.name || "", n: households, status: statusWord(grid.kind, households), round: compactness.toFixed(2) };
  row.setAttribute("aria-label", say("see_row", facts) + (changed ? ` ${say("see_row_change", { change: changed })}` : ""));
  row.dataset.code = grid.code;
  row.dataset.off = String(missing(grid.kind, households));
}
