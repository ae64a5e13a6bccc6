// The frame of the desk: tools at the left, panels at the right (one open at a time), and how wide they are.
// Tabs and tools are walked with arrows, as in every toolbar; a panel stays filled while another is open.
import { icon, make, onLanguage, say } from "./desk_words.js";
import { addCommand, ariaKeys, keyName, refreshButtons } from "./desk_keys.js";
import { desk, keep, kept, on } from "./plan_state.js";

export { addCommand, ariaKeys, canRun, command, isModal, isTyping, keyName, keysOf, refreshButtons, runCommand } from "./desk_keys.js";

const at = (id) => document.getElementById(id);
const panels = new Map();
const tools = new Map();
const LEAST_PX = 300;
const MOST_PX = 720;
const STEP_PX = 24;
const ORDER = ["grids", "problems", "solve", "locks", "steps", "notes", "scenarios", "merger", "status", "history", "share"];
const FOR_LINKS = new Set(["grids", "problems", "locks", "notes"]); // what a link to look at a plan has
const ICONS = {
  grids: "M4 20V9M10 20V4M16 20v-8M3 20h18", problems: "M12 4l9 16H3zM12 10v4M12 17v.5", solve: "M13 3L5 14h6l-1 7 8-11h-6z",
  steps: "M12 7v5l3 3M12 3a9 9 0 1 0 9 9M12 3a9 9 0 0 1 9 9", notes: "M4 5h16v11H9l-5 4z", scenarios: "M6 4v16M6 8c0 4 12 2 12 6v6M18 4v4",
  merger: "M4 5h6v6H4zM14 13h6v6h-6zM7 11v3a2 2 0 0 0 2 2h5", status: "M5 21V4h12l-3 4 3 4H5", history: "M5 5h14M5 12h14M5 19h9", share: "M8 12l8-5M8 12l8 5M6 12h.5M18 6h.5M18 18h.5", locks: "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3",
};

// -- panels

// {id, key: its key, word: key of its words ("panel_ID"), icon: path, fill(section) once, show() each time it opens,
//  hide() when another does, badge() -> text beside its name}
export function addPanel(one) {
  const tab = make("button", [icon(one.icon || ICONS[one.id] || ICONS.grids), make("span", "", "name"), make("span", "", "badge")]);
  tab.type = "button";
  tab.id = `tab-${one.id}`;
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", `panel-${one.id}`);
  tab.addEventListener("click", () => (isOpen(one.id) && !isNarrow() ? closeSide() : openPanel(one.id)));
  const section = make("section", null, "panel");
  section.id = `panel-${one.id}`;
  section.setAttribute("role", "tabpanel");
  section.setAttribute("aria-labelledby", tab.id);
  section.tabIndex = -1;
  section.hidden = true;
  const isLeftOut = Boolean(desk.share) && !FOR_LINKS.has(one.id);
  tab.hidden = isLeftOut;
  const panel = { word: `panel_${one.id}`, ...one, tab, section, isFilled: false };
  panels.set(one.id, panel);
  const place = (id) => (ORDER.includes(id) ? ORDER.indexOf(id) : ORDER.length);
  const after = [...at("tabs").children].find((other) => place(other.id.slice(4)) > place(one.id));
  at("tabs").insertBefore(tab, after || null);
  at("panels").append(section);
  if (one.key && !isLeftOut) {
    addCommand({ id: `panel_${one.id}`, keys: [one.key], word: panel.word, group: "panels", run: () => openPanel(one.id, { isFocus: true }) });
  }
  nameTab(panel);
  if (kept().panel === one.id && !kept().isSideShut && !isLeftOut) openPanel(one.id);
  else markTabs();
}

function nameTab(panel) {
  panel.tab.querySelector(".name").textContent = say(panel.word);
  panel.tab.title = panel.key ? `${say(panel.word)} (${keyName(panel.key)})` : say(panel.word);
  if (panel.key) panel.tab.setAttribute("aria-keyshortcuts", ariaKeys(`panel_${panel.id}`));
  if (panel.badge) badge(panel.id, panel.badge());
}

export const isOpen = (id) => document.body.dataset.panel === id;

export function openPanel(id, { isFocus = false } = {}) {
  const wanted = panels.get(id);
  if (!wanted || wanted.tab.hidden) return;
  const before = panels.get(document.body.dataset.panel);
  if (before && before !== wanted) {
    before.section.hidden = true;
    before.hide?.();
  }
  keep({ panel: id, isSideShut: false });
  document.body.dataset.panel = id;
  if (!wanted.isFilled) {
    wanted.isFilled = true;
    wanted.fill?.(wanted.section);
  }
  wanted.section.hidden = false;
  markTabs();
  wanted.show?.();
  if (isFocus) wanted.section.focus();
}

// The map gets all of the room.
export function closeSide() {
  const open = panels.get(document.body.dataset.panel);
  if (open) {
    open.section.hidden = true;
    open.hide?.();
  }
  delete document.body.dataset.panel;
  keep({ isSideShut: true });
  markTabs();
}

function markTabs() {
  const open = document.body.dataset.panel;
  const first = [...at("tabs").children].find((one) => !one.hidden)?.id.slice(4);
  const isThere = (id) => panels.has(id) && !panels.get(id).tab.hidden;
  const way = isThere(open) ? open : isThere(kept().panel) ? kept().panel : first;
  for (const one of panels.values()) {
    one.tab.setAttribute("aria-selected", String(one.id === open));
    one.tab.tabIndex = one.id === way ? 0 : -1;
  }
}

