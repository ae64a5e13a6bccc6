// The chosen incident: what it is, its running clock, what comes next, who may be sent, where it lies and what happened.
// The card stays in place while it changes: whoever holds a button with a key does not lose it.
import { Trouble, askJson } from "./desk_ask.js";
import { make, onLanguage, say } from "./desk_words.js";
import { addCommand, keyName, keysOf } from "./desk_keys.js";
import { button, notice, trouble } from "./desk_talk.js";
import { editIncident } from "./dispatch_card_edit.js";
import { clockSection, deadlineSection, historySection, lineSection, linkSection, placeSection } from "./dispatch_card_facts.js";
import { fillAround, paintAround } from "./dispatch_card_around.js";
import { raiseFlag } from "./dispatch_card_flags.js";
import { isFormOpen } from "./dispatch_form.js";
import { kindName, loadKinds } from "./dispatch_kinds.js";
import { chooseByDigit, isMaking, makeStep, maySet, waysFrom } from "./dispatch_steps.js";
import { desk, mayWrite, now, on, select } from "./dispatch_state.js";
import { showUnits } from "./dispatch_units.js";

const PAUSE_MS = 60; // changes that come together are asked for once
const at = (id) => document.getElementById(id);
let card = null; // as the service answers it, with `next` and `etag`
let events = []; // its history
let box = null; // the parts of the card on the page
let asking = 0;
let waiting = 0;

export const cardNow = () => card;

// -- what stands

async function load(id) {
  asking += 1;
  const mine = asking;
  const path = `/v1/incidents/${encodeURIComponent(id)}`;
  try {
    const [found, told] = await Promise.all([askJson(path), askJson(`${path}/history`)]);
    if (mine !== asking || desk.selected !== id) return;
    if (card && card.id === id && card.revision > found.revision) return;
    events = told.events;
    show(found);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    if (mine !== asking) return;
    if (!card) showNothing(error.kind === "refused" ? error.message : say("card_offline"));
    if (error.kind === "session") trouble(error);
  }
}

function loadSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => desk.selected && load(desk.selected), PAUSE_MS);
}

function selected(id) {
  clearTimeout(waiting);
  asking += 1;
  card = null;
  events = [];
  box = null;
  if (!id) {
    showNothing();
    showUnits(null);
    return;
  }
  const row = desk.incidents.get(id);
  at("card").setAttribute("aria-busy", "true");
  if (row) showSoon(row);
  load(id);
}

// What the list knows already, until the service has answered.
function showSoon(row) {
  at("card").replaceChildren(make("div", [make("p", `${row.id} · ${kindName(row.kind)}`, "card-kind"), make("h2", row.title || kindName(row.kind), "card-title")], "card-head"));
}

function showNothing(text = "") {
  at("card").removeAttribute("aria-busy");
  at("card").replaceChildren(make("p", text || say(mayWrite() ? "card_empty" : "card_empty_read"), "empty"));
}

function took({ card: given }) {
  if (!card || given.id !== card.id || given.revision < card.revision || !given.next) return;
  show(given);
  loadSoon();
}

// It lies where this account sees nothing; what it said goes from the page.
function gone(id) {
  if (id !== desk.selected) return;
  select("");
  notice("warn", say("card_left", { id }), { id: `left-${id}` });
}

// -- the card

function show(given) {
  const isSame = box && card && card.id === given.id;
  card = given;
  if (!isSame) build();
  fill();
  showUnits(card, box.units);
}

function build() {
  const next = button("", goOn, "main next");
  next.dataset.main = "";
  const more = button("", chooseStep, "more");
  more.setAttribute("aria-haspopup", "dialog");
  const edit = button("", () => editIncident(card), "small");
  box = {
    kind: make("p", null, "card-kind"), title: make("h2", null, "card-title"), address: make("p", null, "soft address"), edit, next, more,
    clock: make("div", null, "clock"), units: make("section", null, "units"), line: make("ol", null, "line-of-states"), deadlines: make("dl", null, "facts deadlines"),
    place: make("dl", null, "facts"), around: make("section", null, "around"), history: make("details", null, "history"), links: make("p", null, "links"),
  };
  box.title.tabIndex = -1;
  at("card").replaceChildren(
    make("div", [make("div", [box.kind, box.edit], "card-top"), box.title, box.address], "card-head"),
    box.clock, make("div", [next, more], "buttons"), box.units, box.line, box.deadlines, box.place, box.around, box.history, box.links,
  );
  at("card").scrollTop = 0;
  fillAround(card, box.around);
}

