// One registry of what keys do on the whole page.  The help is written from it, and menus show the keys beside the words.
// A key never does anything in a form field, while a word is composed (IME), or under an open dialog; keys of one
// character can be switched off.
import { make, onLanguage, say } from "./desk_words.js";
import { openDialog } from "./desk_talk.js";

const commands = new Map();
// What a page says of its own: whether keys of one character do something, and who remembers it; the order of headings in
// the help, and what it says of the mouse.
const page = { isOn: () => true, setOn: () => {}, groups: [], mouse: [] };
let held = null; // a command with `up` whose key is down
const isApple = /Mac|iP(hone|ad|od)/.test(navigator.platform || "");
const NAMES = {
  Control: isApple ? "⌘" : "Ctrl", Shift: isApple ? "⇧" : "Shift", Alt: isApple ? "⌥" : "Alt",
  ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Enter: "Enter", Delete: "Del", ContextMenu: "☰",
};

export function setUpKeys(wanted) {
  Object.assign(page, wanted);
}

// {id, keys: ["Control+z"], word: key of its words, run(event), up(event) for keys that are held, when() whether it can be
//  done now, where: "map" only while the map (or nothing) has the focus, group: heading in the help, isHidden: not in the help}
export function addCommand(one) {
  commands.set(one.id, { keys: [], group: "doing", when: () => true, ...one });
}

export const command = (id) => commands.get(id);

export const canRun = (id) => Boolean(commands.get(id)?.when());

export function runCommand(id, event) {
  const one = commands.get(id);
  if (!one || !one.when()) return false;
  one.run(event);
  return true;
}

// A key as the planner's own keyboard names it.
export function keyName(key) {
  if (key === "+") return "+";
  const parts = key.split("+").map((part) => (part === " " ? say("key_space") : NAMES[part] || (part.length === 1 ? part.toUpperCase() : part)));
  return parts.join(isApple ? "" : "+");
}

export const keysOf = (id) => (commands.get(id)?.keys || []).map(keyName);

// For aria-keyshortcuts.
export const ariaKeys = (id) => (commands.get(id)?.keys || []).map((key) => key.replace(/^ $/, "Space")).join(" ");

// -- what was pressed

const LETTERS = /^Key([A-Z])$/;
const DIGITS = /^(?:Digit|Numpad)(\d)$/;
// Keyboards that type other scripts, and Chinese punctuation: the key counts, not what it types.
const BY_CODE = { BracketLeft: "[", BracketRight: "]", Minus: "-", Equal: "=", Comma: ",", Period: ".", Slash: "/" };

function nameOf(event) {
  let key = event.key;
  const isAscii = key.length > 1 || /^[\x20-\x7e]$/.test(key);
  if (!isAscii) {
    key = LETTERS.exec(event.code)?.[1].toLowerCase() || DIGITS.exec(event.code)?.[1] || BY_CODE[event.code] || key;
    if (event.code === "Slash" && event.shiftKey) key = "?";
  }
  const isLetter = /^[a-z]$/i.test(key);
  if (isLetter) key = key.toLowerCase();
  const with_ = [];
  if (event.ctrlKey || event.metaKey) with_.push("Control");
  if (event.altKey) with_.push("Alt");
  // The shift that a sign needs to be typed at all belongs to the sign.
  if (event.shiftKey && (isLetter || key.length > 1)) with_.push("Shift");
  return [...with_, key].join("+");
}

export const isTyping = (where) =>
  Boolean(where?.closest?.("input:not([type=checkbox], [type=radio], [type=range], [type=button]), select, textarea, [contenteditable]"));

export const isModal = () => Boolean(document.querySelector("dialog:modal"));

// Keys that the thing with the focus needs for itself.
const OWN = new Set(["Enter", " ", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown", "Tab"]);

function isTaken(event, name) {
  const where = event.target;
  if (where === document.body || where.id === "map" || where.closest?.("[data-map-keys]")) return false;
  return OWN.has(name.replace(/^Shift\+/, ""));
}

function found(event) {
  const name = nameOf(event);
  const isMap = event.target === document.body || Boolean(event.target.closest?.("#map-box, [data-map-keys]"));
  const isPlain = name.length === 1 || /^Shift\+[a-z]$/.test(name);
  if (isPlain && !page.isOn() && !["?", " "].includes(name)) return null;
  if (isTaken(event, name)) return null;
  for (const one of commands.values()) {
    if (one.keys.includes(name) && (one.where !== "map" || isMap) && one.when()) return one;
  }
  return null;
}

function pressed(event) {
  if (event.defaultPrevented || event.isComposing || event.key === "Process" || event.keyCode === 229) return;
  if (isModal() || isTyping(event.target)) return;
  const one = found(event);
  if (!one) return;
  event.preventDefault();
  if (event.repeat && (one.up || one.isOnce)) return;
  if (one.up) held = { one, code: event.code };
  one.run(event);
}

function released(event) {
  if (held && (!event || held.code === event.code)) {
    const { one } = held;
    held = null;
    one.up(event);
  }
}

// -- help

// Without those that are another one with Shift, Ctrl or Alt held.
const mainKeys = ({ keys }) => keys.filter((key) => !keys.some((other) => key !== other && key.endsWith(`+${other}`)));

export function showHelp() {
  const groups = [...new Set([...page.groups, ...[...commands.values()].map((one) => one.group)])];
  const lists = groups.map((group) => {
    const shown = [...commands.values()].filter((one) => one.group === group && one.keys.length && one.word && !one.isHidden);
    if (!shown.length) return null;
    const rows = shown.map((one) => make("div", [make("dt", mainKeys(one).map((key) => make("kbd", keyName(key)))), make("dd", say(one.word))]));
    return make("section", [make("h3", say(`keys_${group}`)), make("dl", rows, "keys")]);
  });
  return openDialog({
    title: say("help"),
    kind: "help",
    fill(form, close) {
      const isOn = make("input");
      isOn.type = "checkbox";
      isOn.checked = page.isOn();
      isOn.addEventListener("change", () => page.setOn(isOn.checked));
      const mouse = make("section", [make("h3", say("keys_mouse")), make("ul", page.mouse.map((one) => make("li", say(`mouse_${one}`))))]);
      const main = make("button", say("close"), "main");
      main.type = "button";
      main.autofocus = true;
      main.addEventListener("click", () => close());
      const columns = make("div", [...lists, mouse], "columns");
      columns.tabIndex = 0; // it scrolls where there is little room
      form.append(columns, make("label", [isOn, make("span", say("keys_on"))], "check"), make("div", [main], "buttons"));
    },
  });
}

// Buttons of the page that stand for a command: pressed, they run it; named with their keys, off where it can not be done.
export function refreshButtons() {
  for (const one of document.querySelectorAll("[data-command]")) {
    const known = commands.get(one.dataset.command);
    one.disabled = !known || !known.when();
    if (!known) continue;
    const name = say(known.word);
    const keys = known.keys.length ? ` (${keyName(known.keys[0])})` : "";
    if (!one.dataset.w) one.setAttribute("aria-label", name);
    one.title = name + keys;
    if (known.keys.length) one.setAttribute("aria-keyshortcuts", ariaKeys(known.id));
  }
}

export function start() {
  document.addEventListener("keydown", pressed);
  document.addEventListener("keyup", released);
  window.addEventListener("blur", () => released());
  document.addEventListener("click", (event) => {
    const one = event.target.closest?.("[data-command]");
    if (one) runCommand(one.dataset.command, event);
  });
  onLanguage(refreshButtons);
}
