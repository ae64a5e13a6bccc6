// Who can be sent: the nearest units with their minutes, reasons and ways, each by its digit; posts and departments by a key.
// The service ranks them and a person sends one.  What changes among the units is asked for anew.
import { Trouble, askJson } from "./desk_ask.js";
import { has, make, metres, onLanguage, say } from "./desk_words.js";
import { addCommand, keyName } from "./desk_keys.js";
import { button, tellAloud } from "./desk_talk.js";
import { ageText, momentText } from "./dispatch_clock.js";
import { isFormOpen } from "./dispatch_form.js";
import { showWays } from "./dispatch_form_map.js";
import { postLine, postText, postsFor } from "./dispatch_posts.js";
import { desk, mayWrite, on } from "./dispatch_state.js";
import { askReason, chooseByDigit, isMaking, sendChange } from "./dispatch_steps.js";

export const MOST = 5;
const AGAIN_MS = 2000; // changes of units are asked for together, at most so often
const SETTLE_MS = 600; // a list in another order is looked at before its digits count
const at = (id) => document.getElementById(id);
let card = null;
let box = null;
let found = null; // the service's answer, with `id` and `at`
let trouble = "";
let isAgain = false; // somebody has it, and another one is looked for
let pointed = 0;
let asking = 0;
let waiting = 0;

const isHeld = (one) => Boolean(one.unit || one.body);

// Whether the incident waits for somebody: then the nearest are asked for at once.
const isWaiting = (one) => ["received", "assessed"].includes(one.state) || (["assigned", "dispatched", "arrived"].includes(one.state) && (isAgain || !isHeld(one)));

const mayChange = (one) => mayWrite() && ["received", "assessed", "assigned", "dispatched", "arrived"].includes(one.state);

// -- what the card says

// The card of an incident, or none, and where the units are to stand in it.
export function showUnits(given, section = null) {
  const isSame = card && given && card.id === given.id;
  if (!isSame) {
    found = null;
    isAgain = false;
    pointed = 0;
    trouble = "";
  }
  const before = card;
  card = given;
  box = section;
  if (!card || !isWaiting(card)) {
    asking += 1;
    stopWaiting();
    found = null;
    showWays([]);
  } else if (!isSame || !before || before.state !== card.state || before.unit !== card.unit || before.body !== card.body) ask();
  paint();
}

async function ask() {
  asking += 1;
  const mine = asking;
  stopWaiting();
  const { id } = card;
  try {
    const answer = await askJson("/v1/dispatch", { query: { incident: id, k: MOST } });
    if (mine !== asking) return;
    const isNews = found && found.id === id && nameList(found) !== nameList(answer);
    found = { ...answer, id, at: Date.now(), isNews };
    trouble = "";
    pointed = Math.min(pointed, Math.max(answer.suggestions.length - 1, 0));
    if (answer.streets === "not_ready") askSoon();
  } catch (error) {
    if (!(error instanceof Trouble)) throw error;
    if (mine !== asking || error.kind === "stopped") return;
    trouble = error.message;
  }
  paint();
}

function stopWaiting() {
  clearTimeout(waiting);
  waiting = 0;
}

const nameList = (answer) => answer.suggestions.map((one) => one.unit).join(" ");

function askSoon() {
  if (!card || !isWaiting(card) || waiting) return;
  waiting = setTimeout(() => {
    waiting = 0;
    if (card && isWaiting(card)) ask();
  }, AGAIN_MS);
}

// -- the list

function facts(one) {
  const parts = [
    one.is_route ? metres(one.length_m) : say("units_straight", { length: metres(one.length_m) }),
    has(`units_mode_${one.mode}`) ? say(`units_mode_${one.mode}`) : one.mode,
    one.age_s === null ? "" : say("units_seen", { age: ageText(one.age_s) }),
  ];
  return make("span", parts.filter(Boolean).join(" · "), "soft");
}

// Why it stands where it stands, where that is not the way and its minutes alone.
function whyText(one) {
  if (one.reason !== "chosen") return one.text;
  return one.rotation.seconds ? say("units_rotation", { n: one.n_taken }) : "";
}

function suggestion(one, i) {
  const why = whyText(one);
  const send = button("", () => give({ unit: one.unit }, one.name || one.unit), "unit");
  send.append(
    make("kbd", String(i + 1)),
    make("span", [make("strong", one.name || one.unit), facts(one), why ? make("span", why, "reason") : null], "what"),
    make("span", [make("b", minutesText(one)), make("span", say("units_minutes"), "soft")], "minutes"),
  );
  send.classList.toggle("straight", !one.is_route);
  send.title = say("units_send", { unit: one.name || one.unit });
  send.addEventListener("pointerenter", () => point(i));
  send.addEventListener("focus", () => point(i));
  return make("li", [send], i === pointed ? "pointed" : "");
}

const minutesText = (one) => (one.minutes === null ? "–" : one.minutes < 10 ? one.minutes.toFixed(1) : String(Math.round(one.minutes)));

function point(i) {
  if (i === pointed) return;
  pointed = i;
  [...(box?.querySelectorAll(".suggestions > li") || [])].forEach((row, place) => row.classList.toggle("pointed", place === i));
  paintWays();
}

function paintWays() {
  const all = card && found && isWaiting(card) ? found.suggestions : [];
  showWays(all.map((one, i) => ({ line: lineOf(one), isChosen: i === pointed, isStraight: !one.is_route, digit: i + 1 })).filter((one) => one.line.length > 1));
}

const lineOf = ({ geometry }) => (geometry?.type === "MultiLineString" ? geometry.coordinates.flat() : geometry?.coordinates || []);

