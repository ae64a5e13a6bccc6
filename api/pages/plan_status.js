// Where the plan is in its life: the steps as a line, who took them and why, what may be done next by whom, and the papers.
// A refusal is shown with everything that is wrong, each with its place on the map.
import { askJson, change, contentOf } from "./desk_ask.js";
import { dayOf, make, onLanguage, say } from "./desk_words.js";
import { dayText, stateChip } from "./plan_choose.js";
import { flush } from "./plan_do.js";
import { flash, zoomToAtoms } from "./plan_map.js";
import { addPanel, isOpen } from "./plan_panels.js";
import { drawPapers, startPapers } from "./plan_papers.js";
import { desk, on, planPath, tell } from "./plan_state.js";
import { askText, button, confirm, notice, openDialog, tellAloud, trouble, working } from "./desk_talk.js";

const ROAD = ["draft", "submitted", "approved", "filed", "in_force"];
const WHO = { submitted: "planner", withdrawn: "planner", filed: "planner", returned: "reviewer", approved: "reviewer", in_force: "reviewer" };
const ORDER = ["submitted", "approved", "filed", "in_force", "returned", "withdrawn"];
let section = null;
let told = null; // StatusOut
let refusal = null; // {state, faults}

const me = () => desk.session?.account || "local";
const isAlone = () => Boolean(desk.session?.is_local);
const mayTake = (state) => [WHO[state], "admin"].includes(desk.role);
const isOwn = (state) => state === "approved" && told?.plan.submitted_by === me() && !isAlone();

async function askStatus() {
  if (!desk.id || desk.share) return;
  const found = await working("status", "", (signal) => askJson(planPath("/status"), { signal }), { again: askStatus });
  if (!found || found.plan.id !== desk.id) return;
  told = found;
  if (desk.card && found.plan.revision > desk.card.revision && found.plan.steps === desk.card.steps) took(found.plan);
  draw();
}

function took(card) {
  desk.card = card;
  tell("card", card);
}

// -- what is drawn

function life() {
  const { plan, states, reigns } = told;
  const last = new Map(states.map((stay) => [stay.state, stay]));
  const at = ROAD.indexOf({ returned: "draft", withdrawn: "draft", superseded: "in_force" }[plan.state] || plan.state);
  const since = states.findLast((stay) => ["draft", "returned"].includes(stay.state));
  const rows = ROAD.map((state, i) => {
    const stay = last.get(state);
    const isDone = i < at || (i === at && state === "in_force");
    const isCurrent = i === at;
    const isValid = stay && (i <= at) && (i === 0 || stay.revision >= since.revision);
    const facts = isValid ? make("span", `${dayText(stay.at)} · ${stay.who}`, "soft") : make("span", say(`status_who_${WHO[state] || "planner"}`), "soft");
    const word = isCurrent ? say("status_now") : isDone ? say("status_done") : say("status_to_come");
    const made = make("li", [make("span", isDone ? "✓" : String(i + 1), "number"), make("div", [make("strong", say(`plan_state_${state}`)), facts]), make("span", word, "unseen")], isCurrent ? "now" : isDone ? "done" : "");
    if (isCurrent) made.setAttribute("aria-current", "step");
    return made;
  });
  const list = make("ol", rows, "life");
  list.setAttribute("aria-label", say("status_road"));
  const parts = [list];
  if (["returned", "withdrawn", "superseded"].includes(plan.state)) {
    const stay = last.get(plan.state);
    parts.push(make("p", [stateChip(plan.state), make("span", ` ${dayText(stay?.at)} · ${stay?.who || ""}`), stay?.reason ? make("q", stay.reason) : null], "aside"));
  }
  if (plan.state === "filed" && plan.effective_from) parts.push(make("p", say("status_from_day", { day: dayText(plan.effective_from) }), "aside"));
  if (reigns.length && plan.effective_from) {
    const ended = reigns.filter((one) => one.valid_to).length;
    parts.push(make("p", say(ended ? "status_reigns_partly" : "status_reigns", { n: reigns.length, ended, day: dayText(plan.effective_from) }), "soft"));
  }
  return parts;
}

