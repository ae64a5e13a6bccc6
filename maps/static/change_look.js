// What a change looks like: a tint and a pattern for each, and the ground that changed hands.
"use strict";

(() => {
  const { data, say, element } = gridwright;
  const { changes } = data.style; // change -> { tint, mark }
  const MARKED = ["changed", "split", "merged", "new", "retired"];

  const bar = (mark, size, wide, more = {}) => element("svg:rect", { width: wide, height: size, fill: mark, ...more });

  // One pattern each, so that nobody has to tell colours apart.
  const marks = {
    changed: (mark) => [10, [bar(mark, 10, 3.4)], 45],
    split: (mark) => [9, [bar(mark, 9, 3)], 0],
    merged: (mark) => [10, [bar(mark, 10, 2.4), element("svg:rect", { width: 10, height: 2.4, fill: mark })], 45],
    new: (mark) => [9, [element("svg:circle", { cx: 4.5, cy: 4.5, r: 2.3, fill: mark })], 45],
    retired: (mark) => [9, [element("svg:rect", { width: 9, height: 3, fill: mark })], 0],
  };

  function addPatterns(addPattern) {
    for (const change of MARKED) {
      const [size, drawn, turn] = marks[change](changes[change].mark);
      addPattern(`gw-${change}`, size, changes[change].tint, drawn, turn);
    }
    addPattern("gw-moved", 6, changes.moved.tint, [bar(changes.moved.mark, 6, 1.4, { "fill-opacity": 0.75 })], 135);
  }

  const fillOf = (change) => (MARKED.includes(change) ? `url(#gw-${change})` : changes.kept.tint);

  gridwright.look = {
    addPatterns,
    fill: (grid) => fillOf(grid.status),
    opacity: (grid) => (grid.status === "kept" ? 0.7 : 0.92),
    state: (grid) => say(`change_${grid.status}`),
  };

  // A small picture of a change, for lists and the legend.
  function sign(change, wide = 18, high = 18) {
    const gone = change === "retired";
    return element("svg:svg", { width: wide, height: high, viewBox: `0 0 ${wide} ${high}`, class: "gw-change-sign", "aria-hidden": "true" },
      element("svg:rect", { x: 1, y: 1, width: wide - 2, height: high - 2, rx: 3, fill: fillOf(change), class: gone ? "gw-key gw-key-gone" : "gw-key" }));
  }

  let movedLayer = null;
  function drawMoved(map) {
    if (!data.moved.length) return;
    const renderer = L.svg({ pane: "gwGrids", padding: 0.3 });
    movedLayer = L.polygon(data.moved.map((rings) => rings.map(gridwright.unpack)), {
      renderer, pane: "gwGrids", stroke: false, fillColor: "url(#gw-moved)", fillOpacity: 0.9, interactive: false, className: "gw-moved",
    }).addTo(map);
  }

  function showMoved(yes) {
    if (movedLayer) movedLayer.getElement().style.display = yes ? "" : "none";
  }

  function legendRows({ picture, line }, show) {
    const box = (fill, css = "") => element("svg:rect", { x: 1, y: 1, width: 32, height: 16, fill, class: `gw-key ${css}` });
    const there = new Set(data.grids.filter((grid) => !grid.gone).map((grid) => grid.status));
    return [
      ...["kept", ...MARKED].filter((change) => there.has(change)).map((change) => [picture(box(fillOf(change))), say(`legend_${change}`)]),
      data.moved.length && show.moved ? [picture(box("url(#gw-moved)")), say("legend_moved")] : null,
      [picture(line("gw-key-grid")), say("legend_new_border")],
      show.old ? [picture(line("gw-key-old")), say("legend_old_border")] : null,
      [picture(line("gw-key-community")), say("legend_community")],
    ].filter(Boolean);
  }

  Object.assign(gridwright, { changeSign: sign, drawMoved, showMoved, legendRows });
})();
