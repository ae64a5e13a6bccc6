// The panel of the patrol map: all routes with their figures, the turn list of the chosen one, what was missed.
"use strict";

(() => {
  const { data, say, number, element, byId, routes, lookOf } = gridwright;
  const picture = (w, ...children) => element("svg:svg", { width: w, height: 22, viewBox: `0 0 ${w} 22`, "aria-hidden": "true" }, ...children);
  const line = (look, extra = {}) => element("svg:line", { x1: 2, x2: 40, y1: 11, y2: 11, stroke: look.colour, "stroke-width": 6, ...extra });

  // The sign of a patroller: its colour and, over it, its pattern.
  function routeSign(look) {
    const pattern = look.dash ? line({ colour: "#ffffff" }, { "stroke-width": 2, "stroke-dasharray": look.dash.join(" ") }) : null;
    return picture(42, line(look), ...(pattern ? [pattern] : []));
  }

  // Shaft and head of each turn.
  const SHAFTS = { start: "M9 20V8", straight: "M9 20V8", left: "M13 20V9H7", right: "M5 20V9h6", back: "M13 20V8a4 4 0 0 0-8 0v5" };
  const HEADS = {
    start: "M9 2 3.5 9.5h11Z", straight: "M9 2 3.5 9.5h11Z", left: "M1.5 9 8.5 4v10Z", right: "M16.5 9 9.5 4v10Z",
    back: "M5 20 .5 12.5h9Z", dwell: "M9 3 17 11 9 19 1 11Z", arrive: "M3 5h12v12H3Z",
  };
  const turnSign = (turn) => picture(18,
    ...(SHAFTS[turn] ? [element("svg:path", { d: SHAFTS[turn], fill: "none", stroke: "currentColor", "stroke-width": 2.6 })] : []),
    element("svg:path", { d: HEADS[turn], fill: "currentColor" }));

  const length = (m) => (Math.round(m) < 1000 ? say("w_length_metres", { n: Math.round(m) }) : say("w_length_kilometres", { n: (Math.round(m) / 1000).toFixed(2) }));

  function timeOf(route, seconds) {
    if (route.starts === null) {
      const minutes = Math.floor(seconds / 60);
      return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
    }
    const minutes = Math.floor((route.starts + Math.round(seconds)) / 60) % 1440;
    return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
  }

  function wordOr(key, other) {
    return data.words[gridwright.language()][key] ?? other;
  }

  function street(leg) {
    const name = leg.name < 0 ? "" : data.names[leg.name];
    const kind = data.classes[leg.class];
    if (leg.kind === "dwell") return name || wordOr(`w_place_${kind}`, kind) || say("w_place_unnamed", { id: leg.place });
    return name || wordOr(`w_road_${kind}`, say("w_road"));
  }

  function notes(leg) {
    if (leg.kind === "dwell") return say("w_mark_dwell", { minutes: number(leg.seconds / 60, 1) });
    const said = [];
    if (leg.kind === "deadhead") said.push(say("w_mark_deadhead"));
    if (leg.other_side) said.push(say("w_mark_other_side"));
    if (leg.turns_back) said.push(say("w_mark_turns_back"));
    return said.join(gridwright.language() === "zh" ? "、" : ", ");
  }

  const routeName = (route) => {
    const grid = data.grids[route.grid];
    return grid.name && grid.name !== grid.code ? grid.name : grid.code;
  };
  const patroller = (route) => (route.n_patrollers > 1 ? say("w_list_patroller", { n: route.patroller, of: route.n_patrollers }) : "");
  const figures = (route) =>
    say("w_list_facts", {
      mode: say(`w_mode_${route.mode}`), minutes: number(route.minutes), length: length(route.length_m),
      required: length(route.required_m), deadhead: length(route.deadhead_m),
    });

  function drawBanner() {
    const total = (key) => routes.reduce((sum, route) => sum + route[key], 0);
    const grids = new Map(routes.map((route) => [route.grid, route.unreachable_m]));
    const unreachable = [...grids.values()].reduce((sum, m) => sum + m, 0);
    const facts = [
      [say("f_routes"), number(routes.length)], [say("f_grids"), number(grids.size)],
      [say("f_length"), length(total("length_m"))], [say("f_hours"), say("f_hours_n", { n: number(total("minutes") / 60, 1) })],
      [say("f_required"), length(total("required_m"))], [say("f_deadhead"), length(total("deadhead_m"))],
    ];
    byId("gw-banner").replaceChildren(
      element("dl", { class: "gw-figure-row gw-three" }, ...facts.map(([name, value]) =>
        element("div", { class: "gw-figure" }, element("dt", {}, name), element("dd", {}, value)))),
      ...(unreachable > 0 ? [element("p", { class: "gw-warn" }, say("w_unreachable", { length: length(unreachable) }))] : []),
      ...(data.routes_left_out ? [element("p", { class: "gw-warn" }, say("routes_left_out", { drawn: number(routes.length), n: number(routes.length + data.routes_left_out) }))] : []));
  }

  function matches(route, wanted) {
    const text = `${routeName(route)} ${data.grids[route.grid].code} ${route.id}`.toLowerCase();
    return wanted.split(/\s+/).every((word) => text.includes(word));
  }

  function drawRoutes(chosen = -1) {
    const wanted = byId("gw-find").value.trim().toLowerCase();
    const rows = [...routes.keys()].filter((index) => matches(routes[index], wanted)).map((index) => {
      const route = routes[index];
      return element("li", {},
        element("button", {
          type: "button", class: "gw-route-row", "data-route": index, "aria-pressed": String(index === chosen),
          onclick: () => gridwright.chooseRoute(index, { zoom: true }),
        },
        routeSign(lookOf(route)),
        element("span", { class: "gw-line" },
          element("b", {}, routeName(route)), " ", element("span", {}, patroller(route)),
          element("small", {}, figures(route)))));
    });
    byId("gw-routes").replaceChildren(
      element("h2", {}, say("routes_title"), element("span", { class: "gw-beside" }, number(rows.length))),
      rows.length ? element("ul", { class: "gw-list" }, ...rows)
        : element("p", { class: "gw-soft" }, routes.length ? say("find_none") : say("no_routes")));
  }

  function turnRow(route, leg, index, chosen) {
    return element("li", {},
      element("button", {
        type: "button", class: `gw-turn gw-turn-${leg.kind}`, "data-leg": index, "aria-current": index === chosen ? "step" : null,
        onclick: () => gridwright.chooseLeg(index),
      },
      element("span", { class: "gw-turn-n" }, String(index + 1)), turnSign(leg.turn),
      element("span", { class: "gw-line" },
        element("span", { class: "gw-turn-street" }, street(leg)),
        element("small", {}, [say(`w_turn_${leg.turn}`), notes(leg)].filter(Boolean).join(" · "))),
      element("span", { class: "gw-turn-m" }, leg.kind === "dwell" ? "" : length(leg.length_m)),
      element("span", { class: "gw-turn-at" }, timeOf(route, leg.start_s))));
  }

  function drawRoute(index, chosen) {
    const box = byId("gw-route");
    box.hidden = index < 0;
    for (const id of ["gw-banner", "gw-routes"]) byId(id).hidden = index >= 0;
    if (index < 0) return;
    const route = routes[index];
    const last = route.legs[route.legs.length - 1];
    const about = [patroller(route), route.shift, route.post].filter(Boolean).join(" · ");
    box.replaceChildren(
      element("div", { class: "gw-route-head" },
        element("button", { type: "button", id: "gw-all", onclick: () => gridwright.unchooseRoute() }, `← ${say("all_routes")}`),
        element("span", { class: "gw-step" },
          element("button", { type: "button", id: "gw-before", "aria-label": say("leg_before"), onclick: () => gridwright.walkLegs(-1) }, "▲"),
          element("button", { type: "button", id: "gw-after", "aria-label": say("leg_after"), onclick: () => gridwright.walkLegs(1) }, "▼"))),
      element("h2", { class: "gw-route-name" }, routeName(route), routeSign(lookOf(route))),
      element("p", { class: "gw-soft" }, route.id),
      element("p", {}, figures(route)),
      ...(about ? [element("p", {}, about)] : []),
      ...(route.unreachable_m > 0 ? [element("p", { class: "gw-warn" }, say("w_unreachable", { length: length(route.unreachable_m) }))] : []),
      element("ol", { class: "gw-turns", "aria-label": say("w_turns") },
        ...route.legs.map((leg, i) => turnRow(route, leg, i, chosen)),
        ...(last ? [element("li", { class: "gw-turn gw-turn-end" }, element("span", { class: "gw-turn-n" }), turnSign("arrive"),
          element("span", { class: "gw-line" }, route.is_closed ? (route.post ? say("w_say_arrive_post", { post: route.post }) : say("w_say_arrive_back")) : say("w_say_arrive")),
          element("span", { class: "gw-turn-m" }), element("span", { class: "gw-turn-at" }, timeOf(route, last.start_s + last.seconds)))] : [])));
  }

  function markLeg(index) {
    for (const node of document.querySelectorAll(".gw-turn[aria-current]")) node.removeAttribute("aria-current");
    const node = document.querySelector(`.gw-turn[data-leg="${index}"]`);
    if (!node) return;
    node.setAttribute("aria-current", "step");
    node.scrollIntoView({ block: "nearest" });
  }

  function drawMissedList() {
    const parts = data.missed.flatMap((part, p) => {
      const rows = part.streets.map((s, i) => element("li", {},
        element("button", { type: "button", class: "gw-missed-row", disabled: !s.steps.length, onclick: () => gridwright.showMissed(p, i) },
          element("span", { class: "gw-line" }, s.name || wordOr(`w_road_${s.class}`, say("w_road"))),
          element("span", { class: "gw-turn-m" }, length(s.length_m)))));
      const none = !part.streets.length && !part.blind.length;
      return [
        element("h2", {}, say(routes.length ? "w_missed_title" : "missed_title", { shift: part.shift }).trim()),
        element("p", { class: "gw-soft" }, none ? say(routes.length ? "w_missed_none" : "missed_none")
          : say("w_missed_facts", { n: number(part.streets.length), length: length(part.streets.reduce((sum, s) => sum + s.length_m, 0)), blind: number(part.blind.length) })),
        ...(rows.length ? [element("ul", { class: "gw-list" }, ...rows)] : []),
      ];
    });
    byId("gw-missed").replaceChildren(...parts);
  }

  Object.assign(gridwright, { drawBanner, drawRoutes, drawRoute, markLeg, drawMissedList, routeSign, routeName });
})();