function actions() {
  const { plan } = told;
  const next = ORDER.filter((state) => plan.next_states.includes(state));
  if (!next.length) return [make("p", say("status_nothing_next"), "empty")];
  const rows = next.map((state) => {
    const word = plan.state === "filed" && plan.effective_from ? "status_do_reschedule" : `status_do_${state}`;
    const parts = [];
    if (!mayTake(state)) parts.push(make("p", [make("strong", say(word)), make("span", say("status_for_role", { role: say(`status_role_${WHO[state]}`) }), "soft")], "not-mine"));
    else if (isOwn(state)) parts.push(make("p", [make("strong", say(word)), make("span", say("status_four_eyes", { who: me() }), "soft")], "not-mine"));
    else {
      const made = button(say(word), () => take(state), { returned: "", withdrawn: "danger" }[state] ?? "main");
      made.dataset.act = state;
      parts.push(make("div", [made, make("span", say(`status_then_${state}`), "soft")], "act"));
    }
    return make("li", parts);
  });
  return [make("h3", say("status_next")), make("ul", rows, "next")];
}

function history() {
  const rows = told.states.map((stay) => {
    const made = make("li", [make("div", [stateChip(stay.state), make("span", `${dayText(stay.at)} · ${stay.who}`, "soft")], "line")]);
    if (stay.reason) made.append(make("q", stay.reason));
    return made;
  });
  return make("details", [make("summary", say("status_history", { n: rows.length })), make("ol", rows, "stays")]);
}

// -- a refusal: everything that is wrong, and where

const plainCode = (value) => String(value ?? "").split(",")[0].trim();

function placeOf({ facts = {} }) {
  const model = desk.plan;
  for (const key of ["grid", "id", "code"]) {
    const at = model?.gridAt.get(plainCode(facts[key]));
    if (at !== undefined && !model.grids[at].is_gone) return [...model.atomsOf(at)];
  }
  for (const key of ["community", "grid", "id"]) {
    const at = desk.ground?.communities.findIndex((one) => one.code === plainCode(facts[key])) ?? -1;
    if (at >= 0) return [...desk.ground.community.keys()].filter((atom) => desk.ground.community[atom] === at);
  }
  return null;
}

function refused() {
  const rows = refusal.faults.map((fault) => {
    const atoms = placeOf(fault);
    const made = make("li", [make("span", fault.message)]);
    if (atoms?.length) {
      made.append(button(say("status_show"), () => {
        zoomToAtoms(atoms);
        flash(atoms);
      }, "small"));
    }
    return made;
  });
  const close = button(say("close"), () => {
    refusal = null;
    draw();
  }, "small");
  const box = make("section", [make("h3", say("status_refused", { what: say(`status_do_${refusal.state}`) })), make("ul", rows, "faults"), close], "refusal");
  box.setAttribute("role", "alert");
  box.tabIndex = -1;
  return box;
}

function draw() {
  if (!section || section.hidden) return;
  const focused = section.contains(document.activeElement) ? document.activeElement.dataset.act : null;
  const heading = make("h2", say("panel_status"));
  if (!told) {
    section.replaceChildren(heading, make("p", say("status_loading"), "soft"));
    return;
  }
  const { plan } = told;
  const name = make("p", [make("strong", plan.name || plan.id), stateChip(plan.state)], "line named");
  if (["planner", "admin"].includes(desk.role) && !["superseded", "withdrawn"].includes(plan.state)) {
    const rename = button(say("status_rename"), renamePlan, "small");
    rename.dataset.act = "rename";
    name.append(rename);
  }
  section.replaceChildren(heading, name, ...life(), ...(refusal ? [refused()] : []), ...actions(), drawPapers(), history());
  if (focused) section.querySelector(`[data-act="${focused}"]`)?.focus();
}

// -- what is done

async function saved() {
  await flush();
  if (!desk.unsaved) return true;
  notice("warn", say("status_unsaved"), { id: "status-unsaved" });
  return false;
}

async function send(path, method, body) {
  const headers = { "Content-Type": "application/json", "If-Match": desk.card.etag, "Idempotency-Key": crypto.randomUUID() };
  return contentOf(await change(planPath(path), { method, headers, body: JSON.stringify(body) }));
}

async function take(state) {
  if (!(await saved())) return;
  const asked = await ask(state);
  if (!asked) return;
  await step(state, asked);
}

async function step(state, asked) {
  refusal = null;
  try {
    const found = await working("status-step", say("status_working"), () => send("/status", "POST", { state, ...asked }), { isThrown: true });
    if (!found) return;
    told = found;
    took(found.plan);
    const isLater = state === "in_force" && found.plan.state === "filed";
    const text = isLater ? say("status_from_day", { day: dayText(found.plan.effective_from) }) : say("status_is_now", { state: say(`plan_state_${found.plan.state}`) });
    notice("good", text, { id: "status" });
    draw();
  } catch (error) {
    await refusedStep(state, asked, error);
  }
}

