// Choosing grid and shift: by search, by what lies near, or from the shifts this phone keeps.
import { askJson } from "./desk_ask.js";
import { keep, kept, keepSaved } from "./patrol_kept.js";
import { dropParts, keyOf, load, loadKept, planName, shiftName } from "./patrol_shift.js";
import { dayOf, icon, make, metres, minutes, onLanguage, say } from "./desk_words.js";

const at = (id) => document.getElementById(id);
const MOST_SHOWN = 30;
const MOST_NUMBER = 20;
const SHIFTS_MIN = [60, 120, 180, 240, 300, 360, 480];
const TICK = "M5 12.5 10 17.5 19.5 7";
const BIN = "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13";
let grids = null; // not asked yet
let posts = [];
let trouble = "";
let here = null;
let showsAll = false;
let choice = {};
let loading = null;
let begun = 0;
let page = null; // what the page does for us: open a view, say a notice

export function startPicking(given) {
  page = given;
  const now = new Date();
  const asked = new URLSearchParams(location.search);
  const fresh = { mode: "foot", number: 1, patrollers: 0, minutes: 240, post: "", grid: "" };
  // Day and half are those of now: yesterday's shift is over.
  choice = { ...fresh, ...kept().choice, date: dayOf(now), half: now.getHours() < 12 ? "am" : "pm" };
  choice.plan = asked.get("plan") || "";
  choice.grid = asked.get("grid") || choice.grid;
  listen();
  onLanguage(show);
}

export async function askGrids() {
  trouble = "";
  at("found").textContent = say("grids_asking");
  try {
    const found = await askJson("/v1/patrols/grids", { query: { plan: choice.plan } });
    grids = found.grids;
    posts = found.posts || [];
  } catch (error) {
    trouble = error.message;
    if (error.kind === "session") page.trouble(error);
  }
  show();
}

// -- what is shown

const plain = (text) => String(text || "").toLowerCase().replace(/\s+/g, "");

function away(grid) {
  if (!here || typeof grid.lon !== "number") return Infinity;
  const shrink = Math.cos((here.lat * Math.PI) / 180);
  return Math.hypot((grid.lon - here.lon) * shrink, grid.lat - here.lat) * 111320;
}

function hits() {
  const asked = plain(at("find").value);
  const all = grids || [];
  const found = asked ? all.filter((g) => [g.code, g.name, g.community].some((text) => plain(text).includes(asked))) : [...all];
  // A code is known by its ending: who types that wants the grid that ends so.
  const rank = (g) => (asked && plain(g.code).endsWith(asked) ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b) || (here ? away(a) - away(b) : 0) || (a.code < b.code ? -1 : 1));
}

function gridRow(grid) {
  const isChosen = grid.code === choice.grid;
  const beside = here && away(grid) < Infinity ? metres(away(grid)) : null;
  const names = [grid.name, grid.community].filter((text) => text && text !== grid.code).join(" · ");
  const row = make("button", [
    make("span", [make("strong", grid.code), make("span", names, "soft")], "two"),
    beside && make("span", beside, "beside"),
    isChosen ? icon(TICK) : null,
  ]);
  row.type = "button";
  row.setAttribute("aria-pressed", String(isChosen));
  row.addEventListener("click", () => choose(grid.code));
  return make("li", [row]);
}

function showGrids() {
  const chosen = (grids || []).find((g) => g.code === choice.grid);
  const isFolded = chosen && !showsAll && !at("find").value.trim();
  const found = isFolded ? [chosen] : hits();
  const rows = found.slice(0, MOST_SHOWN).map(gridRow);
  if (isFolded && grids.length > 1) {
    const more = make("button", say("grids_all", { n: grids.length }), "quiet");
    more.type = "button";
    more.addEventListener("click", () => {
      showsAll = true;
      show();
      at("find").focus();
    });
    rows.push(make("li", [more]));
  }
  at("grids").replaceChildren(...rows);
  const again = make("button", say("try_again"));
  again.type = "button";
  again.addEventListener("click", askGrids);
  if (trouble) at("found").replaceChildren(make("span", trouble, "bad"), again);
  else if (!grids) at("found").textContent = say("grids_asking");
  else if (!grids.length) at("found").textContent = say("grids_none");
  else if (isFolded) at("found").textContent = "";
  else if (!found.length) at("found").textContent = say("grids_not_found", { text: at("find").value.trim() });
  else at("found").textContent = say(here ? "grids_near" : "grids_found", { n: found.length, shown: rows.length });
}

