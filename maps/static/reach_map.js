// The map of response times as a coverage page: its layers, keys, and what it says of itself.
"use strict";

(() => {
  const { data, say, number, reachState, reachLayers, reachDrawing, reachPanel, reachOrder, setReach, setRule } = gridwright;

  function walk(step, chosen) {
    const [kind, order] = reachOrder();
    if (!order.length) return;
    if (kind === "rule") {
      setRule((reachState.rule + step + order.length) % order.length);
      return;
    }
    const at = chosen && chosen.kind === kind ? order.indexOf(chosen.index) : -1;
    const next = at < 0 ? (step > 0 ? 0 : order.length - 1) : (at + step + order.length) % order.length;
    gridwright.choose({ kind, index: order[next] }, { zoom: true });
  }

  const open = (tab) => () => (tab !== "proposals" || data.answers.length) && setReach("tab", tab);
  const names = [...new Set(data.rules.map((one) => one.name))];
  const digit = (n) => () => {
    const now = data.rules[reachState.rule];
    const found = data.rules.findIndex((one) => one.name === names[n] && one.band === now.band);
    if (found >= 0) setRule(found);
  };
  const unreached = () => data.rules[reachState.rule];

  gridwright.page = {
    ...reachDrawing,
    layers: reachLayers,
    panel: reachPanel,
    walk,
    keys: {
      1: digit(0), 2: digit(1), 3: digit(2), 4: digit(3), 5: digit(4), 6: digit(5), 7: digit(6), 8: digit(7), 9: digit(8),
      d: () => setRule(gridwright.ruleBeside(1)),
      o: open("promises"), t: open("areas"), w: open("doors"), r: open("proposals"),
      i: () => gridwright.setLayer("rings", !reachLayers.rings),
    },
    help: [
      [names.slice(0, 9).map((_, i) => i + 1).join("  "), "help_rules"], ["D", "help_band"], ["O  T", "help_tabs"], ["W", "help_doors"], ...(data.answers.length ? [["R", "help_posts"]] : []),
      ["I", "help_rings"], ["N  P", "help_walk_list"],
    ],
    basis: () => say("basis", { n: number(data.turn_out_s) }),
    leftOut: () => (unreached().nobody.length < unreached().unreachable ? [say("nobody_left_out", { drawn: number(unreached().nobody.length), n: number(unreached().unreachable) })] : []),
  };
  reachState.rule = Math.max(0, data.rules.findIndex((one) => one.kept === false));
})();
