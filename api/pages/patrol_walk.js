// Walking the route: the next turn in large type, back and on with one thumb, the list of places and turns.
import { scene } from "./patrol_paint.js";
import { choosePatroller, goTo, isTicked, legs, on, route, setTick, shift, step, work, tickName } from "./patrol_shift.js";
import { clock, has, icon, km, make, metres, minutes, onLanguage, say } from "./desk_words.js";

const at = (id) => document.getElementById(id);
const ARROWS = {
  start: "M12 20V5M6 11l6-6 6 6",
  straight: "M12 20V5M6 11l6-6 6 6",
  left: "M18 20v-7a4 4 0 0 0-4-4H5M10 3.5 4.5 9l5.5 5.5",
  right: "M6 20v-7a4 4 0 0 1 4-4h9M14 3.5 19.5 9l-5.5 5.5",
  back: "M17 20V9a4.5 4.5 0 0 0-9 0v9M3.5 13.5 8 18l4.5-4.5",
  dwell: "M12 21s7-6.2 7-11.5A7 7 0 0 0 5 9.5C5 14.800 12 21 12 21zM12 8v4M12 12h2.5",
  arrive: "M6 21V4h11l-2.5 4L17 12H6",
};
const TICK = "M5 12.5 10 17.5 19.5 7";
let page = null;
let remaining = null; // metres to the end of the leg, where the position is known

export function startWalking(given) {
  page = given;
  at("back").addEventListener("click", () => move(-1));
  at("next").addEventListener("click", () => move(1));
  at("tick").addEventListener("click", tickNow);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || page.view() !== "route" || !route()) return;
    if (event.target.matches("input, select, textarea")) return;
    if (event.key === "n") move(1);
    else if (event.key === "p") move(-1);
    else if (event.key === "t") tickNow();
  });
  on("loaded", () => {
    remaining = null;
    show();
  });
  on("moved", show);
  on("opened", showList);
  onLanguage(show);
}

export function setRemaining(m) {
  remaining = m;
  if (route()) showDistance();
}

function move(by) {
  remaining = null;
  goTo(step() + by);
}

function tickNow() {
  const leg = legs()[step()];
  if (leg && leg.kind === "dwell") setTick(leg, !isTicked(leg));
}

// -- words of a leg

function nameOf(leg) {
  const name = leg.name || say(has(`class_${leg.road_class}`) ? `class_${leg.road_class}` : "unnamed");
  return leg.other_side ? say("other_side", { name }) : name;
}

const heading = (leg) => say(`heading_${Math.round((((leg.bearing_deg || 0) % 360) + 360) / 45) % 8}`);
const dwells = () => legs().filter((leg) => leg.kind === "dwell");

function turnOf(before, leg) {
  if (!leg) return "arrive";
  if (leg.kind === "dwell") return "dwell";
  if (before && before.turns_back) return "back";
  return leg.turn in ARROWS ? leg.turn : "straight";
}

function turnWord(before, leg) {
  const turn = turnOf(before, leg);
  return turn === "back" && before && before.turns_back ? say("turn_back_end") : say(`turn_${turn}`);
}

const manner = (leg) => (leg.kind === "deadhead" ? make("span", say("deadhead"), "chip empty") : make("span", say("inspect"), "chip"));

// -- the next turn

function show() {
  const mine = route();
  at("none-yet").hidden = Boolean(mine);
  at("walk").hidden = !mine;
  if (!mine) {
    at("none-yet").textContent = shift.answer ? nothingToWalk() : say("no_route");
    showList();
    return;
  }
  const all = legs();
  const i = step();
  const leg = all[i];
  const following = all[i + 1];
  const isEnd = !leg;
  at("walk").classList.toggle("is-end", isEnd);
  at("bar").style.width = `${isEnd ? 100 : Math.max(1, (100 * leg.start_m) / Math.max(mine.length_m, 1))}%`;
  at("told").replaceChildren(...told(mine, leg, i, all.length));
  const isDwell = leg && leg.kind === "dwell";
  at("tick").hidden = !isDwell;
  at("now").hidden = isEnd || isDwell;
  at("then").hidden = isEnd;
  at("back").disabled = i === 0;
  at("next").disabled = isEnd;
  if (isEnd) {
    const left = dwells().filter((one) => !isTicked(one)).length;
    setTurn("arrive", say("finished"), left ? say("places_left", { n: left }) : say("finished_note"));
  } else if (isDwell) {
    setTurn("dwell", nameOf(leg), say("dwell_for", { time: minutes(leg.seconds) }));
    const isOn = isTicked(leg);
    at("tick").replaceChildren(icon(TICK), make("span", isOn ? say("ticked", { time: clock(work().ticks[tickName(leg)]) }) : say("tick")));
    at("tick").setAttribute("aria-pressed", String(isOn));
    at("then").textContent = say("then", { what: sentence(leg, following) });
  } else {
    const first = i === 0 || all[i - 1].kind === "dwell" ? heading(leg) : "";
    at("now").replaceChildren(make("span", say("now"), "soft"), make("strong", nameOf(leg)), make("span", first), manner(leg));
    const turn = turnOf(leg, following);
    setTurn(turn, turnWord(leg, following), following ? nameOf(following) : "");
    at("then").textContent = following ? say("then", { what: afterThat(following, all[i + 2]) }) : "";
  }
  showDistance();
  showList();
}