// Text beside a panel's name, such as how many problems; empty takes it away.
export function badge(id, text) {
  const one = panels.get(id);
  if (!one) return;
  const box = one.tab.querySelector(".badge");
  box.textContent = text || "";
}

// -- tools

// {id, icon: path, key, press(event), word: key of its words ("tools_ID"), hint: key of a longer text, when(),
//  isAction: it does something at once instead of staying chosen, group: a gap is left between groups}
export function addTool(one) {
  const made = make("button", [icon(one.icon), make("span", "", "name"), make("kbd", "")]);
  made.type = "button";
  made.id = `tool-${one.id}`;
  const tool = { word: `tools_${one.id}`, when: () => true, group: "", ...one, made };
  made.addEventListener("click", (event) => {
    if (made.getAttribute("aria-disabled") !== "true") tool.press(event);
  });
  const last = [...tools.values()].at(-1);
  if (last && last.group !== tool.group) made.classList.add("apart");
  tools.set(one.id, tool);
  at("tools").append(made);
  if (one.key) {
    addCommand({ id: `tool_${one.id}`, keys: [one.key], word: tool.word, group: "tools", when: () => tool.when(), run: (event) => tool.press(event) });
  }
  nameTool(tool);
  markTools();
}

function nameTool(tool) {
  tool.made.querySelector(".name").textContent = say(tool.word);
  tool.made.querySelector("kbd").textContent = tool.key ? keyName(tool.key) : "";
  tool.made.title = tool.hint ? say(tool.hint) : say(tool.word);
  if (tool.key) tool.made.setAttribute("aria-keyshortcuts", ariaKeys(`tool_${tool.id}`));
}

// Which tool is in the hand, and which can not be used now.
export function markTools() {
  const all = [...tools.values()];
  const chosen = tools.get(kept().tool) || all[0];
  for (const tool of all) {
    if (!tool.isAction) tool.made.setAttribute("aria-pressed", String(tool.id === kept().tool));
    const isOff = !tool.when();
    if (isOff) tool.made.setAttribute("aria-disabled", "true");
    else tool.made.removeAttribute("aria-disabled");
    if (!at("tools").contains(document.activeElement)) tool.made.tabIndex = tool === chosen ? 0 : -1;
  }
  refreshButtons();
}

// -- walking along a row of buttons with arrows

function walk(event) {
  const row = [...event.currentTarget.children].filter((one) => one.checkVisibility());
  const here = row.indexOf(document.activeElement);
  const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (here < 0 || (!way && !["Home", "End"].includes(event.key))) return;
  event.preventDefault();
  const next = way ? row[(here + way + row.length) % row.length] : row.at(event.key === "Home" ? 0 : -1);
  for (const one of row) one.tabIndex = one === next ? 0 : -1;
  next.focus();
}

// -- how wide the panel is

const isNarrow = () => matchMedia("(max-width: 1000px)").matches;

function setSize(px) {
  const most = isNarrow() ? window.innerHeight * 0.7 : Math.min(MOST_PX, window.innerWidth - 420);
  const size = Math.round(Math.min(Math.max(px, isNarrow() ? 160 : LEAST_PX), Math.max(most, LEAST_PX)));
  document.documentElement.style.setProperty(isNarrow() ? "--side-high" : "--side-wide", `${size}px`);
  keep(isNarrow() ? { sideHigh: size } : { sideWide: size });
  tellSplitter();
}

function sizeNow() {
  const box = at("panels").getBoundingClientRect();
  return isNarrow() ? box.height : box.width;
}

function tellSplitter() {
  const splitter = at("splitter");
  splitter.setAttribute("aria-orientation", isNarrow() ? "horizontal" : "vertical");
  splitter.setAttribute("aria-valuenow", String(Math.round(sizeNow())));
  splitter.setAttribute("aria-valuemin", String(isNarrow() ? 160 : LEAST_PX));
  splitter.setAttribute("aria-valuemax", String(isNarrow() ? Math.round(window.innerHeight * 0.7) : MOST_PX));
}

function startSplitter() {
  const splitter = at("splitter");
  const { sideWide, sideHigh } = kept();
  if (sideWide > 0) document.documentElement.style.setProperty("--side-wide", `${sideWide}px`);
  if (sideHigh > 0) document.documentElement.style.setProperty("--side-high", `${sideHigh}px`);
  let begun = null;
  splitter.addEventListener("pointerdown", (event) => {
    begun = { x: event.clientX, y: event.clientY, size: sizeNow() };
    splitter.setPointerCapture(event.pointerId);
  });
  splitter.addEventListener("pointermove", (event) => {
    if (begun) setSize(begun.size + (isNarrow() ? begun.y - event.clientY : begun.x - event.clientX));
  });
  for (const end of ["pointerup", "pointercancel"]) splitter.addEventListener(end, () => { begun = null; });
  splitter.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1 }[event.key];
    if (way) setSize(sizeNow() + way * STEP_PX);
    else if (event.key === "Home") setSize(0);
    else if (event.key === "End") setSize(Infinity);
    else return;
    event.preventDefault();
  });
  window.addEventListener("resize", tellSplitter);
  tellSplitter();
}

export function start() {
  document.body.classList.toggle("by-link", Boolean(desk.share));
  startSplitter();
  at("tabs").addEventListener("keydown", walk);
  at("tools").addEventListener("keydown", walk);
  for (const what of ["tool", "card", "loaded", "selection", "grid", "changed", "locks", "saved"]) on(what, markTools);
  onLanguage(() => {
    for (const one of panels.values()) nameTab(one);
    for (const one of tools.values()) nameTool(one);
  });
}
