// The camera map: how grids, stretches of street, cameras, sight lines and proposals look.
"use strict";

(() => {
  const { data, say, number, points, wedge, plate, project, unpack, shareText, wordOr } = gridwright;
  const { colours } = data.style;
  const SEEN = "#00594c";
  const COARSE = "#a06a00";
  const UNSEEN = "#c43c00";
  const PRIVATE = "#b0003a";
  const PROPOSED = "#0b4f9c";
  const state = { level: data.asked, measure: "density", scope: "grid", tab: "areas", filter: "all" };
  const layers = { seen: true, unseen: true, cameras: true, sights: false, masks: false, places: false, proposals: true };
  if (!data.siting) delete layers.proposals;
  // A survey without sight knows counts only; one without polygons what is seen, but not how far each camera looks.
  if (!data.has_sight) for (const name of ["seen", "unseen"]) delete layers[name];
  if (!data.has_polygons) for (const name of ["sights", "masks"]) delete layers[name];
  if (!data.places.length) delete layers.places;

  const byLevel = data.stretches.by_level.map(project);
  const { cameras } = data;
  const spots = points(cameras.spot);
  const sightShapes = cameras.sight.map((rings) => project(rings));
  const maskShapes = cameras.mask.map((rings) => project(rings));
  const blind = data.blind.map(([name, road, grid, metres, steps]) => ({ name, road, grid, metres, line: project(steps.length ? [steps] : []), path: unpack(steps) }));
  const placeSpots = points(data.places.map((place) => place[3]));
  const proposals = data.siting ? data.siting.proposals : [];
  const proposalSpots = points(proposals.map((one) => one.spot));
  const proposalSights = proposals.map((one) => project(one.sight));

  // ---- figures by area ------------------------------------------------------------------------------------------

  const place = new Map(data.grids.map((grid, i) => [grid.code, i]));
  const rowOf = new Map(data.rows.filter((row) => row.scope === "grid").map((row) => [place.get(row.code), row]));
  const seenShare = (row) => (row.street_m > 0 ? row.seen_m[state.level] / row.street_m : null);

  // Classes of grids: what the measure is, in steps that differ in tint and in pattern.
  const SHORT = [
    { key: "none", fill: "#f3b98d", hatch: ["dense", "rgb(138 60 0 / 42%)"] },
    { key: "half", fill: "#fae0c4", hatch: ["lines", "rgb(138 60 0 / 42%)"] },
    { key: "short", fill: "#e6edf5", hatch: ["dots", "rgb(51 65 92 / 55%)"] },
    { key: "met", fill: "#a9c9e6", hatch: null },
  ];
  const RISING = ["#f7f4ee", "#dbe3ef", "#b9cbe4", "#8fb0d6", "#5f90c4"].map((fill, i) => ({
    key: i, fill, hatch: i === 0 ? ["lines", "#a4a7ad"] : i === 1 ? ["dots", "#5d6b80"] : null,
  }));
  const NOTHING = { key: "nothing", fill: "#ffffff", hatch: null };
  const STEPS = { seen: [0.05, 0.15, 0.3, 0.6], private: [1, 50, 200, 800] };

  function classOf(row) {
    if (!row) return NOTHING;
    if (state.measure === "density") {
      if (row.density === null || !row.target) return NOTHING;
      if (!row.missing) return SHORT[3];
      return row.positions === 0 ? SHORT[0] : row.density < row.target / 2 ? SHORT[1] : SHORT[2];
    }
    const value = state.measure === "seen" ? seenShare(row) : row.private_m;
    if (value === null) return NOTHING;
    return RISING[STEPS[state.measure].filter((step) => value >= step).length];
  }

  const lookOf = (index) => classOf(rowOf.get(index));

  function wordings(grid, index) {
    const row = rowOf.get(index);
    const code = gridwright.shortCode(grid.code);
    if (!row) return [[code]];
    if (state.measure === "seen") return [[code, shareText(seenShare(row))], [shareText(seenShare(row))]];
    if (state.measure === "private") return [[code, gridwright.metres(row.private_m)], [gridwright.metres(row.private_m)]];
    const density = number(row.density, row.density < 10 ? 1 : 0);
    const mark = row.density === null ? "–" : row.missing ? `▼${number(row.missing)}` : "✓";
    return [[code, say("label_density", { n: density, mark })], [say("label_density", { n: density, mark })], [mark]];
  }

  // ---- cameras ---------------------------------------------------------------------------------------------------

  const FILTERS = {
    all: () => true,
    off: (i) => !cameras.working[i],
    assumed: (i) => cameras.assumed[i],
    forbidden: (i) => cameras.forbidden[i],
    private: (i) => cameras.private_m[i] > 0,
    number: (i) => !["ok", "none"].includes(cameras.number[i]),
    blindless: (i) => cameras.working[i] && !cameras.seen_m[i],
  };
  const isShown = (i) => (state.filter.startsWith("kind:") ? cameras.kinds[cameras.kind[i]] === state.filter.slice(5) : FILTERS[state.filter](i));

  function drawCamera(pen, x, y, i, { near, far, chosen }) {
    const r = near ? 6 : far ? 2.2 : 3.4;
    const colour = cameras.forbidden[i] ? PRIVATE : colours.camera;
    if (near && cameras.hfov[i] < 360) wedge(pen, x, y, cameras.heading[i], Math.min(120, Math.max(28, cameras.hfov[i])), 20, colour);
    pen.beginPath();
    if (cameras.forbidden[i]) pen.rect(x - r, y - r, 2 * r, 2 * r);
    else pen.arc(x, y, r, 0, 7);
    pen.fillStyle = cameras.working[i] ? colour : colours.paper;
    pen.strokeStyle = cameras.working[i] ? colours.paper : colour;
    pen.lineWidth = near ? 1.8 : far ? 0.6 : 1;
    pen.fill();
    pen.stroke();
    if (near && !cameras.working[i]) {
      pen.beginPath();
      pen.moveTo(x - 3, y - 3);
      pen.lineTo(x + 3, y + 3);
      pen.moveTo(x + 3, y - 3);
      pen.lineTo(x - 3, y + 3);
      pen.stroke();
    }
    if (near && cameras.assumed[i]) ring(pen, x, y, 9.5, colour, [2.5, 2.5]);
    if (chosen) ring(pen, x, y, 14, colours.chosen, []);
  }

  function ring(pen, x, y, r, colour, dash) {
    pen.beginPath();
    pen.arc(x, y, r, 0, 7);
    pen.strokeStyle = colour;
    pen.lineWidth = dash.length ? 1.4 : 3.5;
    pen.setLineDash(dash);
    pen.stroke();
    pen.setLineDash([]);
  }

  function drawSight(view, shape, colour) {
    view.fill(shape, colour, 0.22);
    view.line(shape, true, colour, 1.6);
  }

  function drawMask(view, shape) {
    view.trace(shape, true);
    view.pen.fillStyle = gridwright.hatch(view.pen, "dense", PRIVATE);
    view.pen.fill();
    view.line(shape, true, PRIVATE, 1.2, { traced: true });
  }

  // ---- stretches -------------------------------------------------------------------------------------------------

  const LINES = {
    seen: { colour: SEEN, width: 4.5, dash: [] },
    coarse: { colour: COARSE, width: 3.4, dash: [1, 5] },
    unseen: { colour: UNSEEN, width: 2.6, dash: [7, 5] },
  };

  function drawStretches(view) {
    const mpp = view.metresPerPx;
    const scale = mpp < 2 ? 1 : mpp < 5 ? 0.75 : mpp < 12 ? 0.45 : 0.25;
    const draw = (shape, { colour, width, dash }) =>
      view.line(shape, false, colour, Math.max(0.7, width * scale), { dash: mpp < 12 ? dash.map((d) => d * Math.max(scale, 0.6)) : [] });
    byLevel.forEach((shape, level) => {
      if (level > state.level) {
        if (layers.seen) draw(shape, LINES.seen);
      } else if (layers.unseen) draw(shape, level ? LINES.coarse : LINES.unseen);
    });
  }

  // ---- the whole drawing -----------------------------------------------------------------------------------------

  function drawProposal(pen, x, y, i, near, chosen) {
    if (near) wedge(pen, x, y, proposals[i].heading, 60, 30, PROPOSED);
    if (near || chosen) plate(pen, String(proposals[i].rank), x, y, chosen ? colours.ink : PROPOSED);
    else {
      pen.beginPath();
      pen.moveTo(x, y - 5);
      pen.lineTo(x + 5, y);
      pen.lineTo(x, y + 5);
      pen.lineTo(x - 5, y);
      pen.closePath();
      pen.fillStyle = PROPOSED;
      pen.strokeStyle = colours.paper;
      pen.lineWidth = 1.2;
      pen.fill();
      pen.stroke();
    }
  }

  const isChosen = (kind, i) => {
    const chosen = gridwright.chosen();
    return chosen && chosen.kind === kind && chosen.index === i;
  };

  function drawLines(view) {
    const { metresPerPx: mpp } = view;
    const chosen = gridwright.chosen();
    if (mpp <= gridwright.FAR_M_PER_PX) drawStretches(view);
    if (mpp < 6) {
      cameras.spot.forEach((_, i) => {
        if (!isShown(i) || isChosen("camera", i)) return;
        if (layers.sights) drawSight(view, sightShapes[i], colours.camera);
        if (layers.masks) drawMask(view, maskShapes[i]);
      });
    }
    if (layers.proposals && chosen && chosen.kind === "proposal") drawSight(view, proposalSights[chosen.index], PROPOSED);
    if (chosen && chosen.kind === "camera") {
      drawSight(view, sightShapes[chosen.index], colours.camera);
      drawMask(view, maskShapes[chosen.index]);
    }
    if (chosen && chosen.kind === "blind") {
      view.line(blind[chosen.index].line, false, "#ffd23f", 15, { opacity: 0.85 });
      view.line(blind[chosen.index].line, false, UNSEEN, 4.5, { dash: [7, 5] });
    }
  }

  function drawPoints(view) {
    const { pen, metresPerPx: mpp } = view;
    if (layers.places) placeSpots.each(view, (x, y, i) => drawPlace(pen, x, y, data.places[i][2] > state.level));
    if (layers.cameras && mpp <= gridwright.FAR_M_PER_PX) spots.each(view, (x, y, i) => drawCamera(pen, x, y, i, { near: mpp < 1.6, far: mpp > 5, chosen: isChosen("camera", i) }), isShown);
    if (layers.proposals) {
      // The best on top.
      const later = [];
      proposalSpots.each(view, (x, y, i) => later.push([x, y, i]));
      for (const [x, y, i] of later.reverse()) drawProposal(pen, x, y, i, mpp < 1.6, isChosen("proposal", i));
    }
  }

  function drawPlace(pen, x, y, seen) {
    pen.beginPath();
    pen.rect(x - 5, y - 5, 10, 10);
    pen.fillStyle = seen ? SEEN : colours.paper;
    pen.strokeStyle = seen ? colours.paper : UNSEEN;
    pen.lineWidth = 2;
    pen.fill();
    pen.stroke();
  }

  // ---- what is under a finger ------------------------------------------------------------------------------------

  function at(map, latlng) {
    if (layers.proposals) {
      const found = proposalSpots.nearest(map, latlng, 16);
      if (found >= 0) return { kind: "proposal", index: found };
    }
    if (layers.cameras) {
      const found = spots.nearest(map, latlng, 14, isShown);
      if (found >= 0) return { kind: "camera", index: found };
    }
    return null;
  }

  function boundsOf({ kind, index }) {
    if (kind === "grid") return gridwright.gridBounds(index).pad(0.15);
    if (kind === "blind") return L.latLngBounds(blind[index].path).pad(0.5);
    const spot = kind === "camera" ? spots.latlng(index) : proposalSpots.latlng(index);
    const rings = kind === "camera" ? cameras.sight[index] : proposals[index].sight;
    return spot.toBounds(80).extend(L.latLngBounds(rings.flatMap(unpack).concat([spot]))).pad(0.2);
  }

  function legend({ picture, swatch, show, isFar }) {
    const { element } = gridwright;
    const stroke = ({ colour, width, dash }) =>
      picture(element("svg:line", { x1: 3, x2: 39, y1: 9, y2: 9, stroke: colour, "stroke-width": width, "stroke-dasharray": dash.join(" ") || null, "stroke-linecap": "round" }));
    const dot = (fill, line, more = []) => picture(...more, element("svg:circle", { cx: 21, cy: 9, r: 6, fill, stroke: line, "stroke-width": 1.8 }));
    const said = new Set(data.grids.map((_, i) => lookOf(i).key));
    const classes = (state.measure === "density" ? SHORT : RISING).filter((one) => said.has(one.key));
    const steps = STEPS[state.measure];
    const stepText = (k) => {
      const value = (v) => (state.measure === "seen" ? shareText(v) : gridwright.metres(v));
      if (k === 0) return say("step_below", { n: value(steps[0]) });
      return k === steps.length ? say("step_from", { n: value(steps[k - 1]) }) : say("step_between", { a: value(steps[k - 1]), b: value(steps[k]) });
    };
    const purple = colours.camera;
    const any = (column) => cameras[column].some(Boolean);
    return [
      ...(show.grids ? [
        [null, say(`measure_${state.measure}`)],
        ...classes.map((one) => [swatch(one), state.measure === "density" ? say(`class_${one.key}`) : stepText(one.key)]),
        ...(said.has("nothing") ? [[swatch(NOTHING), say("class_nothing")]] : []),
      ] : []),
      ...(isFar ? [[null, say("zoom_in_more")]] : []),
      ...(data.has_sight && !isFar ? [[null, say("legend_streets", { level: wordOr(`level_${data.levels[state.level].name}`, data.levels[state.level].name) })]] : []),
      ...(layers.seen && !isFar ? [[stroke(LINES.seen), say("legend_seen")]] : []),
      ...(layers.unseen && !isFar && state.level > 0 ? [[stroke(LINES.coarse), say("legend_coarse")]] : []),
      ...(layers.unseen && !isFar ? [[stroke(LINES.unseen), say("legend_unseen")]] : []),
      ...(layers.cameras && !isFar && cameras.id.length ? [
        [null, say("legend_cameras")],
        [dot(purple, "#fff"), say("legend_working")],
        ...(cameras.working.some((yes) => !yes) ? [[dot("#fff", purple), say("legend_off")]] : []),
        ...(any("assumed") ? [[dot(purple, "#fff", [element("svg:circle", { cx: 21, cy: 9, r: 8.4, fill: "none", stroke: purple, "stroke-width": 1.3, "stroke-dasharray": "2.5 2.5" })]), say("legend_assumed")]] : []),
        ...(any("forbidden") ? [[picture(element("svg:rect", { x: 15, y: 3, width: 12, height: 12, fill: PRIVATE })), say("legend_forbidden")]] : []),
      ] : []),
      ...(layers.masks ? [[swatch({ fill: "#fff", hatch: ["dense", PRIVATE] }), say("legend_mask")]] : []),
      ...(layers.places ? [
        [picture(element("svg:rect", { x: 16, y: 4, width: 10, height: 10, fill: SEEN })), say("legend_place_seen")],
        [picture(element("svg:rect", { x: 16, y: 4, width: 10, height: 10, fill: "#fff", stroke: UNSEEN, "stroke-width": 2 })), say("legend_place_unseen")],
      ] : []),
      ...(layers.proposals && proposals.length ? [[picture(element("svg:rect", { x: 11, y: 1, width: 20, height: 16, rx: 4, fill: PROPOSED }),
        element("svg:text", { x: 21, y: 14, "text-anchor": "middle", fill: "#fff", class: "gw-legend-n" }, "1")), say("legend_proposal")]] : []),
    ];
  }

  Object.assign(gridwright, {
    cameraState: state, cameraLayers: layers, cameraFilters: FILTERS, blindStretches: blind, cameraRow: rowOf, gridPlace: place, seenShare,
    cameraDrawing: { lookOf, wordings, drawLines, drawPoints, at, boundsOf, legend, isShown },
  });
})();
