// Where new posts would help most, for the promise chosen in the table of rules, and the decision on each of them.  What is
// decided is kept by the service and respected by the next question; the last answer is kept by this browser.
import { make, onLanguage, say } from "./desk_words.js";
import { notice, post, working } from "./coverage_ask.js";
import { asPoint, fitLine, goTo, hintNow, map, shortCode } from "./coverage_map.js";
import { count, duration, percent } from "./coverage_numbers.js";
import { scene } from "./coverage_paint.js";
import { desk, keepIn, keepWork, kept, mayChange, on, planId, workOn } from "./coverage_state.js";
import { bandName, current, ruleName } from "./coverage_reach.js";
import { askVerdicts, replaceProposals, sendVerdict, showVerdicts, verdictButtons } from "./coverage_verdicts.js";

const at = (id) => document.getElementById(id);
const GOALS = ["center", "median", "most", "cover"];
const done = []; // what was decided here, the last one last: what undo takes back
let answer = null;
let chosen = 0;

// What an answer was asked for: a promise that was changed is another one.
const promiseOf = ({ name, band, minutes, mode, posts, places }) => JSON.stringify([name, band, minutes, mode, posts, places]);
const isMine = () => Boolean(answer && current() && answer.key === promiseOf(current()));
const proposed = () => (isMine() ? answer.proposals : []);
const now = () => proposed().find((one) => one.rank === chosen);

// -- asking

async function askPosts() {
  const one = current();
  if (!one) return;
  const { goal, count: add } = kept().posts;
  const body = { plan: planId(), rule: one.name, band: one.band, goal, add };
  const found = await working("posts", "load_posts", (options) => post("/v1/reach/posts", body, options), { again: askPosts });
  if (!found) return;
  answer = { ...found, key: promiseOf(one), goal: found.goal || goal };
  done.length = 0;
  chosen = answer.proposals.length ? 1 : 0;
  keepWork(planId(), { posts: answer });
  showAll();
  if (proposed().length) fitLine(scene.newPosts.map((spot) => [spot.at]), 1.5);
}

async function askDecided() {
  const found = await askVerdicts("post", askDecided);
  if (!found) return;
  desk.decidedPosts = found;
  answer = workOn(planId()).posts || null;
  if (answer) {
    const verdicts = new Map(found.map((one) => [one.id, one.verdict]));
    for (const one of answer.proposals) one.verdict = verdicts.get(one.id) || null;
    chosen = chosen || 1;
  }
  showAll();
}

// -- deciding

export async function decidePost(verdict, one = now()) {
  if (!one) return;
  if (!mayChange()) {
    notice("warn", say("may_not"));
    return;
  }
  const before = one.verdict || null;
  if (before === verdict) return void stepPosts(1);
  if (await send(one, verdict)) {
    done.push({ one, before });
    const open = proposed().filter((other) => !other.verdict);
    const next = open.find((other) => other.rank > one.rank) || open[0];
    if (next) choose(next.rank);
    else hintNow(say("all_decided"));
  }
}

async function send(one, verdict) {
  const level = one.level || (answer && answer.rule) || ""; // the promise it was proposed for
  if (!(await sendVerdict("post", one, verdict, level, () => send(one, verdict)))) return false;
  one.verdict = verdict;
  desk.decidedPosts = desk.decidedPosts.filter((other) => other.id !== one.id);
  if (verdict) desk.decidedPosts.unshift({ ...one, level, verdict });
  if (answer) {
    for (const other of answer.proposals) if (other.id === one.id) other.verdict = verdict;
    keepWork(planId(), { posts: answer });
  }
  showAll();
  return true;
}

export async function undoPost() {
  const last = done.pop();
  if (!last) {
    notice("plain", say("nothing_to_undo"));
    return;
  }
  if (await send(last.one, last.before)) {
    if (proposed().some((one) => one.id === last.one.id)) choose(last.one.rank);
  } else done.push(last);
}

// -- going through them

export function stepPosts(way) {
  const ranks = proposed().map((one) => one.rank);
  if (ranks.length) choose(ranks[Math.min(Math.max(ranks.indexOf(chosen) + way, 0), ranks.length - 1)]);
}

function choose(rank) {
  chosen = rank;
  showAll();
  const spot = now();
  if (!spot) return;
  goTo(map.place([spot.lon, spot.lat]), 0.8);
  hintNow(say("posts_hint", { n: spot.rank, near: spot.near || say("unnamed") }));
  at("posts-list").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

// -- showing

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
  if (!isMine()) {
    at("posts-answer").replaceChildren(make("p", say("posts_nothing", { rule: ruleName(one), band: bandName(one.band) }), "soft empty"));
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
}

function showList() {
  replaceProposals(at("posts-list"), proposed().map((spot) => {
    const better = answer.goal === "cover" || !spot.total ? "" : say("posts_better", { better: told(answer.goal, spot.total) });
    const press = make("button", [make("b", spot.rank), make("span", [make("span", spot.near || say("unnamed")), make("small", spot.grid ? say("in_grid", { grid: shortCode(spot.grid) }) : say("in_no_grid"))], "two"), make("strong", better)]);
    press.type = "button";
    press.dataset.act = "go";
    if (spot.rank === chosen) press.setAttribute("aria-current", "true");
    press.addEventListener("click", () => choose(spot.rank));
    return make("li", [press, ...verdictButtons(spot, (verdict) => decidePost(verdict, spot))], spot.verdict || "");
  }));
}

function showDecided() {
  showVerdicts(at("posts-decided"), desk.decidedPosts, {
    see: (one) => goTo(map.place([one.lon, one.lat]), 0.8),
    takeBack: async (one) => {
      const before = one.verdict;
      if (await send(one, null)) done.push({ one, before });
    },
  });
}

// What is proposed for this promise, and what was accepted for any.
function draw() {
  const rest = desk.decidedPosts.filter((one) => one.verdict === "accepted" && !proposed().some((other) => other.id === one.id));
  const mark = (one, rank) => asPoint([one.lon, one.lat], { rank, text: String(rank || "✓"), verdict: one.verdict, isChosen: rank > 0 && rank === chosen });
  scene.newPosts = [...proposed().map((one) => mark(one, one.rank)), ...rest.map((one) => mark(one, 0))];
  map.draw();
}

function showAll() {
  if (!desk.reach || !current()) return;
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
  showList();
  showDecided();
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
  on("survey", askDecided);
  on("tapped newPost", (one) => one.rank && choose(one.rank));
  for (const what of ["reach", "role", "rule", "tab", "part"]) on(what, showAll);
  onLanguage(showAll);
}
