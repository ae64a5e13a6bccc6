// The incident map as a page like those of coverage: its layers, keys, and what it says of itself.
"use strict";

(() => {
  const { data, say, incidentState: state, incidentLayers, incidentDrawing, incidentPanel, incidentOrder } = gridwright;

  function walk(step, chosen) {
    const order = incidentOrder();
    if (!order.length) return;
    const at = chosen && chosen.kind === "incident" ? order.indexOf(chosen.index) : -1;
    const next = at < 0 ? (step > 0 ? 0 : order.length - 1) : (at + step + order.length) % order.length;
    gridwright.choose({ kind: "incident", index: order[next] }, { zoom: true });
  }

  const open = (tab) => () => {
    state.tab = tab;
    gridwright.drawPanel();
  };
  const measure = () => {
    state.measure = state.measure === "count" ? "rate" : "count";
    gridwright.incidentCount();
  };

  // A narrow map would lie beneath its legend; on a phone the legend is in the sheet, and stays as it is.
  if (window.matchMedia("(min-width: 761px) and (max-width: 1000px)").matches) document.getElementById("gw-legend").open = false;

  gridwright.page = {
    ...incidentDrawing,
    layers: incidentLayers,
    panel: incidentPanel,
    walk,
    keys: { 1: open("kinds"), 2: open("looks"), 3: open("grids"), 4: open("incidents"), c: measure, i: () => gridwright.setLayer("incidents", !incidentLayers.incidents) },
    help: [["1  2  3  4", "help_tabs"], ["C", "help_measure"], ["I", "help_incidents"], ["N  P", "help_walk_list"]],
    basis: () => say("period_is", { from: data.period.first, to: data.period.last, zone: data.period.zone }),
    leftOut: () => [],
  };
})();
