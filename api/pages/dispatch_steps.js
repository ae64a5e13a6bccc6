// Steps of an incident: which may follow, who may make them, what is asked first, and what is said where somebody else was
// quicker.  What may follow is the service's answer (`next`); the page only orders it.
import { Trouble, askJson, change, contentOf } from "./desk_ask.js";
import { make, say } from "./desk_words.js";
import { button, notice, openDialog, tellAloud, trouble } from "./desk_talk.js";
import { momentText } from "./dispatch_clock.js";
import { desk, putIncident, STATES, tell } from "./dispatch_state.js";

export const LINE = STATES.slice(0, 8); // without the side exit
export const RESULTS = ["settled", "transferred", "unfounded", "not_settled"];
const FORWARD = new Map(LINE.slice(0, -1).map((state, i) => [state, LINE[i + 1]]));
// Who may bring an incident there (partition.incidents.flow.MAY); the service refuses all others in any case.
const MAY = {
  assessed: ["dispatcher"], assigned: ["dispatcher"], dispatched: ["dispatcher"], arrived: ["dispatcher", "patrol"], feedback: ["dispatcher", "patrol"],
  verified: ["dispatcher", "reviewer"], closed: ["dispatcher", "reviewer"], cancelled: ["dispatcher"],
};

export const maySet = (state) => desk.role === "admin" || (MAY[state] || []).includes(desk.role);

export const isBack = (before, after) => after === "cancelled" || !LINE.includes(before) || LINE.indexOf(after) < LINE.indexOf(before);

// What comes next: one main step, the steps aside and back, and those further on that include the ones between.
export function waysFrom(card) {
  const main = card.next.includes(FORWARD.get(card.state)) ? FORWARD.get(card.state) : "";
  const others = card.next.filter((one) => one !== main);
  const here = LINE.indexOf(card.state);
  const hasSomebody = Boolean(card.unit || card.body);
  const further = here >= 0 && hasSomebody ? LINE.slice(here + 2).filter((one) => one !== "assigned") : [];
  return { main, others: others.filter((one) => maySet(one)), further: further.filter((one) => maySet(one)) };
}

// -- what is asked first

// Why something is done; null where it is not done after all.
export function askReason(title, text) {
  return openDialog({
    title,
    kind: "step",
    fill(form, close) {
      const field = make("textarea");
      Object.assign(field, { rows: 3, maxLength: 200, id: "step-reason", autofocus: true });
      const fault = make("p", "", "fault");
      fault.id = "step-fault";
      fault.setAttribute("role", "alert");
      field.setAttribute("aria-describedby", fault.id);
      const done = () => {
        const reason = field.value.trim();
        fault.textContent = reason ? "" : say("steps_reason_needed");
        field.setAttribute("aria-invalid", String(!reason));
        if (reason) close(reason);
        else field.focus();
      };
      field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        done();
      });
      form.append(
        make("p", text), make("label", [make("span", say("steps_reason")), field], "field"), fault,
        make("div", [button(say("cancel"), () => close()), button(say("steps_do"), done, "main")], "buttons"),
      );
    },
  });
}

const whyStep = (card, to) => askReason(say("steps_reason_title", { state: say(`state_${to}`) }), say("steps_reason_text", { id: card.id, from: say(`state_${card.state}`), to: say(`state_${to}`) }));

// One of some ways, by its digit, by arrows or the pointer; null where none.  {id, text, detail, isOff}
export function chooseByDigit({ title, text = "", options, fill }) {
  return openDialog({
    title,
    kind: "step",
    fill(form, close) {
      if (text) form.append(make("p", text));
      const ways = options.map((one, i) => {
        const made = button("", () => close(one.id), "way");
        made.append(make("kbd", String(i + 1)), make("span", [make("strong", one.text), one.detail ? make("span", one.detail, "soft") : null], "what"));
        made.disabled = Boolean(one.isOff);
        return made;
      });
      const box = make("div", ways, "ways digits");
      const all = make("div", [box], "digit-box");
      form.append(all);
      fill?.(form, close);
      form.append(make("div", [button(say("cancel"), () => close())], "buttons"));
      form.addEventListener("keydown", (event) => {
        if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
        const here = ways.indexOf(document.activeElement);
        const digit = /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : -1;
        if (ways[digit] && !ways[digit].disabled) close(options[digit].id);
        else if (event.key === "ArrowDown") ways[(here + 1) % ways.length]?.focus();
        else if (event.key === "ArrowUp") ways[(here - 1 + ways.length) % ways.length]?.focus();
        else return;
        event.preventDefault();
      });
    },
  });
}

