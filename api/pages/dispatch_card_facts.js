// Parts of the card that only show: the clock, the line of states, deadlines, the place, the history, links.
import { has, make, say } from "./desk_words.js";
import { leftText, momentText } from "./dispatch_clock.js";
import { LEVELS, desk, now } from "./dispatch_state.js";
import { LINE } from "./dispatch_steps.js";

const SOON_S = 60;
const LAST_QUARTER = 0.25;
const DUE = { assess: "assess_due_at", arrive: "arrive_due_at", handle: "due_at" };
const DONE = { assess: "assessed_at", arrive: "arrived_at", handle: "handled_at" };

const ms = (moment) => (moment ? Date.parse(moment) : null);

export const whoText = (card) => (card.unit ? desk.units.get(card.unit)?.name || card.unit : card.body || "");

const roleText = (role) => (has(`steps_role_${role}`) ? say(`steps_role_${role}`) : role);

// -- the running clock: what it runs to, and the seconds; only those are touched while it runs

export function clockSection(box, card, moment = now()) {
  const due = ms(card.clock_at);
  if (!card.clock || due === null) {
    if (box.dataset.what !== card.state) {
      box.dataset.what = card.state;
      box.className = "clock none";
      box.replaceChildren(make("span", say(["closed", "cancelled"].includes(card.state) ? "card_clock_over" : "card_clock_handled"), "label"));
    }
    return;
  }
  const left = (due - moment) / 1000;
  const whole = (due - ms(card.received_at)) / 1000;
  const kind = left < 0 ? "over" : left <= Math.max(SOON_S, whole * LAST_QUARTER) ? "soon" : "ok";
  const what = `${card.clock} ${card.clock_at} ${kind} ${document.documentElement.lang}`;
  if (box.dataset.what !== what) {
    box.dataset.what = what;
    box.className = `clock ${kind}`;
    const ticking = make("span", "", "time");
    ticking.setAttribute("role", "timer");
    ticking.setAttribute("aria-live", "off");
    box.replaceChildren(ticking, make("span", [make("strong", say(`card_clock_${kind === "over" ? "late" : kind}`, { what: say(`card_due_${card.clock}`) })), make("span", say("card_clock_by", { time: momentText(due) }), "soft")], "label"));
  }
  const text = leftText(left);
  if (box.firstChild.textContent !== text) box.firstChild.textContent = text;
}

// -- the line of states: what is done with its time and role, where it stands, what follows

export function lineSection(box, card, events) {
  box.setAttribute("aria-label", say("card_line"));
  const states = card.state === "cancelled" ? [...LINE.filter((one) => card[`${one}_at`]), "cancelled"] : LINE;
  const here = states.indexOf(card.state);
  box.replaceChildren(...states.map((state, i) => {
    const isPast = i <= here;
    const told = events.filter((one) => one.after === state).at(-1);
    const when = isPast ? told?.happened_at || card[`${state}_at`] : null;
    const row = make("li", [
      make("span", null, "dot"), make("span", say(`state_${state}`), "name"),
      when ? make("time", momentText(when)) : null, isPast && told ? make("span", roleText(told.role), "soft role") : null,
    ], i < here ? "done" : i === here ? "here" : "");
    if (i === here) row.setAttribute("aria-current", "step");
    return row;
  }));
}

const pair = (word, content, kind = "") => [make("dt", say(word)), make("dd", content, kind)];

// -- the three deadlines: by when, and whether it was kept

export function deadlineSection(box, card) {
  box.setAttribute("aria-label", say("card_deadlines"));
  box.replaceChildren(...Object.keys(DUE).flatMap((what) => {
    const [due, done] = [ms(card[DUE[what]]), ms(card[DONE[what]])];
    const verdict = done === null ? null : done <= due ? "kept" : "late";
    return pair(`card_due_${what}`, [make("time", momentText(due)), verdict ? make("span", say(`card_${verdict}`), `chip ${verdict}`) : null]);
  }));
}

// -- where it lies and who has it

export function placeSection(box, card) {
  const rows = [
    whoText(card) ? pair("card_who", whoText(card)) : [],
    pair("card_level", say(`level_${LEVELS[card.level]}`)),
    pair("card_grid", card.grid || say("card_no_grid"), "code"),
    card.community ? pair("card_community", card.community, "code") : [],
    card.plan ? pair("card_plan", card.plan, "code") : [],
    pair("card_received", `${momentText(card.received_at)} · ${has(`form_source_${card.source}`) ? say(`form_source_${card.source}`) : card.source}`),
    card.result ? pair("card_result", say(`card_result_${card.result}`)) : [],
    card.duplicate_of ? pair("card_duplicate_of", card.duplicate_of, "code") : [],
  ];
  box.replaceChildren(...rows.flat());
}

// -- all that happened, newest last

function happened(one) {
  const to = one.after && one.after !== one.before ? say(`state_${one.after}`) : has(`card_event_${one.kind.split(".")[1]}`) ? say(`card_event_${one.kind.split(".")[1]}`) : one.kind;
  const whom = one.unit ? desk.units.get(one.unit)?.name || one.unit : one.body || "";
  const isLater = Math.abs(Date.parse(one.at) - Date.parse(one.happened_at)) > 60000;
  return make("li", [
    make("time", momentText(one.happened_at)), make("strong", to), make("span", roleText(one.role), "soft"),
    whom ? make("span", whom) : null, one.reason ? make("span", one.reason, "reason") : null,
    isLater ? make("span", say("card_told_at", { time: momentText(one.at) }), "soft") : null,
  ]);
}

export function historySection(box, card, events) {
  const list = make("ol", events.map(happened));
  const summary = box.querySelector("summary") || make("summary");
  summary.textContent = say("card_history", { n: events.length });
  box.replaceChildren(summary, list);
}

// -- the same elsewhere

export function linkSection(box, card) {
  const path = `/v1/incidents/${encodeURIComponent(card.id)}`;
  const link = (text, href) => {
    const made = make("a", text);
    made.href = href;
    made.target = "_blank";
    made.rel = "noopener";
    return made;
  };
  box.replaceChildren(make("span", say("card_links"), "soft"), link("JSON", path), link("CAP 1.2", `${path}/cap`));
}
