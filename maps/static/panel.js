// The panel: what is wrong, the figures, the card of what is chosen, the lists to work through.
"use strict";

(() => {
  const { data, say, sayCode, number, percent, area, element, byId } = gridwright;
  const { plan, summary, grids, communities } = data;
  const PAGE = 30;
  let shownActs = PAGE;
  const byCode = new Map(communities.map((community, index) => [community.code, index]));
  const acts = grids.map((_, i) => i).filter((i) => grids[i].status === "action");
  const troubled = communities.map((_, i) => i).filter((i) => communities[i].feasible !== "yes");

  const communityName = (code) => {
    const community = communities[byCode.get(code)];
    return community && community.name ? community.name : code;
  };

  function band(grid) {
    if (plan.counts !== "households") return say(grid.within_band ? "state_in_band" : "state_out_of_band", { min: plan.min, max: plan.max });
    if (grid.households > plan.max) return say("over", { n: number(grid.households - plan.max) });
    if (grid.households < plan.min) return say("under", { n: number(plan.min - grid.households) });
    return say("state_in_band", { min: plan.min, max: plan.max });
  }

  // A plan without any people is one where nobody counted them.
  const people = (n) => (summary.population ? number(n) : number(null));

  const sentences = (said) => said.map((sentence) => element("p", { class: "gw-said" }, sentence[gridwright.language()]));

  function drawBanner() {
    const n = summary.action;
    const text =
      n ? say("now_wrong", { n: number(n) })
      : summary.standard ? say("now_fine") : say("now_fine_none");
    const share = summary.standard ? summary.standard_in_band / summary.standard : 1;
    const meter = element("div", { class: "gw-meter", "aria-hidden": true }, element("span", {}));
    meter.firstChild.style.width = `${share * 100}%`;
    byId("gw-banner").replaceChildren(
      element("div", { class: n ? "gw-now gw-now-wrong" : "gw-now gw-now-fine" },
        element("span", { class: "gw-sign", "aria-hidden": true }, n ? "!" : "✓"),
        element("div", {},
          element("strong", {}, text),
          summary.standard
            ? element("div", {}, say("in_band_of", { a: number(summary.standard_in_band), b: number(summary.standard) }))
            : null,
          summary.no_lawful_plan
            ? element("div", {}, say("no_plan_in", { n: number(summary.no_lawful_plan), all: number(summary.communities) }))
            : null)),
      ...(summary.standard ? [meter] : []),
    );
  }

  function figure(key, value) {
    return element("div", { class: "gw-figure" }, element("dt", {}, say(key)), element("dd", {}, value));
  }

  function drawFigures() {
    byId("gw-figures").replaceChildren(...[
      plan.modelled
        ? element("details", { class: "gw-basis" },
            element("summary", {}, element("span", { class: "gw-modelled" }, say("modelled"))),
            element("p", { class: "gw-soft" }, say("modelled_hint", { basis: plan.basis })))
        : null,
      element("dl", { class: "gw-figure-row" },
        figure("f_grids", number(summary.grids)),
        figure("f_communities", number(summary.communities)),
        figure("f_households", number(summary.households)),
        figure("f_population", people(summary.population))),
      element("p", { class: "gw-soft" },
        say("f_kinds", { standard: number(summary.standard), dedicated: number(summary.dedicated), rural: number(summary.rural) })),
      element("h2", {}, say("f_per_grid")),
      element("dl", { class: "gw-figure-row gw-three" },
        figure("f_least", number(summary.least)),
        figure("f_median", number(summary.median)),
        figure("f_most", number(summary.most))),
    ].filter(Boolean));
  }

  function listButton(label, detail, onclick, sign = null) {
    return element("li", {},
      element("button", { type: "button", onclick }, sign,
        element("span", { class: "gw-line" }, element("b", {}, label), element("span", { class: "gw-soft" }, detail))));
  }

  const stripes = () => element("span", { class: "gw-swatch gw-swatch-action", "aria-hidden": true });

  function drawActs() {
    const more = acts.length - shownActs;
    byId("gw-act").replaceChildren(...[
      element("h2", {}, say("act_list"), element("span", { class: "gw-beside" }, number(acts.length))),
      acts.length ? null : element("p", { class: "gw-soft" }, say("act_none")),
      element("ul", { class: "gw-list" },
        ...acts.slice(0, shownActs).map((i) => {
          const why = grids[i].reason ? sayCode("reason_", grids[i].reason) : band(grids[i]);
          const detail = `${communityName(grids[i].community)} · ${number(grids[i].households)} · ${why}`;
          return listButton(grids[i].code, detail, () => gridwright.chooseGrid(i, { zoom: true }), stripes());
        })),
      more > 0
        ? element("button", { type: "button", onclick: () => { shownActs += PAGE; drawActs(); } },
            say("act_more", { n: number(Math.min(more, PAGE)) }))
        : null,
    ].filter(Boolean));
  }

  function drawCommunities() {
    byId("gw-communities").replaceChildren(...[
      element("h2", {}, say("com_list"), element("span", { class: "gw-beside" }, number(troubled.length))),
      troubled.length ? null : element("p", { class: "gw-soft" }, say("com_none")),
      element("ul", { class: "gw-list" },
        ...troubled.map((i) => {
          const c = communities[i];
          const detail = [
            say("com_line", { n: number(c.households), grids: number(c.grids) }),
            c.reason ? sayCode("reason_", c.reason) : sayCode("feasible_", c.feasible),
            sayCode("proof_", c.proof || "none"),
          ].join(" · ");
          return listButton(c.name || c.code, detail, () => gridwright.chooseCommunity(i, { zoom: true }));
        })),
      element("p", { class: "gw-soft" },
        summary.gap_frac === null
          ? say("gap_none")
          : say("gap", { gap: percent(summary.gap_frac), n: number(summary.n_bounded), all: number(summary.communities) })),
    ].filter(Boolean));
  }

  function row(key, value) {
    return value === null ? null : element("div", {}, element("dt", {}, say(key)), element("dd", {}, value));
  }

  function cardFrame(title, kind, state, rows, actions, extra) {
    const card = byId("gw-card");
    card.hidden = false;
    byId("gw-panel").classList.add("gw-has-choice");
    card.replaceChildren(
      element("div", { class: "gw-card-top" },
        element("div", {}, element("p", { class: "gw-soft" }, kind), element("h2", {}, title)),
        element("button", { type: "button", class: "gw-close", title: say("back"), "aria-label": say("back"), onclick: () => gridwright.unchoose() }, "×")),
      ...[state].filter(Boolean),
      ...extra,
      element("dl", { class: "gw-rows" }, ...rows.filter(Boolean)),
      element("div", { class: "gw-actions" }, ...actions),
    );
  }

  const button = (key, onclick) => element("button", { type: "button", onclick }, say(key));

  function members(grid) {
    const a = number(grid.units);
    const b = number(grid.members - grid.units);
    if (!grid.units) return say("members_buildings", { n: b });
    if (grid.members === grid.units) return say("members_units", { n: a });
    return say("members_both", { a, b });
  }

  function drawGridCard(index) {
    const grid = grids[index];
    const bad = grid.status === "action";
    const needs = say("state_action");
    const text =
      grid.status === "lawful" ? say("state_lawful")
      : !bad ? band(grid)
      : grid.within_band ? needs
      : `${needs}: ${band(grid)}`;
    const state = element("p", { class: `gw-state gw-state-${grid.status}` },
      element("span", { class: `gw-swatch gw-swatch-${grid.status}`, "aria-hidden": true }), text);
    const community = byCode.get(grid.community);
    const communityButton = element("button", {
      type: "button", class: "gw-link", onclick: () => gridwright.chooseCommunity(community, { zoom: true }),
    }, communityName(grid.community));
    cardFrame(grid.code, sayCode("kind_", grid.kind), state, [
      grid.name && grid.name !== grid.code ? row("name", grid.name) : null,
      row("community", community === undefined ? grid.community : communityButton),
      row("households", number(grid.households)),
      row("population", people(grid.population)),
      row("buildings", number(grid.buildings)),
      row("area", area(grid.area_m2)),
      row("members", members(grid)),
      grid.reason ? row("reason", sayCode("reason_", grid.reason)) : null,
      grid.parent ? row("parent", grid.parent) : null,
    ], [
      button("zoom_here", () => gridwright.chooseGrid(index, { zoom: true })),
      button("previous", () => gridwright.walk(-1)),
      button("following", () => gridwright.walk(1)),
    ], sentences(grid.said));
  }

  function drawCommunityCard(index) {
    const c = communities[index];
    const kind = c.kind ? say(`kind_${c.kind}_community`) : say("kind_plain_community");
    const good = c.feasible === "yes";
    const state = element("p", { class: `gw-state gw-state-${good ? "in_band" : "action"}` },
      element("span", { class: `gw-swatch gw-swatch-${good ? "in_band" : "action"}`, "aria-hidden": true }),
      `${say("feasible")}: ${sayCode("feasible_", c.feasible)}`);
    cardFrame(c.name || c.code, kind, state, [
      c.name ? row("code", c.code) : null,
      c.town ? row("town", c.town) : null,
      row("households", number(c.households)),
      row("grids", number(c.grids)),
      c.reason ? row("reason", sayCode("reason_", c.reason)) : null,
      row("proof", sayCode("proof_", c.proof || "none")),
      c.objective === null ? null : row("cost", number(c.objective, 1)),
      c.bound === null ? null : row("bound", number(c.bound, 1)),
      c.gap_frac === null ? null : row("gap_word", percent(c.gap_frac)),
    ], [button("zoom_here", () => gridwright.chooseCommunity(index, { zoom: true }))], sentences(c.said));
  }

  function closeCard() {
    byId("gw-card").hidden = true;
    byId("gw-card").replaceChildren();
    byId("gw-panel").classList.remove("gw-has-choice");
  }

  function drawFoot() {
    const date = plan.created_at.slice(0, 10);
    const basis = plan.basis ? say("foot_basis", { basis: plan.basis }) : say("foot_basis_none");
    const facts = [
      plan.id ? say("foot_plan", { id: plan.id }) : null,
      date ? say("foot_date", { date }) : null,
      say("foot_rules", { name: plan.preset, min: plan.min, max: plan.max }),
      plan.seed ? say("foot_seed", { n: plan.seed }) : null,
      plan.version ? say("foot_version", { version: plan.version }) : null,
    ].filter(Boolean);
    const line = () => [
      ...(plan.modelled ? [element("strong", { class: "gw-modelled" }, say("modelled"))] : []),
      ...facts.map((fact) => element("span", {}, fact)),
      element("span", { class: "gw-foot-basis", title: basis }, basis),
    ];
    byId("gw-foot").replaceChildren(...line());
    byId("gw-foot-here").replaceChildren(...line());
  }

  function drawPanel() {
    byId("gw-title").textContent = data.title || say("title");
    drawBanner();
    drawFigures();
    drawActs();
    drawCommunities();
    drawFoot();
  }

  Object.assign(gridwright, { acts, communityName, drawPanel, drawGridCard, drawCommunityCard, closeCard });
})();
