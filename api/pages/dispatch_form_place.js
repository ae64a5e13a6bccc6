// Where it is: an address, or half of one, becomes a place with its grid.  What may be meant is shown with the reasons and
// the grid of each; the doors of a street are told apart by their sides and grids.  Nothing is taken that was not chosen or
// certain.
import { askJson, change, contentOf } from "./desk_ask.js";
import { languageNow, make, say } from "./desk_words.js";
import { comboBox } from "./dispatch_form_list.js";
import { sidesOf } from "./dispatch_form_sides.js";

const PAUSE_MS = 130;
const MOST_NAMES = 6;
const FINAL = new Set(["door", "building"]);
const SURE = new Set(["exact", "building"]);
const POINT = /^\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，;；\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/;

const hasPlace = (one) => Number.isFinite(one?.lon) && Number.isFinite(one?.lat);

// The grid, community and name of a point.
export async function atPoint([lon, lat], signal) {
  return askJson("/v1/lookup", { query: { lon: lon.toFixed(7), lat: lat.toFixed(7), lang: languageNow() }, signal });
}

// -- what may be meant, as rows: {kind, text, context, grid, detail, place}; `place` where it can be taken as it is

function meant(found) {
  const rows = [];
  if (hasPlace(found) && found.status !== "not_found") {
    const isSure = SURE.has(found.status) && Boolean(found.grid);
    rows.push({
      kind: isSure ? "sure" : "part", text: found.matched_text || found.building || found.grid || "", context: percent(found.confidence),
      grid: found.grid, detail: isSure ? "" : found.detail || "",
      place: { lon: found.lon, lat: found.lat, address: found.matched_text, grid: found.grid, community: found.community, detail: found.detail || "", confidence: found.confidence },
    });
  }
  for (const one of found.candidates) {
    if (rows.some((row) => row.text === (one.address || one.grid) && row.grid === one.grid)) continue;
    rows.push({
      kind: "meant", text: one.address || one.grid || "", context: "", grid: one.grid, detail: one.detail || "",
      place: hasPlace(one) ? { lon: one.lon, lat: one.lat, address: one.address, grid: one.grid, community: null, detail: one.detail || "", confidence: null } : null,
    });
  }
  return rows;
}

const percent = (share) => say("form_sure", { percent: Math.round(100 * share) });

function named(suggestions, before) {
  const known = new Set(before.map((row) => row.text));
  const fresh = suggestions.filter((one) => ![...known].some((text) => text === one.text || text.endsWith(one.text)));
  return fresh.slice(0, MOST_NAMES).map((one) => ({ kind: "name", what: one.kind, text: one.text, context: one.context, grid: null, detail: "", place: null }));
}

const sided = (sides) => sides.map((side) => ({
  kind: "side", text: say(side.isOdd ? "form_side_odd" : "form_side_even", { street: side.street, numbers: side.from === side.to ? side.from : `${side.from}–${side.to}` }),
  context: say("form_side_doors", { n: side.n }), grid: side.grid, detail: "", place: null, side,
}));

function rowOf(one) {
  const grid = one.grid ? make("span", one.grid, "code") : one.place ? make("span", say("form_no_grid"), "code none") : null;
  const head = make("span", [one.what ? make("em", say(`form_name_${one.what}`)) : null, make("strong", one.text), one.context ? make("span", one.context, "soft") : null], "what");
  return [head, grid, one.detail ? make("span", one.detail, "detail") : null];
}

