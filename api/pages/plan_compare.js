// Two or three plans side by side over the whole window: maps, measures, what changed, and what was said about it.
// It is part of the address (`with=`), so that a link opens it again; Esc closes it.
import { askJson } from "./desk_ask.js";
import { apart, make, onLanguage, say } from "./desk_words.js";
import { askPlans, stateChip } from "./plan_choose.js";
import { fillChanges } from "./plan_compare_list.js";
import { ChangedGround, makeMaps } from "./plan_compare_maps.js";
import { fillNotes, gathered } from "./plan_compare_notes.js";
import { fillMeasures } from "./plan_compare_table.js";
import { flush } from "./plan_do.js";
import { askGround, askSheet } from "./plan_load.js";
import { PlanModel } from "./plan_model.js";
import { desk, kept, keep, on } from "./plan_state.js";
import { button, notice } from "./desk_talk.js";

const TABS = ["measures", "changes", "notes"];
const path = (id, tail) => `/v1/plans/${encodeURIComponent(id)}${tail}`;
const grounds = new Map(); // by what the service calls them: plans on the same ground share it
let box = null; // the dialog
let ids = [];
let run = 0; // of loading; an older one that comes late is thrown away
let plans = [];
let now = null; // {sides, answers, maps, pair}

export const shownNow = () => now;

const at = (id) => box.querySelector(`#compare-${id}`);
const nameOf = (one) => one.name || one.id;

// -- opening and closing

// One id in `with=`: what the open plan is held against; several: all that are compared, in their order.
function setAddress(wanted, isNew) {
  const asked = new URL(location);
  asked.searchParams.delete("with");
  if (wanted.length > 1) asked.searchParams.set("with", wanted.length === 2 && wanted[1] === desk.id ? wanted[0] : wanted.join(","));
  if (asked.href === location.href) return;
  if (isNew) history.pushState({ isCompare: true }, "", asked);
  else history.replaceState(history.state, "", asked);
}

// The first is what the others are held against.
export async function openCompare(wanted, { isFromAddress = false } = {}) {
  ids = [...new Set(wanted)].slice(0, 3);
  if (ids.length < 2) return;
  if (ids.includes(desk.id) && !(await flush())) notice("warn", say("scen_unsent"), { id: "scen-unsent" }); // compared is what the service has
  if (!box) build();
  if (!isFromAddress) setAddress(ids, !box.open);
  if (!box.open) box.showModal();
  await load();
}

function closeCompare() {
  if (box?.open) box.close();
}

function closed() {
  run += 1;
  now = null;
  at("maps").replaceChildren(); // the maps take memory
  if (!new URLSearchParams(location.search).has("with")) return;
  if (history.state?.isCompare) history.back();
  else setAddress([], false);
}

function build() {
  box = make("dialog", null, "compare");
  box.setAttribute("aria-labelledby", "compare-title");
  box.addEventListener("close", closed);
  document.body.append(box);
  frame();
}

function frame() {
  const title = make("h2", say("scen_compare"));
  title.id = "compare-title";
  const picks = make("div", null, "picks");
  picks.id = "compare-picks";
  const swap = button("⇄", () => openCompare([ids[1], ids[0], ...ids.slice(2)]), "square");
  swap.setAttribute("aria-label", say("scen_swap"));
  swap.title = say("scen_swap");
  const close = button("×", closeCompare, "square");
  close.setAttribute("aria-label", say("close"));
  const says = make("p", "", "says");
  says.id = "compare-says";
  says.setAttribute("role", "status");
  const maps = make("div", null, "maps");
  maps.id = "compare-maps";
  const readout = make("p", null, "readout");
  readout.id = "compare-readout";
  const sight = make("div", [...ways(), marker(), button(say("whole"), () => now?.maps.fit(), "small")], "line sight");
  const tabs = make("div", TABS.map(tab), "tabs");
  tabs.setAttribute("role", "tablist");
  tabs.setAttribute("aria-label", say("scen_compare"));
  tabs.addEventListener("keydown", walkTabs);
  const sections = TABS.map((name) => {
    const made = make("section");
    made.id = `compare-${name}`;
    made.setAttribute("role", "tabpanel");
    made.setAttribute("aria-labelledby", `compare-tab-${name}`);
    made.tabIndex = 0;
    return made;
  });
  const basis = make("p", "", "soft basis");
  basis.id = "compare-basis";
  box.replaceChildren(
    make("header", [title, picks, swap, close]),
    says,
    make("div", [make("div", [sight, maps, readout], "seen"), make("div", [tabs, basis, ...sections], "told")], "both"),
  );
  openTab(kept().compareTab || "measures");
}

