// A new incident, from the first words of a call to a row on the desk: place, kind, priority, title, moment.  All of it by
// keys; what is typed outlives a reload; what is wrong is said beside its field.
import { make, onLanguage, say } from "./desk_words.js";
import { addCommand } from "./desk_keys.js";
import { button, notice, tellAloud, trouble } from "./desk_talk.js";
import { comboBox } from "./dispatch_form_list.js";
import { isFilled, keepDraft, keptDraft, newDraft, sendDraft, sendWaiting, startWaiting, waitWith } from "./dispatch_form_kept.js";
import { faultsOf, field, input, localText, priorityField, worded } from "./dispatch_form_fields.js";
import { showGround } from "./dispatch_form_ground.js";
import { atPoint, placeField } from "./dispatch_form_place.js";
import { kindName, kindsLike, loadKinds, remember, usualPriority, withPriority } from "./dispatch_kinds.js";
import { markPlace, showPlace } from "./dispatch_form_map.js";
import { pickPlace } from "./dispatch_map.js";
import { desk, mayWrite, now, on, putIncident, select, tell } from "./dispatch_state.js";
import { spanText } from "./dispatch_clock.js";

const SOURCES = ["phone", "grid", "patrol", "video", "public"];
const LEAST_PRIORITY = 3;
const at = (id) => document.getElementById(id);
let draft = null;
let parts = null; // elements of the open form
let isSaving = false;
let ticking = 0;

export const isFormOpen = () => Boolean(parts);

// -- the parts of the form

function wrong(name, sentence) {
  const one = parts?.[name];
  if (!one) return;
  one.fault.textContent = sentence;
  one.inner.setAttribute("aria-invalid", String(Boolean(sentence)));
}

function keepNow() {
  if (!draft) return;
  if (!keepDraft(draft)) notice("warn", say("form_not_kept"), { id: "form-kept" });
}

function kindField() {
  const combo = comboBox({
    id: "form-kind", max: 60, name: () => say("form_kind_list"),
    rowOf: (one) => [make("span", [make("strong", one.isNew ? say("form_kind_new", { kind: one.code }) : kindName(one.code)), kindName(one.code) === one.code ? null : make("span", one.code, "soft")], "what")],
    onText(text) {
      draft.kindText = text;
      draft.kind = "";
      wrong("kind", "");
      showKinds(text);
      keepNow();
    },
    onTake: (one) => takeKind(one, true),
    onEnter() {
      if (draft.kind) focusPriority();
      else {
        if (combo.rows()[0]?.isNew && combo.isOpen()) combo.mark(0); // what nothing is called yet has to be taken itself
        wrong("kind", say(combo.chosen() ? "form_kind_is_new" : "form_kind_needed"));
      }
    },
  });
  const showKinds = (typed) => {
    const { text, priority } = withPriority(typed);
    const rows = kindsLike(text);
    if (priority) setPriority(priority, true);
    combo.show(rows, { chosen: text.trim() && !rows[0]?.isNew ? 0 : -1 });
  };
  combo.field.addEventListener("focus", () => { if (!draft.kind) showKinds(combo.field.value); });
  return combo;
}

function takeKind(one, isGoingOn) {
  draft.kind = one.code;
  draft.kindText = kindName(one.code);
  parts.kindCombo.field.value = draft.kindText;
  parts.kindCombo.close();
  wrong("kind", "");
  const usual = usualPriority(one.code);
  if (usual && !draft.isPriorityChosen) setPriority(usual, false);
  keepNow();
  ground();
  if (isGoingOn) focusPriority();
}

function setPriority(n, isChosen) {
  draft.priority = n;
  draft.isPriorityChosen = draft.isPriorityChosen || isChosen;
  const radio = at(`form-priority-${n}`);
  if (radio) radio.checked = true;
  keepNow();
}

const focusPriority = () => at(`form-priority-${draft.priority}`)?.focus();

// -- opening and closing

export function openForm(given = null) {
  if (!mayWrite()) {
    notice("warn", say("form_may_not"), { id: "form-may" });
    return;
  }
  if (parts) {
    parts.placeField.field.focus();
    return;
  }
  draft = given || keptDraft() || newDraft(now());
  draft.isOpen = true;
  if (!draft.priority) draft.priority = LEAST_PRIORITY;
  loadKinds().then(() => parts && ground());
  build();
  keepNow();
  parts.placeField.field.focus();
  if (draft.place) showChosen(false);
}

