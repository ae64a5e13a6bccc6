// Where the next cameras should stand: the question, the ranked proposals on the map, and the decision on each.  What is
// decided is kept by the service and respected by the next ranking; the ranking itself is kept by this browser.
import { make, metres, onLanguage, say } from "./desk_words.js";
import { notice, post, working } from "./coverage_ask.js";
import { className, levelName } from "./coverage_grids.js";
import { asPoint, fitLine, goTo, hintNow, map, polygonsOf, shortCode } from "./coverage_map.js";
import { atLeast, count, decimal, percent } from "./coverage_numbers.js";
import { scene } from "./coverage_paint.js";
import { boxOf } from "./coverage_pen.js";
import { desk, keepIn, keepWork, kept, mayChange, on, planId, tell, workOn } from "./coverage_state.js";
import { askVerdicts, replaceProposals, sendVerdict, showVerdicts, verdictButtons } from "./coverage_verdicts.js";

const at = (id) => document.getElementById(id);
const GOALS = ["cover", "all", "floor"];
const done = []; // what was decided here, the last one last: what undo takes back
let answer = null;

// -- asking

function question() {
  const { goal, count: add, where, price, floors } = kept().sites;
  const body = { plan: planId(), goal, add, level: desk.survey.level, floors, private_price: price };
  if (where.startsWith("grid:")) body.grids = [where.slice(5)];
  else if (where.startsWith("community:")) body.community = where.slice(10);
  return body;
}

export async function askProposals() {
  if (!desk.survey) return;
  const body = question();
  const found = await working("proposals", "load_proposals", (options) => post("/v1/cameras/proposals", body, options), { again: askProposals });
  if (!found) return;
  answer = { ...found, goal: found.goal || body.goal };
  keepWork(planId(), { answer });
  done.length = 0;
  choose(answer.proposals.length ? 1 : 0, { isQuiet: true });
  if (answer.proposals.length) fitLine(scene.proposals.map((one) => [one.at]), 1.5);
}

async function askDecided() {
  const found = await askVerdicts("camera", askDecided);
  if (!found) return;
  desk.decided = found;
  merge();
}

// The last ranking with the verdicts as the service knows them.
function merge() {
  answer = workOn(planId()).answer || null;
  if (answer) {
    const verdicts = new Map(desk.decided.map((one) => [one.id, one.verdict]));
    for (const one of answer.proposals) one.verdict = verdicts.get(one.id) || null;
  }
  showAll();
}

// -- deciding

export async function decide(verdict, one = current()) {
  if (!one) return;
  if (!mayChange()) {
    notice("warn", say("may_not"));
    return;
  }
  const before = one.verdict || null;
  if (before === verdict) return void step(1);
  if (await send(one, verdict)) {
    done.push({ one, before });
    const next = answer ? answer.proposals.find((other) => !other.verdict && other.rank > one.rank) || answer.proposals.find((other) => !other.verdict) : null;
    if (next) choose(next.rank);
    else hintNow(say("all_decided"));
  }
}

async function send(one, verdict) {
  const level = (answer && answer.level) || desk.survey.level;
  if (!(await sendVerdict("camera", one, verdict, level, () => send(one, verdict)))) return false;
  one.verdict = verdict;
  desk.decided = desk.decided.filter((other) => other.id !== one.id);
  if (verdict) desk.decided.unshift({ ...one, verdict });
  if (answer) {
    for (const other of answer.proposals) if (other.id === one.id) other.verdict = verdict;
    keepWork(planId(), { answer });
  }
  tell("decided");
  showAll();
  return true;
}

export async function undo() {
  const last = done.pop();
  if (!last) {
    notice("plain", say("nothing_to_undo"));
    return;
  }
  if (await send(last.one, last.before)) {
    if (answer && answer.proposals.some((one) => one.id === last.one.id)) choose(last.one.rank);
  } else done.push(last);
}

// -- going through them

const current = () => (answer ? answer.proposals.find((one) => one.rank === desk.proposal) : null);

export function step(way) {
  if (!answer || !answer.proposals.length) return;
  const ranks = answer.proposals.map((one) => one.rank);
  const here = ranks.indexOf(desk.proposal);
  choose(ranks[Math.min(Math.max(here + way, 0), ranks.length - 1)]);
}

export function choose(rank, { isQuiet = false } = {}) {
  desk.proposal = rank;
  showAll();
  const one = current();
  if (!one) return;
  const place = scene.proposals.find((other) => other.rank === rank);
  if (place && !isQuiet) {
    if (place.rings) fitLine([place.rings.flat(), [place.at]], 2.5);
    else goTo(place.at);
    hintNow(say("site_hint", { n: rank, of: answer.proposals.length, gain: metres(one.gain_m), grid: one.grid ? shortCode(one.grid) : "–", private: metres(one.private_m) }));
  }
  const line = at("proposals").querySelector("[aria-current]");
  if (line) line.scrollIntoView({ block: "nearest" });
}

// -- showing

function draw() {
  const proposed = answer ? answer.proposals : [];
  const rest = desk.decided.filter((one) => one.verdict === "accepted" && !proposed.some((other) => other.id === one.id));
  scene.proposals = [...proposed, ...rest].map((one) => {
    const rings = polygonsOf(one.sight).flat().map((ring) => map.line(ring));
    const isChosen = Boolean(one.rank) && proposed.includes(one) && one.rank === desk.proposal;
    const made = asPoint([one.lon, one.lat], { rank: proposed.includes(one) ? one.rank : 0, text: String(one.rank || "✓"), verdict: one.verdict, heading: one.heading_deg, isChosen, rings: rings.length ? rings : null });
    if (rings.length) made.box = boxOf([...rings.flat(), made.at]);
    return made;
  });
  map.draw();
}

