// The panel of notes: all of them, what waits to be sent, and the thread of the one that is chosen.
import { make, onLanguage, say } from "./desk_words.js";
import { dayText } from "./plan_choose.js";
import {
  answer, checkText, countOf, drop, edit, flush, idOf, isThere, MOST_CHARACTERS, mayWrite, notes, openNote, placeByKeys, remove, rewrite, settle, shownNotes, writeAt, zoomTo,
} from "./plan_notes.js";
import { redraw } from "./plan_map.js";
import { addPanel } from "./plan_panels.js";
import { desk, on } from "./plan_state.js";
import { button } from "./desk_talk.js";
import { shortCode } from "./plan_tools_words.js";

const FILTERS = ["all", "open", "settled"];
const drafts = new Map(); // answers that are being written
let section = null;

// Text by people: whatever writing direction it has, it stays in its own box.
function said(text, kind) {
  const made = make("p", text, kind);
  made.dir = "auto";
  return made;
}

const roleWord = (role) => say(`notes_role_${role || "none"}`);
const byWhom = ({ who, role }) => (who && who !== "local" ? `${roleWord(role)} ${who}` : roleWord(role));

function sign(note) {
  const isGone = !isThere(note);
  const made = make("span", isGone ? "×" : note.state === "open" ? String(note.number) : "✓", `note-sign ${isGone ? "removed" : note.state}${note.is_inherited ? " inherited" : ""}`);
  made.setAttribute("aria-hidden", "true");
  return made;
}

function metaOf(note) {
  const at = note.grid ? desk.plan?.gridAt.get(note.grid) : undefined;
  const grid = note.grid ? say("notes_grid", { grid: at !== undefined ? shortCode(desk.plan.grids[at]) : note.grid }) : "";
  return [grid, byWhom(note), dayText(note.at), note.edited_at ? say("notes_edited") : ""].filter(Boolean).join(" · ");
}

function headOf(note, isOpen) {
  const text = note.removed_at ? say("notes_removed_by", { who: byWhom({ who: note.removed_by, role: note.removed_role }), when: dayText(note.removed_at) }) : note.text;
  const made = button("", () => {
    if (notes.chosen === idOf(note)) {
      notes.chosen = "";
      draw();
      redraw();
    } else openNote(idOf(note));
  }, "note-head");
  made.dataset.act = "head";
  made.setAttribute("aria-expanded", String(isOpen));
  const words = make("span", text, `note-text${note.removed_at ? " gone" : ""}${isOpen ? " whole" : ""}`);
  words.dir = "auto";
  const state = make("span", say(`notes_state_${note.state}`), "unseen");
  const n = note.answers.filter((one) => !one.removed_at).length;
  const meta = make("span", metaOf(note) + (n && !isOpen ? ` · ${say("notes_n_answers", { n })}` : ""), "note-meta");
  made.append(sign(note), make("span", [state, words, meta], "note-words"));
  return made;
}

function act(name, text, run, kind = "small") {
  const made = button(text, run, kind);
  made.dataset.act = name;
  return made;
}

function answerOf(note, one) {
  if (one.removed_at) return make("li", [make("p", say("notes_removed_by", { who: byWhom({ who: one.removed_by, role: one.removed_role }), when: dayText(one.removed_at) }), "gone soft")], "answer");
  const meta = make("p", [byWhom(one), dayText(one.at), one.edited_at ? say("notes_edited") : ""].filter(Boolean).join(" · "), "note-meta");
  const acts = one.may_edit && mayWrite() ? [act(`edit-${one.number}`, say("notes_edit_short"), () => edit(note, one), "link"), act(`remove-${one.number}`, say("notes_remove_short"), () => remove(note, one), "link")] : [];
  return make("li", [said(one.text, "answer-text"), make("div", [meta, make("span", acts, "acts")], "line")], "answer");
}

function answerForm(note) {
  const id = idOf(note);
  const field = make("textarea");
  field.rows = 2;
  field.maxLength = MOST_CHARACTERS;
  field.dir = "auto";
  field.dataset.act = "answer";
  field.value = drafts.get(id) || "";
  field.placeholder = say("notes_answer_hint");
  field.setAttribute("aria-label", say("notes_answer_to", { n: note.number }));
  const fault = make("p", "", "fault");
  fault.setAttribute("role", "alert");
  field.addEventListener("input", () => {
    drafts.set(id, field.value);
    fault.textContent = "";
  });
  const go = async () => {
    const text = field.value.trim();
    fault.textContent = text ? checkText(text) : say("text_needed");
    if (fault.textContent) {
      field.focus();
      return;
    }
    drafts.delete(id);
    field.value = "";
    await answer(note, text);
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) go();
  });
  return make("div", [field, fault, act("send", say("notes_answer"), go, "main small")], "answer-form");
}

