// The list of steps: what was done, by whom and when, what waits, what was taken back; a click goes to a step.
import { languageNow, make, onLanguage, say } from "./desk_words.js";
import { goToStep } from "./plan_do.js";
import { stepsNow } from "./plan_queue.js";
import { addPanel, isOpen } from "./plan_panels.js";
import { flash } from "./plan_map.js";
import { desk, mayChange, on } from "./plan_state.js";
import { notice } from "./desk_talk.js";

const MOST_SHOWN = 400; // more on demand
const DAY_MS = 86400000;
let list = null;
let head = null;
let limit = MOST_SHOWN;
let asked = 0;

function timeOf(moment) {
  const at = new Date(moment);
  const isOld = Date.now() - at > DAY_MS / 2;
  return new Intl.DateTimeFormat(languageNow() === "zh" ? "zh-CN" : "en-GB", { ...(isOld ? { month: "short", day: "numeric" } : {}), hour: "2-digit", minute: "2-digit" }).format(at);
}

async function go(wanted) {
  const { steps, position } = stepsNow();
  const moved = (wanted < position ? steps.slice(wanted, position) : steps.slice(position, wanted)).flatMap((step) => step.pieces || []);
  const found = await goToStep(wanted);
  if (found.faults) notice("bad", found.faults.map((fault) => fault.detail).join(" "), { id: "go-to-step" });
  const atoms = [...new Set(moved.map(([id]) => desk.ground.idAt.get(id)).filter((atom) => atom !== undefined))];
  if (found.done && atoms.length) flash(atoms);
}

function rowOf(step, number, position) {
  const isUndone = number > position;
  const waits = step.number === null && !isUndone;
  const title = step.title || say(`sync_kind_${step.kind}`);
  const marks = [waits ? make("span", say("sync_step_waits"), "chip waits") : null, isUndone ? make("span", say("sync_step_undone"), "chip") : null];
  const way = make("button", [make("span", String(number), "number"), make("span", title, "title"), make("span", `${step.who} · ${timeOf(step.at)}`, "soft"), ...marks], isUndone ? "undone" : "");
  return wayTo(way, number, position);
}

function wayTo(way, number, position) {
  way.type = "button";
  way.dataset.step = String(number);
  if (number === position) way.setAttribute("aria-current", "step");
  way.tabIndex = number === position ? 0 : -1;
  way.disabled = !mayChange();
  return make("li", [way]);
}

function show() {
  if (!list || !desk.plan) return;
  const { steps, position, first } = stepsNow();
  const had = list.contains(document.activeElement) ? document.activeElement.dataset.step : null;
  const offset = first - 1;
  const undone = steps.length - position;
  head.textContent = steps.length ? say("sync_steps_head", { n: position + offset, undone }) : say("sync_steps_none");
  const from = Math.max(0, steps.length - limit);
  const rows = steps.slice(from).map((step, i) => rowOf(step, from + i + 1, position)).reverse();
  for (const row of rows) if (offset) row.querySelector(".number").textContent = String(Number(row.firstChild.dataset.step) + offset);
  const begin = make("button", [make("span", "0", "number"), make("span", say(offset ? "sync_steps_older" : "sync_steps_begin"), "title")]);
  if (from > 0) {
    const more = make("button", say("sync_steps_more", { n: from }), "small");
    more.type = "button";
    more.addEventListener("click", () => {
      limit += MOST_SHOWN;
      show();
    });
    rows.push(make("li", [more]));
  } else rows.push(wayTo(begin, 0, position));
  list.replaceChildren(...rows);
  if (had !== null) (list.querySelector(`[data-step="${had}"]`) || list.querySelector("[aria-current]"))?.focus();
}

// At most once a frame, and only while somebody looks.
function soon() {
  if (!isOpen("steps")) return;
  cancelAnimationFrame(asked);
  asked = requestAnimationFrame(show);
}

function walk(event) {
  const ways = [...list.querySelectorAll("button[data-step]")];
  const here = ways.indexOf(document.activeElement);
  const next = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: ways.length - 1, PageDown: here + 10, PageUp: here - 10 }[event.key];
  if (here < 0 || next === undefined) return;
  event.preventDefault();
  const to = ways[Math.min(Math.max(next, 0), ways.length - 1)];
  for (const way of ways) way.tabIndex = way === to ? 0 : -1;
  to.focus();
}

function fill(section) {
  const heading = make("h2", say("panel_steps"));
  heading.dataset.w = "panel_steps";
  head = make("p", "", "soft");
  list = make("ol", null, "steps");
  list.addEventListener("keydown", walk);
  list.addEventListener("click", (event) => {
    const way = event.target.closest("button[data-step]");
    if (way) go(Number(way.dataset.step));
  });
  section.append(heading, head, list);
}

export function start() {
  addPanel({ id: "steps", key: "y", fill, show });
  for (const what of ["steps", "card", "loaded", "saved"]) on(what, soon);
  onLanguage(soon);
}
