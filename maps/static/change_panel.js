// The panel of the difference map: how much changed, the counts that add up, measures side by side, a grid's card.
"use strict";

(() => {
  const { data, say, number, percent, area, element, byId } = gridwright;
  const { grids, communities, plans, counts, basis } = data;
  const byCode = new Map(communities.map((community, index) => [community.code, index]));
  const oldPlace = new Map(data.old_codes.map((code, at) => [code, at]));
  const place = new Map();
  grids.forEach((grid, index) => place.set(`${grid.gone ? "old" : "new"} ${grid.code}`, index));
  grids.forEach((grid, index) => { if (grid.old && !place.has(`old ${grid.old}`)) place.set(`old ${grid.old}`, index); });
  const [before, after] = plans;

  const communityName = (code) => {
    const community = communities[byCode.get(code)];
    return community && community.name ? community.name : code;
  };

  // "Changed" may be no more than a new code or an outline without a household in it: say so.
  function changeWord(grid) {
    const word = say(`change_${grid.status}`);
    if (grid.gone) return say("old_grid", { change: word });
    if (grid.in || grid.out) return word;
    if (grid.status === "changed" && grid.old !== grid.code) return say("only_code", { change: word });
    if (grid.outline_m2) return say("only_outline", { change: word });
    return word;
  }

  function drawBanner() {
    const n = gridwright.acts.filter((i) => !grids[i].gone).length;
    const ended = gridwright.acts.length - n;
    const { households_moved: moved, households_moved_frac: share } = after.measures;
    const text = gridwright.acts.length ? say("now_changed", { n: number(n), all: number(after.measures.grids) }) : say("now_same");
    byId("gw-banner").replaceChildren(
      element("div", { class: gridwright.acts.length ? "gw-now gw-now-change" : "gw-now gw-now-fine" },
        element("span", { class: "gw-sign", "aria-hidden": true }, gridwright.acts.length ? "Δ" : "="),
        element("div", {},
          element("strong", {}, text),
          ended ? element("div", {}, say("now_ended", { n: number(ended), all: number(before.measures.grids) })) : null,
          gridwright.acts.length ? element("div", {}, say("now_moved", { n: number(moved), share: percent(share) })) : null)),
      ...(basis.households === "estimated" && gridwright.acts.length
        ? [element("details", { class: "gw-basis gw-estimated" },
            element("summary", {}, element("span", { class: "gw-modelled" }, say("estimated"))),
            element("p", { class: "gw-soft" }, say(basis.joined === "area" ? "estimated_area" : "estimated_even")))]
        : []),
    );
  }

  // The counts, and with them the filter of the list.
  function drawFigures() {
    const row = ({ change, old, new: now }) => {
      const all = change === "all";
      const name = all ? element("span", {}, say("change_all"))
        : element("button", {
            type: "button", id: `gw-only-${change}`, disabled: !old && !now, "aria-pressed": String(gridwright.wantedChange() === change),
            onclick: () => { gridwright.filterList(change); drawFigures(); byId(`gw-only-${change}`).focus(); },
          }, gridwright.changeSign(change), say(`change_${change}`));
      const cell = (value, never) => element("td", {}, never ? "" : number(value));
      return element("tr", { class: all ? "gw-sum" : null },
        element("th", { scope: "row" }, name), cell(old, change === "new"), cell(now, change === "retired"));
    };
    byId("gw-figures").replaceChildren(
      element("table", { class: "gw-counts" },
        element("thead", {}, element("tr", {}, element("th", { scope: "col" }, say("counts")),
          element("th", { scope: "col" }, say("old_plan")), element("th", { scope: "col" }, say("new_plan")))),
        element("tbody", {}, ...counts.map(row))),
      element("p", { class: "gw-soft" }, say("counts_hint")));
  }

  const sizes = (m) => (m.households_min === null ? "–" : [m.households_min, m.households_mean, m.households_max].map((v) => number(v)).join(" / "));
  const moved = (m) => (m.households_moved === null ? "–" : `${number(m.households_moved)} (${percent(m.households_moved_frac)})`);
  const measures = [
    ["m_grids", (m) => number(m.grids)],
    ["m_kinds", (m) => [m.standard, m.dedicated, m.rural].map((v) => number(v)).join(" / ")],
    ["m_in_band", (m) => (m.in_band_frac === null ? "–" : `${number(m.in_band_frac * 100, 1)} %`)],
    ["m_sizes", sizes],
    ["m_cv", (m) => number(m.households_cv, 3)],
    ["m_border", (m) => number(m.inner_border_km, 1)],
    ["m_compact", (m) => number(m.polsby_popper, 3)],
    ["m_out", (m) => number(m.households_out_of_band)],
    ["m_without", (m) => number(m.communities_without_plan)],
    ["m_proved", (m) => (m.proved_optimal_frac === null ? "–" : `${number(m.proved_optimal_frac * 100, 1)} %`)],
    ["m_moved", moved],
    ["m_code", (m) => (m.keeps_code_frac === null ? "–" : `${number(m.keeps_code_frac * 100, 1)} %`)],
  ];

  function drawMeasures() {
    byId("gw-communities").replaceChildren(
      element("table", { class: "gw-measures" },
        element("caption", {}, say("measures")),
        element("thead", {}, element("tr", {}, element("td", {}),
          element("th", { scope: "col" }, say("old_plan")), element("th", { scope: "col" }, say("new_plan")))),
        element("tbody", {}, ...measures.map(([key, show]) => element("tr", {},
          element("th", { scope: "row" }, say(key)), element("td", {}, show(before.measures)), element("td", {}, show(after.measures)))))));
  }

  const row = (key, value) => element("div", {}, element("dt", {}, say(key)), element("dd", {}, value));
  const button = (key, onclick) => element("button", { type: "button", onclick }, say(key));

  // Where households come from, or went to: code, share as a bar, households.
  function shares(title, list, side) {
    if (!list.length) return null;
    const item = ([code, n, share]) => {
      const index = code === null ? undefined : place.get(`${side} ${code}`);
      const name = code === null ? say(side === "old" ? "no_old_grid" : "no_new_grid") : code;
      const bar = element("span", { class: "gw-share", "aria-hidden": true }, element("span", {}));
      bar.firstChild.style.width = `${Math.max(1, share * 100)}%`;
      return element("tr", {},
        element("td", {}, index === undefined ? name
          : element("button", { type: "button", class: "gw-link", onclick: () => gridwright.chooseGrid(index, { zoom: true }) }, name), bar),
        element("td", {}, number(n)), element("td", {}, `${number(share * 100, share > 0.999 || share < 0.001 ? 2 : 1)} %`));
    };
    return element("table", { class: "gw-shares" },
      element("caption", {}, title),
      element("tbody", {}, ...list.map(item)));
  }

  function cardFrame(kind, title, state, body, actions) {
    const card = byId("gw-card");
    card.hidden = false;
    byId("gw-panel").classList.add("gw-has-choice");
    card.replaceChildren(
      element("div", { class: "gw-card-top" },
        element("div", {}, element("p", { class: "gw-soft" }, kind), element("h2", {}, title)),
        element("button", { type: "button", class: "gw-close", title: say("back"), "aria-label": say("back"), onclick: () => gridwright.unchoose() }, "×")),
      ...[state, ...body].filter(Boolean),
      element("div", { class: "gw-actions" }, ...actions));
  }

  function drawGridCard(index) {
    const grid = grids[index];
    const state = element("p", { class: "gw-state" }, gridwright.changeSign(grid.status, 22, 22), element("span", {}, changeWord(grid)));
    const community = byCode.get(grid.community);
    const change = grid.households - grid.before;
    const now = grid.gone || grid.before === null ? number(grid.households)
      : `${number(grid.before)} → ${number(grid.households)}${change ? ` (${change > 0 ? "+" : "−"}${number(Math.abs(change))})` : ""}`;
    const rows = [
      grid.name && grid.name !== grid.code ? row("name", grid.name) : null,
      grid.old && grid.old !== grid.code ? row("old_code", grid.old) : null,
      row("community", community === undefined ? grid.community
        : element("button", { type: "button", class: "gw-link", onclick: () => gridwright.chooseCommunity(community, { zoom: true }) }, communityName(grid.community))),
      row("households", now),
      grid.gone ? null : row("came_in", number(grid.in)),
      grid.old ? row("went_out", number(grid.out)) : null,
      row("buildings", number(grid.buildings)),
      row("area", area(grid.area_m2)),
      grid.outline_m2 ? row("outline", area(grid.outline_m2)) : null,
    ].filter(Boolean);
    cardFrame(grid.gone ? say("grid_before") : say("grid_now"), grid.code, state, [
      element("p", { class: "gw-soft gw-means" }, say(`means_${grid.status}`)),
      shares(say("come_from"), grid.come, "old"),
      grid.old && grid.status !== "kept" ? shares(say("went_to", { code: grid.old }), grid.went, "new") : null,
      element("dl", { class: "gw-rows" }, ...rows),
    ], [
      button("next", () => gridwright.nextToAct()),
      button("zoom_here", () => gridwright.chooseGrid(index, { zoom: true })),
    ]);
    gridwright.markBefore(index);
  }

  function drawCommunityCard(index) {
    const c = communities[index];
    const mine = grids.map((_, i) => i).filter((i) => grids[i].community === c.code);
    cardFrame(say("community"), c.name || c.code, null, [
      element("dl", { class: "gw-rows" }, ...[
        c.name ? row("code", c.code) : null,
        row("households", number(c.households)),
        row("grids", number(mine.filter((i) => !grids[i].gone).length))].filter(Boolean)),
      element("ul", { class: "gw-list" }, ...mine.map((i) => element("li", {},
        element("button", { type: "button", onclick: () => gridwright.chooseGrid(i, { zoom: true }) },
          gridwright.changeSign(grids[i].status),
          element("span", { class: "gw-line" }, element("b", {}, grids[i].code), element("span", { class: "gw-soft" }, `${changeWord(grids[i])} · ${number(grids[i].households)}`)))))),
    ], [button("zoom_here", () => gridwright.chooseCommunity(index, { zoom: true }))]);
    gridwright.markBefore(-1);
  }

  // The old outline of what is chosen, dashed beside the new one.
  let earlier = null;
  function markBefore(index) {
    if (earlier) earlier.remove();
    earlier = null;
    const grid = grids[index];
    const from = grid && !grid.gone && grid.old && grid.status !== "kept" ? oldPlace.get(grid.old) : undefined;
    if (from === undefined) return;
    earlier = L.polygon(data.old[from].map(gridwright.unpack), {
      renderer: L.svg({ pane: "gwChosen", padding: 0.3 }), pane: "gwChosen", fill: false, interactive: false,
      color: data.style.colours["old-edge"], weight: 3.5, dashArray: "9 6",
    }).addTo(gridwright.map());
  }

  function closeCard() {
    byId("gw-card").hidden = true;
    byId("gw-card").replaceChildren();
    byId("gw-panel").classList.remove("gw-has-choice");
    markBefore(-1);
  }

  function drawFoot() {
    const fact = (key, plan) => say(key, { name: plan.name, id: plan.id || "–", date: plan.created_at.slice(0, 10) || "–" });
    const line = () => [
      element("span", {}, fact("foot_old", before)), element("span", {}, fact("foot_new", after)),
      element("span", { class: "gw-foot-basis" }, say(`basis_${basis.households}`)),
      after.version ? element("span", {}, say("foot_version", { version: after.version })) : null,
    ].filter(Boolean);
    byId("gw-foot").replaceChildren(...line());
    byId("gw-foot-here").replaceChildren(...line());
  }

  function drawPanel() {
    byId("gw-title").textContent = data.title || say("title_of", { a: before.name, b: after.name });
    drawBanner();
    drawFigures();
    gridwright.drawList();
    drawMeasures();
    drawFoot();
  }

  Object.assign(gridwright, {
    communityName, changeWord, drawPanel, drawGridCard, drawCommunityCard, closeCard, markBefore,
    drawChart: () => {}, chartChosen: () => {},
  });
})();
