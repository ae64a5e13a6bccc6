// The panel of the camera map: what is asked, the figures of the whole, tables and lists, and the card of what is chosen.
"use strict";

(() => {
  const { data, say, number, element, byId, metres, share, shareText, segments, picker, bar, figure, table, list, rows, cardTop, tabs, gridName, wordOr } = gridwright;
  const { cameraState: state, blindStretches: blind, cameraRow, gridPlace, seenShare, cameraFilters } = gridwright;
  const { cameras, siting } = data;
  const all = data.rows.find((row) => row.scope === "all");
  const levelName = (level) => wordOr(`level_${data.levels[level].name}`, data.levels[level].name);
  const joint = () => (gridwright.language() === "zh" ? "，" : ", ");

  function set(name, value) {
    state[name] = value;
    gridwright.changed();
  }

  function drawChoose() {
    byId("gw-choose").replaceChildren(
      ...(!data.has_sight ? [] : [element("p", { class: "gw-choose-head" }, element("b", {}, say("level")), element("span", { class: "gw-soft" }, data.edition)),
      segments(say("level"), data.levels.map(({ name, px_per_m: px }, i) => ({ value: i, text: wordOr(`level_${name}`, name), small: say("px_per_m", { n: number(px, 1) }) })),
        state.level, (level) => set("level", level))]),
      picker("gw-measure", say("measure"), (data.has_sight ? ["density", "seen", "private"] : ["density"]).map((name) => [name, say(`measure_${name}`)]), state.measure, (value) => set("measure", value)));
  }

  function drawBanner() {
    if (!all) return;
    const sure = cameras.assumed.filter(Boolean).length;
    const rate = share(all.working, all.positions);
    byId("gw-banner").replaceChildren(
      element("dl", { class: "gw-figure-row gw-three" },
        figure(say("f_positions"), number(all.positions), say("f_channels", { n: number(all.channels) })),
        figure(say("f_density"), number(all.density, 1), say("f_target", { n: number(all.target, 1) })),
        figure(say("f_missing"), number(all.missing))),
      ...(!data.has_sight ? [element("p", { class: "gw-soft" }, say("no_sight"))] : [element("ul", { class: "gw-level-bars", "aria-label": say("f_seen") },
        ...data.levels.map((_, i) => element("li", { class: i === state.level ? "gw-is-chosen" : null },
          element("span", {}, levelName(i)), bar(share(all.seen_m[i], all.street_m)), element("b", {}, shareText(share(all.seen_m[i], all.street_m)))))),
      element("p", { class: "gw-soft" }, say("seen_of", { seen: metres(all.seen_m[state.level]), of: metres(all.street_m), twice: metres(all.twice_m), level: levelName(data.asked) })),
      element("p", { class: "gw-soft" }, say("density_is_not_sight"))]),
      rows([
        rate === null ? null : [say("f_working"), `${shareText(rate)} (${number(all.working)}/${number(all.positions)})`],
        all.networked_known ? [say("f_networked"), `${shareText(share(all.networked, all.networked_known))} (${number(all.networked)}/${number(all.networked_known)})`] : null,
        all.places ? [say("f_places"), `${number(all.places_seen[state.level])}/${number(all.places)}`] : null,
        !data.has_sight ? null : [say("f_private", { level: wordOr(`level_${data.private_level}`, data.private_level) }), metres(all.private_m)],
      ]),
      sure ? element("p", { class: "gw-warn" }, say("assumed_note", { n: number(sure), of: number(cameras.id.length) })) : "");
  }

  // ---- tables and lists -------------------------------------------------------------------------------------------

  const SCOPES = ["grid", "community", "town", "class", "class_code", "area"];

  function areas() {
    const there = SCOPES.filter((scope) => data.rows.some((row) => row.scope === scope));
    const found = data.rows.filter((row) => row.scope === state.scope && gridwright.wanted(row.code, row.name))
      .map((row) => ({ ...row, index: row.scope === "grid" ? gridPlace.get(row.code) : -1 }));
    const name = (row) => (row.scope.startsWith("class") ? wordOr(`class_code_${row.code}`, row.name || row.code) : row.name || row.code);
    const columns = [
      { key: "name", head: say(`scope_${state.scope}`), of: (row) => (row.scope === "grid" ? row.code : name(row)), text: (row) => (row.scope === "grid" ? row.code : name(row)) },
      { key: "density", head: say("col_density"), of: (row) => row.density, text: (row) => number(row.density, 1) },
      { key: "missing", head: say("col_missing"), of: (row) => row.missing, text: (row) => (row.missing ? number(row.missing) : "✓"), start: "down" },
      { key: "seen", head: say("col_seen"), of: seenShare, text: (row) => shareText(seenShare(row)) },
      { key: "private", head: say("col_private"), of: (row) => row.private_m, text: (row) => metres(row.private_m), start: "down" },
    ];
    const chosen = gridwright.chosen();
    return [
      there.length > 1 ? picker("gw-scope", say("scope"), there.map((scope) => [scope, say(`scope_${scope}`)]), state.scope, (value) => set("scope", value)) : "",
      ...(found.length ? table(`areas-${state.scope}`, columns, found, {
        mark: (row) => chosen && chosen.kind === "grid" && row.index === chosen.index,
        choose: (row) => (row.index >= 0 ? () => gridwright.choose({ kind: "grid", index: row.index }, { zoom: true }) : null),
        attribute: "data-grid",
      }) : [element("p", { class: "gw-soft gw-none" }, say("none_areas"))]),
    ];
  }

  const streetName = (one) => one.name || wordOr(`w_road_${one.road}`, say("w_road"));
  const is = (kind, index) => {
    const chosen = gridwright.chosen();
    return Boolean(chosen && chosen.kind === kind && chosen.index === index);
  };
  const pick = (kind, index) => () => gridwright.choose({ kind, index }, { zoom: true });

  const blindOrder = () => blind.map((one, index) => ({ ...one, index }))
    .filter((one) => gridwright.wanted(streetName(one), one.grid < 0 ? "" : data.grids[one.grid].code, gridName(one.grid)));

  function blindList() {
    return [
      element("p", { class: "gw-soft" }, say("blind_note", { n: number(data.blind_total), length: metres(data.blind_m), level: levelName(data.asked), drawn: number(blind.length) })),
      ...list("blind", blindOrder().map((one) => ({
        index: one.index, lines: [streetName(one), gridName(one.grid)], beside: metres(one.metres), chosen: is("blind", one.index),
        choose: one.path.length ? pick("blind", one.index) : null,
      })), "data-blind"),
    ];
  }

  const cameraName = (i) => cameras.id[i];
  const cameraState = (i) => [
    wordOr(`kind_${cameras.kinds[cameras.kind[i]]}`, cameras.kinds[cameras.kind[i]]),
    cameras.working[i] ? "" : say("is_off"), cameras.assumed[i] ? say("is_assumed") : "", cameras.forbidden[i] ? say("is_forbidden") : "",
  ].filter(Boolean).join(" · ");
  const cameraOrder = () => cameras.id.map((_, i) => i).filter((i) => gridwright.cameraDrawing.isShown(i)
    && gridwright.wanted(cameras.id[i], cameras.programme[i], cameras.owner[i], cameraState(i), cameras.grid[i] < 0 ? "" : data.grids[cameras.grid[i]].code));

  function cameraList() {
    const count = (test) => cameras.id.filter((_, i) => test(i)).length;
    const options = Object.entries(cameraFilters).map(([name, test]) => [name, count(test)]).filter(([name, n]) => n || name === "all" || name === state.filter)
      .map(([name, n]) => [name, say(`filter_${name}`, { n: number(n) })]);
    if (cameras.kinds.length > 1) cameras.kinds.forEach((kind, k) => options.push([`kind:${kind}`, say("filter_kind", { kind: wordOr(`kind_${kind}`, kind) || say("kind_none"), n: number(count((i) => cameras.kind[i] === k)) })]));
    return [
      picker("gw-filter", say("filter"), options, state.filter, (value) => set("filter", value)),
      ...list("cameras", cameraOrder().map((i) => ({
        index: i, lines: [cameraName(i), [gridName(cameras.grid[i]), cameraState(i)].filter(Boolean).join(" · ")], beside: metres(cameras.seen_m[i]),
        chosen: is("camera", i), choose: pick("camera", i),
      })), "data-camera"),
    ];
  }

  function proposalList() {
    const level = wordOr(`level_${siting.level}`, siting.level);
    const facts = {
      n: number(siting.proposals.length), before: shareText(share(siting.before_m, siting.street_m)), after: shareText(share(siting.after_m, siting.street_m)),
      reachable: shareText(share(siting.reachable_m, siting.street_m)), level, edition: siting.edition,
    };
    const bound = siting.is_proved ? say("bound_proved") : say("bound_share", { n: number(Math.floor(siting.frac * 1000) / 10, 1) });
    return [
      element("p", {}, say(`goal_${siting.goal}`, facts)),
      element("p", { class: "gw-said" }, bound),
      ...siting.density.filter(([, before, after]) => before !== after).map(([name, before, after]) =>
        element("p", { class: "gw-soft" }, say("density_from_to", { name: wordOr(`class_code_${name}`, name), before: number(before, 1), after: number(after, 1) }))),
      ...(siting.short.length ? [element("p", { class: "gw-warn" }, say("floor_short", { n: number(siting.short.reduce((sum, [, n]) => sum + n, 0)), grids: number(siting.short.length) }))] : []),
      ...(siting.left_out.length ? [element("p", { class: "gw-soft" }, say("left_out", { list: siting.left_out.map(([reason, n]) => `${wordOr(`left_${reason}`, reason)} ${number(n)}`).join(joint()) }))] : []),
      ...list("proposals", siting.proposals.map((one, index) => ({ ...one, index })).filter((one) => gridwright.wanted(one.id, one.grid < 0 ? "" : data.grids[one.grid].code)).map((one) => ({
        index: one.index, lines: [`${one.rank}. ${gridName(one.grid)}`, [say("gain", { gain: metres(one.gain_m), total: metres(one.total_m) }), one.private_m ? say("private_in_view", { length: metres(one.private_m) }) : "", one.floor ? say("for_floor") : ""].filter(Boolean).join(" · ")],
        beside: `+${metres(one.gain_m)}`, chosen: is("proposal", one.index), choose: pick("proposal", one.index),
      })), "data-proposal"),
    ];
  }

  function programmes() {
    const counts = (title, found) => (found.length ? [
      element("h2", {}, say(title)),
      element("div", { class: "gw-table-box" }, element("table", { class: "gw-table" },
        element("thead", {}, element("tr", {}, ...["name", "positions", "channels"].map((key) => element("th", { scope: "col" }, say(`col_${key}`))))),
        element("tbody", {}, ...found.map(([name, positions, channels]) => element("tr", {}, element("th", { scope: "row" }, name || say("not_stated")), element("td", {}, number(positions)), element("td", {}, number(channels))))))),
    ] : []);
    return [
      ...(data.progress.length ? [element("h2", {}, say("progress")), ...data.progress.map(([name, built, planned, frac]) => element("div", { class: "gw-progress" },
        element("span", {}, name || say("all_programmes")), bar(frac), element("b", {}, `${number(frac * 100, 2)} %`),
        element("small", { class: "gw-soft" }, say("built_of", { built: number(built), planned: number(planned) }))))] : []),
      ...counts("programmes", data.programmes), ...counts("owners", data.owners),
    ];
  }

  const BODIES = { areas, blind: blindList, proposals: proposalList, cameras: cameraList, programmes };

  function drawTabs() {
    const names = [["areas", null], ...(data.has_sight ? [["blind", null]] : []), ...(siting ? [["proposals", siting.proposals.length]] : []), ["cameras", null], ["programmes", null]];
    tabs(names, state.tab, (name) => set("tab", name));
    byId("gw-list").replaceChildren(...BODIES[state.tab]());
  }

  // ---- cards -----------------------------------------------------------------------------------------------------

  function gridCard(index) {
    const grid = data.grids[index];
    const row = cameraRow.get(index);
    const met = row && row.density !== null && !row.missing;
    return [
      cardTop(gridName(index), [grid.code, grid.community].filter((text) => text && text !== gridName(index)).join(" · ")),
      ...(row ? [
        element("p", { class: `gw-state gw-state-${met ? "in_band" : "action"}` }, row.density === null ? say("no_area") : met ? say("target_met") : say("target_short", { n: number(row.missing) })),
        rows([
          [say("f_density"), say("of_target", { n: number(row.density, 1), target: number(row.target, 1) })],
          [say("f_positions"), `${number(row.positions)} (${say("f_channels", { n: number(row.channels) })})`],
          [say("f_working"), number(row.working)],
          [say("f_area"), say("unit_km2", { n: number(row.km2, 3) })],
          [say("f_street"), metres(row.street_m)],
          ...data.levels.map((_, i) => [say("f_seen_at", { level: levelName(i) }), `${metres(row.seen_m[i])} · ${shareText(share(row.seen_m[i], row.street_m))}`]),
          row.places ? [say("f_places"), `${number(row.places_seen[state.level])}/${number(row.places)}`] : null,
          [say("f_private_short"), metres(row.private_m)],
        ]),
      ] : []),
    ];
  }

  function cameraCard(i) {
    return [
      cardTop(cameraName(i), gridName(cameras.grid[i])),
      ...(cameras.forbidden[i] ? [element("p", { class: "gw-state gw-state-action" }, say("forbidden_note"))] : []),
      ...(cameras.assumed[i] ? [element("p", { class: "gw-said" }, say("assumed_one"))] : []),
      rows([
        [say("c_kind"), wordOr(`kind_${cameras.kinds[cameras.kind[i]]}`, cameras.kinds[cameras.kind[i]]) || say("not_stated")],
        [say("c_state"), cameras.working[i] ? say("is_working") : say("is_off")],
        [say("c_looks"), cameras.hfov[i] >= 360 ? say("all_round") : say("looks", { heading: number(cameras.heading[i]), hfov: number(cameras.hfov[i]) })],
        [say("c_seen", { level: levelName(data.asked) }), metres(cameras.seen_m[i])],
        [say("f_private_short"), metres(cameras.private_m[i])],
        [say("col_channels"), number(cameras.channels[i])],
        [say("c_programme"), cameras.programme[i] || say("not_stated")],
        [say("c_owner"), cameras.owner[i] || say("not_stated")],
        [say("c_number"), wordOr(`number_${cameras.number[i]}`, cameras.number[i])],
      ]),
      element("p", { class: "gw-soft" }, cameras.working[i] ? "" : say("off_sees_nothing"), " ", cameras.sight[i].length ? say("sight_shown", { level: levelName(data.asked) }) : say("sight_none")),
    ];
  }

  function proposalCard(index) {
    const one = siting.proposals[index];
    return [
      cardTop(say("proposal_n", { n: one.rank }), [gridName(one.grid), one.id].join(" · ")),
      ...(one.floor ? [element("p", { class: "gw-said" }, say("for_floor_note"))] : []),
      rows([
        [say("p_gain"), `+${metres(one.gain_m)}`],
        [say("p_total"), `+${metres(one.total_m)}`],
        [say("p_street"), metres(one.street_m)],
        one.places ? [say("p_places"), number(one.places)] : null,
        [say("c_looks"), say("heading_deg", { n: number(one.heading) })],
        [say("f_private_short"), metres(one.private_m)],
      ]),
      element("p", { class: "gw-soft" }, one.private_m ? say("private_cost") : say("private_free")),
    ];
  }

  function blindCard(index) {
    const one = blind[index];
    return [cardTop(streetName(one), gridName(one.grid)), rows([[say("b_length"), metres(one.metres)], [say("b_level"), levelName(data.asked)]])];
  }

  const CARDS = { grid: gridCard, camera: cameraCard, proposal: proposalCard, blind: blindCard };

  function panel(chosen) {
    drawChoose();
    drawBanner();
    drawTabs();
    const card = byId("gw-card");
    card.hidden = !chosen;
    card.replaceChildren(...(chosen ? CARDS[chosen.kind](chosen.index) : []));
  }

  // What N and P walk through: what the open tab lists.
  function order() {
    if (state.tab === "blind") return ["blind", blindOrder().map((one) => one.index)];
    if (state.tab === "proposals") return ["proposal", siting.proposals.map((_, i) => i)];
    if (state.tab === "cameras") return ["camera", cameraOrder()];
    return ["grid", data.grids.map((_, i) => i)];
  }

  Object.assign(gridwright, { cameraPanel: panel, cameraOrder: order, setCamera: set });
})();
