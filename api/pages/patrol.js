// The page as a whole: its views, its language, what it tells, the map with the shift on it, and the reader's position.
// Everything a reader did is kept at once (patrol_kept.js); everything asked for can fail and then says so.
import { keep, kept, whenFull } from "./patrol_kept.js";
import { GroundMap, nearest } from "./desk_map.js";
import { forgetColours, painted, scene, widthClass } from "./patrol_paint.js";
import { askGrids, showPicking, startPicking } from "./patrol_pick.js";
import { askNewer, goTo, legs, load, loadKept, keyOf, on, planName, route, shift, shiftName, step, tell } from "./patrol_shift.js";
import { startTaking } from "./patrol_take.js";
import { startTracking } from "./patrol_track.js";
import { placesFor, setRemaining, startWalking } from "./patrol_walk.js";
import { languageNow, make, onLanguage, say, setLanguage } from "./desk_words.js";

const at = (id) => document.getElementById(id);
const VIEWS = ["pick", "route", "list", "take", "track"];
const AT_TURN_M = 15;
const MOST_ACCURACY_M = 40;
const map = new GroundMap(at("map"), painted(say));
let view = "pick";
let shownLeg = -1;
let watch = null;
let isCentring = false;

// -- views

function open(wanted) {
  view = wanted;
  document.body.dataset.view = wanted;
  for (const name of VIEWS) at(name).hidden = name !== wanted;
  for (const tab of document.querySelectorAll("[data-go]")) {
    if (tab.dataset.go === wanted) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  for (const box of document.querySelectorAll("[data-needs]")) box.hidden = !route();
  for (const box of document.querySelectorAll(".none")) box.hidden = Boolean(route());
  at("map-box").hidden = !shift.answer;
  keep({ view: wanted });
  at(wanted).scrollTop = 0;
  tell("opened");
  showLegend();
}

function notice(kind, text, buttons = []) {
  const close = make("button", "×", "close");
  close.type = "button";
  close.setAttribute("aria-label", say("close"));
  const box = make("div", [make("p", text), ...buttons, close], `notice ${kind}`);
  box.setAttribute("role", kind === "bad" ? "alert" : "status");
  close.addEventListener("click", () => box.remove());
  for (const old of at("notices").children) if (old.dataset.text === text) old.remove();
  box.dataset.text = text;
  at("notices").prepend(box);
  while (at("notices").children.length > 2) at("notices").lastChild.remove();
  return box;
}

function button(text, act) {
  const made = make("button", text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

function trouble(error) {
  if (error.kind !== "session") {
    notice("bad", error.message || say("no_answer"));
    return;
  }
  const way = make("a", say("sign_in"), "button");
  way.href = `/login?next=${encodeURIComponent("/desk/patrol")}&lang=${languageNow()}`;
  notice("bad", error.message, [way]);
}

const clearNotices = () => at("notices").replaceChildren();

// -- the shift on the map

const linesOf = (geometry) => {
  if (!geometry) return [];
  if (geometry.type === "LineString") return [geometry.coordinates];
  if (geometry.type === "MultiLineString") return geometry.coordinates;
  if (geometry.type === "GeometryCollection") return geometry.geometries.flatMap(linesOf);
  return [];
};
const polygonsOf = (geometry) => {
  if (!geometry) return [];
  if (geometry.type === "Polygon") return [geometry.coordinates];
  return geometry.type === "MultiPolygon" ? geometry.coordinates : [];
};
const placed = (lines) => lines.map((line) => map.line(line));

function setScene() {
  const { answer } = shift;
  const rings = polygonsOf(answer.grid_geometry).flat();
  const mine = route();
  const first = rings[0] || (mine && linesOf(mine.legs[0].geometry)[0]) || [[0, 0]];
  map.setOrigin(first[0]);
  scene.rings = placed(rings);
  scene.ground = answer.streets.features.flatMap(({ geometry, properties }) =>
    placed(linesOf(geometry)).map((line) => ({ line, name: properties.name, kind: widthClass(properties.road_class) })),
  );
  scene.legs = (mine ? mine.legs : []).map(({ geometry, properties }) => ({
    kind: properties.kind,
    line: geometry.type === "Point" ? [map.place(geometry.coordinates)] : map.line(geometry.coordinates),
  }));
  scene.lost = placed(answer.unreachable.flatMap((one) => linesOf(one.geometry)));
  scene.me = null;
  shownLeg = -1;
  setReport();
  fitAll();
}

function setReport() {
  const { report } = shift;
  scene.missed = report ? placed(report.missed.flatMap((one) => linesOf(one.geometry))) : [];
  scene.blind = report ? (report.blind || []).flatMap((one) => polygonsOf(one.geometry || one)).map(placed) : [];
  showLegend();
}

function fitAll() {
  map.fit([...scene.rings.flat(), ...scene.legs.flatMap((leg) => leg.line)], { pad: 44 });
}

// The leg one is on, and some way of the next.
function fitLeg() {
  const now = scene.legs[scene.step];
  if (!now) return;
  const following = scene.legs[scene.step + 1];
  map.fit([...now.line, ...(following ? following.line.slice(0, 2) : [])], { most: 1.6, pad: 60 });
}

function moved() {
  scene.step = step();
  placesFor(map);
  const hasMoved = shownLeg >= 0 && shownLeg !== scene.step;
  if (scene.step < scene.legs.length && (hasMoved || (shownLeg < 0 && scene.step > 0)) && !isCentring) fitLeg();
  shownLeg = scene.step;
  map.draw();
}

function showLegend() {
  const isReport = view === "track" && Boolean(shift.report);
  scene.isReport = isReport;
  map.draw();
  const entries = isReport ? ["missed", "blind", "planned_line"] : ["now_line", "inspect_line", "empty_line", "done_line"];
  if (!isReport && scene.lost.length) entries.push("lost_line");
  at("legend").replaceChildren(...entries.map((name) => make("li", [make("i", "", name), make("span", say(`legend_${name}`))])));
}

function showOnMap(geometry) {
  const lines = placed(linesOf(geometry));
  map.fit(lines.flat(), { most: 2, pad: 50 });
}

// -- the head

function showHead() {
  at("language").textContent = languageNow() === "zh" ? "English" : "中文";
  at("language").lang = languageNow() === "zh" ? "en" : "zh-CN";
  at("where").textContent = shift.answer ? shift.answer.grid : say("title");
  at("when").textContent = shift.answer ? shiftName(shift.choice) : "";
  showSignal();
}

function showSignal() {
  const isGone = navigator.onLine === false;
  at("signal").textContent = isGone ? say("offline") : shift.isFromPhone ? say("kept_copy") : "";
  at("signal").className = isGone ? "gone" : "";
}

// Whether the plan has changed since the shift at hand was worked out.
async function checkPlan() {
  const { answer } = shift;
  if (!answer || navigator.onLine === false) return;
  try {
    const newer = await askNewer();
    if (!newer) return;
    const box = notice("warn", say("plan_changed", { old: planName(answer.plan), now: planName(newer.plan) }), [
      button(say("load_new"), () => {
        box.remove();
        newer.take();
        open("route");
      }),
    ]);
  } catch (error) {
    if (error.kind === "session") trouble(error);
    else if (error.code === "patrol_grid_not_here") notice("warn", say("grid_gone", { grid: answer.grid }));
  }
}

// -- where one is

function follow() {
  if (!("geolocation" in navigator)) {
    notice("bad", say("place_impossible"));
    return;
  }
  if (watch !== null && isCentring) {
    navigator.geolocation.clearWatch(watch);
    watch = null;
    scene.me = null;
    setRemaining(null);
    setCentring(false);
    map.draw();
    return;
  }
  setCentring(true);
  if (watch === null) watch = navigator.geolocation.watchPosition(seen, unseen, { enableHighAccuracy: true, maximumAge: 5000 });
  else if (scene.me) map.centre(scene.me.at);
  if (navigator.wakeLock) navigator.wakeLock.request("screen").catch(() => {});
}

function setCentring(isOn) {
  isCentring = isOn;
  at("follow").setAttribute("aria-pressed", String(isOn));
}

function seen({ coords }) {
  const here = map.place([coords.longitude, coords.latitude]);
  scene.me = { at: here, accuracy: coords.accuracy };
  if (isCentring) map.centre(here, Math.max(map.scale, 0.9));
  else map.draw();
  const leg = scene.legs[scene.step];
  if (!leg || leg.kind === "dwell") return;
  const all = legs();
  const { along, away } = nearest(leg.line, here);
  const left = all[scene.step].length_m - along;
  const isNear = away <= Math.max(MOST_ACCURACY_M, coords.accuracy);
  setRemaining(isNear ? left : null);
  if (isNear && coords.accuracy <= MOST_ACCURACY_M && left <= AT_TURN_M) {
    goTo(scene.step + 1);
    if (navigator.vibrate && navigator.userActivation && navigator.userActivation.hasBeenActive) navigator.vibrate(150);
  }
}

function unseen(error) {
  if (error.code === error.PERMISSION_DENIED) {
    navigator.geolocation.clearWatch(watch);
    watch = null;
    setCentring(false);
  }
  notice("bad", say(error.code === error.PERMISSION_DENIED ? "place_denied" : "place_unknown"));
}

// -- beginning

const page = { open, notice, trouble, clearNotices, checkPlan, showOnMap, view: () => view, changedKept: showPicking };

on("loaded", () => {
  setScene();
  moved();
  showHead();
  open(view);
});
on("moved", moved);
on("report", () => {
  setReport();
  if (shift.report.missed.length && view === "track") fitAll();
});
onLanguage(() => {
  showHead();
  showLegend();
  map.draw();
});
whenFull(() => notice("bad", say("not_remembered")));
map.onMoved = () => setCentring(false);
at("zoom-in").addEventListener("click", () => map.zoom(1.6));
at("zoom-out").addEventListener("click", () => map.zoom(1 / 1.6));
at("whole").addEventListener("click", () => {
  setCentring(false);
  fitAll();
});
at("follow").addEventListener("click", follow);
at("language").addEventListener("click", () => {
  setLanguage(languageNow() === "zh" ? "en" : "zh");
  keep({ language: languageNow() });
  const here = new URL(location.href);
  here.searchParams.set("lang", languageNow()); // a reload stays in it
  history.replaceState(null, "", here);
});
for (const tab of document.querySelectorAll("[data-go]")) {
  tab.addEventListener("click", () => {
    open(tab.dataset.go);
    if (tab.dataset.go === "pick") showPicking();
  });
}
addEventListener("online", () => {
  showSignal();
  checkPlan();
});
addEventListener("offline", showSignal);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  forgetColours();
  map.draw();
});

async function begin() {
  const asked = new URLSearchParams(location.search);
  startPicking(page);
  startWalking(page);
  startTaking(page);
  startTracking(page);
  setLanguage(asked.get("lang") || kept().language || (document.documentElement.lang.startsWith("en") ? "en" : "zh"));
  const { view: last, choice } = kept();
  open("pick");
  document.documentElement.dataset.ready = "";
  const isAsked = [null, choice.grid].includes(asked.get("grid"));
  if (isAsked && choice.grid && VIEWS.includes(last) && last !== "pick") await resume(choice, last);
  askGrids();
}

// Where one was before the reload: from the phone where it is kept there, else from the service.
async function resume(choice, last) {
  if (await loadKept(keyOf(choice))) {
    open(last);
    checkPlan();
    return;
  }
  at("signal").textContent = say("loading");
  try {
    await load(choice);
    open(last);
  } catch (error) {
    trouble(error);
    keep({ view: last }); // the next try, or the way back from signing in, goes on from there
    showSignal();
  }
}

begin();
