// What lies around an incident: patrolled street, cameras that see it, how soon somebody is promised to be there, red flags
// near, and what may be the same incident.  What is not worked out yet says so and is asked for again.
import { askJson } from "./desk_ask.js";
import { has, make, metres, say } from "./desk_words.js";
import { button, confirm } from "./desk_talk.js";
import { spanText } from "./dispatch_clock.js";
import { kindName } from "./dispatch_kinds.js";
import { OPEN, desk, mayWrite, select } from "./dispatch_state.js";
import { makeStep } from "./dispatch_steps.js";

const AGAIN_MS = 4000;
const MOST_AGAIN = 15;
const FLAGS_M = 200;
const known = new Map(); // id -> {around, same}
let showing = "";
let waiting = 0;

const row = (word, content) => [make("dt", say(word)), make("dd", content)];

// What a part says that is not there: being made, or not to be had.
const absent = (part) => (part?.state === "ready" ? null : [make("span", say(part?.state === "not_ready" ? "card_around_ready_soon" : "card_around_unknown"), "soft")]);

// -- how soon somebody is promised to be there

const promiseName = (name) => (/^\d+$/.test(name) ? say("card_around_minutes", { n: name }) : has(`card_promise_${name}`) ? say(`card_promise_${name}`) : name);

// A promise holds for several parts of the day: the slowest of them counts.
function promises(ring) {
  const slowest = new Map();
  for (const one of ring.promises) {
    const before = slowest.get(one.name);
    if (!before || (one.seconds ?? Infinity) > (before.seconds ?? Infinity)) slowest.set(one.name, one);
  }
  return [...slowest.values()].sort((a, b) => a.minutes - b.minutes);
}

// Of an answer on surroundings.
export function ringText(ring) {
  const nothing = absent(ring);
  if (nothing) return nothing;
  const soonest = ring.soonest_s === null ? say("card_around_nobody") : say("card_around_soonest", { time: spanText(ring.soonest_s) });
  const within = ring.within_min === null ? say("card_around_beyond", { n: ring.rings_min.at(-1) }) : say("card_around_within", { n: ring.within_min });
  const chips = promises(ring).map((one) => make("span", promiseName(one.name), `chip ${one.in_time ? "kept" : "late"}`));
  return [make("strong", within), make("span", soonest, "soft"), make("span", chips, "chips")];
}

function streetText(street) {
  const nothing = absent(street);
  if (nothing) return nothing;
  if (street.why_not === "no_street") return [make("span", say("card_around_no_street"), "soft")];
  const walked = street.last_walked;
  return [
    make("strong", street.name || say("card_around_unnamed")), make("span", say("card_around_away", { distance: metres(street.distance_m) }), "soft"),
    make("span", say(street.is_patrolled ? "card_around_patrolled" : "card_around_not_patrolled"), `chip ${street.is_patrolled ? "kept" : ""}`),
    walked ? make("span", say("card_around_walked", { day: walked.day, half: say(`card_half_${walked.half}`) }), "soft") : null,
  ];
}

function camerasText(cameras) {
  const nothing = absent(cameras);
  if (nothing) return nothing;
  const seeing = cameras.cameras.filter((one) => one.works);
  const names = seeing.slice(0, 3).map((one) => `${one.id} (${metres(one.distance_m)})`).join(", ");
  const text = cameras.n_seeing ? say("card_around_cameras_n", { n: cameras.n_seeing, names: cameras.n_seeing > 3 ? `${names} …` : names }) : say("card_around_cameras_none");
  return [make("span", text), cameras.n_broken ? make("span", say("card_around_cameras_broken", { n: cameras.n_broken }), "soft") : null];
}

function placesText(places) {
  if (places?.state !== "ready") return null;
  const names = [places.estate?.name || places.estate?.id, ...places.key_places.slice(0, 3).map((one) => `${one.name || one.kind} (${metres(one.distance_m)})`)].filter(Boolean);
  return names.length ? names.join(" · ") : null;
}

// -- red flags near

function flagsNear({ lon, lat }) {
  const here = (one) => Math.hypot((one.lon - lon) * Math.cos((lat * Math.PI) / 180), one.lat - lat) * 111320;
  return [...desk.flags.values()].filter((one) => !one.cleared_at && here(one) <= FLAGS_M);
}

// -- what may be the same

async function sameAs(card, main) {
  const isSure = await confirm({ title: say("card_around_same_title", { id: card.id, main }), text: say("card_around_same_text", { id: card.id, main }), ok: say("card_around_same_do") });
  if (!isSure) return;
  const after = await makeStep(card, "cancelled", { duplicate_of: main, reason: say("card_around_same_reason", { id: main }) });
  if (after) select(main);
}

function sameItem(card, one) {
  const id = one.incident;
  const open = button(`${id} · ${one.title || kindName(one.kind)}`, () => select(id), "link");
  const may = mayWrite() && ["received", "assessed", "assigned", "dispatched"].includes(card.state);
  return make("li", [open, make("span", one.message, "soft"), may ? button(say("card_around_same_do"), () => sameAs(card, id), "small") : null]);
}

// -- all of it

export function paintAround(card, box) {
  const { around, same } = known.get(card.id) || {};
  const flags = flagsNear(card);
  const rows = [];
  if (around) {
    const places = placesText(around.places);
    rows.push(...row("card_around_street", streetText(around.street)), ...row("card_around_cameras", camerasText(around.cameras)), ...row("card_around_ring", ringText(around.ring)));
    if (places) rows.push(...row("card_around_places", places));
  } else rows.push(...row("card_around_street", make("span", say(around === null ? "card_around_unknown" : "card_around_asking"), "soft")));
  if (flags.length) rows.push(...row("card_around_flags", say("card_around_flags_n", { n: flags.length, distance: metres(FLAGS_M) })));
  box.replaceChildren(make("h3", say("card_around")), make("dl", rows, "facts"));
  if (same?.length && OPEN.has(card.state)) box.append(make("h3", say("card_around_same")), make("ul", same.slice(0, 3).map((one) => sameItem(card, one)), "same-list"));
}

const isWhole = (around) => ["street", "cameras", "ring", "places"].every((name) => around[name]?.state !== "not_ready");

// Fill the part of the card; asked once for each incident, and again for what is not ready.
export async function fillAround(card, box, round = 0) {
  showing = card.id;
  clearTimeout(waiting);
  paintAround(card, box);
  const before = known.get(card.id);
  if (before?.around && isWhole(before.around)) return;
  const path = `/v1/incidents/${encodeURIComponent(card.id)}/surroundings`;
  const [around, same] = await Promise.all([
    askJson(path).catch(() => null),
    before?.same || askJson("/v1/incidents/duplicates", { query: { incident: card.id } }).then(({ duplicates }) => duplicates, () => []),
  ]);
  known.set(card.id, { around, same });
  if (known.size > 200) known.delete(known.keys().next().value);
  if (showing !== card.id || !box.isConnected) return;
  paintAround(card, box);
  if (around && !isWhole(around) && round < MOST_AGAIN) waiting = setTimeout(() => showing === card.id && box.isConnected && fillAround(card, box, round + 1), AGAIN_MS);
}
