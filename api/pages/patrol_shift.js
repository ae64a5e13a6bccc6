// The shift at hand: what was chosen, what the service answered, how far one is.  Other parts are told of changes.
import { ask, contentOf } from "./desk_ask.js";
import { keep, keepSaved, keepWork, kept, workOf } from "./patrol_kept.js";
import { say } from "./desk_words.js";

const SAVED_CACHE = "gridwright-patrol-routes";
const hearers = { loaded: [], moved: [], report: [], opened: [] };

export const shift = { choice: null, answer: null, etag: "", isFromPhone: false, report: null };

export function on(name, hear) {
  hearers[name].push(hear);
}

export function tell(name) {
  for (const hear of hearers[name]) hear();
}

export const queryOf = (choice) => ({
  plan: choice.plan,
  grid: choice.grid,
  mode: choice.mode,
  date: choice.date,
  half: choice.half,
  patrollers: choice.patrollers,
  shift_minutes: choice.minutes,
  post: choice.post,
});

// Names a shift on this phone; other settings of the same shift are another route, but the same work.
export const keyOf = (choice) => [choice.grid, choice.date, choice.half, choice.mode, choice.number].join("|");

export function shiftName(choice) {
  const mode = say(`mode_${choice.mode}`);
  return say("shift_name", { date: choice.date, half: say(choice.half), mode, number: choice.number });
}

export const planName = (plan) =>
  say(plan.revision === undefined ? "plan_name" : "plan_name_revision", {
    name: plan.name || plan.id,
    revision: plan.revision,
  });

export const isSamePlan = (a, b) => a.id === b.id && a.revision === b.revision;

// -- the route at hand

export function route() {
  const routes = shift.answer ? shift.answer.routes : [];
  return routes[Math.min(shift.choice ? shift.choice.number : 1, routes.length) - 1] || routes[0] || null;
}

export const legs = () => (route() ? route().legs.map((leg) => leg.properties) : []);
export const work = () => workOf(keyOf(shift.choice));
export const step = () => (route() ? Math.min(work().step, legs().length) : 0);

export function goTo(place) {
  keepWork(keyOf(shift.choice), { step: Math.min(Math.max(place, 0), legs().length) });
  tell("moved");
}

export const tickName = (leg) => leg.place_id || `leg-${leg.number}`;
export const isTicked = (leg) => tickName(leg) in work().ticks;

export function setTick(leg, isOn) {
  const ticks = { ...work().ticks };
  if (isOn) ticks[tickName(leg)] = Date.now();
  else delete ticks[tickName(leg)];
  keepWork(keyOf(shift.choice), { ticks });
  tell("moved");
}

// -- from the service, or from the phone

function take(choice, answer, etag, isFromPhone = false) {
  Object.assign(shift, { choice, answer, etag, isFromPhone, report: null });
  keep({ choice });
  if (!kept().shifts[keyOf(choice)]) keepWork(keyOf(choice), {});
  tell("loaded");
}

export async function load(choice, signal) {
  const found = await askRoutes(choice, "", signal);
  const answer = await contentOf(found);
  const number = Math.min(choice.number, Math.max(answer.routes.length, 1));
  take({ ...choice, number }, answer, found.headers.get("ETag") || "");
  return number === choice.number;
}

function askRoutes(choice, etag, signal) {
  const headers = { Accept: "application/json" };
  if (etag) headers["If-None-Match"] = etag;
  return ask("/v1/patrols", { query: queryOf(choice), headers, signal });
}

// The answer of today to the question of the shift at hand, where the plan has changed since: its name, and how to
// go on with it.
export async function askNewer() {
  const { choice, answer, etag } = shift;
  const found = await askRoutes(choice, etag);
  if (found.status === 304) return null;
  const newer = await contentOf(found);
  if (shift.answer !== answer || isSamePlan(newer.plan, answer.plan)) return null;
  return { plan: newer.plan, take: () => take(choice, newer, found.headers.get("ETag") || "") };
}

export function choosePatroller(number) {
  take({ ...shift.choice, number }, shift.answer, shift.etag, shift.isFromPhone);
}

// -- kept on the phone: the answer and the files of a shift, in the browser's own store

export const canKeep = () => "caches" in window && "serviceWorker" in navigator;
const place = (key, part) => `/desk/patrol/kept/${encodeURIComponent(key)}/${part}`;

export async function putPart(key, part, content, type) {
  const cache = await caches.open(SAVED_CACHE);
  await cache.put(place(key, part), new Response(content, { headers: { "Content-Type": type } }));
}

export async function getPart(key, part) {
  if (!canKeep()) return null;
  const found = await (await caches.open(SAVED_CACHE)).match(place(key, part));
  return found || null;
}

export async function dropParts(key) {
  if (!canKeep()) return;
  const cache = await caches.open(SAVED_CACHE);
  for (const request of await cache.keys()) {
    if (new URL(request.url).pathname.startsWith(place(key, ""))) await cache.delete(request);
  }
}

// Whether the shift could be taken from the phone; browsers may clear what they keep.
export async function loadKept(key) {
  const found = await getPart(key, "route.json");
  const what = kept().saved[key];
  if (found && what) {
    take(what.choice, await found.json(), what.etag || "", true);
    return true;
  }
  if (what) keepSaved(key, null);
  return false;
}
