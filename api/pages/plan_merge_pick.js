// The first two steps of the merger wizard: which villages, with the arithmetic at once, and under which code and name.
import { askJson } from "./desk_ask.js";
import { apart, icon, make, say } from "./desk_words.js";
import { isPicking, shadeOf, startPicking, stopPicking, zoomToVillages } from "./plan_merge_map.js";
import {
  addGroup, changeGroup, codeOf, facts, groupOf, heirOf, isReady, keepWizard, readyGroups, reckonedOf, removeGroup, specOf, toggleVillage, typeGroup, wizard,
} from "./plan_merge_state.js";
import { isOpen } from "./plan_panels.js";
import { planPath, tell } from "./plan_state.js";
import { button, tellAloud } from "./desk_talk.js";

const WAIT_MS = 200;
const TYPED_MS = 600;
const RETRY_MS = 5000;
const MOST_ROWS = 200;
const MAP = "M9 4L3 6v14l6-2 6 2 6-2V4l-6 2zM9 4v14M15 6v14";
let sought = "";
let timer = 0;
let typing = 0; // what was typed and is not reckoned with yet
let asked = 0;
let stop = null;

// -- the arithmetic

// Ask for the sums of all mergers that have two villages; what was asked before is forgotten.  `isAgain`: there was no
// answer, and what was told of that stays until there is news.
export function reckonSoon(wait = WAIT_MS, isAgain = false) {
  clearTimeout(timer);
  stop?.abort();
  const specs = readyGroups().map(specOf);
  if (!specs.length) {
    asked += 1;
    Object.assign(facts, { reckoned: null, isReckoning: false, trouble: null });
    tell("reckoned");
    return;
  }
  facts.isReckoning = !isAgain;
  timer = setTimeout(async () => {
    const mine = (asked += 1);
    stop = new AbortController();
    try {
      const found = await askJson(planPath("/merge"), { query: { villages: specs }, signal: stop.signal });
      if (mine !== asked) return;
      Object.assign(facts, { reckoned: found, isReckoning: false, trouble: null });
      tellAloud(found.is_possible ? spoken(found) : found.faults[0].message);
    } catch (error) {
      if (mine !== asked || error.kind === "stopped") return;
      const isNews = !isAgain || facts.trouble?.message !== error.message;
      Object.assign(facts, { isReckoning: false, trouble: error });
      if (error.kind === "gone") timer = setTimeout(() => isOpen("merger") && reckonSoon(0, true), RETRY_MS);
      if (!isNews) return;
    }
    tell("reckoned");
  }, wait);
}

const spoken = (found) => found.mergers.flatMap((one) => one.results).map((one) => say("merge_spoken", { name: one.name, households: one.households, grids: gridsText(one) })).join(" ");

const range = (from, to) => (from === to ? String(from) : `${from}–${to}`);

// Of every kind: an estate over the band has several.
export const gridsText = (one) => range(one.n_grids_min, one.n_grids_max);

function row(key, value, more) {
  return [make("dt", say(key)), make("dd", [make("span", value), more ? make("span", more, "soft") : null])];
}

// What would be there, beside what is.
export function sums(merger) {
  if (!merger) return facts.trouble ? null : make("p", say("merge_reckoning"), "soft");
  return make("div", merger.results.map((one) => {
    const list = make("dl", null, "facts");
    const before = merger.villages.reduce((n, village) => n + village.grids.length, 0);
    list.append(...row("merge_households", String(one.households), say("merge_people", { n: one.population })));
    list.append(...row("merge_buildings", String(one.buildings), `${(one.area_m2 / 1e6).toFixed(2)} km²`));
    list.append(...row("merge_grids_now", String(before)));
    list.append(...row("merge_grids_then", gridsText(one), one.rural_mode ? say(`merge_rural_${one.rural_mode}`) : ""));
    if (one.dedicated) list.append(...row("merge_dedicated", String(one.dedicated), say("merge_dedicated_households", { n: one.dedicated_households, left: one.standard_households })));
    if (one.means.length) list.append(...row("merge_means", one.means.map((mean) => say("merge_mean", mean)).join(" · ")));
    const word = { yes: ["✓", "good"], unknown: ["✓", "good"], no: ["!", "bad"] }[one.feasible];
    const verdict = make("p", [make("span", word[0], "sign"), make("span", say(`merge_feasible_${one.feasible}`, { why: one.why || "" }))], `verdict ${word[1]}`);
    const near = one.near_misses.length
      ? make("p", say("merge_near", { near: one.near_misses.map((miss) => say("merge_near_one", { n: miss.n_grids, sizes: miss.sizes.join(" + ") })).join(say("merge_or")) }), "soft")
      : null;
    return make("div", [list, verdict, near]);
  }), `sums${facts.isReckoning ? " stale" : ""}`);
}

