// Which plan: the list of plans, in a dialog or as the first thing the desk shows, and what is said where there is none.
import { askJson } from "./desk_ask.js";
import { languageNow, make, say } from "./desk_words.js";
import { desk } from "./plan_state.js";
import { button, openDialog, signIn, trouble, working } from "./desk_talk.js";

const MANY = 20;
const ASKED = 200;
const at = (id) => document.getElementById(id);
let plans = null;

export const stateChip = (state) => {
  const made = make("span", say(`plan_state_${state}`), `chip ${state}`);
  return made;
};

export function dayText(moment) {
  if (!moment) return "";
  return new Intl.DateTimeFormat(languageNow() === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "short" }).format(new Date(moment));
}

// Another plan is another page: whatever waits to be sent is kept by the browser, and goes on from there.
export function openPlan(id, { isNew = false } = {}) {
  const asked = new URL(location.pathname.startsWith("/shared/") ? "/desk/plan" : location.pathname, location.href);
  asked.searchParams.set("plan", id);
  const language = new URLSearchParams(location.search).get("lang");
  if (language) asked.searchParams.set("lang", language); // it opens in the language one left
  if (isNew) window.open(asked, "_blank", "noopener");
  else location.assign(asked);
}

export async function askPlans(signal) {
  const found = [];
  for (let after = ""; ; ) {
    const page = await askJson("/v1/plans", { query: { limit: ASKED, after }, signal });
    found.push(...page.plans);
    after = page.next;
    if (!after || found.length >= 2000) break;
  }
  plans = found;
  return found;
}

const textOf = (one) => [one.name, one.id, say(`plan_state_${one.state}`), one.place, one.county].join(" ").toLowerCase();

// The list with its search, into a box.
function fillList(box, all, chosen) {
  const list = make("ul", null, "plans");
  const none = make("p", say("plans_none_like"), "soft");
  none.hidden = true;
  const rows = all.map((one) => {
    const way = make("a", [make("strong", one.name || one.id), stateChip(one.state)]);
    const asked = new URLSearchParams({ plan: one.id });
    way.href = `/desk/plan?${asked}`;
    if (one.id === desk.id) way.setAttribute("aria-current", "page");
    way.addEventListener("click", () => chosen?.());
    const facts = [one.place || one.county, one.steps ? say("plans_steps", { n: one.steps }) : "", dayText(one.changed_at)];
    way.append(make("span", facts.filter(Boolean).join(" · "), "soft"));
    const row = make("li", [way]);
    row.dataset.text = textOf(one);
    return row;
  });
  if (all.length > MANY) {
    const field = make("input");
    field.type = "search";
    field.autocomplete = "off";
    field.autofocus = true;
    field.placeholder = say("plans_search");
    field.setAttribute("aria-label", say("plans_search"));
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => row.dataset.text.includes(word));
      none.hidden = rows.some((row) => !row.hidden);
    });
    box.append(field);
  }
  list.append(...rows);
  box.append(list, none);
}

// The dialog of all plans.
export async function choosePlan() {
  const all = plans || (await working("plans", say("busy_plans"), askPlans));
  if (!all) return;
  plans = null; // the next time anew
  await openDialog({
    title: say("plans"),
    kind: "wide",
    fill(form, close) {
      fillList(form, all, () => close());
      if (!all.length) form.append(make("p", say("plans_none"), "soft"));
      form.append(make("div", [button(say("close"), () => close())], "buttons"));
    },
  });
}

// -- the desk without a plan

// what: "choose" (none asked for), "unknown", "denied", "refused" (it can not be shown), "session", "gone"
let shown = null;

export function showStart(what, detail = "") {
  shown = [what, detail];
  document.body.dataset.state = what;
  at("start").hidden = false;
  at("start-heading").textContent = say(`start_${what}`);
  at("start-lead").textContent = detail || say(`start_${what}_lead`);
  const body = at("start-body");
  body.replaceChildren();
  if (what === "session") body.append(button(say("sign_in"), signIn, "main"), button(say("try_again"), () => location.reload()));
  if (what === "gone") body.append(button(say("try_again"), () => location.reload(), "main"));
  if (["choose", "unknown", "denied", "refused"].includes(what) && !desk.share) listInto(body);
}

async function listInto(body) {
  body.replaceChildren(make("p", say("busy_plans"), "soft"));
  try {
    const all = plans || (await askPlans());
    body.replaceChildren();
    if (all.length) fillList(body, all);
    else {
      const first = [1, 2, 3].map((n) => make("li", [make("span", say(`plans_first_${n}`)), make("code", say(`plans_first_${n}_how`))]));
      body.append(make("p", say("plans_none")), make("ol", first, "first"));
    }
  } catch (error) {
    if (error.kind === "session") showStart("session");
    else trouble(error, () => listInto(body));
  }
}

export function hideStart() {
  shown = null;
  at("start").hidden = true;
}

export function redrawStart() {
  if (shown) showStart(...shown);
}

// Why the desk stays empty.
export function showWhy(error) {
  if (error.kind === "session") showStart("session");
  else if ([404, 410, 422].includes(error.status)) showStart("unknown", error.message);
  else if (error.status === 403) showStart("denied", error.message);
  else if (error.kind === "gone" || error.status >= 500) showStart("gone", error.message);
  else if (error.kind === "refused") showStart("refused", error.message);
  else {
    showStart("gone");
    throw error;
  }
}
