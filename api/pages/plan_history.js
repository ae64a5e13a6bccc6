// The history of the plan: who did what, when and why, with what was there before and after; and all of it as a table.
import { askJson } from "./desk_ask.js";
import { icon, languageNow, make, onLanguage, say } from "./desk_words.js";
import { addPanel, isOpen } from "./plan_panels.js";
import { desk, on } from "./plan_state.js";
import { button, working } from "./desk_talk.js";

const GROUPS = ["", "edits", "states", "locks", "names", "notes", "shares"];
const AT_ONCE = 50;
const FEW = 2; // things that need no table
const TOLD = ["notes", "shares"]; // whose line says all there is
const ICONS = {
  edits: "M4 20l4-1L19 8l-3-3L5 16zM13 8l3 3", states: "M5 21V4h12l-3 4 3 4H5", locks: "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3",
  names: "M4 7V4h16v3M12 4v16M9 20h6", notes: "M4 5h16v11H9l-5 4z", shares: "M4 12v7h16v-7M12 15V3M8 7l4-4 4 4", others: "M12 12h.5",
};
let section = null;
let events = [];
let next = null;
let group = "";
let isAsked = false;
let isStale = true;
const unfolded = new Set();

const pathOf = () => `/v1/plans/${encodeURIComponent(desk.id)}/history`;

async function askMore({ isNew = false } = {}) {
  if (!desk.card || desk.share) return;
  const query = { what: group, limit: AT_ONCE, before: isNew ? "" : next };
  const found = await working("history", "", (signal) => askJson(pathOf(), { query, signal }), { again: () => askMore({ isNew }) });
  if (!found) return;
  events = isNew ? found.events : [...events, ...found.events];
  next = found.next;
  isAsked = true;
  isStale = false;
  draw();
}

// Others' text stays in its own writing direction.
function said(tag, text, kind) {
  const made = make(tag, text, kind);
  made.dir = "auto";
  return made;
}

const clockOf = (moment) => new Intl.DateTimeFormat(languageNow() === "zh" ? "zh-CN" : "en-GB", { timeStyle: "short" }).format(new Date(moment));
const dateOf = (moment) => new Intl.DateTimeFormat(languageNow() === "zh" ? "zh-CN" : "en-GB", { dateStyle: "full" }).format(new Date(moment));

function table(event) {
  const head = make("tr", ["history_what", "history_id", "history_before", "history_after"].map((key) => {
    const made = make("th", say(key));
    made.scope = "col";
    return made;
  }));
  const rows = event.items.map((one) => {
    const cells = [make("td", say(`history_of_${one.what}`)), ...[one.id || "–", one.before, one.after].map((value) => said("td", value ?? "–"))];
    return make("tr", cells);
  });
  return make("table", [make("thead", [head]), make("tbody", rows)]);
}

// One thing in a line of its own.
function lineOf(one) {
  const value = (side) => (side === null ? "–" : String(side));
  const name = [say(`history_of_${one.what}`), one.id].filter(Boolean).join(" ");
  return said("p", `${name}${say("history_colon")}${value(one.before)} → ${value(one.after)}`, "soft");
}

function detailsOf(event) {
  if (!event.items.length || TOLD.includes(event.group)) return null;
  if (event.items.length <= FEW) return make("div", event.items.map(lineOf));
  const box = make("details");
  box.open = unfolded.has(event.number);
  const summary = make("summary", say("history_n_things", { n: event.items.length + event.more_items }));
  summary.dataset.act = "more";
  box.append(summary);
  const fill = () => {
    if (box.childElementCount > 1) return;
    box.append(table(event));
    if (event.more_items) box.append(make("p", say("history_more_items", { n: event.more_items }), "soft"));
  };
  if (box.open) fill();
  box.addEventListener("toggle", () => {
    if (box.open) {
      unfolded.add(event.number);
      fill();
    } else unfolded.delete(event.number);
  });
  return box;
}

function row(event) {
  const who = event.who === "local" ? say("history_local") : event.who === "system" ? say("history_system") : event.who;
  const facts = [clockOf(event.at), who, event.revision ? say("history_revision", { n: event.revision }) : ""];
  const parts = [said("span", event.title, "what"), make("span", facts.filter(Boolean).join(" · "), "note-meta")];
  if (event.reason) parts.push(said("p", event.reason, "why"));
  const more = detailsOf(event);
  if (more) parts.push(more);
  const made = make("li", [icon(ICONS[event.group] || ICONS.others), make("div", parts)], "event");
  made.dataset.id = String(event.number);
  return made;
}

function days() {
  const found = [];
  let day = "";
  let list = null;
  for (const event of events) {
    const now = dateOf(event.at);
    if (now !== day) {
      day = now;
      list = make("ol", null, "events");
      found.push(make("h3", day, "day"), list);
    }
    list.append(row(event));
  }
  return found;
}

function filter() {
  const way = make("select");
  way.dataset.act = "filter";
  for (const one of GROUPS) {
    const option = make("option", say(`history_group_${one || "all"}`));
    option.value = one;
    option.selected = one === group;
    way.append(option);
  }
  way.addEventListener("change", () => {
    group = way.value;
    askMore({ isNew: true });
  });
  return make("label", [make("span", say("history_filter"), "unseen"), way]);
}

function draw() {
  if (!section || !desk.card) return;
  const has = section.contains(document.activeElement) ? document.activeElement : null;
  const place = has && { act: has.dataset.act, id: has.closest("[data-id]")?.dataset.id };
  const { scrollTop } = section;
  const file = make("a", say("history_csv"), "button small");
  file.href = `${pathOf()}?${new URLSearchParams({ f: "csv", lang: languageNow(), ...(group ? { what: group } : {}) })}`;
  file.download = "";
  file.dataset.act = "csv";
  const again = button(say("history_again"), () => askMore({ isNew: true }), "small");
  again.dataset.act = "again";
  const parts = [make("h2", say("panel_history")), make("div", [filter(), again, file], "line"), ...days()];
  if (isAsked && !events.length) parts.push(make("p", say("history_none"), "empty"));
  if (next !== null) {
    const older = button(say("history_older"), () => askMore());
    older.dataset.act = "older";
    parts.push(older);
  }
  section.replaceChildren(...parts);
  section.scrollTop = scrollTop;
  if (place?.act) {
    const box = place.id ? section.querySelector(`[data-id="${CSS.escape(place.id)}"]`) : section;
    box?.querySelector(`[data-act="${CSS.escape(place.act)}"]`)?.focus({ preventScroll: true });
  }
}

// Something happened: the newest are asked for when somebody looks.
function touched() {
  isStale = true;
  if (isOpen("history")) askMore({ isNew: true });
}

export function start() {
  if (desk.share) return;
  addPanel({
    id: "history",
    fill(box) {
      section = box;
      draw();
    },
    show() {
      draw();
      if (isStale) askMore({ isNew: true });
    },
  });
  on("card", touched);
  on("notes", touched);
  onLanguage(() => {
    isStale = true; // titles are the service's words
    if (isOpen("history")) askMore({ isNew: true });
    draw();
  });
}