function fill() {
  at("card").removeAttribute("aria-busy");
  const isOver = ["closed", "cancelled"].includes(card.state);
  box.kind.replaceChildren(
    make("span", say("card_priority", { n: card.priority }), `mark p${card.priority}`), make("span", card.id, "number"),
    make("span", kindName(card.kind)), make("span", say(`state_${card.state}`), `chip state-${card.state}`),
  );
  box.title.textContent = card.title || kindName(card.kind);
  box.address.textContent = card.address || "";
  box.address.hidden = !card.address;
  box.edit.textContent = say("card_edit");
  box.edit.title = keysOf("card_edit").join("");
  box.edit.hidden = !mayWrite() || isOver;
  fillButtons();
  clockSection(box.clock, card);
  lineSection(box.line, card, events);
  deadlineSection(box.deadlines, card);
  placeSection(box.place, card);
  historySection(box.history, card, events);
  linkSection(box.links, card);
  paintAround(card, box.around);
}

function fillButtons() {
  if (!box) return;
  const ways = waysFrom(card);
  const isFree = !card.unit && !card.body;
  const needsSomebody = ways.main === "assigned" && isFree;
  box.next.hidden = !ways.main || !maySet(ways.main);
  const text = needsSomebody ? say("steps_choose_unit") : say(`steps_to_${ways.main || "closed"}`);
  if (box.next.firstChild?.textContent !== text) box.next.replaceChildren(make("span", text), make("kbd", keyName("g")));
  box.next.setAttribute("aria-disabled", String(isMaking(card.id)));
  box.next.setAttribute("aria-keyshortcuts", "g");
  box.more.replaceChildren(make("span", say("steps_more")), make("kbd", keyName("b")));
  box.more.hidden = !menu().length;
}

// -- what can be done

async function goOn() {
  if (!card || isMaking(card.id)) return;
  const { main } = waysFrom(card);
  if (!main || !maySet(main)) return;
  if (main === "assigned" && !card.unit && !card.body) {
    box.units.querySelector("button")?.focus();
    return;
  }
  await makeStep(card, main);
}

function menu() {
  if (!card) return [];
  const { others, further } = waysFrom(card);
  const ways = further.map((one) => ({ id: `through ${one}`, text: say(`steps_to_${one}`), detail: say("steps_through"), act: () => makeStep(card, one, { through: true }) }));
  ways.push(...others.filter((one) => one !== "cancelled").map((one) => ({
    id: one, text: say(["closed", "cancelled"].includes(card.state) ? "steps_reopen" : `steps_back_${one}`), detail: say("steps_asks_reason"), act: () => makeStep(card, one),
  })));
  if (others.includes("cancelled")) ways.push({ id: "cancelled", text: say("steps_to_cancelled"), detail: say("steps_asks_reason"), act: () => makeStep(card, "cancelled") });
  if (mayWrite()) ways.push({ id: "flag", text: say("card_flag"), detail: say("card_flag_detail"), act: () => raiseFlag(card) });
  return ways;
}

async function chooseStep() {
  const ways = menu();
  if (!ways.length || isMaking(card.id)) return;
  const found = await chooseByDigit({ title: say("steps_more_title", { id: card.id }), options: ways });
  await ways.find((one) => one.id === found)?.act();
}

const isFree = () => Boolean(card) && !isFormOpen();

export function start() {
  addCommand({ id: "card_next", keys: ["g"], word: "steps_next", group: "doing", isOnce: true, when: isFree, run: goOn });
  addCommand({ id: "card_more", keys: ["b"], word: "steps_more", group: "doing", when: isFree, run: chooseStep });
  addCommand({ id: "card_edit", keys: ["e"], word: "card_edit", group: "doing", when: () => isFree() && mayWrite() && card.next.length > 0 && !["closed", "cancelled"].includes(card.state), run: () => editIncident(card) });
  on("selected", ({ id }) => selected(id));
  on("incident", ({ row }) => {
    if (row.isGone) gone(row.id);
    else if (row.id === desk.selected && (!card || row.revision > card.revision)) loadSoon();
  });
  on("loaded", () => {
    loadKinds();
    if (desk.selected) loadSoon();
    else if (!box) showNothing();
  });
  on("role", () => { if (!desk.selected && !box) showNothing(); });
  on("card", took);
  on("saved", ({ card: given }) => {
    select(given.id);
    show(given);
    box.next.focus();
  });
  on("making", () => { if (card) fillButtons(); });
  on("flag", () => { if (card && box) paintAround(card, box.around); });
  onLanguage(() => {
    if (card && box) fill();
    else if (!desk.selected) showNothing();
  });
  setInterval(() => { if (card && box) clockSection(box.clock, card, now()); }, 1000);
  on("kinds", () => { if (card && box) fill(); });
}
