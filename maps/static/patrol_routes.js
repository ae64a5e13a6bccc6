// The routes on the map: every leg on the right of its street, with arrows, the chosen one with numbers; what was
// missed, and the grids that are patrolled.  Drawn on one canvas over the land.
"use strict";

(() => {
  const { data, unpack, toLatLng } = gridwright;
  const { colours, patrols } = data.style;
  const BESIDE = 3.2; // px right of the middle of the street
  const LANE = 5;
  // From here on out a route is one plain line; the chosen one keeps its detail longer.
  const FAR_M_PER_PX = 2.2;
  const FAR_CHOSEN_M_PER_PX = 6;
  const FONT = "700 14px system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans SC', 'Noto Sans CJK SC', sans-serif";
  const show = { arrows: true, numbers: true, deadhead: true, missed: true };
  let canvas = null;
  let map;
  let chosen = -1;
  let leg = -1;

  const routes = data.routes.map((route) => {
    const legs = route.legs.map((l) => ({ ...l, path: unpack(l.steps) }));
    return { ...route, legs, bounds: L.latLngBounds(legs.flatMap((l) => l.path)) };
  });
  const missed = data.missed.map((part) => ({
    streets: part.streets.map((s) => s.steps.map(unpack)),
    blind: part.blind.map((rings) => rings.map(unpack)),
  }));
  const outlines = data.grids.filter((grid) => grid.patrolled).map((grid) => grid.rings.map(unpack));

  const toPx = (view, path) => {
    const corner = view.corner;
    return path.map((at) => map.latLngToLayerPoint(at).subtract(corner));
  };

  // A line moved to the right of its direction; corners are mitred, sharp ones cut.
  function onTheRight(points, by) {
    const clean = points.filter((p, i) => i === 0 || p.distanceTo(points[i - 1]) > 0.01);
    if (clean.length < 2) return clean;
    const normals = clean.slice(1).map((p, i) => {
      const d = p.subtract(clean[i]);
      const length = Math.hypot(d.x, d.y);
      return L.point(-d.y / length, d.x / length);
    });
    return clean.map((p, i) => {
      const a = normals[Math.max(i - 1, 0)];
      const b = normals[Math.min(i, normals.length - 1)];
      const sum = a.add(b);
      const square = sum.x * sum.x + sum.y * sum.y;
      const out = square < 0.5 ? a : sum.multiplyBy(2 / square);
      return p.add(out.multiplyBy(by));
    });
  }

  function trace(pen, points) {
    pen.beginPath();
    points.forEach((p, i) => (i ? pen.lineTo(p.x, p.y) : pen.moveTo(p.x, p.y)));
  }

  function stroke(pen, points, colour, width, dash = []) {
    trace(pen, points);
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.setLineDash(dash);
    pen.stroke();
    pen.setLineDash([]);
  }

  const lengthOf = (points) => points.slice(1).reduce((sum, p, i) => sum + p.distanceTo(points[i]), 0);

  // Point and direction at a distance along a line.
  function along(points, at) {
    let rest = at;
    for (let i = 1; i < points.length; i += 1) {
      const step = points[i].distanceTo(points[i - 1]);
      if (rest <= step || i === points.length - 1) {
        const t = step ? Math.min(rest / step, 1) : 0;
        const d = points[i].subtract(points[i - 1]);
        return { at: points[i - 1].add(d.multiplyBy(t)), angle: Math.atan2(d.y, d.x) };
      }
      rest -= step;
    }
    return { at: points[0], angle: 0 };
  }

  function arrow(pen, { at, angle }, colour, size) {
    pen.save();
    pen.translate(at.x, at.y);
    pen.rotate(angle);
    pen.beginPath();
    pen.moveTo(size, 0);
    pen.lineTo(-size * 0.7, size * 0.72);
    pen.lineTo(-size * 0.3, 0);
    pen.lineTo(-size * 0.7, -size * 0.72);
    pen.closePath();
    pen.fillStyle = colour;
    pen.strokeStyle = colours.paper;
    pen.lineWidth = 1.2;
    pen.stroke();
    pen.fill();
    pen.restore();
  }

  function drawArrows(pen, points, colour) {
    const length = lengthOf(points);
    if (!show.arrows || length < 26) return;
    const n = Math.max(1, Math.floor(length / 110));
    for (let i = 0; i < n; i += 1) arrow(pen, along(points, ((i + 0.5) * length) / n), colour, 8);
  }

  function drawFar(pen, view, route, colour, strong) {
    for (const l of route.legs) {
      if (l.kind !== "inspect" || !map.getBounds().intersects(L.latLngBounds(l.path))) continue;
      stroke(pen, toPx(view, l.path), colour, strong ? 4 : 2);
    }
  }

  function drawNear(pen, view, route, look, strong) {
    const shown = map.getBounds().pad(0.2);
    const lanes = route.legs.map((l) => {
      if (l.kind === "dwell" || !shown.intersects(L.latLngBounds(l.path))) return null;
      return onTheRight(toPx(view, l.path), BESIDE + LANE * l.lane);
    });
    const width = strong ? 4.5 : 3.5;
    lanes.forEach((points) => points && stroke(pen, points, colours.paper, width + 2.5));
    if (strong && leg >= 0 && lanes[leg]) {
      stroke(pen, lanes[leg], colours.ink, width + 13);
      stroke(pen, lanes[leg], "#ffd23f", width + 9);
    }
    route.legs.forEach((l, i) => {
      if (lanes[i] && l.kind === "deadhead" && show.deadhead) stroke(pen, lanes[i], look.colour, width - 1.7, [7, 5]);
    });
    route.legs.forEach((l, i) => {
      if (!lanes[i] || l.kind !== "inspect") return;
      stroke(pen, lanes[i], look.colour, width);
      // The pattern tells patrollers apart where colours do not.
      if (look.dash) stroke(pen, lanes[i], colours.paper, 1.5, look.dash);
    });
    route.legs.forEach((l, i) => {
      if (lanes[i] && (l.kind === "inspect" || show.deadhead)) drawArrows(pen, lanes[i], look.colour);
    });
    return lanes;
  }

  function drawPlaces(pen, view, route) {
    for (const l of route.legs) {
      if (l.kind !== "dwell") continue;
      const [p] = toPx(view, l.path);
      pen.beginPath();
      pen.moveTo(p.x, p.y - 9);
      pen.lineTo(p.x + 9, p.y);
      pen.lineTo(p.x, p.y + 9);
      pen.lineTo(p.x - 9, p.y);
      pen.closePath();
      pen.fillStyle = colours.camera;
      pen.strokeStyle = colours.paper;
      pen.lineWidth = 2;
      pen.fill();
      pen.stroke();
    }
  }

  function drawStart(pen, view, route, look) {
    const first = route.legs[0];
    if (!first) return;
    const [p] = toPx(view, first.path);
    pen.fillStyle = colours.ink;
    pen.strokeStyle = look.colour;
    pen.lineWidth = 3;
    pen.fillRect(p.x - 10, p.y - 10, 20, 20);
    pen.strokeRect(p.x - 10, p.y - 10, 20, 20);
    write(pen, gridwright.say("w_sign_start"), p.x, p.y, colours.paper);
  }

  function write(pen, text, x, y, colour) {
    pen.font = FONT;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = colour;
    pen.fillText(text, x, y + 1);
  }

  // Numbers beside the beginning of their legs; one that finds no room waits until the reader zooms in.
  function drawNumbers(pen, view, route, lanes, look) {
    const taken = [];
    const order = [...route.legs.keys()].sort((a, b) => (b === leg) - (a === leg) || a - b);
    for (const i of order) {
      const l = route.legs[i];
      const text = String(i + 1);
      pen.font = FONT;
      const w = pen.measureText(text).width + 9;
      const spots = [];
      if (l.kind === "dwell") {
        const [p] = toPx(view, l.path);
        spots.push([p.x + 12 + w / 2, p.y], [p.x - 12 - w / 2, p.y], [p.x, p.y - 21], [p.x, p.y + 21]);
      } else if (lanes[i] && lanes[i].length > 1) {
        const length = lengthOf(lanes[i]);
        for (const out of [16, -16]) {
          for (const far of [12, 24, 40, 60]) {
            if (far > 12 && far > length * 0.8) break;
            const { at, angle } = along(lanes[i], Math.min(far, length / 2));
            spots.push([at.x - Math.sin(angle) * out, at.y + Math.cos(angle) * out]);
          }
        }
      }
      const free = ([x, y]) => taken.every(([a, b, c]) => Math.abs(a - x) > (c + w) / 2 + 1 || Math.abs(b - y) > 21);
      const spot = spots.find(free);
      if (!spot) continue;
      taken.push([spot[0], spot[1], w]);
      const inverse = i === leg || l.kind === "dwell";
      const colour = l.kind === "dwell" ? colours.camera : look.colour;
      pen.beginPath();
      pen.rect(spot[0] - w / 2, spot[1] - 10, w, 20);
      pen.fillStyle = inverse ? colour : colours.paper;
      pen.strokeStyle = colour;
      pen.lineWidth = 1.5;
      pen.setLineDash(l.kind === "deadhead" ? [3, 2] : []);
      pen.fill();
      pen.stroke();
      pen.setLineDash([]);
      write(pen, text, spot[0], spot[1], inverse ? colours.paper : colour);
    }
  }

  function drawMissed(pen, view) {
    for (const part of missed) {
      for (const rings of part.blind) {
        pen.beginPath();
        for (const ring of rings) toPx(view, ring).forEach((p, i) => (i ? pen.lineTo(p.x, p.y) : pen.moveTo(p.x, p.y)));
        pen.save();
        pen.clip("evenodd");
        pen.beginPath();
        for (let c = -view.size.y; c < view.size.x; c += 9) {
          pen.moveTo(c, view.size.y);
          pen.lineTo(c + view.size.y, 0);
        }
        pen.strokeStyle = colours.action;
        pen.lineWidth = 2;
        pen.stroke();
        pen.restore();
      }
      for (const lines of part.streets) for (const line of lines) stroke(pen, toPx(view, line), data.style.missed, 15);
    }
  }

  function draw(view) {
    const { pen } = view;
    // The canvas and the map's own layer do not begin at the same place.
    view.corner = map.latLngToLayerPoint(data.origin.slice().reverse()).subtract(L.point(view.dx, view.dy));
    if (show.missed) drawMissed(pen, view);
    for (const rings of outlines) {
      for (const ring of rings) stroke(pen, toPx(view, [...ring, ring[0]]), colours["community-edge"], 4);
    }
    const isFar = (index) => view.metresPerPx > (index === chosen || routes.length === 1 ? FAR_CHOSEN_M_PER_PX : FAR_M_PER_PX);
    const order = [...routes.keys()].sort((a, b) => (a === chosen) - (b === chosen));
    let lanes = null;
    for (const index of order) {
      const route = routes[index];
      if (!route.bounds.isValid() || !map.getBounds().pad(0.3).intersects(route.bounds)) continue;
      const look = lookOf(route);
      pen.globalAlpha = chosen >= 0 && index !== chosen ? 0.3 : 1;
      if (isFar(index)) drawFar(pen, view, route, look.colour, index === chosen);
      else lanes = drawNear(pen, view, route, look, index === chosen);
      pen.globalAlpha = 1;
    }
    if (chosen < 0) return;
    const route = routes[chosen];
    const far = isFar(chosen);
    if (!far) drawPlaces(pen, view, route);
    if (!far && show.numbers && lanes) drawNumbers(pen, view, route, lanes, lookOf(route));
    drawStart(pen, view, route, lookOf(route));
  }

  const lookOf = (route) => patrols[route.colour % patrols.length];

  // The route nearest to a place on the map, within a finger's width; the chosen one is asked first.
  function nearest(latlng) {
    const at = map.latLngToLayerPoint(latlng);
    let best = { far: 16, route: -1, leg: -1 };
    const order = [...routes.keys()].sort((a, b) => (b === chosen) - (a === chosen));
    for (const index of order) {
      if (!routes[index].bounds.isValid() || !routes[index].bounds.pad(0.1).contains(latlng)) continue;
      routes[index].legs.forEach((l, i) => {
        const points = l.path.map((p) => map.latLngToLayerPoint(p));
        const lane = l.kind === "dwell" ? points : onTheRight(points, BESIDE + LANE * l.lane);
        for (let k = 0; k + 1 < Math.max(lane.length, 2); k += 1) {
          const far = L.LineUtil.pointToSegmentDistance(at, lane[k], lane[Math.min(k + 1, lane.length - 1)]);
          if (far < best.far - 0.01) best = { far, route: index, leg: i };
        }
      });
    }
    return best.route < 0 ? null : best;
  }

  function startRoutes(onMap) {
    map = onMap;
    canvas = new gridwright.LandCanvas(draw, { pane: "gwRoutes", padding: 0.2 });
    canvas.addTo(map);
  }

  function mark(route, legIndex = -1) {
    chosen = route;
    leg = legIndex;
    if (canvas) canvas.redraw();
  }

  const missedBounds = (part, street) =>
    L.latLngBounds(street === undefined ? [...missed[part].streets.flat(2), ...missed[part].blind.flat(2)] : missed[part].streets[street].flat());

  Object.assign(gridwright, {
    routes, startRoutes, markRoute: mark, lookOf, nearestLeg: nearest, missedBounds, routeLayers: show,
    redrawRoutes: () => canvas && canvas.redraw(), toLatLng,
  });
})();