function showAnswer() {
  const box = at("sites-answer");
  if (!answer) {
    box.replaceChildren(make("p", say("sites_nothing"), "soft empty"));
    return;
  }
  const { goal, proposals, street_m: all, seen_before_m: before, seen_after_m: after, bound_frac: frac, is_proved: isProved } = answer;
  const parts = [];
  if (!proposals.length) parts.push(make("p", say("sites_none"), "told warn"));
  else {
    parts.push(make("p", [make("strong", `${percent(all ? before / all : null)} → ${percent(all ? after / all : null)}`), make("span", say("sites_seen", { before: metres(before), after: metres(after), level: levelName(answer.level) }))], "result"));
    const proof = goal === "all" ? say("bound_all", { n: count(proposals.length), bound: count(Math.ceil(answer.bound - 1e-6)) }) : isProved ? say("bound_proved") : say("bound_frac", { frac: atLeast(frac) });
    parts.push(make("p", proof, `proof ${isProved ? "good" : ""}`));
  }
  for (const [name, [was, is]] of Object.entries(answer.density || {})) {
    if (was !== is) parts.push(make("p", say("sites_density", { name: className(name), before: decimal(was), after: decimal(is) }), "soft"));
  }
  const short = Object.entries(answer.floor_short || {});
  if (short.length) parts.push(make("p", say("sites_short", { n: count(short.reduce((sum, [, n]) => sum + n, 0)), grids: short.slice(0, 5).map(([code]) => shortCode(code)).join(say("comma")) }), "told warn"));
  const left = Object.entries(answer.left_out || {}).filter(([, n]) => n);
  if (left.length) parts.push(make("p", say("sites_left", { list: left.map(([why, n]) => `${say(`left_${why}`) === `left_${why}` ? why : say(`left_${why}`)} ${count(n)}`).join(say("comma")) }), "soft"));
  box.replaceChildren(...parts);
}

function showProposals() {
  const rows = answer ? answer.proposals : [];
  replaceProposals(at("proposals"), rows.map((one) => {
    const isHere = one.rank === desk.proposal;
    const title = [make("span", say("site_gain", { gain: metres(one.gain_m), total: metres(one.total_m) })), make("small", [one.grid ? say("in_grid", { grid: shortCode(one.grid) }) : say("in_no_grid"), say("site_private", { length: metres(one.private_m) }), one.places ? say("site_places", { n: one.places }) : "", one.is_for_floor ? say("site_floor") : ""].filter(Boolean).join(" · "))];
    const press = make("button", [make("b", one.rank), make("span", title, "two")]);
    press.type = "button";
    press.dataset.act = "go";
    if (isHere) press.setAttribute("aria-current", "true");
    press.addEventListener("click", () => choose(one.rank));
    return make("li", [press, ...verdictButtons(one, decide)], one.verdict || "");
  }));
}

function showDecided() {
  showVerdicts(at("decided-box"), desk.decided, {
    see: (one) => goTo(map.place([one.lon, one.lat])),
    takeBack: async (one) => {
      const before = one.verdict;
      if (await send(one, null)) done.push({ one, before });
    },
  });
}

function showForm() {
  if (at("sites-form").contains(document.activeElement) && document.activeElement.matches("input")) return; // being filled in
  const { goal, count: n, where, price, floors } = kept().sites;
  const option = (value, text, chosen) => {
    const made = make("option", text);
    made.value = value;
    made.selected = value === chosen;
    return made;
  };
  at("goal").replaceChildren(...GOALS.map((one) => option(one, say(`goal_${one}`), goal)));
  at("sites-count").value = n;
  at("sites-count").disabled = goal === "all";
  at("price").value = price;
  at("floors").checked = floors;
  showPrice();
  const communities = [...new Map((desk.rows.grid || []).filter((row) => row.community).map((row) => [row.community, row.community_name || row.community])).entries()];
  const choices = [option("", say("where_all"), where), ...communities.map(([code, name]) => option(`community:${code}`, say("where_community", { name }), where))];
  const grid = where.startsWith("grid:") ? where.slice(5) : desk.grid;
  if (grid) choices.push(option(`grid:${grid}`, say("where_grid", { grid: shortCode(grid) }), where));
  at("sites-where").replaceChildren(...choices);
}

function showPrice() {
  const price = Number(at("price").value);
  at("price-told").textContent = price ? say("price_told", { n: decimal(price) }) : say("price_zero");
}

function showAll() {
  if (!desk.survey) return;
  draw();
  showAnswer();
  showProposals();
  showDecided();
}

export function startSites() {
  at("sites-form").addEventListener("submit", (event) => {
    event.preventDefault();
    keepForm();
    askProposals();
  });
  at("sites-form").addEventListener("input", showPrice);
  at("price").value = kept().sites.price;
  at("sites-form").addEventListener("change", keepForm);
  on("survey", () => {
    showForm();
    askDecided();
  });
  on("grid", showForm);
  on("role", showAll);
  on("tapped proposal", (one) => one.rank && choose(one.rank));
  onLanguage(() => {
    if (!desk.survey) return;
    showForm();
    showAll();
  });
}

function keepForm() {
  const n = Math.min(Math.max(Math.round(Number(at("sites-count").value)) || 1, 1), 200);
  at("sites-count").value = n;
  at("sites-count").disabled = at("goal").value === "all";
  keepIn("sites", { goal: at("goal").value, count: n, where: at("sites-where").value, price: Number(at("price").value), floors: at("floors").checked });
}
