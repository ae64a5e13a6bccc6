// Names of communities, estates and streets, set where the labels of the grids leave room.
"use strict";

(() => {
  const { data, element, landShapes } = gridwright;
  const land = data.ground;
  const PX = 14;
  const ESTATES_FROM = 2.2; // metres per pixel
  const STREETS_FROM = 2.6;
  const STRAIGHT = 0.14; // radians a name may bend

  // A community name stands where its grids have none: in the middle, else a little above or below.
  const OFFSETS = [0, -30, 30, -52, 52, -76, 76];

  function node(kind, text, at, turn = 0) {
    const label = element("div", { class: `gw-label gw-name gw-name-${kind}` }, element("div", {}, text));
    label.style.fontSize = `${PX}px`;
    if (turn) label.firstChild.style.transform = `translate(-50%, -50%) rotate(${turn}rad)`;
    L.DomUtil.setPosition(label, L.point(Math.round(at.x), Math.round(at.y)));
    return label;
  }

  function tryAt(taken, x, y, w, h) {
    const box = [x - w / 2 - 4, y - h / 2 - 2, x + w / 2 + 4, y + h / 2 + 2];
    if (!taken.isFree(box)) return false;
    taken.take(box);
    return true;
  }

  // Even-odd: is the place inside the rings?
  function isInside(rings, { lat, lng }) {
    let inside = false;
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
        const [yi, xi] = ring[i];
        const [yj, xj] = ring[j];
        if (yi > lat !== yj > lat && lng < ((xj - xi) * (lat - yi)) / (yj - yi) + xi) inside = !inside;
      }
    }
    return inside;
  }

  // Unpacked once, when first asked for.
  const once = (list, make) => {
    const known = [];
    return (index) => (known[index] ??= make(list[index]));
  };
  const ringsOf = once(data.communities, (community) => community.rings.map(gridwright.unpack));
  const boxOf = once(land ? land.estates : [], (estate) => L.latLngBounds(estate.rings.flatMap(gridwright.unpack)));

  function placeCommunities(map, bounds, taken, width) {
    const nodes = [];
    for (const [index, community] of data.communities.entries()) {
      if (!community.name || !community.spot.length) continue;
      const latlng = gridwright.toLatLng(community.spot);
      if (!bounds.contains(latlng)) continue;
      const at = map.latLngToLayerPoint(latlng);
      const w = width(community.name, PX) * 1.14 + 4;
      const offset = OFFSETS.find(
        (dy) =>
          (dy === 0 || isInside(ringsOf(index), map.layerPointToLatLng([at.x, at.y + dy]))) &&
          tryAt(taken, at.x, at.y + dy, w, PX * 1.3),
      );
      if (offset !== undefined) nodes.push(node("community", community.name, L.point(at.x, at.y + offset)));
    }
    return nodes;
  }

  function placeEstates(map, bounds, taken, width, metresPerPx) {
    const nodes = [];
    if (!land || metresPerPx > ESTATES_FROM) return nodes;
    for (const [index, estate] of land.estates.entries()) {
      if (!estate.name || !estate.rings.length) continue;
      const box = boxOf(index);
      if (!bounds.intersects(box)) continue;
      const at = map.latLngToLayerPoint(box.getCenter());
      const w = width(estate.name, PX) * 1.06;
      const room = map.latLngToLayerPoint(box.getNorthEast()).x - map.latLngToLayerPoint(box.getSouthWest()).x;
      if (w > room * 1.1) continue;
      const offset = OFFSETS.slice(0, 5).find((dy) => tryAt(taken, at.x, at.y + dy, w, PX * 1.3));
      if (offset !== undefined) nodes.push(node("estate", estate.name, L.point(at.x, at.y + offset)));
    }
    return nodes;
  }

  // The longest nearly straight run of each named street in view.
  function straightRuns(view, rank, best) {
    const { xs, ys, start, box, n } = landShapes.streets[rank];
    const named = land.street_named[rank];
    for (let p = 0; p < n; p += 1) {
      if (named[p] < 0 || !view.seen(box, p, 0)) continue;
      let from = -1;
      for (let i = start[p]; i + 1 < start[p + 1]; i += 1) {
        if (from < 0) from = i;
        const x0 = xs[from] * view.scale + view.dx;
        const y0 = ys[from] * view.scale + view.dy;
        const x1 = xs[i + 1] * view.scale + view.dx;
        const y1 = ys[i + 1] * view.scale + view.dy;
        const turn = Math.atan2(y1 - y0, x1 - x0);
        const step = Math.atan2((ys[i + 1] - ys[i]), (xs[i + 1] - xs[i]));
        const bend = Math.abs(Math.atan2(Math.sin(step - turn), Math.cos(step - turn)));
        if (bend > STRAIGHT) {
          from = i;
          continue;
        }
        const middle = L.point((x0 + x1) / 2, (y0 + y1) / 2);
        const seen = middle.x > 20 && middle.y > 10 && middle.x < view.size.x - 20 && middle.y < view.size.y - 10;
        const length = Math.hypot(x1 - x0, y1 - y0);
        const known = best.get(named[p]);
        if (seen && (!known || length > known.length)) best.set(named[p], { length, middle, turn });
      }
    }
  }

  function placeStreets(map, taken, width, metresPerPx) {
    const nodes = [];
    if (!land || metresPerPx > STREETS_FROM) return nodes;
    const corner = map.containerPointToLayerPoint([0, 0]);
    const view = new gridwright.View(map, corner, map.getSize(), null);
    const best = new Map();
    landShapes.streets.forEach((_, rank) => straightRuns(view, rank, best));
    for (const [index, run] of best) {
      const text = land.street_names[index];
      const w = width(text, PX);
      if (w + 8 > run.length) continue;
      // Read from left to right, never upside down.
      const turn = run.turn > Math.PI / 2 ? run.turn - Math.PI : run.turn <= -Math.PI / 2 ? run.turn + Math.PI : run.turn;
      const wide = Math.abs(w * Math.cos(turn)) + Math.abs(PX * 1.2 * Math.sin(turn));
      const high = Math.abs(w * Math.sin(turn)) + Math.abs(PX * 1.2 * Math.cos(turn));
      const at = run.middle.add(corner);
      if (tryAt(taken, at.x, at.y, wide, high)) nodes.push(node("street", text, at, turn));
    }
    return nodes;
  }

  function placeNames(map, taken, metresPerPx, width) {
    const bounds = map.getBounds();
    return [
      ...placeCommunities(map, bounds, taken, width),
      ...placeEstates(map, bounds, taken, width, metresPerPx),
      ...placeStreets(map, taken, width, metresPerPx),
    ];
  }

  Object.assign(gridwright, { placeNames });
})();