const askResult = (card) => chooseByDigit({
  title: say("steps_result_title", { id: card.id }), text: say("steps_result_text"),
  options: RESULTS.map((one) => ({ id: one, text: say(`card_result_${one}`), detail: say(`steps_result_${one}`) })),
});

// -- making a step

const underWay = new Set();

// Whether a step of this incident is on its way to the service.
export const isMaking = (id) => underWay.has(id);

// Bring an incident into a state; asks what has to be said first.  Gives the card afterwards, null where nothing was done.
export async function makeStep(card, to, { through = false, ...more } = {}) {
  if (underWay.has(card.id)) return null;
  const told = { to, client_id: crypto.randomUUID(), ...more };
  if (through) told.through = true;
  if (isBack(card.state, to) && !told.reason) {
    told.reason = await whyStep(card, to);
    if (!told.reason) return null;
  }
  if (to === "closed" && !told.result) {
    told.result = await askResult(card);
    if (!told.result) return null;
  }
  return sendChange(card, `/v1/incidents/${encodeURIComponent(card.id)}/transitions`, "POST", told, () => makeStep(card, to, { through, ...told }));
}

// Correct an incident.
export const changeIncident = (card, changes) =>
  sendChange(card, `/v1/incidents/${encodeURIComponent(card.id)}`, "PATCH", changes, () => changeIncident(card, changes), true);

// What stands for the same task: what else changed meanwhile (the level, the title) takes nothing from a step.
const sameTask = (a, b) => a.state === b.state && a.unit === b.unit && a.body === b.body;

// Sent with the revision that was seen.  Refused for a change that leaves the task as it was, it is sent once more.
export async function sendChange(seen, path, method, told, again, isThrown = false) {
  const { id } = seen;
  underWay.add(id);
  tell("making", { id });
  const key = told.client_id || crypto.randomUUID();
  try {
    return await sendSeen(seen, path, method, told, key);
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    if (error.kind === "refused" && [409, 412].includes(error.status) && await explain(seen, error)) return null;
    if (isThrown && error.kind === "refused") throw error;
    trouble(error, error.kind === "refused" ? undefined : again);
    return null;
  } finally {
    underWay.delete(id);
    tell("making", { id });
  }
}

async function sendSeen(seen, path, method, told, key, isSecond = false) {
  const headers = { "Content-Type": "application/json", "If-Match": seen.etag, "Idempotency-Key": isSecond ? crypto.randomUUID() : key };
  try {
    const card = await contentOf(await change(path, { method, headers, body: JSON.stringify(told), patience: 20000 }));
    const after = card.incident && typeof card.incident === "object" ? card.incident : card;
    tell("card", { card: after });
    putIncident(after);
    tellAloud(say("steps_made", { id: after.id, state: say(`state_${after.state}`) }));
    return after;
  } catch (error) {
    const isChanged = error.kind === "refused" && error.status === 412 && !isSecond;
    if (!isChanged) throw error;
    const now = await askJson(`/v1/incidents/${encodeURIComponent(seen.id)}`);
    tell("card", { card: now });
    if (!sameTask(now, seen) || now.revision === seen.revision) throw error;
    return sendSeen(now, path, method, told, key, true);
  }
}

// Somebody else was quicker: who by role, what and when.  Whether that is what happened.
async function explain(seen, error) {
  const path = `/v1/incidents/${encodeURIComponent(seen.id)}`;
  let now = null;
  let events = [];
  try {
    [now, { events }] = await Promise.all([askJson(path), askJson(`${path}/history`)]);
  } catch {
    return false; // the refusal itself is told
  }
  tell("card", { card: now });
  putIncident(now);
  if (now.revision === seen.revision) return false;
  const last = events.filter((one) => one.after && one.after !== one.before).at(-1) || events.at(-1);
  const whom = now.unit ? desk.units.get(now.unit)?.name || now.unit : now.body || "";
  notice("warn", say(whom ? "steps_quicker_whom" : "steps_quicker", {
    id: seen.id, role: say(`steps_role_${last?.role || "system"}`), state: say(`state_${now.state}`), time: last ? momentText(last.at) : "", whom,
  }), { id: `quicker-${seen.id}` });
  tell("quicker", { id: seen.id, error });
  return true;
}
