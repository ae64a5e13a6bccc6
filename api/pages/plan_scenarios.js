// Scenarios: the family of the plan as a tree, each a draft made from another; branch, rename, withdraw, and which of them
// are held side by side.
import { askJson, change, contentOf } from "./desk_ask.js";
import { make, onLanguage, say } from "./desk_words.js";
import { dayText, openPlan, stateChip } from "./plan_choose.js";
import { openCompare } from "./plan_compare.js";
import { flush } from "./plan_do.js";
import { addCommand, addPanel, isOpen } from "./plan_panels.js";
import { desk, on, tell } from "./plan_state.js";
import { askText, button, choose, confirm, notice, tellAloud, trouble, working } from "./desk_talk.js";
import { newKey } from "./plan_waiting.js";

const MOST_AT_ONCE = 3;
const DEEPEST = 6; // steps to the right; whoever is younger stands there too
let section = null;
let family = [];
let left = 0;
let ticked = [];
let isAsked = false;

const nameOf = (one) => one.name || one.id;
const isPlanner = () => ["planner", "admin"].includes(desk.role);
const canChange = (one) => isPlanner() && ["draft", "returned"].includes(one.state);
const canWithdraw = (one) => isPlanner() && one.next_states.includes("withdrawn");

async function askFamily() {
  if (desk.share || !desk.id) return;
  const found = await working("family", "", (signal) => askJson(`/v1/plans/${encodeURIComponent(desk.id)}/family`, { signal }), { again: askFamily });
  if (!found) return;
  isAsked = true;
  family = found.plans;
  left = found.more;
  ticked = ticked.filter((id) => family.some((one) => one.id === id));
  draw();
}

// -- the tree

function depths() {
  const at = new Map();
  for (const one of family) at.set(one.id, at.has(one.parent) ? at.get(one.parent) + 1 : 0);
  return at;
}

function factsOf(one) {
  const parts = [one.steps ? say("plans_steps", { n: one.steps }) : say("scen_untouched"), dayText(one.changed_at), one.changed_by];
  return parts.filter(Boolean).join(" · ");
}

function row(one, depth) {
  const tick = make("input");
  tick.type = "checkbox";
  tick.checked = ticked.includes(one.id);
  tick.disabled = !tick.checked && ticked.length >= MOST_AT_ONCE;
  tick.setAttribute("aria-label", say("scen_tick", { name: nameOf(one) }));
  tick.addEventListener("change", () => {
    ticked = tick.checked ? [...ticked, one.id] : ticked.filter((id) => id !== one.id);
    draw();
    section.querySelector(`[data-id="${CSS.escape(one.id)}"] input`)?.focus();
  });
  const isHere = one.id === desk.id;
  const name = make("a", nameOf(one), "name");
  name.href = `/desk/plan?${new URLSearchParams({ plan: one.id })}`;
  name.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    openPlan(one.id);
  });
  if (isHere) name.setAttribute("aria-current", "page");
  const more = button("⋯", () => act(one), "square more");
  more.setAttribute("aria-label", say("scen_more", { name: nameOf(one) }));
  more.setAttribute("aria-haspopup", "dialog");
  const line = make("div", [name, stateChip(one.state), ...(isHere ? [make("span", say("scen_here"), "here")] : [])], "line");
  const label = make("label", [tick], "tick");
  const made = make("li", [label, make("div", [line, make("p", factsOf(one), "soft")], "what"), more], `kin deep-${Math.min(depth, DEEPEST)}${isHere ? " is-here" : ""}`);
  made.dataset.id = one.id;
  return made;
}

function draw() {
  if (!section) return;
  const focused = document.activeElement?.closest?.("[data-id], [data-act]")?.dataset;
  const deep = depths();
  const list = make("ul", family.map((one) => row(one, deep.get(one.id))), "family");
  list.setAttribute("aria-label", say("scen_list"));
  const branch = button(say("scen_branch"), () => fork(desk.card), "main");
  branch.dataset.act = "branch";
  branch.hidden = !isPlanner();
  const compare = button(compareText(), compareNow);
  compare.dataset.act = "compare";
  compare.disabled = pairNow().length < 2;
  const parts = [make("h2", say("panel_scenarios")), make("p", say("scen_lead"), "soft"), make("div", [branch, compare], "line"), list];
  if (isAsked && family.length < 2) parts.push(make("p", say("scen_alone"), "empty"));
  if (left) parts.push(make("p", say("scen_left", { n: left }), "soft"));
  parts.push(make("p", say("scen_tick_help", { n: MOST_AT_ONCE }), "soft"));
  section.replaceChildren(...parts);
  if (focused?.id) section.querySelector(`[data-id="${CSS.escape(focused.id)}"] .more`)?.focus();
  else if (focused?.act) section.querySelector(`[data-act="${focused.act}"]`)?.focus();
}

// -- which are compared: those that are ticked, else the plan and the one it was made from

function pairNow() {
  if (ticked.length >= 2) return family.filter((one) => ticked.includes(one.id)).map((one) => one.id);
  const here = family.find((one) => one.id === (ticked[0] || desk.id));
  const parent = here && family.find((one) => one.id === here.parent);
  if (parent) return [parent.id, here.id];
  const other = family.find((one) => one.id !== here?.id);
  return here && other ? [here.id, other.id] : [];
}