async function refusedStep(state, asked, error) {
  if (error.code === "plan_base_outdated" && !asked.over_others) {
    const others = error.faults[0]?.facts?.measured || "";
    if (await confirm({ title: say("status_over_others"), text: `${error.message} ${say("status_over_text", { others })}`, ok: say("status_over_ok"), isGrave: true })) await step(state, { ...asked, over_others: true });
    return;
  }
  if (error.status === 412) {
    notice("warn", say("status_stale"), { id: "status-stale" });
    await askStatus();
    return;
  }
  if (!error.faults?.length) {
    trouble(error, () => step(state, asked));
    return;
  }
  refusal = { state, faults: error.faults };
  draw();
  tellAloud(error.message);
  section.querySelector(".refusal")?.focus();
}

// What a step needs to be told, and what it will do; null where the planner thinks better of it.
async function ask(state) {
  const title = say(`status_do_${state}`);
  if (state === "returned") {
    const reason = await askText({ title, text: say("status_then_returned"), label: say("status_reason"), lines: 4, max: 500, ok: title, check: plain });
    return reason === null ? null : { reason: oneLine(reason) };
  }
  if (state === "withdrawn") {
    const reason = await askText({ title: say("status_withdraw_sure"), text: say("status_then_withdrawn"), label: say("status_reason_maybe"), max: 500, isEmptyFine: true, ok: title, check: plain });
    return reason === null ? null : reason ? { reason } : {};
  }
  if (state === "in_force") return askDay(title);
  return (await confirm({ title, text: say(`status_then_${state}`), ok: title })) ? {} : null;
}

const oneLine = (text) => text.replace(/\s+/g, " ").trim();
const plain = (text) => (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(text) ? say("status_reason_plain") : "");

function askDay(title) {
  return openDialog({
    title,
    fill(form, close) {
      form.append(make("p", say("status_then_in_force")));
      const way = (value, key, isChecked) => {
        const made = make("input");
        made.type = "radio";
        made.name = "status-when";
        made.value = value;
        made.checked = isChecked;
        return [made, make("label", [made, make("span", say(key))], "check")];
      };
      const [now, nowRow] = way("now", "status_when_now", true);
      const [later, laterRow] = way("later", "status_when_later", false);
      const day = make("input");
      day.type = "date";
      const tomorrow = new Date(Date.now() + 86_400_000);
      day.value = dayOf(tomorrow);
      if (desk.role !== "admin") day.min = dayOf(tomorrow);
      day.setAttribute("aria-label", say("status_when_later"));
      day.addEventListener("focus", () => { later.checked = true; });
      const fault = make("p", "", "fault");
      fault.setAttribute("role", "alert");
      const main = button(title, () => {
        if (now.checked) close({});
        else if (!day.value) {
          fault.textContent = say("status_day_needed");
          day.focus();
        } else close({ effective_from: `${day.value}T00:00:00${zone()}` });
      }, "main");
      form.append(make("fieldset", [make("legend", say("status_when")), nowRow, laterRow, day]), make("p", say("status_communities", { n: desk.ground?.communities.length ?? "?" }), "soft"), fault, make("div", [button(say("cancel"), () => close()), main], "buttons"));
    },
  });
}

// The day begins where the planner sits.
function zone() {
  const minutes = -new Date().getTimezoneOffset();
  const two = (n) => String(Math.floor(Math.abs(n))).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

async function renamePlan() {
  if (!(await saved())) return;
  const name = await askText({ title: say("status_rename"), label: say("status_name"), value: told.plan.name, max: 200, ok: say("status_rename") });
  if (name === null || name === told.plan.name) return;
  try {
    const card = await send("", "PATCH", { name });
    told = { ...told, plan: card };
    took(card);
    draw();
  } catch (error) {
    if (error.status === 412) await askStatus();
    trouble(error, renamePlan);
  }
}

export function start() {
  if (desk.share) return;
  startPapers(draw);
  addPanel({
    id: "status",
    key: "s",
    fill(made) {
      section = made;
      section.classList.add("status");
    },
    show() {
      draw();
      askStatus();
    },
  });
  on("card", (card) => {
    if (told && card && told.plan.id === card.id && told.plan.revision === card.revision) return;
    if (isOpen("status")) askStatus();
  });
  on("role", draw);
  onLanguage(draw);
}

