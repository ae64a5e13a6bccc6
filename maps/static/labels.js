// Labels: code and households at the roomiest spot of each grid.  They grow with the zoom and never overlap: the
// important ones are set first, and one that finds no room says less, or nothing until the reader zooms in.
"use strict";

(() => {
  const { data, say, number, element, toLatLng } = gridwright;
  const LEAST_PX = 14;
  const MOST_PX = 22;
  const LINE = 1.2;
  const CELL = 64;
  const pen = document.createElement("canvas").getContext("2d");
  const widths = new Map();
  let map;
  let pane;
  let visible = true;
  let chosen = -1;
  const spots = data.grids.map((grid) => (grid.spot.length ? toLatLng(grid.spot) : null));

  function width(text, px) {
    if (!widths.has(text)) {
      pen.font = `700 100px ${getComputedStyle(document.body).fontFamily}`;
      widths.set(text, pen.measureText(text).width / 100);
    }
    return widths.get(text) * px;
  }

  // What a code adds to that of the grid or community around it.
  const ending = data.plan && data.plan.level === "micro" ? -2 : -3;
  const shortCode = (code) => (code.length > 6 ? code.slice(ending) : code);

  // What a label may say, most first.
  function wordings(grid, index) {
    if (gridwright.look && gridwright.look.wordings) return gridwright.look.wordings(grid, index);
    const households = gridwright.language() === "zh" ? `${number(grid.households)}户` : number(grid.households);
    const brief = shortCode(grid.code);
    const all = [[grid.code, households], [brief, households], [brief]];
    return brief === grid.code ? all.slice(1) : all;
  }

  // Boxes already set, in a coarse table of cells.
  class Taken {
    constructor() {
      this.cells = new Map();
    }

    cellsOf([x0, y0, x1, y1]) {
      const keys = [];
      for (let i = Math.floor(x0 / CELL); i <= Math.floor(x1 / CELL); i += 1) {
        for (let j = Math.floor(y0 / CELL); j <= Math.floor(y1 / CELL); j += 1) keys.push(`${i},${j}`);
      }
      return keys;
    }

    isFree(box) {
      return this.cellsOf(box).every((key) =>
        (this.cells.get(key) || []).every(
          (other) => box[2] <= other[0] || box[0] >= other[2] || box[3] <= other[1] || box[1] >= other[3],
        ),
      );
    }

    take(box) {
      for (const key of this.cellsOf(box)) {
        if (!this.cells.has(key)) this.cells.set(key, []);
        this.cells.get(key).push(box);
      }
    }
  }

  function rank(index) {
    if (index === chosen) return 0;
    return { action: 1, kept: 3 }[data.grids[index].status] ?? 2;
  }

  function setLabels() {
    const nodes = [];
    if (visible) {
      const bounds = map.getBounds().pad(0.15);
      const metresPerPx =
        (40075016.686 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (256 * 2 ** map.getZoom());
      const order = data.grids
        .map((_, index) => index)
        .filter((index) => spots[index] && bounds.contains(spots[index]))
        .sort((a, b) => rank(a) - rank(b) || data.grids[b].room_m - data.grids[a].room_m || a - b);
      const taken = new Taken();
      for (const index of order) {
        const node = setOne(index, metresPerPx, taken);
        if (node) nodes.push(node);
      }
      nodes.push(...gridwright.placeNames(map, taken, metresPerPx, width));
    }
    pane.replaceChildren(...nodes);
  }

  function setOne(index, metresPerPx, taken) {
    const grid = data.grids[index];
    const at = map.latLngToLayerPoint(spots[index]);
    const room = grid.room_m / metresPerPx;
    const px = Math.round(Math.min(MOST_PX, Math.max(LEAST_PX, LEAST_PX + (room - 40) / 18)));
    const pressing = rank(index) < 2;
    for (const lines of wordings(grid, index)) {
      const w = Math.max(...lines.map((line) => width(line, px))) + (pressing ? 12 : 4);
      const h = lines.length * px * LINE + (pressing ? 4 : 0);
      // A label may stand out of the circle a little, never out of its grid by much.
      const least = lines.length === 1 && pressing;
      if (!least && Math.hypot(w / 2, h / 2) > room * 1.18) continue;
      if (least && room < 12) continue;
      const box = [at.x - w / 2 - 2, at.y - h / 2 - 2, at.x + w / 2 + 2, at.y + h / 2 + 2];
      if (!taken.isFree(box)) continue;
      taken.take(box);
      const node = element(
        "div", { class: `gw-label gw-${grid.status}${index === chosen ? " gw-is-chosen" : ""}` },
        element("div", {}, ...lines.map((line, i) => element("span", { class: i ? "gw-count" : "gw-code" }, line))),
      );
      node.dataset.code = grid.code;
      node.style.fontSize = `${px}px`;
      L.DomUtil.setPosition(node, L.point(Math.round(at.x), Math.round(at.y)));
      return node;
    }
    return null;
  }

  function startLabels(onMap) {
    map = onMap;
    pane = map.getPane("gwLabels");
    map.on("zoomstart", () => pane.replaceChildren());
    map.on("moveend", setLabels);
    gridwright.onLanguage(setLabels);
    setLabels();
  }

  function showLabels(yes) {
    visible = yes;
    setLabels();
  }

  function labelChosen(index) {
    chosen = index;
    setLabels();
  }

  Object.assign(gridwright, { startLabels, showLabels, labelChosen, shortCode });
})();
