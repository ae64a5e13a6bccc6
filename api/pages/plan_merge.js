// The merger wizard in its panel: villages, code and name, the trade-off, the draft, and publishing it.  What is chosen is
// kept (plan_merge_state.js); each step draws itself from that.
import { make, onLanguage, say } from "./desk_words.js";
import { openPlan } from "./plan_choose.js";
import { openCompare } from "./plan_compare.js";
import * as mergeMap from "./plan_merge_map.js";
import { drawName, drawPick, reckonSoon } from "./plan_merge_pick.js";
import { STEPS, askVillages, bornOf, facts, keepWizard, readyGroups, startAnew, takeUp, wizard } from "./plan_merge_state.js";
import { drawChoose, drawWeigh, dropPoint, isDone, unwatch, watch } from "./plan_merge_weigh.js";
import { addPanel, isOpen, openPanel } from "./plan_panels.js";
import { desk, on } from "./plan_state.js";
import { button, confirm, working } from "./desk_talk.js";

let section = null;
let isNew = false; // the draft begins a merger of its own all the same
let taken = ""; // plan whose wizard was taken up
const holds = new Set(); // what keeps the panel from being drawn anew: a button that is pressed, a syllable that is being typed
let isLate = false; // it was to be drawn meanwhile
let isGoing = false; // on to the next step as soon as the sums are there

const born = () => (isNew ? null : bornOf(desk.id));
const mayGo = (step) => step === 1 || (readyGroups().length > 0 && (step <= 3 || (step === 4 && isDone() && wizard.weight !== null)));

function go(step) {
  if (!mayGo(step)) return;
  mergeMap.stopPicking();
  keepWizard({ step });
  if (step < 3) dropPoint();
  section.querySelector("h2")?.focus();
}

const isReckoned = () => facts.reckoned?.is_possible && !facts.isReckoning && !facts.trouble;

function goOn(now) {
  isGoing = now < 3 && facts.isReckoning;
  if (isGoing || (now < 3 && !isReckoned())) return;
  go(now + 1);
}

function nav(now, isBorn) {
  const rows = STEPS.map((name, i) => {
    const step = i + 1;
    const isPast = isBorn ? step <= 4 : step < now;
    const made = button(null, () => go(step), "merge-step");
    made.append(make("span", isPast ? "✓" : String(step), "number"), make("span", say(`merge_step_${name}`)));
    made.disabled = isBorn || !mayGo(step) || step === 5;
    if (step === now) made.setAttribute("aria-current", "step");
    return make("li", [made]);
  });
  const list = make("ol", rows, "merge-steps");
  list.setAttribute("aria-label", say("merge_steps"));
  return list;
}

function ways(now) {
  const back = now > 1 ? button(say("merge_back"), () => go(now - 1)) : null;
  const next = now < 4 ? button(say("merge_next"), () => goOn(now), now === 3 && !isDone() ? "" : "main") : null;
  if (next) {
    next.disabled = !mayGo(now + 1) || (now < 3 && !isReckoned());
    next.dataset.act = "next";
  }
  const anew = readyGroups().length
    ? button(say("merge_anew"), async () => {
      if (!(await confirm({ title: say("merge_anew_sure"), text: say("merge_anew_text"), ok: say("merge_anew") }))) return;
      unwatch();
      startAnew();
      draw();
    })
    : null;
  return make("div", [back, next, anew], "line merge-ways");
}

// The draft that came out of it: compare, then publish.
function drawBorn(from) {
  const compare = button(say("merge_compare"), () => openCompare([from.base, desk.id]), "main");
  compare.dataset.act = "compare";
  const publish = button(say("merge_publish"), () => openPanel("status", { isFocus: true }));
  publish.dataset.act = "publish";
  const back = button(say("merge_to_base"), () => openPlan(from.base));
  const anew = button(say("merge_further"), () => {
    isNew = true;
    show();
  });
  const road = make("ol", ["check", "submit", "approve", "file", "force", "papers"].map((key) => make("li", say(`merge_road_${key}`))), "merge-road");
  return [make("p", say("merge_born", { weight: from.weight })), make("div", [compare, publish], "line"), make("h3", say("merge_road")), road, make("div", [back, anew], "line")];
}

