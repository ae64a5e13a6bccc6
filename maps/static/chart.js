// The balance chart: one bar a grid, few households to many, the band shaded.  Any number of grids: bars get thinner.
"use strict";

(() => {
  const { data, say, number, element, byId } = gridwright;
  const { plan, grids } = data;
  const HEIGHT = 168;
  const EDGE = { top: 10, right: 4, bottom: 8, left: 46 };
  const order = grids.map((_, i) => i).sort((a, b) => grids[a].households - grids[b].households || a - b);
  let chosen = -1;
  let cursor = 0;

  function drawChart() {
    const section = byId("gw-chart");
    const wide = Math.max(240, section.clientWidth || 340);
    const inner = wide - EDGE.left - EDGE.right;
    const high = HEIGHT - EDGE.top - EDGE.bottom;
    // One giant grid must not flatten all the others: what is above the top is cut, and marked.
    const most = Math.max(...grids.map((g) => g.households), 1);
    // A band that counts something else than households (grids of an area) is not drawn.
    const banded = plan.counts === "households";
    const top = (banded ? Math.min(most * 1.06, plan.max * 1.8) : most * 1.06) || 1;
    const y = (v) => EDGE.top + high - (Math.min(v, top) / top) * high;
    const step = inner / order.length;
    const bar = step > 5 ? step - 1.5 : step > 2.5 ? step - 0.7 : step;

    const svg = element("svg:svg", {
      width: wide, height: HEIGHT, viewBox: `0 0 ${wide} ${HEIGHT}`, class: "gw-bars",
      role: "slider", tabindex: 0, "aria-label": say("chart"), "aria-valuemin": 1, "aria-valuemax": order.length,
      "aria-valuenow": cursor + 1,
    });
    const bandTop = y(plan.max);
    const bandLow = y(plan.min);
    if (banded) {
      svg.append(
        element("svg:rect", { x: EDGE.left, y: bandTop, width: inner, height: Math.max(1, bandLow - bandTop), class: "gw-band" }),
      );
    }
    for (const value of banded ? [0, plan.min, plan.max] : [0, most]) {
      svg.append(
        element("svg:line", { x1: EDGE.left, x2: wide - EDGE.right, y1: y(value), y2: y(value), class: value ? "gw-limit" : "gw-axis" }),
        element("svg:text", { x: EDGE.left - 6, y: y(value) + (value ? 5 : 1), class: "gw-tick" }, number(value)),
      );
    }
    const groups = { standard: "", dedicated: "", rural: "", action: "" };
    order.forEach((index, at) => {
      const grid = grids[index];
      const x = EDGE.left + at * step;
      const t = y(grid.households);
      const group = grid.status === "action" ? "action" : grid.kind in groups ? grid.kind : "standard";
      groups[group] += `M${x.toFixed(2)} ${(EDGE.top + high).toFixed(1)}V${t.toFixed(1)}h${bar.toFixed(2)}V${(EDGE.top + high).toFixed(1)}Z`;
      if (grid.households > top) groups[group] += `M${x.toFixed(2)} ${EDGE.top - 2}l${bar / 2} -6l${bar / 2} 6Z`;
    });
    for (const [group, d] of Object.entries(groups)) if (d) svg.append(element("svg:path", { d, class: `gw-bar gw-bar-${group}` }));
    const mark = element("svg:rect", { class: "gw-mark", width: Math.max(bar, 3), y: EDGE.top - 4, height: high + 6, hidden: "" });
    svg.append(mark);

    const read = element("p", { class: "gw-reading" });
    function show(at) {
      const seen = at >= 0 ? at : order.indexOf(chosen);
      mark.style.display = seen >= 0 ? "" : "none";
      if (seen >= 0) {
        const grid = grids[order[seen]];
        mark.setAttribute("x", EDGE.left + seen * step - Math.max(0, (3 - bar) / 2));
        read.textContent = say("chart_at", { code: grid.code, n: number(grid.households) });
        svg.setAttribute("aria-valuenow", seen + 1);
        svg.setAttribute("aria-valuetext", read.textContent);
      } else {
        read.textContent = say("chart_hint");
        svg.setAttribute("aria-valuetext", read.textContent);
      }
    }
    const under = (event) => {
      const x = event.clientX - svg.getBoundingClientRect().left - EDGE.left;
      return Math.min(order.length - 1, Math.max(0, Math.floor(x / step)));
    };
    svg.addEventListener("pointermove", (event) => show(under(event)));
    svg.addEventListener("pointerleave", () => show(-1));
    svg.addEventListener("click", (event) => gridwright.chooseGrid(order[under(event)], { zoom: true }));
    svg.addEventListener("keydown", (event) => {
      const move = { ArrowLeft: -1, ArrowRight: 1, Home: -order.length, End: order.length }[event.key];
      if (move === undefined && event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      if (move === undefined) gridwright.chooseGrid(order[cursor], { zoom: true });
      else {
        cursor = Math.min(order.length - 1, Math.max(0, cursor + move));
        show(cursor);
      }
    });
    const keys = Object.keys(groups).filter((group) => groups[group]);
    const key = element(
      "p", { class: "gw-chart-keys gw-soft" },
      ...keys.map((group) =>
        element("span", {}, element("i", { class: `gw-chart-key gw-chart-key-${group}` }), say(`chart_${group}`))),
    );
    section.replaceChildren(
      element("h2", {}, say("chart"), 
        banded ? element("span", { class: "gw-beside" }, say("chart_band", { min: plan.min, max: plan.max })) : ""),
      svg,
      ...(keys.length > 1 ? [key] : []),
      read,
    );
    show(-1);
  }

  function chartChosen(index) {
    chosen = index;
    cursor = Math.max(0, order.indexOf(index));
    drawChart();
  }

  Object.assign(gridwright, { drawChart, chartChosen });
})();
