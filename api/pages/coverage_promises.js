// The table of promises as one edits it: rows added, changed and taken out, saved as a whole by the version they were made
// from, undone version by version.  What is not saved yet is kept by this browser, so that no failed save, reload or lost
// session takes it away.
import { make, onLanguage, say } from "./desk_words.js";
import { button, getTagged, isWaiting, notice, post, put, told, working } from "./coverage_ask.js";
import { percent } from "./coverage_numbers.js";
import { askReach, kindName, kinds, modeName } from "./coverage_reach.js";
import { desk, keepWork, kept, mayChange, on, planId, workOn } from "./coverage_state.js";

const at = (id) => document.getElementById(id);
const PATH = "/v1/reach/settings";
const MODES = ["foot", "ebike", "car"];
const POST_KINDS = ["police", "patrol", "emergency", "service"];
const FIELDS = { name: "name", minutes: "minutes", mode: "mode", target_frac: "frac", posts: "posts", places: "places" };
const MOST_NAME = 80; // longer ones can not be asked for
let book = null; // what the service holds: {plan, tag, settings, can_undo}
let rows = []; // as they are being edited: everything typed is text
let faults = []; // {row, field, code, facts, text}; row -1: of the table as a whole
let lines = []; // the elements of each row
let isStale = false;

// -- rows and rules

const textOf = (number) => String(Number(number.toFixed(4)));
const asRow = (rule) => ({ name: rule.name, minutes: textOf(rule.minutes), mode: rule.mode, frac: textOf(100 * rule.target_frac), posts: [...rule.posts], places: rule.places.join(say("comma")) });
const newRow = () => ({ name: "", minutes: "", mode: "car", frac: "100", posts: [], places: "" });
const numberOf = (text) => (text.trim() ? Number(text.trim().replace(",", ".")) : NaN);
const placesOf = (text) => [...new Set(text.split(/[,，、;；]/).map((one) => one.trim()).filter(Boolean))].sort();

function asRule(row) {
  const frac = Number((numberOf(row.frac) / 100).toFixed(8));
  return { name: row.name.trim(), minutes: numberOf(row.minutes), posts: [...row.posts].sort(), places: placesOf(row.places), mode: row.mode, target_frac: frac };
}

const rulesText = (list) => JSON.stringify(list.map(asRule));
const isChanged = () => Boolean(book) && rulesText(rows) !== rulesText(book.settings.rules.map(asRow));

// Rows that this browser kept, whatever else stands there.
function keptRows() {
  const found = workOn(book.plan).promises;
  if (!found || !Array.isArray(found.rows)) return null;
  const text = (value) => (typeof value === "string" ? value : "");
  const clean = found.rows.filter((row) => row && typeof row === "object").map((row) => ({
    name: text(row.name), minutes: text(row.minutes), frac: text(row.frac), places: text(row.places),
    mode: MODES.includes(row.mode) ? row.mode : "car", posts: Array.isArray(row.posts) ? row.posts.filter((one) => typeof one === "string") : [],
  }));
  return { tag: text(found.tag), rows: clean };
}

function keepRows() {
  keepWork(book.plan, { promises: isChanged() ? { tag: book.tag, rows } : null });
  showState();
}

// -- asking

async function askBook() {
  const plan = planId();
  const found = await working("promises", "", (options) => getTagged(PATH, { plan }, options), { again: askBook });
  if (found) takeBook({ ...found.content, tag: found.tag, plan });
  return Boolean(found);
}

// What the service holds now; rows that are not saved yet stay as they are.
function takeBook(found) {
  book = found;
  const mine = keptRows();
  rows = mine ? mine.rows : book.settings.rules.map(asRow);
  faults = [];
  isStale = Boolean(mine) && mine.tag !== book.tag && isChanged();
  if (mine && !isChanged()) keepRows();
  showAll();
}

// -- saving

async function save() {
  if (!book || isWaiting("promises save")) return;
  if (!isChanged()) {
    told(say("promises_same"));
    return;
  }
  faults = rows.flatMap((row, i) => ["minutes", "frac"].filter((field) => !Number.isFinite(numberOf(row[field]))).map((field) => ({ row: i, field, code: "number", facts: { measured: row[field].trim() }, text: "" })));
  if (faults.length) {
    showFaults({ isFocus: true });
    return;
  }
  const sent = rulesText(rows);
  const body = { settings: { ...book.settings, rules: rows.map(asRule) } };
  told(say("saving"));
  const answer = await working("promises save", "", async (options) => {
    const made = await put(PATH, body, { query: { plan: book.plan }, tag: book.tag, ...options });
    return { content: await made.json(), tag: made.headers.get("ETag") || "" };
  }, { failed, again: save });
  if (!answer) {
    told("");
    return;
  }
  const isAll = rulesText(rows) === sent; // what was typed meanwhile is not saved yet
  took(answer, isAll);
  told(say("promises_saved"));
  askReach();
}