// Maps beside one another, or one with what differs.
function ways() {
  const group = make("div", ["beside", "difference"].map((way) => {
    const made = button(say(`scen_${way}`), () => setWay(way), "small");
    made.dataset.way = way;
    made.setAttribute("aria-pressed", String(wayNow() === way));
    return made;
  }), "together");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", say("scen_way"));
  return [group];
}

const wayNow = () => (kept().compareWay === "difference" ? "difference" : "beside");

function setWay(way) {
  keep({ compareWay: way });
  for (const one of box.querySelectorAll("[data-way]")) one.setAttribute("aria-pressed", String(one.dataset.way === way));
  if (now) now.maps.alone(way === "difference" ? now.pair : -1);
}

function marker() {
  const tick = make("input");
  tick.type = "checkbox";
  tick.checked = true;
  tick.id = "compare-mark";
  tick.addEventListener("change", () => now?.maps.markOn(tick.checked));
  return make("label", [tick, make("span", null, "hatched"), make("span", say("scen_mark"))], "check");
}

function tab(name) {
  const made = button(say(`scen_${name}`), () => openTab(name));
  made.id = `compare-tab-${name}`;
  made.setAttribute("role", "tab");
  made.setAttribute("aria-controls", `compare-${name}`);
  return made;
}

function openTab(name) {
  const wanted = TABS.includes(name) ? name : TABS[0];
  keep({ compareTab: wanted });
  for (const one of TABS) {
    at(one).hidden = one !== wanted;
    at(`tab-${one}`).setAttribute("aria-selected", String(one === wanted));
    at(`tab-${one}`).tabIndex = one === wanted ? 0 : -1;
  }
}

function walkTabs(event) {
  const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!way) return;
  event.preventDefault();
  const here = TABS.findIndex((one) => at(`tab-${one}`) === document.activeElement);
  const next = TABS[(here + way + TABS.length) % TABS.length];
  openTab(next);
  at(`tab-${next}`).focus();
}

// -- which plans

function drawPicks() {
  const known = new Map(plans.map((one) => [one.id, one]));
  const picks = [0, 1, 2].slice(0, Math.min(3, ids.length + 1)).map((place) => {
    const field = make("select");
    field.dataset.place = String(place);
    field.setAttribute("aria-label", say("scen_pick", { letter: "ABC"[place] }));
    const option = (value, text) => {
      const made = make("option", text);
      made.value = value;
      return made;
    };
    const others = plans.filter((one) => one.id === ids[place] || !ids.includes(one.id));
    if (place === 2) field.append(option("", say("scen_no_third")));
    if (ids[place] && !known.has(ids[place])) field.append(option(ids[place], ids[place]));
    field.append(...others.map((one) => option(one.id, `${apart(nameOf(one))} · ${say(`plan_state_${one.state}`)}`)));
    field.value = ids[place] || "";
    field.addEventListener("change", () => {
      const wanted = [...ids];
      if (field.value) wanted[place] = field.value;
      else wanted.splice(place, 1);
      openCompare(wanted).then(() => box.querySelector(`select[data-place="${place}"]`)?.focus());
    });
    return make("label", [make("span", "ABC"[place], "letter"), field]);
  });
  at("picks").replaceChildren(...picks);
}

function tellState(text, kind = "") {
  at("says").textContent = text;
  at("says").className = `says ${kind}`;
}

// -- loading

async function askSide(id) {
  const sheet = await askSheet(path(id, "/sheet"));
  if (id === desk.id && desk.ground && !grounds.has(sheet.ground)) grounds.set(sheet.ground, Promise.resolve(desk.ground));
  if (!grounds.has(sheet.ground)) grounds.set(sheet.ground, askGround(path(id, "/ground")));
  try {
    const ground = await grounds.get(sheet.ground);
    return { id, card: sheet.plan, name: nameOf(sheet.plan), plan: new PlanModel(ground, sheet) };
  } catch (error) {
    grounds.delete(sheet.ground);
    throw error;
  }
}