function told(mine, leg, i, n) {
  const done = leg ? leg.start_m : mine.length_m;
  const left = 60 * mine.minutes - (leg ? leg.start_s : 60 * mine.minutes);
  return [
    make("strong", say("step_of", { i: Math.min(i + 1, n), n })),
    make("span", say("done_of", { done: (done / 1000).toFixed(2), all: km(mine.length_m) })),
    make("span", leg ? say("time_left", { time: minutes(left) }) : ""),
  ];
}

function setTurn(turn, big, onto) {
  at("arrow").replaceChildren(icon(ARROWS[turn], "arrow"));
  at("turn").textContent = big;
  at("onto").textContent = onto;
  at("onto").hidden = !onto;
}

function showDistance() {
  const leg = legs()[step()];
  const isWalk = leg && leg.kind !== "dwell";
  at("away").hidden = !isWalk;
  if (isWalk) at("away").textContent = metres(remaining === null ? leg.length_m : Math.min(remaining, leg.length_m));
}

function sentence(before, leg) {
  if (!leg) return say("turn_arrive");
  return say("turn_onto", { turn: turnWord(before, leg), name: nameOf(leg) });
}

const afterThat = (leg, after) => `${leg.kind === "dwell" ? minutes(leg.seconds) : metres(leg.length_m)} → ${sentence(leg, after)}`;

function nothingToWalk() {
  const told = [...shift.answer.warnings.map(warning), ...shift.answer.unreachable.map(reasonOf)].filter(Boolean);
  return told.length ? told.join(" ") : say("nothing_to_walk");
}

export const warning = (one) => (typeof one === "string" ? one : one.message || one.detail || one.code || "");
const reasonOf = (one) => (has(`why_${one.reason}`) ? say(`why_${one.reason}`) : one.detail || "");

// -- the list

function showList() {
  if (page.view() !== "list") return; // a long list takes a slow phone a while; it is made when it is looked at
  showPatrollers();
  const all = legs();
  const places = all.filter((leg) => leg.kind === "dwell");
  const ticked = places.filter(isTicked).length;
  at("places-heading").textContent = places.length ? say("places_heading", { n: ticked, all: places.length }) : say("places_none");
  at("places").replaceChildren(...places.map(placeRow));
  const lost = shift.answer ? shift.answer.unreachable : [];
  at("unreached-heading").hidden = !lost.length;
  at("unreached-heading").textContent = say("unreached_heading", { length: metres(shift.answer ? shift.answer.unreachable_m : 0) });
  at("unreached").replaceChildren(
    ...lost.map((one) => make("li", [make("span", [make("strong", one.street || say("unnamed")), make("span", reasonOf(one), "soft")], "two"), make("span", metres(one.length_m), "beside")])),
  );
  at("turns").replaceChildren(...all.map(turnRow));
}

function placeRow(leg, i) {
  const box = make("input");
  box.type = "checkbox";
  box.checked = isTicked(leg);
  const when = work().ticks[tickName(leg)];
  const note = [when ? clock(when) : "", minutes(leg.seconds)].filter(Boolean).join(" · ");
  box.addEventListener("change", () => {
    setTick(leg, box.checked);
    at("places").querySelectorAll("input")[i].focus();
  });
  return make("li", [make("label", [box, make("span", String(i + 1), "count"), make("strong", nameOf(leg)), make("span", note, "beside")], "tick")]);
}

function turnRow(leg, i) {
  const before = legs()[i - 1];
  const words = [make("strong", sentence(before, leg)), make("span", leg.kind === "deadhead" ? say("deadhead") : "", "soft")];
  const row = make("button", [
    icon(ARROWS[turnOf(before, leg)]),
    make("span", words, "two"),
    make("span", leg.kind === "dwell" ? minutes(leg.seconds) : metres(leg.length_m), "beside"),
  ]);
  row.type = "button";
  if (i === step()) row.setAttribute("aria-current", "step");
  if (i < step()) row.className = "is-done";
  row.addEventListener("click", () => {
    goTo(i);
    page.open("route");
  });
  return make("li", [row]);
}

function showPatrollers() {
  const routes = shift.answer ? shift.answer.routes : [];
  at("patroller-line").hidden = routes.length < 2;
  at("patroller-line").replaceChildren(
    ...routes.map((_, i) => {
      const one = make("button", say("patroller", { n: i + 1 }));
      one.type = "button";
      one.setAttribute("aria-pressed", String(i + 1 === shift.choice.number));
      one.addEventListener("click", () => choosePatroller(i + 1));
      return one;
    }),
  );
}

// -- for the map

export function placesFor(map) {
  const all = legs();
  const now = all[step()];
  let n = 0;
  scene.places = all.flatMap((leg, i) => {
    if (leg.kind !== "dwell") return [];
    n += 1;
    const spot = route().legs[i].geometry.coordinates;
    return [{ at: map.place(spot), label: String(n), isTicked: isTicked(leg), isNow: leg === now }];
  });
}