function took({ content, tag }, isAll) {
  book = { ...content, tag, plan: book.plan };
  if (isAll) rows = book.settings.rules.map(asRow);
  faults = [];
  isStale = false;
  keepRows();
  showAll();
}

// Refused: the faults are shown beside their rows; where somebody else was faster, theirs is asked for and ours is kept.
function failed(error) {
  if (error.status === 412) {
    overtaken();
    return true;
  }
  if (error.status !== 422 || !error.faults.length) return false;
  faults = error.faults.flatMap(placed);
  showFaults({ isFocus: true });
  return true;
}

async function overtaken() {
  if (!(await askBook())) return;
  if (!isChanged()) told(say("promises_saved")); // it was this very table: an earlier answer was lost
  askReach();
}

// Where a fault of the service belongs: `reach.rules.2.minutes` is a field of the second row.
function placed({ code, facts, message }) {
  const [, place, key] = /^reach\.rules\.(\d+)(?:\.(\w+))?/.exec(facts.column || facts.measured || "") || [];
  const one = { code: code.replace("coverage_settings_", ""), facts: key === "target_frac" ? inPercent(facts) : facts, text: message };
  if (place) return [{ ...one, row: Number(place) - 1, field: FIELDS[key] || "name" }];
  const named = { "reach.rules.name": "", "reach.rules": facts.measured }[facts.column];
  const here = rows.flatMap((row, i) => (named !== undefined && row.name.trim() === named ? [{ ...one, row: i, field: "name" }] : []));
  return here.length ? here : [{ ...one, row: -1, field: "" }];
}

// A share is typed in per cent, so what is allowed is told in per cent.
function inPercent({ measured, allowed, ...facts }) {
  const times = (text) => String(text).split("-").map((one) => textOf(100 * Number(one))).join("–");
  return { ...facts, measured: typeof measured === "number" ? textOf(100 * measured) : measured, allowed: times(allowed) };
}

async function undo() {
  if (!book || isChanged() || isWaiting("promises save")) return;
  const had = document.activeElement === at("promises-undo");
  told(say("saving"));
  const failedUndo = (error) => {
    if (![409, 412].includes(error.status)) return false;
    notice("warn", error.message);
    overtaken();
    return true;
  };
  const done = await working("promises save", "", (options) => post(`${PATH}/undo`, {}, { query: { plan: book.plan }, tag: book.tag, ...options }), { failed: failedUndo, again: undo });
  told(done ? say("promises_undone") : "");
  if (!done) return;
  await askBook();
  if (had && at("promises-undo").disabled) at("promises-add").focus();
  askReach();
}

function drop() {
  rows = book.settings.rules.map(asRow);
  faults = [];
  isStale = false;
  keepRows();
  showAll();
  at("promises-add").focus();
}

// -- rows on the page

function add() {
  rows.push(newRow());
  keepRows();
  showRows();
  lines.at(-1).inputs.name.focus();
  lines.at(-1).line.scrollIntoView({ block: "nearest" });
}

function takeOut(i) {
  rows.splice(i, 1);
  faults = faults.filter((one) => one.row !== i).map((one) => (one.row > i ? { ...one, row: one.row - 1 } : one));
  keepRows();
  showRows();
  const next = lines[Math.min(i, rows.length - 1)];
  (next ? next.out : at("promises-add")).focus();
}

function change(i, field, value) {
  rows[i][field] = value;
  faults = faults.filter((one) => one.row !== i || one.field !== field);
  showFaults();
  keepRows();
}

function textField(i, field, { isNumber = false, hint = "" } = {}) {
  const input = make("input");
  input.type = "text";
  input.autocomplete = "off";
  input.spellcheck = false;
  if (isNumber) input.inputMode = "decimal";
  if (field === "name") input.maxLength = MOST_NAME;
  input.placeholder = hint;
  input.value = rows[i][field];
  input.addEventListener("input", () => change(i, field, input.value));
  return input;
}

function modeField(i) {
  const select = make("select");
  select.append(...MODES.map((mode) => {
    const option = make("option", modeName(mode));
    option.value = mode;
    option.selected = mode === rows[i].mode;
    return option;
  }));
  select.addEventListener("change", () => change(i, "mode", select.value));
  return select;
}

function postsField(i) {
  const all = [...POST_KINDS, ...rows[i].posts.filter((kind) => !POST_KINDS.includes(kind))];
  const boxes = all.map((kind) => {
    const box = make("input");
    box.type = "checkbox";
    box.value = kind;
    box.checked = rows[i].posts.includes(kind);
    box.addEventListener("change", () => change(i, "posts", all.filter((one) => (one === kind ? box.checked : rows[i].posts.includes(one)))));
    return make("label", [box, make("span", kindName(kind))], "check");
  });
  return make("fieldset", [make("legend", say("promises_posts")), ...boxes]);
}

