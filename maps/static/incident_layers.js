// The incident map: clusters and single marks on a canvas, and grids by count or by rate.
// Marks differ by shape (what is to be done) and by colour; clusters say how many they stand for.
"use strict";

(() => {
  const { data, say, number, project, plate } = gridwright;
  const { colours } = data.style;
  const all = data.incidents;
  const n = all.id.length;
  const state = { kinds: new Set(data.kinds.keys()), looks: new Set(data.looks.keys()), measure: "count", tab: "kinds" };
  const layers = { incidents: true };
  // Okabe-Ito, dark enough to stand on every fill.
  const LOOKS = {
    open: { fill: "#0b4f9c", shape: "circle" },
    late: { fill: "#c43c00", shape: "triangle" },
    handled: { fill: "#00735a", shape: "square" },
    closed: { fill: "#5d6b80", shape: "ring" },
    cancelled: { fill: "#17202c", shape: "cross" },
  };
  const CELL = 58;
  const SINGLE_M_PER_PX = 0.75;
  const shape = project(all.spot);
  const place = new Map(data.grids.map((grid, i) => [grid.code, i]));
  const gridOf = data.grid_codes.map((code) => place.get(code) ?? -1);

  const isShown = (i) => state.kinds.has(all.kind[i]) && state.looks.has(all.look[i]);
  let shown = [];
  let perGrid = new Uint32Array(data.grids.length);
  let clusters = { zoom: null, list: [] };

  // Which incidents are shown has changed.
  function count() {
    shown = [];
    perGrid = new Uint32Array(data.grids.length);
    for (let i = 0; i < n; i += 1) {
      if (!isShown(i)) continue;
      shown.push(i);
      const grid = gridOf[all.grid[i]];
      if (grid >= 0) perGrid[grid] += 1;
    }
    clusters = { zoom: null, list: [] };
    classes = makeClasses();
  }

  // ---- grids by class --------------------------------------------------------------------------------------------

  const FILLS = ["#fdf6d5", "#fadf9a", "#f3b567", "#e0823f", "#b3541e"];
  const HATCH = [null, null, ["dots", "rgb(90 40 0 / 55%)"], ["lines", "rgb(80 30 0 / 50%)"], ["dense", "rgb(60 20 0 / 55%)"]];
  let classes = [];

  const valueOf = (index) => {
    if (state.measure === "count") return perGrid[index];
    const { households } = data.grids[index];
    return households > 0 ? (perGrid[index] / households) * 1000 : null;
  };

  // Five classes with as many grids each as equal values allow.
  function makeClasses() {
    const values = data.grids.map((_, i) => valueOf(i)).filter((value) => value).sort((a, b) => a - b);
    if (!values.length) return [];
    const cuts = [...new Set([0.2, 0.4, 0.6, 0.8].map((q) => values[Math.floor(q * (values.length - 1))]))];
    return [...cuts.filter((cut) => cut < values[values.length - 1]), values[values.length - 1]];
  }

  function lookOf(index) {
    const value = valueOf(index);
    if (value === null) return { key: "nothing", fill: "#ffffff", hatch: null };
    if (!value) return { key: "zero", fill: "#eef1f4", hatch: null };
    const step = Math.max(0, classes.findIndex((upto) => value <= upto + 1e-12));
    const at = classes.length < 2 ? 2 : Math.round((step * (FILLS.length - 1)) / (classes.length - 1));
    return { key: String(step), fill: FILLS[at], hatch: layers.incidents ? null : HATCH[at] }; // marks on a pattern are not seen
  }

  const metresPerPx = () => (40075016.686 * Math.cos((data.origin[1] * Math.PI) / 180)) / (256 * 2 ** gridwright.map().getZoom());
  const isClustered = () => metresPerPx() > SINGLE_M_PER_PX;
  const amount = (value) => number(value, state.measure === "count" ? 0 : value < 10 ? 2 : 1);

  function wordings(grid, index) {
    const code = gridwright.shortCode(grid.code);
    const value = valueOf(index);
    if (layers.incidents) return isClustered() ? [] : [[code]];
    return value === null ? [[code]] : [[code, amount(value)], [amount(value)]];
  }

  // ---- clusters --------------------------------------------------------------------------------------------------

  // Cells that hold still while the map is moved: counted from the origin of the page, per zoom.
  function clustersAt(view) {
    if (clusters.zoom === view.scale) return clusters.list;
    const list = [];
    if (view.metresPerPx <= SINGLE_M_PER_PX) for (const i of shown) list.push({ x: shape.xs[i], y: shape.ys[i], ids: [i] });
    else {
      const cells = new Map();
      for (const i of shown) {
        const key = `${Math.floor((shape.xs[i] * view.scale) / CELL)},${Math.floor((shape.ys[i] * view.scale) / CELL)}`;
        if (!cells.has(key)) cells.set(key, []);
        cells.get(key).push(i);
      }
      for (const ids of cells.values()) {
        const mean = (values) => ids.reduce((sum, i) => sum + values[i], 0) / ids.length;
        list.push({ x: mean(shape.xs), y: mean(shape.ys), ids });
      }
    }
    clusters = { zoom: view.scale, list };
    return list;
  }

  function mark(pen, x, y, look, r) {
    const { fill, shape: form } = LOOKS[look];
    pen.lineWidth = 1.6;
    pen.strokeStyle = colours.paper;
    pen.fillStyle = fill;
    pen.beginPath();
    if (form === "circle") pen.arc(x, y, r, 0, 7);
    else if (form === "square") pen.rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7);
    else if (form === "triangle") {
      pen.moveTo(x, y - r * 1.25);
      pen.lineTo(x + r * 1.15, y + r * 0.85);
      pen.lineTo(x - r * 1.15, y + r * 0.85);
      pen.closePath();
    } else if (form === "ring") {
      pen.arc(x, y, r * 0.8, 0, 7);
      pen.fillStyle = colours.paper;
      pen.strokeStyle = fill;
      pen.lineWidth = 2.4;
    } else {
      pen.moveTo(x - r * 0.8, y - r * 0.8);
      pen.lineTo(x + r * 0.8, y + r * 0.8);
      pen.moveTo(x + r * 0.8, y - r * 0.8);
      pen.lineTo(x - r * 0.8, y + r * 0.8);
      pen.strokeStyle = fill;
      pen.lineWidth = 2.4;
    }
    pen.fill();
    pen.stroke();
  }

  function bubble(pen, x, y, ids) {
    const late = ids.some((i) => data.looks[all.look[i]] === "late");
    const r = 11 + 3.2 * Math.log10(ids.length);
    pen.beginPath();
    pen.arc(x, y, r, 0, 7);
    pen.fillStyle = late ? "#c43c00" : "#12263d";
    pen.globalAlpha = 0.92;
    pen.fill();
    pen.globalAlpha = 1;
    pen.strokeStyle = colours.paper;
    pen.lineWidth = 2;
    pen.stroke();
    pen.font = "700 14px system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans SC', 'Noto Sans CJK SC', sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = colours.paper;
    pen.fillText(ids.length < 1000 ? String(ids.length) : `${(ids.length / 1000).toFixed(1)}k`, x, y + 1);
  }

  function drawPoints(view) {
    if (!layers.incidents) return;
    const chosen = gridwright.chosen();
    const r = view.metresPerPx < 2 ? 7 : 5.5;
    for (const { x, y, ids } of clustersAt(view)) {
      const [px, py] = [x * view.scale + view.dx, y * view.scale + view.dy];
      if (px < -30 || py < -30 || px > view.size.x + 30 || py > view.size.y + 30) continue;
      if (ids.length > 1) bubble(view.pen, px, py, ids);
      else mark(view.pen, px, py, data.looks[all.look[ids[0]]], r);
    }
    if (chosen && chosen.kind === "incident") {
      const px = shape.xs[chosen.index] * view.scale + view.dx;
      const py = shape.ys[chosen.index] * view.scale + view.dy;
      mark(view.pen, px, py, data.looks[all.look[chosen.index]], r + 1);
      view.pen.beginPath();
      view.pen.arc(px, py, 15, 0, 7);
      view.pen.strokeStyle = colours.chosen;
      view.pen.lineWidth = 3.5;
      view.pen.stroke();
    }
  }

  const latlng = (i) => gridwright.toLatLng(all.spot[i]);

  // What a press meets: an incident; or a cluster, which is shown from nearer.
  function at(map, where) {
    if (!layers.incidents) return null;
    const px = map.latLngToContainerPoint(where);
    let best = { far: 20, found: null };
    for (const one of clusters.list) {
      const middle = one.ids.length === 1 ? latlng(one.ids[0]) : centre(one.ids);
      const far = map.latLngToContainerPoint(middle).distanceTo(px);
      if (far < best.far) best = { far, found: one };
    }
    if (!best.found) return null;
    if (best.found.ids.length === 1) return { kind: "incident", index: best.found.ids[0] };
    const bounds = L.latLngBounds(best.found.ids.map(latlng));
    map.fitBounds(bounds.pad(0.3), { maxZoom: Math.min(20, map.getZoom() + 3), animate: false });
    return gridwright.chosen();
  }

  function centre(ids) {
    const sum = ids.reduce(([x, y], i) => [x + all.spot[i][0], y + all.spot[i][1]], [0, 0]);
    return gridwright.toLatLng([sum[0] / ids.length, sum[1] / ids.length]);
  }

  function boundsOf({ kind, index }) {
    return kind === "grid" ? gridwright.gridBounds(index).pad(0.15) : latlng(index).toBounds(250);
  }

  function legend({ picture, swatch, show, isFar }) {
    const { element } = gridwright;
    const sign = (look) => {
      const box = element("canvas", { width: 84, height: 36, class: "gw-swatch-wide", "aria-hidden": "true" });
      const pen = box.getContext("2d");
      pen.scale(2, 2);
      mark(pen, 21, 9, look, 6.5);
      return box;
    };
    const used = new Set(shown.map((i) => data.looks[all.look[i]]));
    const rows = [];
    if (layers.incidents) {
      rows.push([null, say("legend_incidents")]);
      for (const look of data.looks) if (used.has(look)) rows.push([sign(look), say(`look_${look}`)]);
      const dot = picture(element("svg:circle", { cx: 21, cy: 9, r: 8.5, fill: "#12263d" }), element("svg:text", { x: 21, y: 14, "text-anchor": "middle", fill: "#fff", class: "gw-legend-n" }, "9"));
      rows.push([dot, say("legend_cluster")]);
    }
    if (show.grids) {
      rows.push([null, say(`legend_${state.measure}`)]);
      rows.push([swatch({ fill: "#eef1f4", hatch: null }), say("class_zero")]);
      classes.forEach((upto, step) => {
        const index = classes.length < 2 ? 2 : Math.round((step * (FILLS.length - 1)) / (classes.length - 1));
        const hatch = isFar || layers.incidents ? null : HATCH[index];
        const from = step ? classes[step - 1] : 0;
        const text = state.measure === "count"
          ? from + 1 === upto ? number(upto) : say("step_between", { a: number(from + 1), b: number(upto) })
          : say("class_upto", { n: amount(upto) });
        rows.push([swatch({ fill: FILLS[index], hatch }), text]);
      });
    }
    return rows;
  }

  count();
  Object.assign(gridwright, {
    incidentState: state, incidentLayers: layers, incidentCount: () => { count(); gridwright.changed(); },
    incidentsShown: () => shown, incidentsPerGrid: () => perGrid, incidentClusters: () => clusters.list, gridOfIncident: (i) => gridOf[all.grid[i]],
    incidentRate: valueOf, incidentAmount: amount, plate,
    incidentDrawing: { lookOf, wordings, drawLines: () => {}, drawPoints, at, boundsOf, legend },
  });
})();
