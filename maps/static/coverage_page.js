// A coverage page: puts land, drawing and panel together, and decides what keys and buttons do.
// What is special to cameras or to response times comes as `gridwright.page` (camera_map.js, reach_map.js).
"use strict";

(() => {
  const { data, say, element, byId } = gridwright;
  const phone = window.matchMedia("(max-width: 760px)");
  const LAND = ["labels", "borders", "communities", "buildings", "streets", "water", "estates"];
  const show = {
    grids: true, labels: true, borders: true, communities: true, buildings: true, streets: true, water: true, estates: true,
    cameras: false, posts: false, old: false,
  };
  let map;
  let whole;
  let fills;
  let over;
  let lines;
  let top;
  let chosen = null; // { kind, index }
  const page = () => gridwright.page;

  // ---- the map ---------------------------------------------------------------------------------------------------

  function makePanes() {
    for (const [name, z] of [["gwUnder", 210], ["gwFills", 250], ["gwOver", 300], ["gwLines", 320], ["gwLabels", 330], ["gwTop", 350]]) {
      const pane = map.createPane(name);
      pane.style.zIndex = z;
      pane.style.pointerEvents = "none";
    }
    map.getPane("gwLabels").setAttribute("aria-hidden", "true");
  }

  function drawLand() {
    const canvas = (draw, pane) => new gridwright.LandCanvas(draw, { pane, padding: 0.2 }).addTo(map);
    canvas((view) => gridwright.drawUnder(view), "gwUnder");
    fills = canvas((view) => show.grids && gridwright.drawGrids(view, page().lookOf), "gwFills");
    over = canvas((view) => gridwright.drawOver(view, { ...show, cameras: false, posts: false }), "gwOver");
    lines = canvas((view) => page().drawLines(view), "gwLines");
    top = canvas((view) => {
      gridwright.drawChosenGrid(view, chosen && chosen.kind === "grid" ? chosen.index : -1);
      page().drawPoints(view);
    }, "gwTop");
  }

  function room() {
    const sheet = phone.matches ? byId("gw-panel").getBoundingClientRect().height : 0;
    return { paddingTopLeft: [28, 28], paddingBottomRight: [28, 28 + Math.min(sheet, window.innerHeight * 0.5)] };
  }

  function showBounds(bounds, closest = 18) {
    if (bounds.isValid()) map.fitBounds(bounds, { ...room(), maxZoom: closest, animate: false });
  }

  // Clear of the legend, too, where that costs little of the scale.
  function showWhole() {
    const legend = byId("gw-legend");
    const wide = phone.matches || !legend.open ? 0 : legend.offsetWidth;
    const { paddingTopLeft, paddingBottomRight } = room();
    const both = L.point(paddingTopLeft).add(paddingBottomRight);
    const loss = map.getBoundsZoom(whole, false, both) - map.getBoundsZoom(whole, false, both.add([wide, 0]));
    if (!wide || loss > 0.7) showBounds(whole, 19);
    else map.fitBounds(whole, { paddingTopLeft: L.point(paddingTopLeft).add([wide, 0]), paddingBottomRight, maxZoom: 19, animate: false });
  }

  function redraw() {
    for (const canvas of [fills, lines, top]) canvas.redraw();
  }

  // ---- choosing --------------------------------------------------------------------------------------------------

  // thing: { kind, index } or null; zoom: show it closely.
  function choose(thing, { zoom = false } = {}) {
    const before = chosen;
    chosen = thing;
    gridwright.labelChosen(thing && thing.kind === "grid" ? thing.index : -1);
    if (thing) {
      const bounds = page().boundsOf(thing);
      openSheet("half");
      if (zoom && bounds) showBounds(bounds, thing.kind === "grid" ? 17.5 : 18.5);
    }
    drawPanel();
    redraw();
    if (thing) byId("gw-scroll").scrollTop = 0;
    else if (before) {
      const row = document.querySelector(`[data-${before.kind}="${before.index}"]`);
      if (row) row.focus();
    }
  }

  function drawPanel() {
    const focus = document.activeElement && document.activeElement.id;
    page().panel(chosen);
    byId("gw-banner").hidden = Boolean(chosen);
    byId("gw-panel").classList.toggle("gw-has-choice", Boolean(chosen));
    drawLegend();
    if (focus && byId(focus) && document.activeElement !== byId(focus)) byId(focus).focus();
  }

  // Something was set (level, measure, filter): everything shows it.
  function changed() {
    drawPanel();
    redraw();
    gridwright.showLabels(show.labels);
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

  function setLayer(name, yes) {
    if (name in page().layers) page().layers[name] = yes;
    else show[name] = yes;
    if (name === "labels") gridwright.showLabels(yes);
    over.redraw();
    redraw();
    drawLayers();
    drawLegend();
  }

  function drawLayers() {
    const focus = document.activeElement && document.activeElement.id;
    const names = ["grids", ...Object.keys(page().layers), ...LAND];
    const box = (name) => element("label", {}, element("input", {
      type: "checkbox", id: `gw-layer-${name}`, checked: page().layers[name] ?? show[name],
      onchange: (event) => setLayer(name, event.target.checked),
    }), say(`layer_${name}`));
    const { n_buildings: nb, buildings_drawn: db, n_streets: ns, streets_drawn: ds } = data.ground;
    const cut = [
      db < nb ? say("buildings_left_out", { drawn: gridwright.number(db), n: gridwright.number(nb) }) : "",
      ds < ns ? say("streets_left_out", { drawn: gridwright.number(ds), n: gridwright.number(ns) }) : "",
      ...page().leftOut(),
    ].filter(Boolean);
    byId("gw-layers").replaceChildren(...names.map(box), ...cut.map((text) => element("p", { class: "gw-soft" }, text)));
    if (focus && focus.startsWith("gw-layer-") && byId(focus)) byId(focus).focus();
  }

  const metresPerPx = () => (40075016.686 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (256 * 2 ** map.getZoom());
  const picture = (...children) => element("svg:svg", { width: 42, height: 18, viewBox: "0 0 42 18", "aria-hidden": "true" }, ...children);

  // A class of grids, drawn as on the map.
  function swatch({ fill, hatch }) {
    const box = element("canvas", { width: 84, height: 36, class: "gw-swatch-wide", "aria-hidden": "true" });
    const pen = box.getContext("2d");
    pen.scale(2, 2);
    pen.fillStyle = fill;
    pen.fillRect(1, 1, 40, 16);
    if (hatch) {
      pen.fillStyle = gridwright.hatch(pen, ...hatch);
      pen.fillRect(1, 1, 40, 16);
    }
    pen.strokeStyle = data.style.colours["grid-edge"];
    pen.strokeRect(1, 1, 40, 16);
    return box;
  }

  function drawLegend() {
    byId("gw-legend-rows").replaceChildren(...page().legend({ picture, swatch, show, isFar: metresPerPx() > gridwright.FAR_M_PER_PX }).map(([sign, text]) =>
      element("li", { class: sign ? null : "gw-legend-head" }, sign, element("span", {}, text))));
  }

  function drawFoot() {
    const { id, created_at: made, version } = data.plan;
    const parts = [
      page().basis(), id ? say("plan_version", { plan: id }) : "", made.slice(0, 10), version ? `gridwright ${version}` : "",
    ].filter(Boolean);
    for (const foot of ["gw-foot", "gw-foot-here"]) byId(foot).replaceChildren(...parts.map((part) => element("span", {}, part)));
  }

  function drawHelp() {
    const rows = [
      ...page().help, ["/", "help_find_here"], ["+  −", "help_zoom"], [say("key_arrows"), "help_pan"], ["0", "help_whole"],
      ["L", "help_labels"], ["G", "help_language"], ["Esc", "help_close"], ["?", "help_help"],
    ];
    byId("gw-keys").replaceChildren(...rows.flatMap(([keys, key]) => [
      element("dt", {}, ...keys.split("  ").map((k) => element("kbd", {}, k))), element("dd", {}, say(key)),
    ]));
  }

  function drawWords() {
    byId("gw-title").textContent = document.title;
    map.getContainer().setAttribute("aria-label", say("map_here"));
    drawPanel();
    drawLayers();
    drawFoot();
    drawHelp();
    redraw();
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
    n: () => page().walk(1, chosen),
    p: () => page().walk(-1, chosen),
    l: () => setLayer("labels", !show.labels),
    "+": () => zoomBy(1),
    "=": () => zoomBy(1),
    "-": () => zoomBy(-1),
    0: showWhole,
    g: switchLanguage,
    "?": () => byId("gw-help").showModal(),
    ArrowLeft: () => map.panBy([-120, 0], { animate: false }),
    ArrowRight: () => map.panBy([120, 0], { animate: false }),
    ArrowUp: () => map.panBy([0, -120], { animate: false }),
    ArrowDown: () => map.panBy([0, 120], { animate: false }),
    Escape: () => (byId("gw-layers").hidden ? chosen && choose(null) : openLayers(false)),
  };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("gw-help").open) return;
    const { target } = event;
    if (target.matches("select, textarea") || (target.matches("input:not([type=checkbox])") && event.key !== "Escape")) return;
    if (event.key.startsWith("Arrow") && target.closest(".gw-panel")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = page().keys[key] ?? keys[key];
    if (!act) return;
    event.preventDefault();
    if (target.matches("input") && event.key === "Escape") {
      target.value = "";
      target.blur();
      drawPanel();
      return;
    }
    act();
  }

  function startButtons() {
    byId("gw-in").onclick = () => zoomBy(1);
    byId("gw-out").onclick = () => zoomBy(-1);
    byId("gw-whole").onclick = showWhole;
    byId("gw-language").onclick = switchLanguage;
    byId("gw-layers-open").onclick = () => openLayers(byId("gw-layers").hidden);
    byId("gw-help-open").onclick = () => byId("gw-help").showModal();
    byId("gw-help-close").onclick = () => byId("gw-help").close();
    byId("gw-find").oninput = () => {
      if (phone.matches) openSheet("full");
      drawPanel();
    };
    byId("gw-handle").onclick = () => {
      const steps = ["peek", "half", "full"];
      openSheet(steps[(steps.indexOf(byId("gw-panel").dataset.sheet) + 1) % 3]);
    };
    map.on("zoomend", drawLegend);
    map.on("click", ({ latlng }) => {
      const found = page().at(map, latlng);
      if (found) choose(found);
      else {
        const grid = gridwright.gridAt(latlng);
        choose(grid < 0 ? null : { kind: "grid", index: grid });
      }
    });
    document.addEventListener("keydown", onKey);
    phone.addEventListener("change", place);
    window.addEventListener("resize", () => map.invalidateSize({ animate: false }));
  }

  // What the field asks for: every word of it must stand in the text.
  function wanted(...texts) {
    const asked = byId("gw-find").value.trim().toLowerCase();
    if (!asked) return true;
    const text = texts.join(" ").toLowerCase();
    return asked.split(/\s+/).every((word) => text.includes(word));
  }

  function start(leafletMap) {
    map = leafletMap;
    map.getContainer().setAttribute("role", "application");
    map.keyboard.disable();
    L.control.scale({ imperial: false, position: "bottomright", maxWidth: 140 }).addTo(map);
    whole = L.latLngBounds(data.grids.flatMap((grid) => grid.rings.flatMap(gridwright.unpack)));
    makePanes();
    openSheet("peek");
    showBounds(whole, 19);
    map.setMinZoom(Math.floor(map.getBoundsZoom(whole)) - 1);
    map.setMaxBounds(whole.pad(1.5));
    gridwright.look = { wordings: (grid, index) => page().wordings(grid, index) };
    drawLand();
    gridwright.startLabels(map);
    startButtons();
    gridwright.onLanguage(drawWords);
    gridwright.setLanguage(data.language);
    place();
    showWhole();
    document.documentElement.dataset.ready = "true";
  }

  gridwright.map = () => map;
  gridwright.chosen = () => chosen;
  Object.assign(gridwright, { start, choose, changed, drawPanel, wanted, setLayer });
})();