// {onPlace(place, text), onGone() the place does not hold any more, onStuck(sentence) why Enter took nothing}
export function placeField({ onPlace, onGone, onStuck }) {
  let waiting = 0;
  let stop = null;
  let shownFor = null; // text that the rows belong to
  let isEntered = false; // Enter came before the answer
  const busy = make("span", "", "soft looking");
  busy.setAttribute("role", "status");

  const combo = comboBox({
    id: "form-place", max: 200, rowOf, name: () => say("form_place_list"),
    onText(text) {
      isEntered = false;
      onGone();
      soon(text);
    },
    onTake: take,
    onEnter: entered,
  });

  function soon(text) {
    clearTimeout(waiting);
    stop?.abort();
    shownFor = null;
    if (!text.trim()) {
      combo.close();
      busy.textContent = "";
      return;
    }
    waiting = setTimeout(() => search(text), PAUSE_MS);
  }

  async function search(text) {
    stop?.abort();
    const mine = (stop = new AbortController());
    busy.textContent = say("form_looking");
    try {
      const rows = await rowsFor(text, mine.signal);
      if (mine.signal.aborted) return;
      busy.textContent = rows.why || "";
      shownFor = text;
      const isSure = rows[0]?.kind === "sure";
      if (document.activeElement === combo.field || isEntered) combo.show(rows, { chosen: isSure ? 0 : -1 });
      if (isEntered) {
        isEntered = false;
        entered();
      }
    } catch (error) {
      if (error.kind === "stopped") return;
      busy.textContent = "";
      isEntered = false;
      onStuck(error.kind === "gone" ? say("form_place_offline") : error.message);
    }
  }

  async function rowsFor(text, signal) {
    const point = POINT.exec(text.normalize("NFKC"));
    if (point) return meantPoint(await atPoint([Number(point[1]), Number(point[2])], signal));
    const [found, names] = await Promise.all([
      askJson("/v1/lookup", { query: { address: text, lang: languageNow() }, signal }),
      askJson("/v1/suggest", { query: { q: text.slice(0, 100), limit: 8 }, signal }),
    ]);
    const rows = meant(found);
    const street = names.suggestions.find((one) => one.kind === "street" && one.text === text.trim());
    if (street && !SURE.has(found.status)) rows.push(...sided(await sidesOf(street, { askJson, change, contentOf, signal })));
    const all = [...rows, ...named(names.suggestions, rows)];
    if (rows[0]?.kind !== "sure" && found.detail && rows[0]?.detail !== found.detail) all.why = found.detail;
    return all;
  }

  function meantPoint(found) {
    const text = `${found.lon}, ${found.lat}`;
    const place = { lon: found.lon, lat: found.lat, address: "", grid: found.grid, community: found.community, detail: found.detail || "", confidence: found.confidence };
    return [{ kind: found.grid ? "sure" : "part", text, context: found.name || "", grid: found.grid, detail: found.detail || "", place }];
  }

  // Enter without a row: what is certain is taken; otherwise the first row is pointed at and has to be taken itself.
  function entered() {
    const text = combo.field.value;
    if (!text.trim()) {
      onStuck(say("form_place_needed"));
      return;
    }
    if (shownFor !== text) {
      isEntered = true;
      clearTimeout(waiting);
      search(text);
      return;
    }
    const rows = combo.rows();
    if (!rows.length) onStuck(say("form_place_unknown"));
    else if (rows[0].kind === "sure") take(rows[0]);
    else {
      combo.show(rows, { chosen: 0 });
      onStuck(say("form_place_choose", { n: rows.length }));
    }
  }

  function take(one) {
    if (one.place) {
      if (one.kind !== "meant" || one.place.address) combo.field.value = one.place.address || combo.field.value;
      end();
      onPlace(one.place, combo.field.value);
      return;
    }
    if (one.kind === "meant") {
      end();
      onStuck(say("form_place_nowhere"));
      return;
    }
    combo.field.value = one.side ? one.side.address : one.text;
    shownFor = null;
    if (one.side || FINAL.has(one.what)) isEntered = true;
    combo.close();
    onGone();
    search(combo.field.value);
  }

  function end() {
    clearTimeout(waiting);
    stop?.abort();
    isEntered = false;
    busy.textContent = "";
    combo.close();
  }

  return {
    box: make("div", [combo.box, busy]), field: combo.field, end,
    isOpen: combo.isOpen, close: combo.close,
    rename: () => combo.isOpen() && shownFor && search(shownFor),
  };
}
