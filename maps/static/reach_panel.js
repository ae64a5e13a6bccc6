// The panel of the map of response times: which promise, how far it is kept, tables and lists, the card of what is chosen.
"use strict";

(() => {
  const { data, say, number, element, byId, metres, share, shareText, segments, picker, bar, table, list, rows, cardTop, tabs, gridName, wordOr } = gridwright;
  const { reachState: state, reachRule: rule, gridShare, promisedBy, sharesOf, SHARES, answerOf } = gridwright;
  const place = new Map(data.grids.map((grid, i) => [grid.code, i]));
  const joint = () => (gridwright.language() === "zh" ? "、" : ", ");
  const minutes = (n) => say("minutes", { n: number(n, 1) });

  function duration(seconds) {
    if (seconds === null) return say("nobody");
    return seconds < 6000 ? say("minutes_seconds", { m: Math.floor(seconds / 60), s: String(seconds % 60).padStart(2, "0") }) : minutes(Math.round(seconds / 60));
  }

  const kinds = (list, none, prefix) => (list.length ? list.map((one) => wordOr(`${prefix}${one}`, one)).join(joint()) : say(none));
  const bandName = (name) => wordOr(`band_${name}`, name);
  // "3 min by e-bike to banks, schools"
  const promise = (one) => say("promise", { minutes: minutes(one.minutes), mode: say(`w_mode_${one.mode}`), places: kinds(one.places, "every_building", "w_place_") });
  const shareIn = (one) => share(...sharesOf(one.shares, promisedBy(one)));

  function setRule(index) {
    const same = rule();
    state.rule = index;
    state.ring = -1;
    const chosen = gridwright.chosen();
    if (chosen && ["door", "proposal"].includes(chosen.kind) && same !== rule()) gridwright.choose(null);
    else gridwright.changed();
  }

  function set(name, value) {
    state[name] = value;
    gridwright.changed();
  }

  const names = [...new Set(data.rules.map((one) => one.name))];
  const indexOf = (name, band) => {
    const found = data.rules.findIndex((one) => one.name === name && one.band === band);
    return found >= 0 ? found : data.rules.findIndex((one) => one.name === name);
  };

  function drawChoose() {
    const now = rule();
    const bands = data.rules.filter((one) => one.name === now.name).map((one) => one.band);
    byId("gw-choose").replaceChildren(
      picker("gw-rule", say("promise_head"), names.map((name) => [name, `${name} · ${promise(data.rules[indexOf(name, now.band)])}`]), now.name, (name) => setRule(indexOf(name, rule().band))),
      bands.length > 1 ? segments(say("band"), bands.map((band) => ({ value: band, text: bandName(band) })), now.band, (band) => setRule(indexOf(rule().name, band))) : "");
  }

  const verdict = (one) => (one.kept === null ? "none" : one.kept ? "kept" : "broken");
  const looks = { none: "lawful", kept: "in_band", broken: "action" };

  function drawBanner() {
    const now = rule();
    const by = promisedBy(now);
    const [within, all] = sharesOf(now.shares, by);
    const amount = (name, value) => (name === "street" ? metres(value) : name === "area" ? gridwright.area(value) : number(value));
    byId("gw-banner").replaceChildren(
      element("p", { class: `gw-state gw-state-${looks[verdict(now)]}` }, say(`verdict_${verdict(now)}`)),
      element("p", {}, say("promise_long", { promise: promise(now), posts: kinds(now.posts, "every_post", "post_"), n: number(now.n_posts), target: shareText(now.target) })),
      element("div", { class: "gw-share-big" },
        element("b", {}, shareText(share(within, all))), bar(share(within, all), now.target, now.kept === false ? "gw-late" : ""),
        element("span", { class: "gw-soft" }, say(`in_time_${by}`, { n: amount(by, within), of: amount(by, all) }))),
      rows([
        [say("last_door"), now.worst_s === null ? "–" : duration(now.worst_s)],
        [say("unreachable"), number(now.unreachable)],
        ...SHARES.filter((name) => name !== by && sharesOf(now.shares, name)[1] > 0)
          .map((name) => [say(`share_of_${name}`), shareText(share(...sharesOf(now.shares, name)))]),
      ]),
      now.ring.length ? element("div", {},
        element("h2", {}, say("rings"), element("span", { class: "gw-beside" }, say(`share_of_${by}`))),
        element("ul", { class: "gw-level-bars gw-rings" }, ...now.ring.map(([m, shares], k) => element("li", { class: k === state.ring ? "gw-is-chosen" : null },
          element("button", { type: "button", class: "gw-link", "aria-pressed": String(k === state.ring), "data-ring": k, onclick: () => set("ring", state.ring === k ? -1 : k) }, minutes(m)),
          bar(share(...sharesOf(shares, by)), m === now.minutes ? now.target : null), element("b", {}, shareText(share(...sharesOf(shares, by)))))))) : "",
      element("p", { class: "gw-soft" }, say("turn_out", { n: number(data.turn_out_s) })));
  }

  // ---- tables and lists -------------------------------------------------------------------------------------------

  function promises() {
    return [element("ul", { class: "gw-list gw-promises" }, ...data.rules.map((one, index) => [one, index]).filter(([one]) => gridwright.wanted(one.name, promise(one), bandName(one.band))).map(([one, index]) => element("li", {},
      element("button", { type: "button", class: "gw-row", "data-rule": index, "aria-pressed": String(index === state.rule), onclick: () => setRule(index) },
        element("span", { class: `gw-verdict gw-verdict-${verdict(one)}`, role: "img", "aria-label": say(`verdict_${verdict(one)}`) }, { kept: "✓", broken: "!", none: "–" }[verdict(one)]),
        element("span", { class: "gw-line" }, element("b", {}, `${one.name} · ${bandName(one.band)}`), element("small", {}, promise(one)), bar(shareIn(one), one.target, one.kept === false ? "gw-late" : "")),
        element("span", { class: "gw-row-beside" }, shareText(shareIn(one)), element("small", {}, one.worst_s === null ? "–" : duration(one.worst_s)))))))];
  }

  function areas() {
    const by = promisedBy(rule());
    const found = data.grids.map((grid, index) => ({ ...grid, index, shares: rule().by_grid[index] })).filter((row) => gridwright.wanted(row.code, row.name, row.community));
    const late = (row) => (row.shares ? sharesOf(row.shares, by)[1] - sharesOf(row.shares, by)[0] : null);
    const street = (row) => (row.shares ? share(...sharesOf(row.shares, "street")) : null);
    const columns = [
      { key: "name", head: say("col_grid"), of: (row) => row.code, text: (row) => row.code },
      { key: "share", head: say("col_share"), of: (row) => gridShare(row.index), text: (row) => shareText(gridShare(row.index)) },
      { key: "late", head: say(`col_late_${by}`), of: late, text: (row) => (late(row) === null ? "–" : by === "street" ? metres(late(row)) : number(late(row))), start: "down" },
      { key: "street", head: say("col_street"), of: street, text: (row) => shareText(street(row)) },
    ];
    const chosen = gridwright.chosen();
    return table("areas", columns, found, {
      mark: (row) => chosen && chosen.kind === "grid" && row.index === chosen.index,
      choose: (row) => () => gridwright.choose({ kind: "grid", index: row.index }, { zoom: true }),
      attribute: "data-grid",
    });
  }

  const is = (kind, index) => {
    const chosen = gridwright.chosen();
    return Boolean(chosen && chosen.kind === kind && chosen.index === index);
  };
  const pick = (kind, index) => () => gridwright.choose({ kind, index }, { zoom: true });
  const doorName = (door) => door.name || say(door.layer === "buildings" ? "building_id" : "place_id", { id: door.id });
  const doorOrder = () => rule().worst.map((door, index) => ({ ...door, index })).filter((door) => gridwright.wanted(door.name, door.id, door.grid));
  const codeName = (code) => (place.has(code) ? gridName(place.get(code)) : say("no_grid"));

  function doors() {
    return [
      element("p", { class: "gw-soft" }, say("worst_note", { unreachable: number(rule().unreachable) })),
      ...list("doors", doorOrder().map((door) => ({
        index: door.index, lines: [`${door.index + 1}. ${doorName(door)}`, [codeName(door.grid), door.post ? say("from_post", { post: door.post }) : ""].filter(Boolean).join(" · ")],
        beside: duration(door.seconds), chosen: is("door", door.index), choose: door.spot.length ? pick("door", door.index) : null,
      })), "data-door"),
    ];
  }

  // What a goal is counted in: minutes of the last door, households, posts.
  const goalText = (goal, value) => {
    if (value === null) return say("nobody");
    if (goal === "center") return duration(Math.round(value));
    if (goal === "median") return say("hours", { n: number(value / 3600, 1) });
    return number(value);
  };

  function proposals() {
    const at = answerOf(state.rule);
    if (at < 0) {
      return [element("p", { class: "gw-soft gw-none" }, say("no_answer")), ...data.answers.map((one) => {
        const index = data.rules.findIndex((r) => r.name === one.rule && r.band === one.band);
        return index < 0 ? "" : element("button", { type: "button", class: "gw-more", onclick: () => setRule(index) }, say("go_answer", { name: one.rule, band: bandName(one.band) }));
      })];
    }
    const one = data.answers[at];
    return [
      element("p", {}, say(`goal_${one.goal}`, { n: number(one.proposals.length) })),
      rows([
        [say("before_after"), `${goalText(one.goal, one.before)} → ${goalText(one.goal, one.after)}`],
        [say("bound"), one.is_proved ? say("proved") : goalText(one.goal, one.bound)],
        [say("households_in"), `${shareText(share(one.in_before, one.households))} → ${shareText(share(one.in_after, one.households))}`],
        one.unreachable ? [say("no_site"), number(one.unreachable)] : null,
      ]),
      ...list("posts", one.proposals.map((post, index) => ({
        index, lines: [`+${post.rank}. ${post.near || post.id}`, codeName(post.grid)], beside: goalText(one.goal, post.gain), chosen: is("proposal", index), choose: pick("proposal", index),
      })), "data-proposal"),
    ];
  }

  const BODIES = { promises, areas, doors, proposals };

  function drawTabs() {
    tabs([["promises", data.rules.length], ["areas", null], ["doors", rule().worst.length], ...(data.answers.length ? [["proposals", null]] : [])], state.tab, (name) => set("tab", name));
    byId("gw-list").replaceChildren(...BODIES[state.tab]());
  }

  // ---- cards -----------------------------------------------------------------------------------------------------

  function gridCard(index) {
    const grid = data.grids[index];
    const shares = rule().by_grid[index];
    return [
      cardTop(gridName(index), [grid.code, grid.community].filter((text) => text && text !== gridName(index)).join(" · ")),
      element("p", { class: "gw-soft" }, `${promise(rule())} · ${bandName(rule().band)}`),
      shares ? rows(SHARES.filter((name) => sharesOf(shares, name)[1] > 0).map((name) => [say(`share_of_${name}`), shareText(share(...sharesOf(shares, name)))])) : "",
      element("h2", {}, say("all_promises")),
      rows(data.rules.map((one) => {
        const own = one.by_grid[index];
        const value = own ? share(...sharesOf(own, promisedBy(one))) : null;
        return [`${one.name} · ${bandName(one.band)}`, `${shareText(value)}${value === null ? "" : value >= one.target - 1e-9 ? " ✓" : " !"}`];
      })),
    ];
  }

  function doorCard(index) {
    const door = rule().worst[index];
    return [
      cardTop(doorName(door), [codeName(door.grid), door.id].join(" · ")),
      door.seconds === null ? element("p", { class: "gw-state gw-state-action" }, say("nobody_comes")) : "",
      rows([
        [say("arrival"), duration(door.seconds)],
        [say("allowed"), minutes(rule().minutes)],
        door.post ? [say("first_post"), door.post] : null,
        [say("off_street"), door.off_m === null ? "–" : metres(door.off_m)],
      ]),
    ];
  }

  function postCard(index) {
    const post = data.posts[index];
    const { mode } = rule();
    const off = post.off.includes(mode);
    return [
      cardTop(post.name || post.id, wordOr(`post_${post.kind}`, post.kind)),
      off ? element("p", { class: "gw-state gw-state-action" }, say("post_off", { mode: say(`w_mode_${mode}`) })) : "",
      rows([[say("answers"), gridwright.postAnswers(index) ? say("yes") : say("no")], [say("off_street"), post.off_m[mode] === null || post.off_m[mode] === undefined ? "–" : metres(post.off_m[mode])]]),
    ];
  }

  function proposalCard(index) {
    const one = data.answers[answerOf(state.rule)];
    const post = one.proposals[index];
    return [cardTop(say("new_post", { n: post.rank }), [post.near, codeName(post.grid)].filter(Boolean).join(" · ")), rows([[say("p_gain"), goalText(one.goal, post.gain)], [say("p_after"), goalText(one.goal, post.total)]])];
  }

  const CARDS = { grid: gridCard, door: doorCard, post: postCard, proposal: proposalCard };

  function panel(chosen) {
    drawChoose();
    drawBanner();
    drawTabs();
    const card = byId("gw-card");
    card.hidden = !chosen;
    card.replaceChildren(...(chosen ? CARDS[chosen.kind](chosen.index) : []));
  }

  function order() {
    if (state.tab === "promises") return ["rule", data.rules.map((_, i) => i)];
    if (state.tab === "doors") return ["door", doorOrder().map((door) => door.index)];
    if (state.tab === "proposals") return ["proposal", answerOf(state.rule) < 0 ? [] : data.answers[answerOf(state.rule)].proposals.map((_, i) => i)];
    return ["grid", data.grids.map((_, i) => i)];
  }

  Object.assign(gridwright, { reachPanel: panel, reachOrder: order, setReach: set, setRule, ruleBeside: (step) => {
    const bands = data.rules.map((one, i) => [one, i]).filter(([one]) => one.name === rule().name).map(([, i]) => i);
    return bands[(bands.indexOf(state.rule) + step + bands.length) % bands.length];
  } });
})();