function draw() {
  if (!section || section.hidden) return;
  if (holds.size) {
    isLate = true;
    return;
  }
  const active = section.contains(document.activeElement) ? document.activeElement : null;
  const focused = active ? keyOf(active) : "";
  const marked = active?.matches("input[type=text], input[type=search]") ? [active.selectionStart, active.selectionEnd] : null;
  const scrolled = [section.scrollTop, section.querySelector(".villages")?.scrollTop || 0];
  const from = born();
  const heading = make("h2", say("panel_merger"));
  heading.tabIndex = -1;
  const now = from ? 5 : Math.min(wizard.step, 4);
  const body = from ? drawBorn(from) : { 1: () => drawPick(draw), 2: drawName, 3: () => drawWeigh(draw), 4: drawChoose }[now]();
  holds.add("drawing"); // a field that is taken away says what changed in it
  section.replaceChildren(heading, nav(now, Boolean(from)), ...body.filter(Boolean), ...(from ? [] : [ways(now)]));
  section.scrollTop = scrolled[0];
  const list = section.querySelector(".villages");
  if (list) list.scrollTop = scrolled[1];
  const again = focused ? section.querySelector(focused) : null;
  again?.focus();
  if (marked) again?.setSelectionRange?.(...marked);
  holdWhile("drawing", false);
}

// Neither is a click lost because what is clicked was drawn anew between press and release, nor a syllable half typed.
function holdWhile(what, isHeld) {
  if (isHeld) holds.add(what);
  else holds.delete(what);
  if (holds.size || !isLate) return;
  isLate = false;
  draw();
}

function reckoned() {
  if (isGoing && !facts.isReckoning) {
    isGoing = false;
    if (wizard.step < 3 && isReckoned()) go(wizard.step + 1);
  }
  draw();
}

// Where the focus was, to find it again after drawing.
function keyOf(one) {
  if (one.dataset.act) return `[data-act="${CSS.escape(one.dataset.act)}"]`;
  const row = one.closest("[data-code]");
  if (row) return `[data-code="${CSS.escape(row.dataset.code)}"] input`;
  if (one.name === "merge-point") return "input[name=merge-point]:checked";
  if (one.type === "radio") return `input[name="${CSS.escape(one.name)}"]:checked`;
  if (one.closest(".merge-step")) return "[aria-current=step]";
  return "h2";
}

async function show() {
  if (!desk.plan || desk.share) return;
  mergeMap.showOnMap(true);
  draw();
  if (born()) return;
  if (!facts.villages) {
    await working("villages", say("merge_loading"), askVillages, { again: show });
    if (!facts.villages) return;
  }
  reckonSoon(0);
  watch();
  draw();
}

function hide() {
  mergeMap.showOnMap(false);
}

export function start() {
  if (desk.share) return;
  mergeMap.start();
  addPanel({
    id: "merger",
    key: "r",
    fill(made) {
      section = made;
      section.classList.add("merger");
      section.addEventListener("compositionstart", () => holdWhile("syllable", true));
      section.addEventListener("compositionend", () => holdWhile("syllable", false));
      section.addEventListener("pointerdown", () => holdWhile("press", true));
      for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => setTimeout(() => holdWhile("press", false))); // the click comes after it
    },
    show,
    hide,
  });
  on("loaded", () => {
    if (taken !== desk.id) takeUp();
    taken = desk.id;
    facts.villages = null;
    if (isOpen("merger")) show();
  });
  on("reckoned", reckoned);
  for (const what of ["merge", "weighed", "role"]) on(what, draw);
  onLanguage(() => {
    draw();
    if (isOpen("merger") && readyGroups().length) reckonSoon(0); // sentences of the service, too
  });
}