function passed() {
  const over = found.passed_over;
  if (!over.length) return null;
  const rows = over.map((one) => make("li", [
    make("strong", one.name || one.unit), one.age_s === null ? null : make("span", ageText(one.age_s), "soft"), make("span", one.text, "why"),
  ], ["stale", "no_position", "off"].includes(one.reason) ? "stale" : ""));
  return make("details", [make("summary", say("units_passed", { n: over.length })), make("ul", rows, "passed")]);
}

function paint() {
  if (!box || !card) return;
  const isFull = isWaiting(card);
  box.hidden = !mayWrite() && !isHeld(card);
  const held = box.contains(document.activeElement) ? [...box.querySelectorAll("button")].indexOf(document.activeElement) : -1;
  const parts = [];
  if (isHeld(card)) {
    const name = card.unit ? desk.units.get(card.unit)?.name || card.unit : card.body;
    const again = mayChange(card) && !isAgain ? button(say("units_reassign"), reassign, "small") : null;
    parts.push(make("p", [make("span", say("units_has"), "soft"), make("strong", name), again], "held"));
  }
  if (isFull && mayWrite()) parts.push(...choice());
  box.replaceChildren(...parts);
  paintWays();
  if (held >= 0) (box.querySelectorAll("button")[held] || at("card").querySelector("[data-main]"))?.focus();
}

function choice() {
  const heading = make("h3", say("units_heading"));
  const again = button("⟳", () => ask(), "small square");
  again.setAttribute("aria-label", say("units_again"));
  again.title = `${say("units_again")} (${keyName("u")})`;
  const head = make("div", [heading, found ? make("span", say(found.isNews ? "units_as_of_new" : "units_as_of", { time: momentText(found.at) }), "soft") : null, again], "head");
  const rest = button("", giveBody, "body");
  rest.append(make("kbd", keyName("y")), make("span", say("units_body")));
  const parts = [head];
  if (trouble) parts.push(make("p", trouble, "fault"));
  if (found) {
    const list = make("ol", found.suggestions.map(suggestion), "suggestions");
    list.setAttribute("aria-label", say("units_heading"));
    parts.push(found.suggestions.length ? list : make("p", say("units_none"), "empty"));
    if (found.suggestions.some((one) => !one.is_route)) parts.push(make("p", say(`units_streets_${found.streets}`), "soft"));
  } else if (!trouble) parts.push(make("p", say("units_asking"), "soft"));
  parts.push(rest);
  if (found) parts.push(passed());
  return parts.filter(Boolean);
}

// -- giving it to somebody

async function give(whom, name) {
  if (!card || !mayChange(card) || isMaking(card.id)) return;
  const seen = card;
  const told = { incident: seen.id, ...whom, client_id: crypto.randomUUID() };
  if (isHeld(seen)) {
    told.reassign = true;
    told.reason = await askReason(say("units_reassign_title", { name }), say("units_reassign_text", { id: seen.id }));
    if (!told.reason) return;
  }
  const after = await sendChange(seen, "/v1/dispatch", "POST", told, () => give(whom, name));
  if (!after) {
    if (card?.id === seen.id && isWaiting(card)) ask();
    return;
  }
  isAgain = false;
  if (!isFormOpen() && desk.selected === after.id) at("card").querySelector("[data-main]")?.focus();
}

const reassign = () => {
  isAgain = true;
  ask();
  paint();
  box.querySelector(".body")?.focus();
};

// A post or a department instead of a unit.
async function giveBody() {
  if (!card || !mayChange(card)) return;
  const seen = card;
  const posts = (await postsFor(seen)).slice(0, 7);
  const options = posts.map((one) => ({ id: postText(one), text: postText(one), detail: postLine(one) }));
  const body = await chooseByDigit({
    title: say("units_body_title", { id: seen.id }), text: posts.length ? say("units_body_text") : say("units_body_no_posts"), options,
    fill(form, close) {
      const field = make("input");
      Object.assign(field, { id: "body-name", type: "text", maxLength: 100, autocomplete: "off", autofocus: !posts.length });
      field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.isComposing) return;
        event.preventDefault();
        if (field.value.trim()) close(field.value.trim());
      });
      const label = make("label", say("units_body_other"));
      label.htmlFor = field.id;
      form.append(make("div", [label, field], "field"));
    },
  });
  if (body) await give({ body }, body);
}

function byDigit(i) {
  const one = found?.suggestions[i];
  if (!one) return;
  if (found.isNews && Date.now() - found.at < SETTLE_MS) {
    tellAloud(say("units_changed"));
    return;
  }
  give({ unit: one.unit }, one.name || one.unit);
}

const isReady = () => Boolean(card) && !isFormOpen() && mayChange(card) && isWaiting(card);

export function start() {
  for (let i = 0; i < MOST; i += 1) {
    addCommand({ id: `send_${i + 1}`, keys: [String(i + 1)], word: `units_key_${i + 1}`, group: "doing", isOnce: true, isHidden: i > 0, when: () => isReady() && Boolean(found?.suggestions[i]), run: () => byDigit(i) });
  }
  addCommand({ id: "send_body", keys: ["y"], word: "units_body", group: "doing", isOnce: true, when: () => Boolean(card) && !isFormOpen() && mayChange(card), run: () => { if (!isWaiting(card)) isAgain = true; giveBody(); } });
  addCommand({ id: "send_again", keys: ["u"], word: "units_again", group: "doing", isOnce: true, when: () => Boolean(card) && !isFormOpen() && mayChange(card), run: () => (isWaiting(card) ? ask() : reassign()) });
  on("unit", askSoon);
  on("loaded", askSoon);
  onLanguage(() => (card && isWaiting(card) ? ask() : paint()));
}