function compareText() {
  if (ticked.length >= 2) return say("scen_compare_ticked", { n: ticked.length });
  const here = family.find((one) => one.id === (ticked[0] || desk.id));
  return here && family.some((one) => one.id === here.parent) ? say("scen_compare_parent") : say("scen_compare");
}

export function compareNow() {
  const ids = pairNow();
  if (ids.length >= 2) openCompare(ids);
  else notice("plain", say("scen_alone"), { id: "scen-alone" });
}

// -- what can be done with one

async function act(one) {
  const options = [];
  const isHere = one.id === desk.id;
  if (!isHere) options.push({ id: "open", text: say("scen_open"), detail: say("scen_open_detail"), isMain: true });
  if (!isHere) options.push({ id: "compare", text: say("scen_compare_here"), detail: say("scen_compare_here_detail") });
  if (isPlanner()) options.push({ id: "fork", text: say("scen_branch_from"), detail: say("scen_branch_detail") });
  if (canChange(one)) options.push({ id: "rename", text: say("scen_rename"), detail: say("scen_rename_detail") });
  if (canWithdraw(one)) options.push({ id: "withdraw", text: say("scen_withdraw"), detail: say("scen_withdraw_detail") });
  if (!options.length) {
    notice("plain", say("scen_nothing"), { id: "scen-nothing" });
    return;
  }
  const wanted = await choose({ title: nameOf(one), text: `${say(`plan_state_${one.state}`)} · ${factsOf(one)}`, options });
  if (wanted === "open") openPlan(one.id);
  if (wanted === "compare") openCompare([desk.id, one.id]);
  if (wanted === "fork") await fork(one);
  if (wanted === "rename") await rename(one);
  if (wanted === "withdraw") await withdraw(one);
}

export async function fork(one) {
  if (!one) return;
  const value = say("fork_of", { name: nameOf(one) }).slice(0, 200);
  const name = await askText({ title: say("fork"), label: say("fork_name"), value, text: say("fork_text"), ok: say("fork_ok") });
  if (name === null) return;
  if (one.id === desk.id && !(await flush())) {
    notice("warn", say("scen_wait"), { id: "scen-wait" });
    return;
  }
  const headers = { "Content-Type": "application/json", "Idempotency-Key": newKey() };
  const body = JSON.stringify({ parent: one.id, name });
  const made = await working("fork", say("busy_fork"), async (signal) => contentOf(await change("/v1/plans", { method: "POST", headers, body, signal })), { again: () => fork(one) });
  if (!made) return;
  notice("good", say("scen_made", { name: nameOf(made) }), { id: "scen-made", actions: [{ text: say("scen_open_it"), act: () => openPlan(made.id) }] });
  tellAloud(say("scen_made", { name: nameOf(made) }));
  ticked = [one.id, made.id].filter((id, at, all) => all.indexOf(id) === at);
  await askFamily();
}

async function changed(one, path, method, body) {
  if (one.id === desk.id && !(await flush())) {
    notice("warn", say("scen_wait"), { id: "scen-wait" });
    return null;
  }
  const headers = { "Content-Type": "application/json", "If-Match": one.id === desk.id ? desk.card.etag : one.etag, "Idempotency-Key": newKey() };
  try {
    return await contentOf(await change(`/v1/plans/${encodeURIComponent(one.id)}${path}`, { method, headers, body: JSON.stringify(body) }));
  } catch (error) {
    if (error.status !== 412) throw error;
    await askFamily();
    notice("warn", say("scen_stale", { name: nameOf(one) }), { id: "scen-stale" });
    return null;
  }
}

function took(card) {
  if (card.id === desk.id) {
    desk.card = card;
    tell("card", card);
  }
  return askFamily();
}

async function rename(one) {
  const name = await askText({ title: say("scen_rename"), label: say("fork_name"), value: nameOf(one), ok: say("scen_rename_ok") });
  if (name === null || name === one.name) return;
  try {
    const card = await changed(one, "", "PATCH", { name });
    if (card) await took(card);
  } catch (error) {
    trouble(error, () => rename(one));
  }
}

async function withdraw(one) {
  const isSure = await confirm({ title: say("scen_withdraw_sure", { name: nameOf(one) }), text: say("scen_withdraw_text"), ok: say("scen_withdraw"), isGrave: true });
  if (!isSure) return;
  try {
    const told = await changed(one, "/status", "POST", { state: "withdrawn" });
    if (told) await took(told.plan);
  } catch (error) {
    trouble(error, () => withdraw(one));
  }
}

export function start() {
  if (desk.share) return;
  addPanel({
    id: "scenarios",
    fill(made) {
      section = made;
      draw();
    },
    show: askFamily,
  });
  addCommand({ id: "branch", keys: ["Control+b"], word: "scen_branch", group: "page", when: () => isPlanner() && Boolean(desk.card), run: () => fork(desk.card) });
  addCommand({ id: "compare", keys: ["Shift+d"], word: "scen_compare_any", group: "page", when: () => Boolean(desk.plan), run: startComparing });
  on("card", () => (isOpen("scenarios") ? askFamily() : draw()));
  on("role", draw);
  onLanguage(draw);
}

async function startComparing() {
  if (!isAsked) await askFamily();
  compareNow();
}
