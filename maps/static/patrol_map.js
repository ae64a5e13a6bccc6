// The patrol map: puts land, routes and panel together, and decides what keys and buttons do.
"use strict";

(() => {
  const { data, say, element, byId, routes, routeLayers } = gridwright;
  const phone = window.matchMedia("(max-width: 760px)");
  const land = {
    borders: true, buildings: true, streets: true, communities: false, water: true, estates: true, cameras: false,
    posts: true, old: false,
  };
  let map;
  let whole;
  let over;
  let names;
  let chosen = -1;
  let leg = -1;

  // ---- the map ---------------------------------------------------------------------------------------------------

  function makePanes() {
    for (const [name, z] of [["gwUnder", 210], ["gwOver", 300], ["gwRoutes", 350], ["gwNames", 330]]) {
      const pane = map.createPane(name);
      pane.style.zIndex = z;
      pane.style.pointerEvents = "none";
    }
    map.getPane("gwNames").setAttribute("aria-hidden", "true");
  }

  function drawLand() {
    new gridwright.LandCanvas((view) => gridwright.drawUnder(view), { pane: "gwUnder", padding: 0.2 }).addTo(map);
    over = new gridwright.LandCanvas((view) => gridwright.drawOver(view, land), { pane: "gwOver", padding: 0.2 });
    over.addTo(map);
  }

  // Street names where there is room; the machinery is that of the plan map.
  function setNames() {
    const boxes = [];
    const taken = {
      isFree: (b) => boxes.every((o) => b[2] <= o[0] || b[0] >= o[2] || b[3] <= o[1] || b[1] >= o[3]),
      take: (b) => boxes.push(b),
    };
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `500 100px ${getComputedStyle(document.body).fontFamily}`;
    const width = (text, px) => (pen.measureText(text).width / 100) * px;
    const mpp = (40075016.686 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (256 * 2 ** map.getZoom());
    names.replaceChildren(...gridwright.placeNames(map, taken, mpp, width));
  }

  function room() {
    const sheet = phone.matches ? byId("gw-panel").getBoundingClientRect().height : 0;
    return { paddingTopLeft: [28, 28], paddingBottomRight: [28, 28 + Math.min(sheet, window.innerHeight * 0.55)] };
  }

  function showBounds(bounds, closest = 18.5) {
    if (bounds.isValid()) map.fitBounds(bounds, { ...room(), maxZoom: closest, animate: false });
  }

  // ---- choosing --------------------------------------------------------------------------------------------------

  function chooseRoute(index, { zoom = false, at = -1 } = {}) {
    chosen = index;
    leg = at;
    openSheet("half");
    gridwright.markRoute(index, at);
    gridwright.drawRoute(index, at);
    byId("gw-scroll").scrollTop = 0;
    if (zoom) showBounds(routes[index].bounds.pad(0.05));
    drawLegend();
    if (at >= 0) gridwright.markLeg(at);
  }

  function unchooseRoute() {
    const before = chosen;
    chosen = -1;
    leg = -1;
    gridwright.markRoute(-1);
    gridwright.drawRoute(-1);
    gridwright.drawRoutes();
    drawLegend();
    openSheet(phone.matches ? "half" : "peek");
    const row = document.querySelector(`[data-route="${before}"]`);
    if (row) row.focus();
  }

  function chooseLeg(index) {
    leg = index;
    gridwright.markRoute(chosen, index);
    gridwright.markLeg(index);
    const bounds = L.latLngBounds(routes[chosen].legs[index].path);
    if (phone.matches || !map.getBounds().pad(-0.1).contains(bounds) || map.getZoom() < 16) showBounds(bounds.pad(0.9), 18);
  }

  function walkLegs(step) {
    if (!routes.length) return;
    if (chosen < 0) chooseRoute(0, { zoom: true });
    const n = routes[chosen].legs.length;
    if (n) chooseLeg(Math.max(0, Math.min(n - 1, leg < 0 ? (step > 0 ? 0 : n - 1) : leg + step)));
  }

  function walkRoutes(step) {
    if (routes.length) chooseRoute((chosen + step + routes.length) % routes.length, { zoom: true });
  }

  function showMissed(part, street) {
    setLayer("missed", true);
    openSheet("half");
    showBounds(gridwright.missedBounds(part, street).pad(0.6), 18);
  }

  // ---- the sheet of a phone --------------------------------------------------------------------------------------

  function openSheet(how) {
    byId("gw-panel").dataset.sheet = how;
    byId("gw-handle").setAttribute("aria-expanded", String(how !== "peek"));
  }

  function place() {
    const legend = byId("gw-legend");
    if (phone.matches) byId("gw-legend-here").append(legend);
    else document.body.append(legend);
    map.invalidateSize({ animate: false });
  }

  // ---- layers, legend, words -------------------------------------------------------------------------------------

  const LAYERS = ["numbers", "arrows", "deadhead", "missed", "borders", "buildings", "streets", "water", "estates", "posts"];

  function setLayer(name, yes) {
    if (name in routeLayers) {
      routeLayers[name] = yes;
      gridwright.redrawRoutes();
    } else {
      land[name] = yes;
      over.redraw();
    }
    drawLayers();
    drawLegend();
  }

  function drawLayers() {
    const focus = document.activeElement && document.activeElement.id;
    const ground = data.ground;
    const there = (name) => name in routeLayers ? name !== "missed" || data.missed.length : name === "borders" || Boolean(ground);
    const label = (name) => name in routeLayers ? say(`layer_${name}`) : say(`layer_${name}`, { n: ground ? ground.posts.length : 0 });
    byId("gw-layers").replaceChildren(...LAYERS.filter(there).map((name) => element("label", {},
      element("input", { type: "checkbox", id: `gw-layer-${name}`, checked: routeLayers[name] ?? land[name], onchange: (event) => setLayer(name, event.target.checked) }),
      label(name))));
    if (focus && focus.startsWith("gw-layer-") && byId(focus)) byId(focus).focus();
  }

  function drawLegend() {
    const look = chosen >= 0 ? gridwright.lookOf(routes[chosen]) : data.style.patrols[0];
    const svg = (...children) => element("svg:svg", { width: 42, height: 18, viewBox: "0 0 42 18", "aria-hidden": "true" }, ...children);
    const stroke = (extra) => element("svg:line", { x1: 2, x2: 40, y1: 9, y2: 9, ...extra });
    const head = (fill) => element("svg:path", { d: "M28 9 17 3.5 19.5 9 17 14.5Z", fill, stroke: "#fff" });
    const rows = [
      [svg(stroke({ stroke: look.colour, "stroke-width": 5 }), head(look.colour)), say("w_l_inspect")],
      [svg(stroke({ stroke: look.colour, "stroke-width": 3, "stroke-dasharray": "7 5" }), head(look.colour)), say("w_l_deadhead")],
      [svg(element("svg:path", { d: "M21 1 29 9 21 17 13 9Z", fill: data.style.colours.camera })), say("w_l_dwell")],
      [svg(stroke({ stroke: data.style.colours["community-edge"], "stroke-width": 4 })), say("w_l_outline")],
      ...(data.ground && data.ground.posts.length && land.posts
        ? [[svg(element("svg:path", { d: "M21 2 28 16H14Z", class: "gw-key-post" })), say("legend_post")]] : []),
      ...(data.missed.length ? [[svg(element("svg:rect", { x: 2, y: 3, width: 38, height: 12, fill: data.style.missed })), say("w_l_missed")]] : []),
      ...(data.missed.some((part) => part.blind.length)
        ? [[svg(stroke({ stroke: data.style.colours.action, "stroke-width": 14, "stroke-dasharray": "2 5" })), say("l_blind")]] : []),
    ];
    byId("gw-legend-rows").replaceChildren(...rows.map(([sign, text]) => element("li", {}, sign, element("span", {}, text))));
  }

  function drawFoot() {
    const { id, created_at: made, version } = data.plan;
    const parts = [
      say("w_planned"), id ? say("w_list_plan", { plan: id }) : "", made.slice(0, 10), version ? `gridwright ${version}` : "",
    ].filter(Boolean);
    byId("gw-foot").replaceChildren(...parts.map((part) => element("span", {}, part)));
    byId("gw-foot-here").replaceChildren(...parts.map((part) => element("span", {}, part)));
  }

  function drawHelp() {
    const rows = [
      ["N  P", "help_legs"], ["R", "help_routes"], ["/", "help_find_route"], ["+  −", "help_zoom"], [say("key_arrows"), "help_pan"],
      ["0", "help_whole"], ["G", "help_language"], ["Esc", "help_close"], ["?", "help_help"],
    ];
    byId("gw-keys").replaceChildren(...rows.flatMap(([keys, key]) => [
      element("dt", {}, ...keys.split("  ").map((k) => element("kbd", {}, k))), element("dd", {}, say(key)),
    ]));
  }

  function drawWords() {
    document.title = data.title || say(routes.length || !data.missed.length ? "title" : "title_missed");
    byId("gw-title").textContent = document.title;
    for (const node of document.querySelectorAll(".gw-search, #gw-banner, #gw-routes")) node.classList.toggle("gw-gone", !routes.length && data.missed.length > 0);
    map.getContainer().setAttribute("aria-label", say("map_routes"));
    gridwright.drawBanner();
    gridwright.drawRoutes(chosen);
    gridwright.drawRoute(chosen, leg);
    gridwright.drawMissedList();
    drawLayers();
    drawLegend();
    drawFoot();
    drawHelp();
    gridwright.redrawRoutes();
  }

  // ---- keys and buttons ------------------------------------------------------------------------------------------

  const switchLanguage = () => gridwright.setLanguage(gridwright.language() === "zh" ? "en" : "zh");
  const zoomBy = (step) => (step > 0 ? map.zoomIn(1, { animate: false }) : map.zoomOut(1, { animate: false }));

  function openLayers(yes) {
    byId("gw-layers").hidden = !yes;
    byId("gw-layers-open").setAttribute("aria-expanded", String(yes));
  }

  const keys = {
    "/": () => byId("gw-find").focus(),
    n: () => walkLegs(1),
    p: () => walkLegs(-1),
    r: () => walkRoutes(1),
    "+": () => zoomBy(1),
    "=": () => zoomBy(1),
    "-": () => zoomBy(-1),
    0: () => showBounds(whole, 19),
    g: switchLanguage,
    "?": () => byId("gw-help").showModal(),
    ArrowLeft: () => map.panBy([-120, 0], { animate: false }),
    ArrowRight: () => map.panBy([120, 0], { animate: false }),
    ArrowUp: () => map.panBy([0, -120], { animate: false }),
    ArrowDown: () => map.panBy([0, 120], { animate: false }),
    Escape: () => (byId("gw-layers").hidden ? chosen >= 0 && unchooseRoute() : openLayers(false)),
  };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("gw-help").open) return;
    const { target } = event;
    if (target.matches("input:not([type=checkbox]), select, textarea")) return;
    if (event.key.startsWith("Arrow") && target.closest(".gw-panel")) return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  function startButtons() {
    byId("gw-in").onclick = () => zoomBy(1);
    byId("gw-out").onclick = () => zoomBy(-1);
    byId("gw-whole").onclick = () => showBounds(whole, 19);
    byId("gw-language").onclick = switchLanguage;
    byId("gw-layers-open").onclick = () => openLayers(byId("gw-layers").hidden);
    byId("gw-help-open").onclick = () => byId("gw-help").showModal();
    byId("gw-help-close").onclick = () => byId("gw-help").close();
    byId("gw-find").oninput = () => {
      if (chosen >= 0) unchooseRoute();
      gridwright.drawRoutes();
      byId("gw-find").focus();
    };
    byId("gw-handle").onclick = () => {
      const steps = ["peek", "half", "full"];
      openSheet(steps[(steps.indexOf(byId("gw-panel").dataset.sheet) + 1) % 3]);
    };
    map.on("click", (event) => {
      const found = gridwright.nearestLeg(event.latlng);
      if (found) chooseRoute(found.route, { at: found.leg });
    });
    document.addEventListener("keydown", onKey);
    phone.addEventListener("change", place);
    window.addEventListener("resize", () => map.invalidateSize({ animate: false }));
  }

  function start(leafletMap) {
    map = leafletMap;
    map.getContainer().setAttribute("role", "application");
    map.keyboard.disable();
    L.control.scale({ imperial: false, position: "bottomright", maxWidth: 140 }).addTo(map);
    const patrolled = data.grids.filter((grid) => grid.patrolled).flatMap((grid) => grid.rings.flatMap(gridwright.unpack));
    const ways = L.latLngBounds(routes.flatMap((route) => route.legs.flatMap((l) => l.path)));
    data.missed.forEach((_, part) => ways.extend(gridwright.missedBounds(part)));
    const all = L.latLngBounds(patrolled.length ? patrolled : data.grids.flatMap((grid) => grid.rings.flatMap(gridwright.unpack))).extend(ways);
    // The grids too, but where the routes are a small part of a large one they come first.
    whole = ways.isValid() && map.getBoundsZoom(ways) - map.getBoundsZoom(all) > 0.7 ? ways : all;
    makePanes();
    names = map.getPane("gwNames");
    openSheet("peek");
    showBounds(whole, 19);
    map.setMinZoom(Math.floor(map.getBoundsZoom(all)) - 1);
    map.setMaxBounds(all.pad(1.5));
    drawLand();
    gridwright.startRoutes(map);
    map.on("zoomstart", () => names.replaceChildren());
    map.on("moveend", setNames);
    startButtons();
    gridwright.onLanguage(drawWords);
    gridwright.setLanguage(data.language);
    place();
    showBounds(whole, 19);
    if (routes.length === 1) chooseRoute(0);
    setNames();
    document.documentElement.dataset.ready = "true";
  }

  gridwright.map = () => map;
  Object.assign(gridwright, { start, chooseRoute, unchooseRoute, chooseLeg, walkLegs, showMissed });
})();
