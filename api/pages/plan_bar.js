// The bar at the top: which plan and how it stands, undo and redo, search, language, printing, help.
import { change, contentOf } from "./desk_ask.js";
import { languageNow, onLanguage, say, setLanguage } from "./desk_words.js";
import { choosePlan, openPlan, redrawStart } from "./plan_choose.js";
import { refreshButtons, showHelp } from "./desk_keys.js";
import { addCommand } from "./plan_panels.js";
import { desk, keep, kept, mayChange, on } from "./plan_state.js";
import { askText, dismiss, notice, stopAll, working } from "./desk_talk.js";

const at = (id) => document.getElementById(id);

function showCard() {
  const { card } = desk;
  at("plan-name").textContent = card ? card.name || card.id : say("plans_choose");
  at("plan-state").textContent = card ? say(`plan_state_${card.state}`) : "";
  at("plan-state").className = `chip ${card?.state || ""}`;
  at("plan-open").setAttribute("aria-label", card ? say("plan_now", { name: card.name || card.id, state: say(`plan_state_${card.state}`) }) : say("plans_choose"));
  document.title = card ? `${card.name || card.id} · ${say("title")}` : say("title");
  at("plan-open").disabled = Boolean(desk.share);
  showReadOnly();
  refreshButtons();
}

// Why nothing can be changed, and the way to a plan where it can.
function showReadOnly() {
  dismiss("read-only");
  if (!desk.card || mayChange()) return;
  if (desk.share) {
    notice("plain", say("read_only_share"), { id: "read-only" });
    return;
  }
  const isPlanner = ["planner", "admin"].includes(desk.role);
  const why = isPlanner ? say("read_only_state", { state: say(`plan_state_${desk.card.state}`) }) : say("read_only_role");
  const actions = isPlanner ? [{ text: say("read_only_fork"), act: fork, stays: true }] : [];
  notice("plain", why, { id: "read-only", actions });
}

// A scenario of one's own from the plan that is shown.
async function fork() {
  const name = await askText({ title: say("fork"), label: say("fork_name"), value: say("fork_of", { name: desk.card.name || desk.card.id }).slice(0, 200), text: say("fork_text"), ok: say("fork_ok") });
  if (name === null) return;
  const made = await working("fork", say("busy_fork"), async (signal) => {
    const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
    return contentOf(await change("/v1/plans", { method: "POST", headers, body: JSON.stringify({ parent: desk.id, name }), signal }));
  });
  if (made) openPlan(made.id);
}

// -- language

function switchLanguage() {
  const wanted = languageNow() === "zh" ? "en" : "zh";
  keep({ language: wanted });
  const asked = new URL(location);
  if (asked.searchParams.has("lang")) {
    asked.searchParams.set("lang", wanted); // a reload opens as one left it
    history.replaceState(history.state, "", asked);
  }
  const scrolled = [...document.querySelectorAll("#panels, #panels *")].filter((one) => one.scrollTop).map((one) => [one, one.scrollTop]);
  setLanguage(wanted);
  for (const [one, top] of scrolled) one.scrollTop = top;
}

export function beginLanguage() {
  const asked = new URLSearchParams(location.search).get("lang");
  setLanguage(asked || kept().language || (document.documentElement.lang === "en" ? "en" : "zh"));
}

export function start() {
  at("plan-open").addEventListener("click", choosePlan);
  at("language").addEventListener("click", switchLanguage);
  addCommand({ id: "help", keys: ["?"], word: "help", group: "page", run: showHelp });
  addCommand({ id: "plans", keys: ["Control+o"], word: "plans", group: "page", when: () => !desk.share, run: choosePlan });
  addCommand({ id: "language", keys: [], word: "switch_language", group: "page", run: switchLanguage });
  addCommand({ id: "stop", keys: ["Escape"], word: "stop", group: "doing", isHidden: true, when: () => !at("busy").hidden, run: stopAll });
  on("card", showCard);
  onLanguage(() => {
    at("language").textContent = say("other_language");
    showCard();
    redrawStart();
  });
}