function showKept() {
  const rows = Object.entries(kept().saved).map(([key, one]) => {
    const open = make("button", [
      make("span", [make("strong", one.choice.grid), make("span", shiftName(one.choice), "soft"), make("span", planName(one.plan), "soft")], "two"),
      icon("m9 5 7 7-7 7"),
    ]);
    open.type = "button";
    open.addEventListener("click", () => openKept(key));
    const drop = make("button", [icon(BIN)], "square");
    drop.type = "button";
    drop.setAttribute("aria-label", say("forget_one", { name: one.choice.grid }));
    drop.addEventListener("click", async () => {
      await dropParts(key);
      keepSaved(key, null);
      show();
    });
    return make("li", [open, drop], "pair");
  });
  at("kept").replaceChildren(...rows);
  at("kept-box").hidden = !rows.length;
}

function fill(select, pairs, value) {
  select.replaceChildren(
    ...pairs.map(([key, text]) => {
      const one = make("option", text);
      one.value = String(key);
      return one;
    }),
  );
  select.value = String(value);
}

function show() {
  showKept();
  showGrids();
  at("day").value = choice.date;
  for (const name of ["half", "mode"]) {
    for (const box of document.querySelectorAll(`input[name="${name}"]`)) box.checked = box.value === choice[name];
  }
  at("number").textContent = say("number", { n: choice.number });
  const counts = [...Array(9).keys()].map((n) => [n, n ? String(n) : say("patrollers_auto")]);
  fill(at("patrollers"), counts, choice.patrollers);
  fill(at("minutes"), SHIFTS_MIN.map((n) => [n, minutes(60 * n)]), choice.minutes);
  if (!posts.some((post) => post.id === choice.post) && grids) choice.post = "";
  fill(at("post"), [["", say("post_any")], ...posts.map((post) => [post.id, post.name || post.id])], choice.post);
  if (!loading) at("go").textContent = say("go");
}

// -- what is done

function choose(code) {
  choice.grid = code;
  showsAll = false;
  at("find").value = "";
  show();
  const row = at("grids").querySelector('[aria-pressed="true"]');
  if (row) row.focus();
}

async function openKept(key) {
  if (await loadKept(key)) {
    choice = { ...choice, ...kept().saved[key].choice };
    page.open("route");
    page.checkPlan();
  } else {
    page.notice("bad", say("kept_gone"));
  }
  show();
}

function tick() {
  if (loading) at("go").textContent = say("working", { n: Math.round((Date.now() - begun) / 1000) });
}

async function go() {
  if (loading) {
    loading.abort();
    return;
  }
  if (!choice.grid) {
    page.notice("bad", say("grid_first"));
    at("find").focus();
    return;
  }
  page.clearNotices();
  loading = new AbortController();
  begun = Date.now();
  const ticking = setInterval(tick, 1000);
  tick();
  keep({ choice });
  try {
    const isMine = await load({ ...choice }, loading.signal);
    page.open("route");
    if (!isMine) page.notice("plain", say("fewer_patrollers", { n: choice.number }));
  } catch (error) {
    const key = keyOf(choice);
    if (error.kind === "gone" && kept().saved[key] && (await loadKept(key))) {
      page.open("route");
      page.notice("plain", say("from_phone"));
    } else if (error.kind !== "stopped") {
      page.trouble(error);
    }
  } finally {
    clearInterval(ticking);
    loading = null;
    show();
  }
}

function findNear() {
  if (!("geolocation" in navigator)) {
    page.notice("bad", say("place_impossible"));
    return;
  }
  at("near").disabled = true;
  at("found").textContent = say("place_asking");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      here = { lon: coords.longitude, lat: coords.latitude };
      showsAll = true;
      at("find").value = "";
      at("near").disabled = false;
      show();
    },
    (error) => {
      at("near").disabled = false;
      show();
      page.notice("bad", say(error.code === error.PERMISSION_DENIED ? "place_denied" : "place_unknown"));
    },
    { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
  );
}

function listen() {
  at("find").addEventListener("input", showGrids);
  at("find").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    const first = grids && hits()[0];
    if (first && at("find").value.trim()) choose(first.code);
  });
  at("near").addEventListener("click", findNear);
  at("day").addEventListener("change", () => {
    if (at("day").value) choice.date = at("day").value;
  });
  for (const box of document.querySelectorAll('input[name="half"], input[name="mode"]')) {
    box.addEventListener("change", () => {
      choice[box.name] = box.value;
    });
  }
  for (const button of document.querySelectorAll("[data-step]")) {
    button.addEventListener("click", () => {
      choice.number = Math.min(Math.max(choice.number + Number(button.dataset.step), 1), MOST_NUMBER);
      at("number").textContent = say("number", { n: choice.number });
    });
  }
  for (const name of ["patrollers", "minutes"]) {
    at(name).addEventListener("change", () => {
      choice[name] = Number(at(name).value);
    });
  }
  at("post").addEventListener("change", () => {
    choice.post = at("post").value;
  });
  at("pick-form").addEventListener("submit", (event) => {
    event.preventDefault();
    go();
  });
}

export const showPicking = show;