function build() {
  const place = placeField({
    onPlace(found, text) {
      draft.text = text;
      draft.place = found;
      wrong("place", "");
      keepNow();
      showChosen(true);
      parts.kindCombo.field.focus();
    },
    onGone() {
      draft.text = place.field.value;
      draft.place = null;
      wrong("place", "");
      keepNow();
      showChosen(false);
    },
    onStuck: (sentence) => wrong("place", sentence),
  });
  place.field.value = draft.text;
  place.field.dataset.wPlaceholder = "form_place_hint";
  place.field.placeholder = say("form_place_hint");
  const pick = worded(button("", pickOnMap, "small"), "form_pick");
  pick.title = "Alt+M";
  const kind = kindField();
  kind.field.value = draft.kindText;
  const title = input("form-title", "text", draft.title, (text) => { draft.title = text; wrong("title", ""); keepNow(); }, { maxLength: 200 });
  const received = input("form-received", "datetime-local", localText(draft.receivedMs), (text) => {
    const ms = new Date(text).getTime();
    if (Number.isFinite(ms)) draft.receivedMs = ms;
    wrong("received", Number.isFinite(ms) ? "" : say("form_received_needed"));
    keepNow();
    tick();
  }, { step: 1 });
  const source = make("select", SOURCES.map((one) => {
    const option = worded(make("option", ""), `form_source_${one}`);
    option.value = one;
    return option;
  }));
  source.id = "form-source";
  source.value = draft.source;
  source.addEventListener("change", () => { draft.source = source.value; keepNow(); });
  const priorities = priorityField((n) => setPriority(n, true), () => parts.title.inner.focus());
  parts = {
    placeField: place, kindCombo: kind,
    place: field("form-place", "form_place", place.box, pick), kind: field("form-kind", "form_kind", kind.box),
    title: field("form-title", "form_title", title), received: field("form-received", "form_received", received), source: field("form-source", "form_source", source),
    chosen: make("div", null, "chosen"), same: make("div", null, "same"), since: make("span", "", "since"),
    all: make("p", "", "fault"),
  };
  parts.all.setAttribute("role", "alert");
  const caption = worded(make("span", "", "caption"), "form_priority");
  caption.id = "form-priority-caption";
  priorities.setAttribute("aria-labelledby", caption.id);
  const heading = worded(make("h2", ""), "form_heading");
  heading.id = "form-heading";
  const shut = button("×", () => closeForm(), "close square");
  shut.dataset.wLabel = "form_aside";
  shut.setAttribute("aria-label", say("form_aside"));
  const save = worded(button("", saveForm, "main"), "form_save");
  save.title = "Ctrl+Enter";
  const drop = worded(button("", () => closeForm({ isDone: true })), "form_drop");
  const form = make("form", [
    make("div", [heading, parts.since, shut], "form-head"), parts.place.box, parts.chosen, parts.kind.box,
    make("div", [caption, priorities], "field"), parts.title.box, make("div", [parts.received.box, parts.source.box], "pair"), parts.same, parts.all,
    make("div", [drop, save], "buttons"), worded(make("p", "", "soft keys-line"), "form_keys"),
  ], "incident-form");
  form.noValidate = true;
  form.setAttribute("aria-labelledby", heading.id);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("keydown", pressed);
  parts.form = form;
  priorities.querySelector(`[value="${draft.priority}"]`).checked = true;
  at("form").replaceChildren(form);
  at("form").hidden = false;
  document.body.dataset.form = "open";
  ticking = ticking || setInterval(tick, 1000);
  tick();
}

function tick() {
  if (parts) parts.since.textContent = say("form_since", { time: spanText((now() - draft.receivedMs) / 1000) });
}