function bodyOf(note) {
  const parts = [];
  if (note.is_inherited) parts.push(make("p", say("notes_inherited", { name: note.plan_name || note.plan }), "soft"));
  if (note.state === "settled") parts.push(make("p", say("notes_settled_by", { who: byWhom({ who: note.settled_by, role: note.settled_role }), when: dayText(note.settled_at) }), "note-settled"));
  if (note.answers.length) parts.push(make("ul", note.answers.map((one) => answerOf(note, one)), "answers"));
  const acts = isThere(note) ? [act("zoom", say("notes_zoom"), () => zoomTo(note))] : [];
  if (mayWrite() && !note.removed_at) {
    parts.push(answerForm(note));
    acts.unshift(note.state === "open" ? act("settle", say("notes_settle"), () => settle(note, "settled")) : act("settle", say("notes_reopen"), () => settle(note, "open")));
    if (note.may_edit) acts.push(act("edit", say("notes_edit_short"), () => edit(note, note)), act("remove", say("notes_remove_short"), () => remove(note, note)));
  }
  if (acts.length) parts.push(make("div", acts, "line"));
  return make("div", parts, "note-body");
}

function rowOf(note) {
  const isOpen = idOf(note) === notes.chosen && (isThere(note) || note.answers.length > 0);
  const made = make("li", [headOf(note, isOpen), ...(isOpen ? [bodyOf(note)] : [])], `note ${note.state}${isOpen ? " is-open" : ""}`);
  made.dataset.id = idOf(note);
  return made;
}

function waitingRow(entry) {
  const words = said(entry.body.text, "note-text whole");
  const why = make("p", entry.fault || say("notes_waiting"), entry.fault ? "fault" : "soft");
  const acts = [act("rewrite", say("notes_edit_short"), () => rewrite(entry)), act("drop", say("notes_drop_short"), () => drop(entry))];
  if (!entry.fault) acts.unshift(act("flush", say("try_again"), () => flush({ isLoud: true })));
  const made = make("li", [words, why, make("div", acts, "line")], "note waiting");
  made.dataset.id = entry.key;
  return made;
}

function filters() {
  const box = make("div", FILTERS.map((one) => {
    const field = make("input");
    field.type = "radio";
    field.name = "notes-filter";
    field.checked = notes.filter === one;
    field.dataset.act = `filter-${one}`;
    field.addEventListener("change", () => {
      notes.filter = one;
      draw();
      redraw();
    });
    const n = one === "all" ? countOf("open") + countOf("settled") : countOf(one);
    return make("label", [field, make("span", `${say(`notes_filter_${one}`)} ${n}`)]);
  }), "segments");
  box.setAttribute("role", "radiogroup");
  box.setAttribute("aria-label", say("notes_filter"));
  return box;
}

function focusedNow() {
  const has = document.activeElement;
  if (!section?.contains(has)) return null;
  const place = { act: has.dataset.act, id: has.closest("[data-id]")?.dataset.id, from: has.selectionStart, to: has.selectionEnd };
  return place.act ? place : null;
}

function focusAgain(place) {
  if (!place) return;
  const box = place.id ? section.querySelector(`[data-id="${CSS.escape(place.id)}"]`) : section;
  const found = box?.querySelector(`[data-act="${CSS.escape(place.act)}"]`);
  found?.focus({ preventScroll: true });
  if (found?.tagName === "TEXTAREA") found.setSelectionRange(place.from, place.to);
}

export function draw() {
  if (!section || !desk.card) return;
  const focused = focusedNow();
  const { scrollTop } = section;
  const write = act("write", say("notes_write"), () => writeAt(placeByKeys()), "main");
  write.hidden = !mayWrite();
  const shown = shownNotes();
  const parts = [make("h2", say("panel_notes")), make("div", [write, filters()], "line")];
  if (mayWrite()) parts.push(make("p", say("notes_lead"), "soft"));
  else if (!desk.share) parts.push(make("p", say("notes_not_you"), "soft"));
  const waiting = notes.waiting.filter((entry) => entry.isTried); // what is on its way needs no word
  if (waiting.length) parts.push(make("ul", waiting.map(waitingRow), "note-list"));
  if (shown.length) {
    const list = make("ul", shown.map(rowOf), "note-list");
    list.setAttribute("aria-label", say("panel_notes"));
    parts.push(list);
  } else if (notes.isAsked) parts.push(make("p", say(notes.all.filter(isThere).length ? "notes_none_such" : "notes_none"), "empty"));
  section.replaceChildren(...parts);
  section.scrollTop = scrollTop;
  focusAgain(focused);
}

export function reveal(id, isFocus) {
  const row = section?.querySelector(`[data-id="${CSS.escape(id)}"]`);
  row?.scrollIntoView({ block: "nearest" });
  if (isFocus) row?.querySelector("[data-act=head]")?.focus();
}

export function start() {
  addPanel({
    id: "notes",
    fill(box) {
      section = box;
      draw();
    },
    show: draw,
  });
  for (const what of ["card", "role", "loaded"]) on(what, draw);
  onLanguage(draw);
}
