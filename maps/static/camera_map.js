// The camera map as a coverage page: its layers, keys, and what it says of itself.
"use strict";

(() => {
  const { data, say, number, cameraState, cameraLayers, cameraDrawing, cameraPanel, cameraOrder, setCamera } = gridwright;

  function walk(step, chosen) {
    const [kind, order] = cameraOrder();
    if (!order.length) return;
    const at = chosen && chosen.kind === kind ? order.indexOf(chosen.index) : -1;
    const next = at < 0 ? (step > 0 ? 0 : order.length - 1) : (at + step + order.length) % order.length;
    gridwright.choose({ kind, index: order[next] }, { zoom: true });
  }

  const there = { proposals: Boolean(data.siting), blind: data.has_sight };
  const open = (tab) => () => there[tab] !== false && setCamera("tab", tab);
  const level = (n) => () => data.has_sight && n < data.levels.length && setCamera("level", n);

  gridwright.page = {
    ...cameraDrawing,
    layers: cameraLayers,
    panel: cameraPanel,
    walk,
    keys: {
      1: level(0), 2: level(1), 3: level(2), 4: level(3), 5: level(4),
      b: open("blind"), r: open("proposals"), c: open("cameras"), t: open("areas"),
      s: () => "sights" in cameraLayers && gridwright.setLayer("sights", !cameraLayers.sights),
      m: () => "masks" in cameraLayers && gridwright.setLayer("masks", !cameraLayers.masks),
    },
    help: [
      [data.levels.map((_, i) => i + 1).join("  "), "help_levels"], ["T  B", "help_tabs"], ["C", "help_cameras"], ...(data.siting ? [["R", "help_proposals"]] : []),
      ["N  P", "help_walk_list"], ...(data.has_polygons ? [["S  M", "help_sights"]] : []),
    ],
    basis: () => say("basis", { edition: data.edition, n: number(data.sample_m, 1) }),
    leftOut: () => [
      data.stretches.drawn < data.stretches.total ? say("stretches_left_out", { drawn: number(data.stretches.drawn), n: number(data.stretches.total) }) : "",
      data.blind.length < data.blind_total ? say("blind_left_out", { drawn: number(data.blind.length), n: number(data.blind_total) }) : "",
      data.cameras.sight_tolerance_m > 1 ? say("sights_coarse", { n: number(data.cameras.sight_tolerance_m, 1) }) : "",
    ],
  };
  cameraState.tab = data.siting ? "proposals" : "areas";
})();