function pressed(event) {
  if (event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) saveForm();
  else if (event.altKey && event.code === "KeyM") pickOnMap();
  else if (event.key === "Escape") closeForm();
  else if (event.key === "Enter" && event.target.matches("input")) nextField(event.target);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function nextField(here) {
  const order = ["form-title", "form-received", "form-source"];
  const next = order[order.indexOf(here.id) + 1];
  if (next) at(next).focus();
}

// Put aside, with all that is in it; the same key opens it again.
export function closeForm({ isDone = false } = {}) {
  if (!parts) return;
  parts.placeField.end();
  clearInterval(ticking);
  ticking = 0;
  if (isDone) draft = null;
  else draft.isOpen = false;
  keepDraft(isDone || !isFilled(draft) ? null : draft);
  if (!isDone && isFilled(draft)) notice("plain", say("form_put_aside"), { id: "form-aside", actions: [{ text: say("form_again"), act: () => openForm() }] });
  parts = null;
  at("form").hidden = true;
  at("form").replaceChildren();
  delete document.body.dataset.form;
  markPlace(null);
  at("map").focus();
}

// -- the place that was chosen

function showChosen(isShownOnMap) {
  if (!parts) return;
  parts.chosen.hidden = !draft.place;
  markPlace(draft.place ? [draft.place.lon, draft.place.lat] : null);
  if (draft.place && isShownOnMap) showPlace([draft.place.lon, draft.place.lat]);
  ground();
}

function ground() {
  if (!parts) return;
  showGround(parts, draft, {
    onSame(id) {
      closeForm({ isDone: true });
      select(id);
    },
    onFound(grid, community) {
      if (!draft?.place) return;
      Object.assign(draft.place, { grid, community });
      keepNow();
    },
  });
}

function pickOnMap() {
  parts.placeField.end();
  pickPlace({
    async onPick(lonLat) {
      if (!parts) return;
      const place = { lon: lonLat[0], lat: lonLat[1], address: draft.text, grid: null, community: null, detail: "", confidence: null, isPicked: true };
      draft.place = place;
      wrong("place", "");
      keepNow();
      showChosen(false);
      parts.kindCombo.field.focus();
      try {
        const found = await atPoint(lonLat);
        if (draft?.place !== place) return;
        Object.assign(place, { grid: found.grid, community: found.community, detail: found.detail || "" });
        keepNow();
        showChosen(false);
      } catch (error) {
        if (error.kind !== "gone") wrong("place", error.message);
      }
    },
    onCancel: () => parts?.placeField.field.focus(),
  });
}

// -- saving

function missing() {
  if (!draft.kind) {
    const row = parts.kindCombo.chosen();
    if (row && !row.isNew) takeKind(row, false);
  }
  const faults = [];
  if (!draft.place) faults.push(["place", draft.text ? say("form_place_choose_one") : say("form_place_needed")]);
  if (!draft.kind) faults.push(["kind", say("form_kind_needed")]);
  if (draft.receivedMs > now() + 120000) faults.push(["received", say("form_received_future")]);
  for (const [name, sentence] of faults) wrong(name, sentence);
  if (faults.length) parts[faults[0][0]].inner.focus();
  return faults.length > 0;
}

async function saveForm() {
  if (!parts || isSaving || missing()) return;
  isSaving = true;
  parts.all.textContent = "";
  const sent = { ...draft };
  parts.form.setAttribute("aria-busy", "true");
  try {
    const card = await sendDraft(sent);
    remember(sent.kind, sent.priority);
    closeForm({ isDone: true });
    putIncident(card);
    tell("saved", { card });
    showPlace([card.lon, card.lat]);
    tellAloud(say("form_saved", { id: card.id }));
  } catch (error) {
    failed(error, sent);
  } finally {
    isSaving = false;
    parts?.form.removeAttribute("aria-busy");
  }
}

function failed(error, sent) {
  if (error.kind === "gone") {
    const isKept = waitWith(sent);
    if (isKept) closeForm({ isDone: true });
    notice("warn", say(isKept ? "form_waits" : "form_not_sent"), { id: "form-waits" });
  } else if (error.kind === "refused") showFaults(error);
  else trouble(error, saveForm);
}

// What the service found wrong, each beside its field; the rest above the buttons.
function showFaults(error) {
  let first = null;
  for (const [name, sentence] of faultsOf(error)) {
    if (name) wrong(name, sentence);
    else parts.all.textContent = sentence;
    first = first || name;
  }
  (first ? parts[first].inner : parts.form.querySelector(".main")).focus();
}

// -- the page

function rename() {
  if (!parts) return;
  parts.placeField.rename();
  if (draft.kind) parts.kindCombo.field.value = draft.kindText = kindName(draft.kind);
  showChosen(false);
}

// The room of the form above the card, the line of what waits, and the button in the bar.
function makeRoom() {
  const section = make("section");
  section.id = "form";
  section.hidden = true;
  const line = make("p", "", "form-waiting");
  line.id = "form-waiting";
  line.setAttribute("role", "status");
  line.hidden = true;
  at("side").prepend(line, section);
  const open = worded(button("", () => openForm(), "main"), "form_new");
  open.id = "form-open";
  open.title = "N";
  open.setAttribute("aria-keyshortcuts", "n");
  open.hidden = true;
  at("actions").prepend(open);
  on("role", () => { open.hidden = !mayWrite(); });
}

export function start() {
  makeRoom();
  addCommand({ id: "new", keys: ["n"], word: "form_new", group: "doing", when: () => mayWrite(), run: () => openForm() });
  startWaiting({
    onSent(one, card) {
      putIncident(card);
      notice("good", say("form_waited_sent", { id: card.id }), { id: `sent-${one.key}`, actions: [{ text: say("form_open"), act: () => select(card.id) }] });
    },
    onRefused(one, error) {
      notice("bad", say("form_waited_refused", { why: error.message }), { id: `refused-${one.key}`, actions: [{ text: say("form_mend"), act: () => openForm({ ...one, isOpen: true }) }] });
    },
    onCount(n) {
      at("form-waiting").hidden = !n;
      at("form-waiting").textContent = n ? say("form_waiting", { n }) : "";
    },
  });
  on("live", ({ isDown }) => { if (!isDown) sendWaiting(); });
  for (const name of ["loaded", "role"]) on(name, restoreOnce);
  onLanguage(rename);
}

let isRestored = false;

// After a reload the form stands as it was.
function restoreOnce() {
  if (isRestored || !desk.role || document.body.dataset.state === "failed") return;
  isRestored = true;
  const before = keptDraft();
  if (before?.isOpen && isFilled(before) && mayWrite()) openForm(before);
}
