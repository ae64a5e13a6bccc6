// The grids themselves: fills and patterns, what happens when one is pointed at, chosen or walked to.
"use strict";

(() => {
  const { data, say, number, element, byId, unpack } = gridwright;
  const { fills, colours } = data.style;
  const layers = [];
  let map;
  let chosen = -1;
  let halo = null;
  let tip = null;

  // A pattern says what the colour alone must not: stripes for action, dots for dedicated, lines for rural.
  function addPattern(id, size, ground, marks, turn = 0) {
    byId("gw-patterns").append(
      element(
        "svg:pattern",
        { id, width: size, height: size, patternUnits: "userSpaceOnUse", patternTransform: `rotate(${turn})` },
        element("svg:rect", { width: size, height: size, fill: ground }),
        ...marks,
      ),
    );
  }

  function addPatterns() {
    if (look) {
      look.addPatterns(addPattern);
      return;
    }
    const stripe = element("svg:rect", { width: 4.5, height: 9, fill: colours.action });
    addPattern("gw-action", 9, colours["action-soft"], [stripe], 45);
    fills.forEach((fill, i) => {
      const dot = element("svg:circle", { cx: 4, cy: 4, r: 1.25, fill: colours.pattern, "fill-opacity": 0.7 });
      addPattern(`gw-dedicated-${i}`, 8, fill, [dot], 30);
      const line = element("svg:rect", { width: 11, height: 0.9, y: 5, fill: colours.pattern, "fill-opacity": 0.4 });
      addPattern(`gw-rural-${i}`, 11, fill, [line]);
    });
  }

  // A page that shows something else than the state of a grid brings its own look (change_look.js).
  const { look } = gridwright;

  const gridFill = (grid) =>
    look ? look.fill(grid)
    : grid.status === "action" ? "url(#gw-action)"
    : grid.kind === "standard" ? fills[grid.fill]
    : `url(#gw-${grid.kind === "rural" ? "rural" : "dedicated"}-${grid.fill})`;

  const stateOf = (grid) =>
    look ? look.state(grid) : grid.status === "in_band" ? say("state_in_band_short") : say(`state_${grid.status}`);

  function drawGrids(onMap) {
    map = onMap;
    addPatterns();
    const renderer = L.svg({ pane: "gwGrids", padding: 0.3 });
    data.grids.forEach((grid, index) => {
      const layer = L.polygon((grid.gone ? data.old[grid.gone - 1] : grid.rings).map(unpack), {
        renderer,
        pane: "gwGrids",
        stroke: false,
        fill: !grid.gone, // of a grid that is no longer there only the outline is drawn, with the land
        interactive: !grid.gone,
        fillColor: gridFill(grid),
        fillOpacity: look ? look.opacity(grid) : grid.status === "action" ? 0.95 : grid.kind === "rural" ? 0.68 : 0.88,
        className: `gw-grid gw-${grid.status}`,
        smoothFactor: 0.7,
      });
      layer.addTo(map);
      layers.push(layer);
      if (grid.gone) return;
      const path = layer.getElement();
      path.setAttribute("role", "button");
      path.setAttribute("tabindex", index === 0 ? "0" : "-1");
      path.dataset.code = grid.code;
      path.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        gridwright.chooseGrid(index);
      });
      layer.on("click", () => gridwright.chooseGrid(index));
      layer.on("mouseover", (event) => pointAt(index, event.latlng));
      layer.on("mousemove", (event) => tip && tip.setLatLng(event.latlng));
      layer.on("mouseout", pointAway);
    });
    nameGrids();
    gridwright.onLanguage(nameGrids);
  }

  function nameGrids() {
    data.grids.forEach((grid, index) => {
      if (grid.gone) return;
      const label = say("at_grid", { code: grid.code, n: number(grid.households), state: stateOf(grid) });
      layers[index].getElement().setAttribute("aria-label", label);
    });
  }

  function pointAt(index, latlng) {
    pointAway();
    if (window.matchMedia("(hover: none)").matches) return;
    const grid = data.grids[index];
    const content = element(
      "div", {},
      element("b", {}, grid.code),
      element("div", {}, `${say("households")} ${number(grid.households)}`),
      look ? element("div", {}, stateOf(grid)) : null,
    );
    tip = L.tooltip({ className: "gw-tip", direction: "top", offset: [0, -6], opacity: 1 });
    tip.setContent(content).setLatLng(latlng).addTo(map);
  }

  function pointAway() {
    if (tip) tip.remove();
    tip = null;
  }

  // Outline what is chosen; paths are latlng rings.
  function markChosen(rings) {
    if (halo) halo.remove();
    halo = null;
    if (!rings || !rings.length) return;
    const renderer = L.svg({ pane: "gwChosen", padding: 0.3 });
    const line = (color, weight) =>
      L.polygon(rings, { renderer, pane: "gwChosen", fill: false, interactive: false, color, weight });
    halo = L.layerGroup([line(colours.paper, 8), line(colours.chosen, 4.5)]).addTo(map);
  }

  // Make one grid the chosen one (-1: none) on the map; the panel does its own part.
  function markGrid(index) {
    if (chosen >= 0) layers[chosen].getElement().setAttribute("tabindex", "-1");
    chosen = index;
    if (index < 0) {
      markChosen(null);
      layers[0].getElement().setAttribute("tabindex", "0");
      return;
    }
    layers[index].getElement().setAttribute("tabindex", "0");
    markChosen(layers[index].getLatLngs());
  }

  const gridBounds = (index) => layers[index].getBounds();
  const gridPaths = (index) => layers[index].getLatLngs();

  function showFills(yes) {
    map.getPane("gwGrids").classList.toggle("gw-unfilled", !yes);
  }

  Object.assign(gridwright, { drawGrids, markGrid, markChosen, gridBounds, gridPaths, showFills, stateOf, gridFill });
})();
