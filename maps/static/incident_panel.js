// The panel of the incident map: how many, what is shown, counts by kind, state and grid, and the list.
"use strict";

(() => {
  const { data, say, number, element, byId, segments, table, list, rows, cardTop, tabs, gridName, wordOr } = gridwright;
  const { incidentState: state, incidentsShown, incidentsPerGrid, gridOfIncident, incidentRate } = gridwright;
  const all = data.incidents;
  const two = (n) => String(n).padStart(2, "0");
  const LEVELS = ["grid", "community", "town", "county"];

  // Of the zone of the service, as the page says: the file was made there.
  const zoned = {};
  function moment(seconds) {
    zoned.format ??= (() => {
      const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
      try {
        return new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: data.period.zone });
      } catch {
        return new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: "UTC" });
      }
    })();
    const found = Object.fromEntries(zoned.format.formatToParts(seconds * 1000).map(({ type, value }) => [type, value]));
    return `${found.year}-${found.month}-${found.day} ${two(found.hour)}:${found.minute}`;
  }

  const kindName = (i) => data.kinds_called[i][gridwright.language()] || data.kinds[i] || say("kind_none");
  const tally = (column, size) => {
    const counts = new Array(size).fill(0);
    for (const value of column) counts[value] += 1;
    return counts;
  };
  const byKind = tally(all.kind, data.kinds.length);
  const byLook = tally(all.look, data.looks.length);
  const byState = tally(all.state, data.states.length);

  function toggle(set, value, only) {
    if (only) {
      set.clear();
      set.add(value);
    } else if (set.has(value)) set.delete(value);
    else set.add(value);
    gridwright.incidentCount();
  }

  function drawChoose() {
    byId("gw-choose").replaceChildren(segments(say("measure"), ["count", "rate"].map((value) => ({ value, text: say(`measure_${value}`) })), state.measure, (value) => {
      state.measure = value;
      gridwright.incidentCount();
    }));
  }

  function drawBanner() {
    const shown = incidentsShown().length;
    const n = all.id.length;
    const whole = n === data.period.n_in_store;
    byId("gw-banner").replaceChildren(
      element("p", { class: "gw-incident-total", id: "gw-total" }, element("b", {}, number(n)), say("total_of", { n: number(data.period.n_in_store) })),
      whole ? "" : element("p", { class: "gw-warn" }, say("not_whole", { n: number(n), of: number(data.period.n_in_store) })),
      element("p", { id: "gw-shown", class: "gw-soft", role: "status" }, say("shown_of", { n: number(shown), of: number(n) })),
      element("p", { class: "gw-soft" }, say("period_is", { from: data.period.first, to: data.period.last, zone: data.period.zone })),
      element("p", { class: "gw-soft" }, say("internal")));
  }

  // ---- tables and lists ------------------------------------------------------------------------------------------

  function choices(prefix, names, counts, set) {
    const most = Math.max(1, ...counts);
    const order = names.map((_, i) => i).filter((i) => counts[i] && gridwright.wanted(names[i]));
    return [
      element("div", { class: "gw-incident-all" },
        element("button", { type: "button", id: `gw-${prefix}-all`, onclick: () => { names.forEach((_, i) => set.add(i)); gridwright.incidentCount(); } }, say("all_on")),
        element("button", { type: "button", id: `gw-${prefix}-none`, onclick: () => { set.clear(); gridwright.incidentCount(); } }, say("all_off"))),
      element("ul", { class: "gw-incident-choices" }, ...order.map((i) => element("li", {},
        element("label", {},
          element("input", { type: "checkbox", id: `gw-${prefix}-${i}`, checked: set.has(i), onchange: () => toggle(set, i) }),
          element("span", { class: "gw-line" }, names[i]), bar(counts[i] / most), element("b", {}, number(counts[i]))),
        element("button", { type: "button", class: "gw-link", id: `gw-${prefix}-only-${i}`, "aria-label": say("only_of", { name: names[i] }), onclick: () => toggle(set, i, true) }, say("only"))))),
      order.length ? "" : element("p", { class: "gw-soft gw-none" }, say("none_found")),
    ];
  }

  function bar(frac) {
    const picture = element("svg:svg", { class: "gw-incident-bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
      element("svg:rect", { width: 100, height: 10, class: "gw-incident-bar-room" }), element("svg:rect", { width: Math.max(frac > 0 ? 1.5 : 0, frac * 100), height: 10, class: "gw-incident-bar-fill" }));
    return picture;
  }

  function grids() {
    const counts = incidentsPerGrid();
    const found = data.grids.map((grid, index) => ({ ...grid, index })).filter((row) => gridwright.wanted(row.code, row.name, row.community));
    const rate = (row) => (row.households > 0 ? (counts[row.index] / row.households) * 1000 : null);
    const columns = [
      { key: "name", head: say("col_grid"), of: (row) => row.code, text: (row) => row.code },
      { key: "count", head: say("measure_count"), of: (row) => counts[row.index], text: (row) => number(counts[row.index]), start: "down" },
      { key: "rate", head: say("col_rate"), of: rate, text: (row) => number(rate(row), 2), start: "down" },
    ];
    const chosen = gridwright.chosen();
    const outside = incidentsShown().filter((i) => gridOfIncident(i) < 0).length;
    return [
      ...table("grids", columns, found, {
        mark: (row) => chosen && chosen.kind === "grid" && row.index === chosen.index,
        choose: (row) => () => gridwright.choose({ kind: "grid", index: row.index }, { zoom: true }),
        attribute: "data-grid",
      }),
      outside ? element("p", { class: "gw-soft" }, say("other_grids", { n: number(outside) })) : "",
    ];
  }

  const name = (i) => data.titles[all.title[i]] || kindName(all.kind[i]);
  const order = () => incidentsShown().filter((i) => gridwright.wanted(all.id[i], name(i), kindName(all.kind[i]), data.addresses[all.address[i]], data.grid_codes[all.grid[i]]))
    .sort((a, b) => all.received_at[b] - all.received_at[a] || a - b);

  function listed() {
    const chosen = gridwright.chosen();
    return list("incidents", order().map((i) => ({
      index: i,
      lines: [name(i), [kindName(all.kind[i]), moment(all.received_at[i]), data.addresses[all.address[i]]].filter(Boolean).join(" · ")],
      beside: wordOr(`state_${data.states[all.state[i]]}`, data.states[all.state[i]]),
      chosen: Boolean(chosen && chosen.kind === "incident" && chosen.index === i),
      choose: () => gridwright.choose({ kind: "incident", index: i }, { zoom: true }),
    })), "data-incident");
  }

  const TABS = {
    kinds: () => choices("kind", data.kinds.map((_, i) => kindName(i)), byKind, state.kinds),
    looks: () => [...choices("look", data.looks.map((look) => say(`look_${look}`)), byLook, state.looks),
      element("h2", {}, say("by_state")), rows(data.states.map((one, i) => (byState[i] ? [wordOr(`state_${one}`, one), number(byState[i])] : null)))],
    grids,
    incidents: listed,
  };

  // ---- the card --------------------------------------------------------------------------------------------------

  function incidentCard(i) {
    const grid = data.grid_codes[all.grid[i]];
    return [
      cardTop(name(i), `${all.id[i]} · ${kindName(all.kind[i])}`),
      rows([
        [say("state"), wordOr(`state_${data.states[all.state[i]]}`, data.states[all.state[i]])],
        all.late[i] ? [say("clock"), say("clock_late")] : null,
        [say("priority"), say(`priority_${all.priority[i]}`)],
        [say("received_at"), moment(all.received_at[i])],
        data.addresses[all.address[i]] ? [say("address"), data.addresses[all.address[i]]] : null,
        [say("col_grid"), grid || say("no_grid")],
        [say("level_now"), say(`level_${LEVELS[all.level[i]]}`)],
      ]),
    ];
  }

  function gridCard(index) {
    const grid = data.grids[index];
    const mine = incidentsShown().filter((i) => gridOfIncident(i) === index);
    const kinds = new Map();
    for (const i of mine) kinds.set(all.kind[i], (kinds.get(all.kind[i]) || 0) + 1);
    const rate = grid.households > 0 ? (mine.length / grid.households) * 1000 : null;
    return [
      cardTop(gridName(index), grid.code === gridName(index) ? grid.community : `${grid.code} · ${grid.community}`),
      rows([
        [say("measure_count"), number(mine.length)],
        [say("households"), number(grid.households)],
        [say("col_rate"), number(rate, 2)],
        ...[...kinds].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 8).map(([kind, count]) => [kindName(kind), number(count)]),
      ]),
    ];
  }

  function panel(chosen) {
    drawChoose();
    drawBanner();
    const card = byId("gw-card");
    card.hidden = !chosen;
    if (chosen) card.replaceChildren(...(chosen.kind === "grid" ? gridCard(chosen.index) : incidentCard(chosen.index)));
    tabs(Object.keys(TABS).map((one) => [one, { kinds: byKind.filter(Boolean).length, looks: null, grids: data.grids.length, incidents: incidentsShown().length }[one]]), state.tab, (one) => {
      state.tab = one;
      gridwright.drawPanel();
    });
    byId("gw-list").replaceChildren(...TABS[state.tab]());
  }

  Object.assign(gridwright, { incidentPanel: panel, incidentOrder: order, incidentValue: incidentRate });
})();