function row(i) {
  const inputs = { name: textField(i, "name"), minutes: textField(i, "minutes", { isNumber: true }), mode: modeField(i), frac: textField(i, "frac", { isNumber: true }), places: textField(i, "places", { hint: say("every_building") }) };
  const field = (name) => make("label", [make("span", say(`promises_${name}`)), inputs[name]], `field ${name}`);
  const out = button("×", () => takeOut(i), "square");
  out.setAttribute("aria-label", say("promises_out", { n: i + 1 }));
  out.title = say("promises_out", { n: i + 1 });
  const told = make("ul", [], "faults");
  told.id = `promises-faults-${i}`;
  for (const input of Object.values(inputs)) input.setAttribute("aria-describedby", told.id);
  const posts = postsField(i);
  const line = make("li", [field("name"), field("minutes"), field("mode"), field("frac"), out, posts, field("places"), told]);
  line.setAttribute("role", "group");
  line.setAttribute("aria-label", say("promises_row", { n: i + 1 }));
  return { line, inputs: { ...inputs, posts: posts.querySelector("input") }, out, told };
}

function showRows() {
  const [here, field] = focused();
  lines = rows.map((_, i) => row(i));
  at("promises-rows").replaceChildren(...lines.map((one) => one.line));
  showFaults();
  if (lines[here]) lines[here].inputs[field].focus({ preventScroll: true });
}

// Row and field that have the focus, so that it stays there when rows are drawn anew.
function focused() {
  for (const [i, { inputs }] of lines.entries()) {
    const found = Object.entries(inputs).find(([, input]) => input === document.activeElement);
    if (found) return [i, found[0]];
  }
  return [-1, ""];
}

// In the words of the page, which change with the language; what it has no words for, as the service said it.
function faultText({ field, code, facts, text }) {
  const key = `promises_fault_${code}`;
  return say(key) === key || !field ? text : say(key, { ...facts, field: say(`promises_${field}`) });
}

function showFaults({ isFocus = false } = {}) {
  lines.forEach(({ inputs, told }, i) => {
    const mine = faults.filter((one) => one.row === i);
    told.replaceChildren(...mine.map((one) => make("li", faultText(one))));
    for (const [name, input] of Object.entries(inputs)) input.setAttribute("aria-invalid", String(mine.some((one) => one.field === name)));
  });
  const general = [isStale ? say("promises_stale") : "", ...faults.filter((one) => one.row < 0).map(faultText)];
  if (faults.length) general.unshift(say("promises_not_saved", { n: faults.length }));
  at("promises-told").textContent = general.filter(Boolean).join(" ");
  at("promises-told").hidden = !at("promises-told").textContent;
  if (!isFocus) return;
  const first = faults.find((one) => lines[one.row]);
  if (first) lines[first.row].inputs[first.field].focus();
  else at("promises-told").scrollIntoView({ block: "nearest" });
}

function showState() {
  const hasChanged = isChanged();
  at("promises-state").textContent = hasChanged ? say("promises_unsaved") : "";
  at("promises-drop").disabled = !hasChanged;
  at("promises-undo").disabled = hasChanged || !book || !book.can_undo;
}

// Who may not change them reads them.
function showRead() {
  const head = ["name", "minutes", "mode", "frac", "posts", "places"].map((name) => {
    const cell = make("th", say(`promises_${name}`), "text");
    cell.scope = "col";
    return cell;
  });
  const body = book.settings.rules.map((rule) => {
    const name = make("th", rule.name);
    name.scope = "row";
    const cells = [textOf(rule.minutes), modeName(rule.mode), percent(rule.target_frac), kinds(rule.posts, "every_post"), kinds(rule.places, "every_building")];
    return make("tr", [name, ...cells.map((text) => make("td", text, "text"))]);
  });
  at("promises-read").replaceChildren(make("table", [make("caption", say("part_promises"), "unseen"), make("thead", [make("tr", head)]), make("tbody", body)]));
}

function showAll() {
  if (!book) return;
  at("promises-form").hidden = !mayChange();
  at("promises-read").hidden = mayChange();
  showRead();
  if (!mayChange()) return;
  showRows();
  showState();
}

function open() {
  if (!desk.survey || kept().tab !== "reach" || kept().parts.reach !== "promises") return;
  if (!book || book.plan !== planId()) askBook();
}

export function startPromises() {
  at("promises-form").addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  at("promises-add").addEventListener("click", add);
  at("promises-drop").addEventListener("click", drop);
  at("promises-undo").addEventListener("click", undo);
  for (const what of ["tab", "part", "survey"]) on(what, open);
  on("role", showAll);
  onLanguage(showAll);
}
