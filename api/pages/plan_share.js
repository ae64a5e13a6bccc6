// Links to read this plan without an account: made, copied once, listed, revoked.  A page that was opened by such a link
// looks after itself: when the link ends, the page goes.
import { ask, askJson, change, contentOf, Trouble } from "./desk_ask.js";
import { make, onLanguage, say } from "./desk_words.js";
import { dayText } from "./plan_choose.js";
import { addPanel } from "./plan_panels.js";
import { desk, on, planPath } from "./plan_state.js";
import { button, confirm, dismiss, notice, tellAloud, working } from "./desk_talk.js";

const DAYS = [1, 7, 14, 30, 90];
const DEFAULT_DAYS = 14;
const LOOK_EVERY_MS = 20000;
const CHIPS = { live: "share_live", expired: "share_expired", revoked: "share_revoked" };
let section = null;
let shares = null;
let made = null; // the link that was just made: {link, expires_at}
let asked = { note: "", days: DEFAULT_DAYS };

const mayShare = () => ["planner", "reviewer", "admin"].includes(desk.role);
const path = (tail = "") => `/v1/plans/${encodeURIComponent(desk.id)}/shares${tail}`;

async function askShares() {
  if (desk.share || !desk.card) return;
  const found = await working("shares", "", (signal) => askJson(path(), { signal }), { again: askShares });
  if (!found) return;
  shares = found.shares;
  draw();
}

async function makeLink() {
  const body = JSON.stringify({ expires_in_days: asked.days, note: asked.note.trim() });
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body };
  const found = await working("share", say("share_making"), async (signal) => contentOf(await change(path(), { ...options, signal })), { again: makeLink });
  if (!found) return;
  made = { link: new URL(found.link, location.origin).href, expires_at: found.expires_at };
  asked = { note: "", days: DEFAULT_DAYS };
  draw();
  const field = section?.querySelector("[data-act=link]");
  field?.focus();
  field?.select();
  tellAloud(say("share_made"));
  await askShares();
}

async function copy() {
  const field = section.querySelector("[data-act=link]");
  try {
    await navigator.clipboard.writeText(made.link);
    notice("good", say("share_copied"), { id: "share-copied" });
  } catch {
    field.focus();
    field.select(); // the browser lets nobody write there: by hand, then
    notice("plain", say("share_copy_yourself"), { id: "share-copied" });
  }
}

async function revoke(one) {
  const text = say("share_revoke_text", { name: one.note || dayText(one.created_at) });
  if (!(await confirm({ title: say("share_revoke"), text, ok: say("share_revoke_ok"), isGrave: true }))) return;
  const done = await working("share", "", (signal) => change(path(`/${encodeURIComponent(one.id)}`), { method: "DELETE", signal }), { again: () => revoke(one) });
  if (!done) return;
  tellAloud(say("share_revoked_told"));
  await askShares();
}

// -- the panel

function field(name, label, input, kind = "") {
  input.dataset.act = name;
  return make("label", [make("span", label), input], `field ${kind}`);
}

function form() {
  const note = make("input");
  note.type = "text";
  note.maxLength = 200;
  note.autocomplete = "off";
  note.dir = "auto";
  note.value = asked.note;
  note.placeholder = say("share_note_hint");
  note.addEventListener("input", () => { asked.note = note.value; });
  const days = make("select");
  for (const n of DAYS) {
    const way = make("option", say("share_days", { n }));
    way.value = String(n);
    way.selected = n === asked.days;
    days.append(way);
  }
  days.addEventListener("change", () => { asked.days = Number(days.value); });
  const main = button(say("share_make"), makeLink, "main");
  main.dataset.act = "make";
  return make("div", [field("note", say("share_note"), note), field("days", say("share_for"), days), main], "share-form");
}

function madeBox() {
  const link = make("input");
  link.type = "text";
  link.readOnly = true;
  link.value = made.link;
  link.dataset.act = "link";
  link.setAttribute("aria-label", say("share_link"));
  link.addEventListener("focus", () => link.select());
  const copying = button(say("share_copy"), copy, "main");
  copying.dataset.act = "copy";
  const done = button(say("share_done"), () => {
    made = null;
    draw();
  });
  done.dataset.act = "done";
  const box = make("div", [make("strong", say("share_made")), make("p", say("share_once", { when: dayText(made.expires_at) })), link, make("div", [copying, done], "line")], "share-made");
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", say("share_made"));
  return box;
}

function row(one) {
  const name = make("span", one.note || say("share_nameless"), `name${one.note ? "" : " soft"}`);
  name.dir = "auto";
  const head = make("div", [name, make("span", say(CHIPS[one.state]), `chip ${one.state}`)], "line");
  const ends = one.state === "revoked" ? say("share_ended_by", { who: one.revoked_by, when: dayText(one.revoked_at) }) : say(one.state === "live" ? "share_until" : "share_was_until", { when: dayText(one.expires_at) });
  const used = one.last_used_at ? say("share_used", { n: one.uses, when: dayText(one.last_used_at) }) : say("share_unused");
  const parts = [head, make("p", [make("span", `${say("share_by", { who: one.created_by, when: dayText(one.created_at) })} · ${ends} · ${used}`)], "soft")];
  if (one.state === "live" && mayShare()) {
    const end = button(say("share_revoke_short"), () => revoke(one), "small");
    end.setAttribute("aria-label", say("share_revoke_of", { name: one.note || dayText(one.created_at) }));
    end.dataset.act = "revoke";
    parts.push(end);
  }
  const made_ = make("li", parts, `share-row${one.state === "live" ? "" : " ended"}`);
  made_.dataset.id = one.id;
  return made_;
}

function draw() {
  if (!section || !desk.card) return;
  const has = section.contains(document.activeElement) ? document.activeElement.dataset.act : "";
  const parts = [make("h2", say("panel_share")), make("p", say("share_lead"), "soft")];
  if (made) parts.push(madeBox());
  else if (mayShare()) parts.push(form());
  if (shares?.length) {
    const list = make("ul", shares.map(row), "shares");
    list.setAttribute("aria-label", say("share_list"));
    parts.push(make("h3", say("share_list")), list);
  } else if (shares) parts.push(make("p", say("share_none"), "empty"));
  section.replaceChildren(...parts);
  if (has) section.querySelector(`[data-act="${CSS.escape(has)}"]`)?.focus({ preventScroll: true });
}

// -- a page that was opened by a link

let until = "";

async function look() {
  if (document.visibilityState !== "visible") return;
  try {
    const answer = await ask(planPath());
    const told = await answer.json();
    if (told.shared_until !== until) {
      until = told.shared_until;
      // In place of the line that says the same without the day.
      dismiss("read-only");
      notice("plain", say("share_reading", { when: dayText(until) }), { id: "read-only" });
    }
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    // The service says in plain words why nothing is shown any more.
    if ([404, 410].includes(error.status)) location.reload();
  }
}

export function start() {
  if (desk.share) {
    on("loaded", look);
    setInterval(look, LOOK_EVERY_MS);
    window.addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return;
  }
  addPanel({
    id: "share",
    icon: "M4 12v7h16v-7M12 15V3M8 7l4-4 4 4",
    fill(box) {
      section = box;
      draw();
    },
    show() {
      draw();
      askShares();
    },
  });
  for (const what of ["card", "role"]) on(what, draw);
  onLanguage(draw);
}
