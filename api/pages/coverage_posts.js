// Where new posts would help most, for the promise chosen in the table of rules.
import { make, onLanguage, say } from "./desk_words.js";
import { post, working } from "./coverage_ask.js";
import { asPoint, goTo, hintNow, map, shortCode } from "./coverage_map.js";
import { count, duration, percent } from "./coverage_numbers.js";
import { scene } from "./coverage_paint.js";
import { desk, keepIn, kept, on, planId } from "./coverage_state.js";
import { bandName, current, keyOf, ruleName } from "./coverage_reach.js";

const at = (id) => document.getElementById(id);
const GOALS = ["center", "median", "most", "cover"];
let answer = null;
let chosen = 0;

async function askPosts() {
  const one = current();
  if (!one) return;
  const { goal, count: add } = kept().posts;
  const body = { plan: planId(), rule: one.name, band: one.band, goal, add };
  const found = await working("posts", "load_posts", (options) => post("/v1/reach/posts", body, options), { again: askPosts });
  if (!found) return;
  answer = { ...found, key: keyOf(one), goal: found.goal || goal };
  chosen = 0;
  showAll();
}

// The objective in the words of its goal.
function told(goal, value) {
  if (value === null || value === undefined) return "–";
  if (goal === "center") return duration(value, say);
  if (goal === "cover") return say("posts_n", { n: count(Math.ceil(value - 1e-6)) });
  if (goal === "median") return say("weighted_s", { n: count(Math.round(value / 3600)) });
  return say("households_n", { n: count(Math.floor(value + 1e-6)) });
}

function showAnswer() {
  const one = current();
  if (!one) return;
  if (!answer || answer.key !== keyOf(one)) {
    at("posts-answer").replaceChildren(make("p", say("posts_nothing", { rule: ruleName(one), band: bandName(one.band) }), "soft empty"));
    at("posts-list").replaceChildren();
    return;
  }
  const { goal, before, after, bound, households, households_in_before: was, households_in_after: is, proposals, is_proved: isProved, unreachable } = answer;
  const parts = [
    make("p", [make("strong", `${told(goal, before)} → ${told(goal, after)}`), make("span", say(`posts_goal_${goal}`))], "result"),
    make("p", isProved ? say("bound_proved") : say(`posts_bound_${goal === "most" ? "most" : "least"}`, { bound: told(goal, bound) }), `proof ${isProved ? "good" : ""}`),
    make("p", say("posts_households", { before: percent(households ? was / households : null), after: percent(households ? is / households : null), n: one.minutes }), "soft"),
  ];
  if (unreachable) parts.push(make("p", say("posts_unreachable", { n: count(unreachable) }), "told warn"));
  if (!proposals.length) parts.push(make("p", say("posts_none"), "told warn"));
  at("posts-answer").replaceChildren(...parts);
  at("posts-list").replaceChildren(...proposals.map((spot) => {
    const press = make("button", [make("b", spot.rank), make("span", [make("span", spot.near || say("unnamed")), make("small", spot.grid ? say("in_grid", { grid: shortCode(spot.grid) }) : say("in_no_grid"))], "two"), make("strong", goal === "cover" || !spot.total ? "" : say("posts_better", { better: told(goal, spot.total) }))]);
    press.type = "button";
    if (spot.rank === chosen) press.setAttribute("aria-current", "true");
    press.addEventListener("click", () => {
      chosen = spot.rank;
      goTo(map.place([spot.lon, spot.lat]), 0.8);
      showAll();
      hintNow(say("posts_hint", { n: spot.rank, near: spot.near || say("unnamed") }));
      at("posts-list").querySelector("[aria-current]")?.focus();
    });
    return make("li", [press]);
  }));
}

function draw() {
  const one = current();
  const isMine = answer && one && answer.key === keyOf(one);
  scene.newPosts = isMine ? answer.proposals.map((spot) => asPoint([spot.lon, spot.lat], { text: String(spot.rank), isChosen: spot.rank === chosen })) : [];
  map.draw();
}

function showAll() {
  if (!desk.reach) return;
  const { goal, count: n } = kept().posts;
  at("posts-goal").replaceChildren(...GOALS.map((one) => {
    const option = make("option", say(`posts_${one}`));
    option.value = one;
    option.selected = one === goal;
    return option;
  }));
  at("posts-count").value = n;
  at("posts-count").disabled = goal === "cover";
  draw();
  showAnswer();
}

export function startPosts() {
  at("posts-form").addEventListener("submit", (event) => {
    event.preventDefault();
    askPosts();
  });
  at("posts-form").addEventListener("change", () => {
    const n = Math.min(Math.max(Math.round(Number(at("posts-count").value)) || 1, 1), 50);
    at("posts-count").value = n;
    at("posts-count").disabled = at("posts-goal").value === "cover";
    keepIn("posts", { goal: at("posts-goal").value, count: n });
  });
  on("rule", showAll);
  on("tab", showAll);
  on("part", showAll);
  onLanguage(showAll);
}