export function faultList() {
  const found = facts.trouble ? [{ message: facts.trouble.message }] : facts.reckoned?.faults || [];
  if (!found.length || facts.isReckoning) return null;
  const list = make("ul", found.map((one) => make("li", one.message)), "faults");
  const box = make("div", [list]); // a list that is an alert itself would be no list
  box.setAttribute("role", "alert");
  if (facts.trouble && facts.trouble.kind !== "refused") list.append(make("li", [button(say("try_again"), () => reckonSoon(0), "small")]));
  return box;
}

// -- step 1: the cards of the mergers

function card(group, at, isActive) {
  const head = make("div", [numberOf(at), make("h3", say("merge_group", { n: at + 1 }))], "line");
  if (group.villages.length) {
    const zoom = button(say("merge_zoom"), () => zoomToVillages(group.villages), "small");
    zoom.setAttribute("aria-label", say("merge_zoom_to", { n: at + 1 }));
    head.append(zoom);
  }
  if (wizard.groups.length > 1) {
    const drop = button("×", () => {
      removeGroup(at);
      reckonSoon(0);
    }, "square");
    drop.setAttribute("aria-label", say("merge_group_drop", { n: at + 1 }));
    head.append(drop);
  }
  const chips = make("ul", group.villages.map((code) => {
    const village = facts.byCode.get(code);
    const away = button("×", () => pick(code), "square small");
    away.setAttribute("aria-label", say("merge_take_out", { name: village?.name || code }));
    return make("li", [make("strong", village?.name || code), make("span", say("merge_n_households", { n: village?.households ?? "?" }), "soft"), away]);
  }), "chips");
  const parts = [head];
  parts.push(group.villages.length ? chips : make("p", say("merge_none_yet"), "soft"));
  if (isReady(group)) parts.push(sums(reckonedOf(group)));
  else if (group.villages.length === 1) parts.push(make("p", say("merge_one_more"), "soft"));
  if (!isActive) parts.push(button(say("merge_group_edit"), () => keepWizard({ active: at }), "small"));
  const made = make("section", parts, `merge-card${isActive ? " active" : ""}`);
  made.dataset.group = String(at);
  return made;
}

export function numberOf(at) {
  const made = make("span", String(at + 1), "number");
  made.style.background = shadeOf(at);
  made.setAttribute("aria-hidden", "true");
  return made;
}

export function pick(code) {
  const was = groupOf(code);
  toggleVillage(code);
  const village = facts.byCode.get(code);
  tellAloud(say(was === wizard.active ? "merge_taken_out" : "merge_taken", { name: village?.name || code, n: wizard.active + 1 }));
  reckonSoon();
}

// -- step 1: the list of villages, those that touch what is chosen first

function listOf() {
  const group = wizard.groups[wizard.active];
  const beside = new Map();
  for (const code of group.villages) for (const { code: other, border_m: metres } of facts.byCode.get(code)?.neighbours || []) beside.set(other, (beside.get(other) || 0) + metres);
  const words = sought.toLowerCase();
  const found = facts.villages.filter((one) => !words || `${one.code} ${one.name} ${one.town || ""}`.toLowerCase().includes(words));
  const rank = (one) => (group.villages.includes(one.code) ? 0 : beside.has(one.code) ? 1 : 2);
  found.sort((a, b) => rank(a) - rank(b) || (a.code < b.code ? -1 : 1));
  const rows = found.slice(0, MOST_ROWS).map((one) => {
    const box = make("input");
    box.type = "checkbox";
    box.checked = group.villages.includes(one.code);
    const at = groupOf(one.code);
    box.addEventListener("change", () => pick(one.code));
    const marks = [at >= 0 ? numberOf(at) : null, beside.has(one.code) && at !== wizard.active ? make("span", say("merge_touches"), "touches") : null];
    const text = make("span", [make("strong", one.name), make("span", say("merge_village_facts", { code: one.code, kind: say(`merge_kind_${one.kind}`), households: one.households, grids: one.grids }), "soft")], "what");
    const made = make("li", [make("label", [box, text, ...marks], "village")]);
    made.dataset.code = one.code;
    return made;
  });
  const list = make("ul", rows, "villages");
  list.setAttribute("aria-label", say("merge_list"));
  const rest = found.length > MOST_ROWS ? make("p", say("merge_more_rows", { n: found.length - MOST_ROWS }), "soft") : null;
  return make("div", [found.length ? list : make("p", say("merge_no_rows"), "empty"), rest], "village-box");
}

