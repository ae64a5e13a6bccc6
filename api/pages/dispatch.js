// The dispatcher's desk: starts everything in order.  What is known stands in dispatch_state.js; each part listens to what
// it needs.  A part is a module with `start()`; it registers its keys there, before anything is loaded.
import { askJson } from "./desk_ask.js";
import * as keys from "./desk_keys.js";
import * as talk from "./desk_talk.js";
import { say } from "./desk_words.js";
import * as bar from "./dispatch_bar.js";
import * as filter from "./dispatch_filter.js";
import { loadGround } from "./dispatch_ground.js";
import * as list from "./dispatch_list.js";
import * as live from "./dispatch_live.js";
import * as map from "./dispatch_map.js";
import * as panels from "./dispatch_panels.js";
import { clockClass, desk, keep, kept, now, on, select, tell } from "./dispatch_state.js";
import * as work from "./dispatch_work.js";

const PARTS = [talk, keys, map, list, bar, panels, work, live];
const CLOCKS_MS = 2000;

async function askWho() {
  desk.session = await askJson("/v1/session");
  desk.role = desk.session.is_local ? "admin" : desk.session.role;
  tell("role");
}

// How the clocks stand; told where one went over a line.
function lookAtClocks() {
  const moment = now() / 1000;
  let isOther = false;
  for (const row of desk.incidents.values()) {
    const clock = clockClass(row, moment);
    if (clock === row.clock) continue;
    row.clock = clock;
    isOther = true;
  }
  if (isOther) tell("clocks");
}

function startSelection() {
  desk.selected = new URLSearchParams(location.search).get("incident") || "";
  on("selected", ({ id }) => filter.setParameter("incident", id));
  window.addEventListener("popstate", () => select(new URLSearchParams(location.search).get("incident") || ""));
}

function failed(error, again) {
  document.body.dataset.state = "failed";
  talk.trouble(error, again);
}

async function fill() {
  document.body.dataset.state = "loading";
  try {
    const base = loadGround().catch((error) => talk.trouble(error, loadGround)); // the incidents do not wait for it
    await Promise.all([askWho(), talk.working("board", say("loading"), () => live.begin(), { isThrown: true })]);
    document.body.dataset.state = "ready";
    await base;
    document.body.dataset.ground = "ready";
  } catch (error) {
    failed(error, fill);
  }
}

function begin() {
  keys.setUpKeys({
    isOn: () => kept().keys,
    setOn: (isOn) => keep({ keys: isOn }),
    groups: ["doing", "find", "map", "page"],
    mouse: ["drag", "wheel", "click", "cluster"],
  });
  filter.begin();
  startSelection();
  for (const part of PARTS) part.start();
  panels.begin();
  on("since", () => live.load().catch((error) => talk.trouble(error)));
  setInterval(lookAtClocks, CLOCKS_MS);
  fill();
}

begin();
