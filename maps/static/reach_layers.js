// The map of response times: streets coloured by arrival, cut at the exact minute; rings, doors, posts, proposals.
"use strict";

(() => {
  const { data, say, number, points, plate, project, shareText } = gridwright;
  const { colours } = data.style;
  const SOON = ["#08306b", "#1f5fa8", "#3c8dc9", "#4a9aa8"];
  const LATE = ["#d98a00", "#c43c00"];
  const NOBODY = "#17202c";
  const PROPOSED = "#0b4f9c";
  const state = { rule: 0, tab: "promises", ring: -1 };
  const layers = { times: true, rings: true, doors: true, nobody: true, posts: true, proposals: true };
  if (!data.answers.length) delete layers.proposals;
  if (!data.rules.some((rule) => rule.nobody.length)) delete layers.nobody;

  const rule = () => data.rules[state.rule];
  const posts = points(data.posts.map((post) => post.spot));
  const once = (make) => {
    const known = new Map();
    return (key) => {
      if (!known.has(key)) known.set(key, make(key));
      return known.get(key);
    };
  };
  const streets = once((mode) => project(data.modes[mode].lines.map((line) => (line.length ? line : [0, 0]))));
  const doorsOf = once((index) => points(data.rules[index].worst.map((door) => door.spot)));
  const nobodyOf = once((index) => points(data.rules[index].nobody));
  const ringsOf = once((index) => data.rules[index].rings.map(([minutes, rings]) => ({ minutes, shape: project(rings) })));
  const answerOf = (index) => data.answers.findIndex((one) => one.rule === data.rules[index].name && one.band === data.rules[index].band);
  const proposalsOf = once((index) => points(answerOf(index) < 0 ? [] : data.answers[answerOf(index)].proposals.map((one) => one.spot)));

  // ---- classes of time -------------------------------------------------------------------------------------------

  function steps(index) {
    const { ring, minutes } = data.rules[index];
    const found = [...new Set([...ring.map(([m]) => m), minutes])].sort((a, b) => a - b);
    const soon = found.filter((m) => m <= minutes);
    const late = found.filter((m) => m > minutes);
    const pick = (list, k, n) => list[n < 2 ? 0 : Math.round((k * (list.length - 1)) / (n - 1))];
    return [
      ...soon.map((upto, k) => ({ upto, from: soon[k - 1] ?? 0, colour: pick(SOON, k, soon.length), width: 4.5 - k * 0.4, dash: [] })),
      ...late.map((upto, k) => ({ upto, from: late[k - 1] ?? minutes, colour: LATE[0], width: 3.2, dash: k ? [6, 4] : [10, 3] })),
      { upto: Infinity, from: found[found.length - 1], colour: LATE[1], width: 3, dash: [3, 4] },
      { upto: null, colour: NOBODY, width: 3, dash: [1, 6] },
    ];
  }

  // Lines that are put together piece by piece.
  function builder() {
    const [xs, ys, start, box] = [[], [], [0], []];
    return {
      add(shape, p, from, to) {
        // The part of path p between two shares of its length.
        const [a, b] = [shape.start[p], shape.start[p + 1]];
        let whole = 0;
        for (let i = a + 1; i < b; i += 1) whole += Math.hypot(shape.xs[i] - shape.xs[i - 1], shape.ys[i] - shape.ys[i - 1]);
        if (!whole) return;
        const [low, high] = [from * whole, to * whole];
        const first = xs.length;
        let far = 0;
        for (let i = a + 1; i < b; i += 1) {
          const [dx, dy] = [shape.xs[i] - shape.xs[i - 1], shape.ys[i] - shape.ys[i - 1]];
          const step = Math.hypot(dx, dy);
          const next = far + step;
          if (next >= low && far <= high && step) {
            const at = (share) => {
              xs.push(shape.xs[i - 1] + dx * share);
              ys.push(shape.ys[i - 1] + dy * share);
            };
            if (xs.length === first) at(Math.max(0, (low - far) / step));
            at(Math.min(1, (high - far) / step));
          }
          far = next;
        }
        if (xs.length - first < 2) {
          xs.length = first;
          ys.length = first;
          return;
        }
        start.push(xs.length);
        const x = xs.slice(first);
        const y = ys.slice(first);
        box.push(Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y));
      },
      shape: () => ({ xs: Float64Array.from(xs), ys: Float64Array.from(ys), start: Uint32Array.from(start), box: Float64Array.from(box), n: start.length - 1 }),
    };
  }

  // Streets by class of time; from either end of a link people get so far in so many minutes.
  const classesOf = once((index) => {
    const { mode, band, times } = data.rules[index];
    const { ahead_s: ahead, back_s: back } = data.modes[mode];
    const shape = streets(mode);
    const [tails, heads] = data.times[times];
    const { factor } = data.bands.find((one) => one.name === band);
    const list = steps(index);
    const built = list.map(builder);
    const limits = list.filter((one) => Number.isFinite(one.upto) && one.upto !== null).map((one) => one.upto * 60 + 1e-6);
    for (let p = 0; p < shape.n; p += 1) {
      let [a, b] = [0, 0]; // shares of the link reached from its tail and from its head
      const part = (limit, from, pace) => (from < 0 || pace < 0 || limit < from ? 0 : pace ? Math.min(1, (limit - from) / (pace / factor)) : 1);
      let done = false;
      for (let k = 0; k < limits.length && !done; k += 1) {
        const [nextA, nextB] = [part(limits[k], tails[p], ahead[p]), part(limits[k], heads[p], back[p])];
        if (nextA + nextB >= 1) {
          built[k].add(shape, p, a, 1 - b);
          done = true;
        } else {
          if (nextA > a) built[k].add(shape, p, a, nextA);
          if (nextB > b) built[k].add(shape, p, 1 - nextB, 1 - b);
          [a, b] = [Math.max(a, nextA), Math.max(b, nextB)];
        }
      }
      if (done) continue;
      const comes = (tails[p] >= 0 && ahead[p] >= 0) || (heads[p] >= 0 && back[p] >= 0);
      built[list.length - (comes ? 2 : 1)].add(shape, p, a, 1 - b);
    }
    return list.map((one, k) => ({ ...one, shape: built[k].shape() }));
  });

  // ---- grids -----------------------------------------------------------------------------------------------------

  const SHARES = ["households", "buildings", "places", "street", "area"];
  const of = (shares, name) => [shares[2 * SHARES.indexOf(name)], shares[2 * SHARES.indexOf(name) + 1]];

  // What a promise is measured by: the places it names, else households, else buildings, else street.
  function promisedBy(one) {
    if (one.places.length) return "places";
    return ["households", "buildings", "street"].find((name) => of(one.shares, name)[1] > 0) ?? "households";
  }

  function gridShare(index) {
    const shares = rule().by_grid[index];
    if (!shares) return null;
    const [within, all] = of(shares, promisedBy(rule()));
    return all > 0 ? within / all : null;
  }

  const CLASSES = {
    none: { key: "none", fill: "#f3b98d", hatch: ["dense", "rgb(138 60 0 / 42%)"] },
    half: { key: "half", fill: "#fae0c4", hatch: ["lines", "rgb(138 60 0 / 42%)"] },
    short: { key: "short", fill: "#e6edf5", hatch: ["dots", "rgb(51 65 92 / 55%)"] },
    kept: { key: "kept", fill: "#b7d1ea", hatch: null },
    nothing: { key: "nothing", fill: "#ffffff", hatch: null },
  };

  function lookOf(index) {
    const share = gridShare(index);
    if (share === null) return CLASSES.nothing;
    if (share >= rule().target - 1e-9) return CLASSES.kept;
    return share === 0 ? CLASSES.none : share < 0.5 ? CLASSES.half : CLASSES.short;
  }

  function wordings(grid, index) {
    const code = gridwright.shortCode(grid.code);
    const share = gridShare(index);
    return share === null ? [[code]] : [[code, shareText(share)], [shareText(share)]];
  }

  // ---- drawing ---------------------------------------------------------------------------------------------------

  function drawLines(view) {
    const mpp = view.metresPerPx;
    const scale = mpp < 2 ? 1 : mpp < 5 ? 0.8 : mpp < 12 ? 0.5 : 0.3;
    const rings = ringsOf(state.rule);
    const list = steps(state.rule);
    if (layers.rings) {
      rings.forEach((ring, k) => {
        // The one that was asked for, else the one that is promised.
        if (state.ring >= 0 ? state.ring !== k : ring.minutes !== rule().minutes) return;
        const look = list.find((one) => one.upto === ring.minutes) ?? list[0];
        view.fill(ring.shape, look.colour, state.ring === k ? 0.18 : 0.06);
        view.line(ring.shape, true, colours.paper, 4.5, { opacity: 0.8 });
        view.line(ring.shape, true, look.colour, state.ring === k ? 3 : 2, { dash: [10, 4] });
      });
    }
    if (!layers.times) return;
    for (const one of [...classesOf(state.rule)].reverse()) {
      view.line(one.shape, false, one.colour, Math.max(0.8, one.width * scale), { dash: mpp < 12 ? one.dash.map((d) => d * Math.max(scale, 0.6)) : [] });
    }
  }

  const isChosen = (kind, i) => {
    const chosen = gridwright.chosen();
    return chosen && chosen.kind === kind && chosen.index === i;
  };

  const answers = (i) => {
    const { posts: kinds, mode } = rule();
    return (!kinds.length || kinds.includes(data.posts[i].kind)) && !data.posts[i].off.includes(mode);
  };

  function drawPost(pen, x, y, i, r) {
    pen.beginPath();
    pen.moveTo(x, y - r);
    pen.lineTo(x + r, y + r * 0.8);
    pen.lineTo(x - r, y + r * 0.8);
    pen.closePath();
    pen.fillStyle = answers(i) ? colours.post : colours.paper;
    pen.strokeStyle = answers(i) ? colours.paper : colours["ink-soft"];
    pen.lineWidth = 1.8;
    pen.fill();
    pen.stroke();
    if (isChosen("post", i)) halo(pen, x, y, 14);
  }

  function halo(pen, x, y, r) {
    pen.beginPath();
    pen.arc(x, y, r, 0, 7);
    pen.strokeStyle = colours.chosen;
    pen.lineWidth = 3.5;
    pen.stroke();
  }

  function drawPoints(view) {
    const { pen, metresPerPx: mpp } = view;
    if (layers.nobody) {
      nobodyOf(state.rule).each(view, (x, y) => {
        pen.strokeStyle = NOBODY;
        pen.lineWidth = 2;
        pen.beginPath();
        pen.moveTo(x - 4, y - 4);
        pen.lineTo(x + 4, y + 4);
        pen.moveTo(x + 4, y - 4);
        pen.lineTo(x - 4, y + 4);
        pen.stroke();
      });
    }
    if (layers.posts) posts.each(view, (x, y, i) => drawPost(pen, x, y, i, mpp < 8 ? 9 : 6));
    if (layers.doors) {
      const later = [];
      doorsOf(state.rule).each(view, (x, y, i) => later.push([x, y, i]));
      // The first of the list on top, and as many as there is room for.
      const taken = [];
      for (const [x, y, i] of later.sort((p, q) => isChosen("door", q[2]) - isChosen("door", p[2]) || p[2] - q[2])) {
        const free = taken.every(([a, b]) => Math.abs(a - x) > 22 || Math.abs(b - y) > 20);
        if (!free) continue;
        taken.push([x, y, i]);
      }
      for (const [x, y, i] of taken.reverse()) plate(pen, String(i + 1), x, y, isChosen("door", i) ? colours.ink : colours["action-text"]);
    }
    if (layers.proposals) {
      const later = [];
      proposalsOf(state.rule).each(view, (x, y, i) => later.push([x, y, i]));
      for (const [x, y, i] of later.reverse()) plate(pen, `+${i + 1}`, x, y, isChosen("proposal", i) ? colours.ink : PROPOSED);
    }
  }

  function at(map, latlng) {
    const look = [["proposal", layers.proposals && proposalsOf(state.rule)], ["door", layers.doors && doorsOf(state.rule)], ["post", layers.posts && posts]];
    for (const [kind, found] of look) {
      const index = found ? found.nearest(map, latlng, 16) : -1;
      if (index >= 0) return { kind, index };
    }
    return null;
  }

  function boundsOf({ kind, index }) {
    if (kind === "grid") return gridwright.gridBounds(index).pad(0.15);
    const found = { door: doorsOf(state.rule), post: posts, proposal: proposalsOf(state.rule) }[kind];
    return found.latlng(index).toBounds(350);
  }

  function legend({ picture, swatch, show }) {
    const { element } = gridwright;
    const stroke = ({ colour, width, dash }) =>
      picture(element("svg:line", { x1: 3, x2: 39, y1: 9, y2: 9, stroke: colour, "stroke-width": width, "stroke-dasharray": dash.join(" ") || null, "stroke-linecap": "round" }));
    const time = ({ from, upto }) => (upto === null ? say("time_nobody") : upto === Infinity ? say("time_over", { n: number(from, 1) }) : from ? say("time_between", { a: number(from, 1), b: number(upto, 1) }) : say("time_upto", { n: number(upto, 1) }));
    const said = new Set(data.grids.map((_, i) => lookOf(i).key));
    const triangle = (fill, line) => picture(element("svg:path", { d: "M21 2 28 16H14Z", fill, stroke: line, "stroke-width": 1.5 }));
    const sign = (fill, text) => picture(element("svg:rect", { x: 9, y: 1, width: 24, height: 16, rx: 4, fill }), element("svg:text", { x: 21, y: 14, "text-anchor": "middle", fill: "#fff", class: "gw-legend-n" }, text));
    return [
      ...(layers.times ? [[null, say("legend_times")], ...classesOf(state.rule).filter((one) => one.shape.n).map((one) => [stroke(one), time(one)])] : []),
      ...(layers.rings && ringsOf(state.rule).length ? [[stroke({ colour: SOON[1], width: 2, dash: [7, 4] }), say("legend_ring")]] : []),
      ...(show.grids ? [[null, say("legend_grids")], ...Object.values(CLASSES).filter((one) => said.has(one.key)).map((one) => [swatch(one), say(`share_${one.key}`, { n: shareText(rule().target) })])] : []),
      [null, say("legend_points")],
      ...(layers.posts && data.posts.length ? [[triangle(colours.post, "#fff"), say("legend_post_answers")], [triangle("#fff", colours["ink-soft"]), say("legend_post_other")]] : []),
      ...(layers.doors && rule().worst.length ? [[sign(colours["action-text"], "1"), say("legend_door")]] : []),
      ...(layers.nobody && rule().nobody.length ? [[picture(element("svg:path", { d: "M16 4 26 14M26 4 16 14", stroke: NOBODY, "stroke-width": 2 })), say("legend_nobody")]] : []),
      ...(layers.proposals && proposalsOf(state.rule).n ? [[sign(PROPOSED, "+1"), say("legend_new_post")]] : []),
    ];
  }

  Object.assign(gridwright, {
    reachState: state, reachLayers: layers, reachRule: rule, gridShare, promisedBy, sharesOf: of, SHARES, answerOf, postAnswers: answers,
    reachDrawing: { lookOf, wordings, drawLines, drawPoints, at, boundsOf, legend }, reachClasses: classesOf,
  });
})();