export function drawPick(redraw) {
  if (!facts.villages) return [make("p", say("merge_loading"), "soft")];
  const cards = wizard.groups.map((group, at) => card(group, at, at === wizard.active));
  const more = button(say("merge_another"), () => addGroup());
  more.disabled = !wizard.groups.every(isReady);
  more.dataset.act = "another";
  const onMap = button(null, () => {
    if (isPicking()) stopPicking();
    else startPicking(pick, redraw);
    redraw();
  });
  onMap.append(icon(MAP), make("span", say(isPicking() ? "merge_on_map_end" : "merge_on_map")));
  onMap.setAttribute("aria-pressed", String(isPicking()));
  onMap.dataset.act = "map";
  const field = make("input");
  field.type = "search";
  field.maxLength = 60;
  field.value = sought;
  field.spellcheck = false;
  field.placeholder = say("merge_find");
  field.setAttribute("aria-label", say("merge_find"));
  field.dataset.act = "find";
  const box = make("div", [listOf()]);
  field.addEventListener("input", () => {
    sought = field.value;
    box.replaceChildren(listOf());
  });
  return [make("p", say("merge_pick_lead"), "soft"), ...cards, faultList(), make("div", [more], "line"), make("div", [field, onMap], "line search-line"), box];
}

// -- step 2: code and name

function codeChoices(group, at) {
  const merger = reckonedOf(group);
  const now = codeOf(group);
  const known = group.villages.map((code) => facts.byCode.get(code)).filter(Boolean);
  const options = known.map((one) => ({ code: one.code, text: `${one.code} · ${apart(one.name)}`, detail: say("merge_code_kept", { n: one.grids }) }));
  if (merger?.new_number) options.push({ code: merger.new_number, text: merger.new_number, detail: say("merge_code_new") });
  const isOther = !options.some((one) => one.code === now);
  const name = `merge-code-${at}`;
  const radio = (isChosen, act, ...inside) => {
    const made = make("input");
    made.type = "radio";
    made.name = name;
    made.checked = isChosen;
    made.addEventListener("change", act);
    return make("label", [made, make("span", inside, "what")], "check");
  };
  const rows = options.map((one) => radio(one.code === now, () => take(at, { code: one.code }), make("strong", one.text), make("span", one.detail, "soft")));
  const field = make("input");
  field.type = "text";
  field.value = isOther ? now : "";
  field.maxLength = 24;
  field.inputMode = "numeric";
  field.autocomplete = "off";
  field.setAttribute("aria-label", say("merge_code_other"));
  field.dataset.act = `other-${at}`;
  takeTyped(field, at, "code");
  rows.push(radio(isOther, () => field.focus(), make("span", say("merge_code_other"))), field);
  const made = make("fieldset", [make("legend", say("merge_code")), ...rows]);
  return made;
}

function take(at, changes) {
  clearTimeout(typing);
  typing = 0;
  changeGroup(at, changes);
  reckonSoon(0);
}

// What is typed is kept with every letter, and reckoned with after a pause, or when the field is left before it.
function takeTyped(field, at, what) {
  const keepIt = () => {
    typeGroup(at, { [what]: field.value });
    clearTimeout(typing);
    typing = setTimeout(() => take(at, { [what]: field.value }), TYPED_MS);
  };
  field.addEventListener("input", (event) => !event.isComposing && keepIt());
  field.addEventListener("compositionend", keepIt);
  field.addEventListener("change", () => {
    if (typing || wizard.groups[at]?.[what] !== field.value) take(at, { [what]: field.value });
  });
}

export function drawName() {
  const cards = wizard.groups.map((group, at) => {
    if (!isReady(group)) return null;
    const merger = reckonedOf(group);
    const field = make("input");
    field.type = "text";
    field.maxLength = 60;
    field.value = group.name;
    field.autocomplete = "off";
    field.placeholder = facts.byCode.get(codeOf(group))?.name || heirOf(group)?.name || "";
    field.dataset.act = `name-${at}`;
    takeTyped(field, at, "name");
    const parts = [make("div", [numberOf(at), make("h3", group.villages.map((code) => facts.byCode.get(code)?.name || code).join(" + "))], "line"), codeChoices(group, at)];
    parts.push(make("label", [make("span", say("merge_name")), field], "field"));
    if (merger) {
      parts.push(make("p", say("merge_gives_up", { codes: merger.gives_up.join(", ") || "—" }), "soft"));
      parts.push(make("p", say("merge_grids_retire", { n: merger.grids_retire.length, kept: merger.grids_go_on.length }), "soft"));
    }
    return make("section", parts, "merge-card active");
  });
  return [make("p", say("merge_name_lead"), "soft"), ...cards, faultList()];
}
