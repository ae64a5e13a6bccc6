// The desk: starts everything in order.  What is known stands in plan_state.js; each part listens to what it needs.
//   state -> words -> who asks -> the plan -> its ground -> map, tools and panels
// A part is a module with `start()`; it registers its panels, tools and keys there, before the plan is loaded.
import { askJson } from "./desk_ask.js";
import { say } from "./desk_words.js";
import * as bar from "./plan_bar.js";
import * as bars from "./plan_bars.js";
import * as compare from "./plan_compare.js";
import * as conflict from "./plan_conflict.js";
import { hideStart, showStart, showWhy } from "./plan_choose.js";
import * as doing from "./plan_do.js";
import * as frame from "./plan_frame.js";
import * as history from "./plan_history.js";
import * as hover from "./plan_hover.js";
import * as keys from "./desk_keys.js";
import * as legend from "./plan_legend.js";
import { load } from "./plan_load.js";
import * as locks from "./plan_locks.js";
import * as map from "./plan_map.js";
import * as menu from "./plan_menu.js";
import * as merge from "./plan_merge.js";
import * as notes from "./plan_notes.js";
import * as panels from "./plan_panels.js";
import * as problems from "./plan_problems.js";
import * as saved from "./plan_saved.js";
import * as scenarios from "./plan_scenarios.js";
import * as search from "./plan_search.js";
import * as share from "./plan_share.js";
import * as solve from "./plan_solve.js";
import { desk, keep, kept, tell, whenFull } from "./plan_state.js";
import * as status from "./plan_status.js";
import * as steps from "./plan_steps.js";
import * as sync from "./plan_sync.js";
import * as talk from "./desk_talk.js";
import * as tools from "./plan_tools.js";
import * as troubles from "./plan_troubles.js";

const PARTS = [talk, keys, panels, map, frame, bar, search, troubles, conflict, sync, doing, tools, menu, hover, locks, saved, steps, scenarios, compare, notes, history, share, bars, problems, solve, legend, merge, status];

async function askWho() {
  if (desk.share) return;
  const session = await askJson("/v1/session");
  desk.session = session;
  desk.role = session.is_local ? "admin" : session.role;
  tell("role");
}

async function begin() {
  whenFull(() => talk.notice("warn", say("not_remembered"), { id: "not-remembered" }));
  keys.setUpKeys({
    isOn: () => kept().keys,
    setOn: (isOn) => keep({ keys: isOn }),
    groups: ["doing", "map", "tools", "find", "panels", "page"],
    mouse: ["drag", "wheel", "double", "right", "touch"],
  });
  for (const part of PARTS) part.start();
  bar.beginLanguage();
  if (!desk.id && !desk.share) {
    try {
      await askWho();
      showStart("choose");
    } catch (error) {
      showWhy(error);
    }
    return;
  }
  document.body.dataset.state = "loading";
  try {
    const who = askWho(); // at the same time; nobody hears of the plan before it is known who asks
    const loaded = await talk.working("load", say("loading"), (signal) => load({ signal, first: who }), { isThrown: true });
    if (!loaded) {
      showStart("choose"); // stopped by the planner
      return;
    }
    hideStart();
    document.body.dataset.state = "ready";
  } catch (error) {
    showWhy(error);
  }
}

begin();
