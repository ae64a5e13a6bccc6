// The page: puts map, panel and search together, and decides what keys and buttons do.
"use strict";

(() => {
  const { data, say, element, byId } = gridwright;
  const phone = window.matchMedia("(max-width: 760px)");
  const show = {
    grids: true, borders: true, labels: true, buildings: true, streets: true,
    communities: true, water: true, estates: true, cameras: false, posts: true,
    moved: true, old: true, // of a page that compares two plans
  };
  let map;
  let whole;
  let under;
  let over;
  let chosen = null; // { kind: "grid" | "community", index }

  // ---- the map -----------------------------------------------------------------------------------------------

  function makePanes() {
    for (const [name, z] of [["gwUnder", 210], ["gwGrids", 300], ["gwOver", 350], ["gwChosen", 420], ["gwLabels", 450]]) {
      const pane = map.createPane(name);
      pane.style.zIndex = z;
      if (name !== "gwGrids") pane.style.pointerEvents = "none";
    }
    map.getPane("gwLabels").setAttribute("aria-hidden", "true");
  }

  function drawLand() {
    under = new gridwright.LandCanvas((view) => gridwright.drawUnder(view), { pane: "gwUnder", padding: 0.2 });
    over = new gridwright.LandCanvas((view) => gridwright.drawOver(view, show), { pane: "gwOver", padding: 0.2 });
    under.addTo(map);
    over.addTo(map);
  }

  // Keep what is shown clear of the bottom sheet.
  function room() {
    const sheet = phone.matches ? byId("gw-panel").getBoundingClientRect().height : 0;
    return { paddingTopLeft: [24, 24], paddingBottomRight: [24, 24 + Math.min(sheet, window.innerHeight * 0.5)] };
  }

  function showBounds(bounds, closest = 17.5) {
    if (bounds.isValid()) map.fitBounds(bounds, { ...room(), maxZoom: closest, animate: false });
  }

  // Clear of the legend, too, where that costs little of the scale.
  function showWhole() {
    const legend = byId("gw-legend");
    const { paddingTopLeft, paddingBottomRight } = room();
    const wide = phone.matches || !legend.open ? 0 : legend.offsetWidth;
    const both = L.point(paddingTopLeft).add(paddingBottomRight);
    const loss = map.getBoundsZoom(whole, false, both) - map.getBoundsZoom(whole, false, both.add([wide, 0]));
    if (!wide || loss > 0.3) showBounds(whole, 19);
    else map.fitBounds(whole, { paddingTopLeft: L.point(paddingTopLeft).add([wide, 0]), paddingBottomRight, maxZoom: 19, animate: false });
  }

  // ---- choosing ----------------------------------------------------------------------------------------------

  function chooseGrid(index, { zoom = false } = {}) {
    chosen = { kind: "grid", index };
    gridwright.markGrid(index);
    gridwright.drawGridCard(index);
    gridwright.chartChosen(index);
    openSheet("half");
    byId("gw-scroll").scrollTop = 0;
    const bounds = gridwright.gridBounds(index);
    if (zoom) showBounds(bounds.pad(0.6));
    else if (phone.matches && bounds.isValid()) map.panInside(bounds.getCenter(), { ...room(), animate: false });
    gridwright.labelChosen(index);
  }

  function chooseCommunity(index, { zoom = false } = {}) {
    chosen = { kind: "community", index };
    const rings = data.communities[index].rings.map(gridwright.unpack);
    gridwright.markGrid(-1);
    gridwright.markChosen(rings);
    gridwright.drawCommunityCard(index);
    gridwright.chartChosen(-1);
    openSheet("half");
    byId("gw-scroll").scrollTop = 0;
    if (zoom && rings.length) showBounds(L.latLngBounds(rings.flat()).pad(0.08));
    gridwright.labelChosen(-1);
  }

  function unchoose() {
    chosen = null;
    gridwright.markGrid(-1);
    gridwright.closeCard();
    gridwright.chartChosen(-1);
    gridwright.labelChosen(-1);
    openSheet("peek");
  }

  function walk(step) {
    const n = data.grids.length;
    const from = chosen && chosen.kind === "grid" ? chosen.index : step > 0 ? -1 : n;
    chooseGrid((from + step + n) % n, { zoom: true });
  }

  function nextToAct() {
    const { acts } = gridwright;
    if (!acts.length) return;
    const from = chosen && chosen.kind === "grid" ? chosen.index : -1;
    chooseGrid(acts.find((i) => i > from) ?? acts[0], { zoom: true });
  }

  // ---- the bottom sheet of a phone -----------------------------------------------------------------------------

  function openSheet(how) {
    const panel = byId("gw-panel");
    panel.dataset.sheet = how;
    byId("gw-handle").setAttribute("aria-expanded", String(how !== "peek"));
  }

  function startSheet() {
    const steps = ["peek", "half", "full"];
    const handle = byId("gw-handle");
    let from = null;
    let swiped = false;
    handle.addEventListener("pointerdown", (event) => {
      from = event.clientY;
      swiped = false;
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (from === null || Math.abs(event.clientY - from) < 24) return;
      const at = steps.indexOf(byId("gw-panel").dataset.sheet);
      openSheet(steps[Math.min(2, Math.max(0, at + (event.clientY < from ? 1 : -1)))]);
      from = event.clientY < from ? -Infinity : Infinity; // one step a swipe
      from = null;
      swiped = true;
    });
    handle.addEventListener("pointerup", () => { from = null; });
    handle.addEventListener("click", () => {
      if (!swiped) openSheet(steps[(steps.indexOf(byId("gw-panel").dataset.sheet) + 1) % 3]);
    });
    openSheet("peek");
  }

  // The legend and the facts stand on the map of a laptop, in the sheet of a phone.
  function place() {
    const legend = byId("gw-legend");
    if (phone.matches) byId("gw-legend-here").append(legend);
    else document.body.append(legend);
    map.invalidateSize({ animate: false });
    gridwright.drawChart();
  }

  // ---- layers and legend -----------------------------------------------------------------------------------------

  function setLayer(name, yes) {
    show[name] = yes;
    if (name === "grids") gridwright.showFills(yes);
    else if (name === "labels") gridwright.showLabels(yes);
    else if (name === "moved") gridwright.showMoved(yes);
    else over.redraw();
    drawLayers();
    drawLegend();
  }

  function drawLayers() {
    const land = data.ground;
    const there = {
      grids: true, borders: true, labels: true, communities: true,
      buildings: land && land.buildings_drawn > 0,
      streets: land && land.streets_drawn > 0,
      water: land && land.water.length + land.rivers.length + land.railways.length > 0,
      estates: land && land.estates.length > 0,
      cameras: land && land.cameras.length > 0,
      posts: land && land.posts.length > 0,
      moved: Boolean(gridwright.showMoved),
      old: Boolean(data.old),
    };
    const focus = document.activeElement && document.activeElement.id;
    const counts = land ? { cameras: land.cameras.length, posts: land.posts.length } : {};
    const rows = Object.keys(show).filter((name) => there[name]).map((name) =>
      element("label", {},
        element("input", { type: "checkbox", id: `gw-layer-${name}`, checked: show[name], onchange: (event) => setLayer(name, event.target.checked) }),
        say(`layer_${name}`, { n: gridwright.number(counts[name]) })));
    const notes = [];
    if (!land) notes.push(say("no_land"));
    else {
      const n = gridwright.number;
      if (land.buildings_drawn < land.n_buildings) notes.push(say("buildings_left_out", { drawn: n(land.buildings_drawn), n: n(land.n_buildings) }));
      if (land.streets_drawn < land.n_streets) notes.push(say("streets_left_out", { drawn: n(land.streets_drawn), n: n(land.n_streets) }));
    }
    byId("gw-layers").replaceChildren(...rows, ...notes.map((note) => element("p", { class: "gw-soft" }, note)));
    if (focus && focus.startsWith("gw-layer-") && byId(focus)) byId(focus).focus();
  }

  function drawLegend() {
    const { fills } = data.style;
    const kinds = new Set(data.grids.map((grid) => grid.kind));
    const picture = (...children) =>
      element("svg:svg", { width: 34, height: 18, viewBox: "0 0 34 18", "aria-hidden": "true" }, ...children);
    const box = (fill) => element("svg:rect", { x: 1, y: 1, width: 32, height: 16, fill, class: "gw-key" });
    const third = (fill, i) => element("svg:rect", { x: 1 + i * 11, y: 1, width: 10, height: 16, fill, class: "gw-key" });
    const line = (css) => element("svg:line", { x1: 2, x2: 32, y1: 9, y2: 9, class: css });
    const rows = gridwright.legendRows ? gridwright.legendRows({ picture, box, line }, show) : [
      [picture(...fills.slice(0, 3).map(third)), say("legend_standard")],
      [picture(box("url(#gw-action)")), say("legend_action")],
      kinds.has("dedicated") ? [picture(box("url(#gw-dedicated-0)")), say("legend_dedicated")] : null,
      kinds.has("rural") ? [picture(box("url(#gw-rural-2)")), say("legend_rural")] : null,
      [picture(line("gw-key-community")), say("legend_community")],
      [picture(line("gw-key-grid")), say("legend_grid")],
      data.ground && data.ground.cameras.length && show.cameras
        ? [picture(element("svg:circle", { cx: 17, cy: 9, r: 5, class: "gw-key-camera" })), say("legend_camera")] : null,
      data.ground && data.ground.posts.length && show.posts
        ? [picture(element("svg:path", { d: "M17 2 24 16H10Z", class: "gw-key-post" })), say("legend_post")] : null,
    ].filter(Boolean);
    byId("gw-legend-rows").replaceChildren(...rows.map(([sign, text]) => element("li", {}, sign, element("span", {}, text))));
  }

  // ---- keys and buttons ------------------------------------------------------------------------------------------

  function drawHelp() {
    const rows = [
      ["/", "help_find"], ["U", "help_next"], ["N  P", "help_walk"], ["+  −", "help_zoom"], [say("key_arrows"), "help_pan"],
      ["0", "help_whole"], ["L", "help_labels"], ...(data.old ? [["O", "help_old"]] : []), ["G", "help_language"], ["Esc", "help_close"], ["?", "help_help"],
    ];
    byId("gw-keys").replaceChildren(...rows.flatMap(([keys, key]) => [
      element("dt", {}, ...keys.split("  ").map((k) => element("kbd", {}, k))), element("dd", {}, say(key)),
    ]));
  }

  const switchLanguage = () => gridwright.setLanguage(gridwright.language() === "zh" ? "en" : "zh");

  function openLayers(yes) {
    byId("gw-layers").hidden = !yes;
    byId("gw-layers-open").setAttribute("aria-expanded", String(yes));
  }

  const keys = {
    "/": () => byId("gw-find").focus(),
    u: nextToAct,
    n: () => walk(1),
    p: () => walk(-1),
    "+": () => map.zoomIn(1, { animate: false }),
    "=": () => map.zoomIn(1, { animate: false }),
    "-": () => map.zoomOut(1, { animate: false }),
    0: showWhole,
    l: () => setLayer("labels", !show.labels),
    o: () => data.old && setLayer("old", !show.old),
    g: switchLanguage,
    "?": () => byId("gw-help").showModal(),
    ArrowLeft: () => map.panBy([-120, 0], { animate: false }),
    ArrowRight: () => map.panBy([120, 0], { animate: false }),
    ArrowUp: () => map.panBy([0, -120], { animate: false }),
    ArrowDown: () => map.panBy([0, 120], { animate: false }),
    Escape: () => (byId("gw-layers").hidden ? unchoose() : openLayers(false)),
  };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("gw-help").open) return;
    const target = event.target;
    if (target.matches("input:not([type=checkbox]), select, textarea")) return;
    // Arrows scroll the panel when the reader is in it.
    if (event.key.startsWith("Arrow") && target.closest(".gw-panel")) return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // Paper shows what the screen showed, in the shape of the paper; afterwards the screen is as it was.
  let screenView = null;
  function onPrint(before) {
    if (before === (screenView !== null)) return;
    const seen = map.getBounds();
    if (before) screenView = { centre: map.getCenter(), zoom: map.getZoom() };
    document.body.classList.toggle("gw-printing", before);
    if (before) byId("gw-scroll").scrollTop = 0;
    map.invalidateSize({ animate: false, pan: false });
    if (before) map.fitBounds(seen, { animate: false });
    else map.setView(screenView.centre, screenView.zoom, { animate: false });
    if (!before) screenView = null;
    under.print(before);
    over.print(before);
    gridwright.drawChart();
  }

  function startButtons() {
    const press = { "gw-in": keys["+"], "gw-out": keys["-"], "gw-whole": showWhole, "gw-next": nextToAct,
      "gw-language": switchLanguage, "gw-print": () => window.print(), "gw-help-open": keys["?"],
      "gw-help-close": () => byId("gw-help").close(), "gw-layers-open": () => openLayers(byId("gw-layers").hidden) };
    for (const [id, act] of Object.entries(press)) byId(id).addEventListener("click", act);
    document.addEventListener("keydown", onKey);
    window.addEventListener("beforeprint", () => onPrint(true));
    window.addEventListener("afterprint", () => onPrint(false));
    window.addEventListener("resize", gridwright.drawChart);
    phone.addEventListener("change", place);
    map.on("click", () => openLayers(false));
  }

  // ---- language --------------------------------------------------------------------------------------------------

  function drawWords() {
    gridwright.drawPanel();
    const n = gridwright.acts.length;
    byId("gw-next").textContent = n ? say("next") : say("next_none");
    byId("gw-next").disabled = !n;
    byId("gw-desk").hidden = !data.desk;
    if (data.desk) byId("gw-desk").href = `${data.desk}&lang=${gridwright.language()}`;
    map.getContainer().setAttribute("aria-label", say("map_label"));
    drawLayers();
    drawLegend();
    drawHelp();
    gridwright.drawChart();
    if (chosen && chosen.kind === "grid") gridwright.drawGridCard(chosen.index);
    if (chosen && chosen.kind === "community") gridwright.drawCommunityCard(chosen.index);
  }

  function start(leafletMap) {
    map = leafletMap;
    const container = map.getContainer();
    container.setAttribute("role", "application");
    map.keyboard.disable(); // ours work wherever the focus is
    L.control.scale({ imperial: false, position: "bottomright", maxWidth: 140 }).addTo(map);
    whole = L.latLngBounds(data.grids.flatMap((grid) => grid.rings.flatMap((ring) => gridwright.unpack(ring))));
    makePanes();
    startSheet();
    showWhole();
    map.setMinZoom(Math.floor(map.getZoom()) - 1);
    map.setMaxBounds(whole.pad(1));
    drawLand();
    gridwright.drawGrids(map);
    if (gridwright.drawMoved) gridwright.drawMoved(map);
    gridwright.startLabels(map);
    gridwright.startSearch();
    startButtons();
    gridwright.onLanguage(drawWords);
    gridwright.setLanguage(data.language);
    place();
    showWhole();
    document.documentElement.dataset.ready = "true";
  }

  gridwright.map = () => map;
  Object.assign(gridwright, { start, chooseGrid, chooseCommunity, unchoose, walk, nextToAct });
})();