async function load() {
  run += 1;
  const mine = run;
  drawPicks();
  tellState(say("scen_busy"));
  box.dataset.state = "loading";
  try {
    if (!plans.length) {
      plans = await askPlans();
      if (mine !== run) return;
      drawPicks();
    }
    const [base, ...others] = ids;
    const asked = others.map((id) => askJson(path(id, "/compare"), { query: { with: base, detail: true } }));
    // Without the notes it is a comparison all the same.
    const said = ids.map((id) => askJson(path(id, "/notes")).catch(() => null));
    const [sides, answers, notes] = await Promise.all([Promise.all(ids.map(askSide)), Promise.all(asked), Promise.all(said)]);
    if (mine !== run || !box.open) return;
    now = { sides, answers, pair: 1, notes: notes.every(Boolean) ? gathered(notes.map((one) => one.notes)) : null, maps: makeMaps(at("maps"), at("readout"), sides) };
    tellState("");
    show();
    now.maps.fit();
    box.dataset.state = "ready";
  } catch (error) {
    if (mine !== run) return;
    tellState(error.message || String(error), "bad");
    at("says").append(button(say("try_again"), load, "small"));
    box.dataset.state = "failed";
    if (!error.kind) throw error;
  }
}

function show() {
  const { sides, answers, maps } = now;
  const measured = [{ name: sides[0].name, measures: answers[0].plans[0].measures }, ...answers.map((one, i) => ({ name: sides[i + 1].name, measures: one.plans[1].measures }))];
  fillMeasures(at("measures"), measured, { isOneLand: answers.every((one) => one.pairs[0].same_territory) });
  sides.forEach((side, i) => {
    const caption = at("maps").querySelectorAll("figcaption")[i];
    caption.append(stateChip(side.card.state), make("span", say("scen_grids", { n: measured[i].measures.grids })));
  });
  at("maps").dataset.count = String(sides.length);
  setWay(wayNow());
  maps.markOn(at("mark").checked);
  maps.pin(now.notes || []);
  at("tab-notes").textContent = now.notes ? say("scen_notes_n", { n: now.notes.length }) : say("scen_notes");
  if (now.notes) fillNotes(at("notes"), now.notes, (note) => maps.showNote(note));
  else at("notes").replaceChildren(make("p", say("scen_notes_unread"), "empty"));
  showPair();
}

// The change list and the marked ground are those of two plans: the first, and one of the others.
function showPair() {
  const { sides, answers, maps, pair } = now;
  const told = answers[pair - 1].pairs[0];
  const ground = new ChangedGround(told.ground.features);
  maps.mark(ground);
  const area = ground.features.reduce((sum, one) => sum + one.area_m2, 0);
  const changed = told.change_list.filter((row) => row.change !== "kept").length;
  at("tab-changes").textContent = say("scen_changes_n", { n: changed });
  const list = make("div");
  const parts = [list];
  if (sides.length > 2) {
    const field = make("select");
    field.setAttribute("aria-label", say("scen_which_pair"));
    sides.slice(1).forEach((side, i) => {
      const option = make("option", `A → ${"ABC"[i + 1]} ${apart(side.name)}`);
      option.value = String(i + 1);
      field.append(option);
    });
    field.value = String(pair);
    field.addEventListener("change", () => {
      now.pair = Number(field.value);
      setWay(wayNow());
      showPair();
    });
    parts.unshift(field);
  }
  at("changes").replaceChildren(...parts);
  fillChanges(list, told.change_list, {
    shown: (row) => maps.show([row.old, row.new].filter(Boolean)),
    link: (form, language) => `${path(sides[pair].id, "/compare/changes")}?${new URLSearchParams({ with: sides[0].id, as: form, lang: language })}`,
  });
  const how = [say(`scen_counted_${told.households_are}`)];
  if (!told.same_territory) how.push(say("scen_other_land"));
  const facts = told.unchanged ? say("scen_unchanged") : say("scen_sum", { n: changed, area: (area / 1e6).toFixed(2) });
  at("basis").textContent = [facts, ...how].join(" ");
}

// -- the address

function followAddress() {
  const wanted = new URLSearchParams(location.search).get("with");
  if (!wanted) {
    closeCompare();
    return;
  }
  if (desk.share || !desk.id) return;
  const named = wanted.split(",").filter(Boolean);
  openCompare(named.length > 1 ? named : [...named, desk.id], { isFromAddress: true });
}

export function start() {
  let isFirst = true;
  on("loaded", () => {
    if (isFirst) followAddress();
    isFirst = false;
  });
  window.addEventListener("popstate", followAddress);
  onLanguage(() => {
    if (!box) return;
    const wasReady = Boolean(now);
    frame();
    if (box.open && wasReady) load();
  });
}
