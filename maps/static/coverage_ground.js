// What both coverage maps draw the same way: grids filled by class and pattern, points that can be met, wedges, marks.
"use strict";

(() => {
  const { data, project, unpack } = gridwright;
  const { colours } = data.style;
  const shapes = data.grids.map((grid) => project(grid.rings));
  const bounds = data.grids.map((grid) => L.latLngBounds(grid.rings.flatMap(unpack)));
  const patterns = new Map();
  // Farther out than this a page shows its grids only.
  const FAR_M_PER_PX = 14;

  // Strokes or dots of one colour, so that no class is told by its tint alone.
  function pattern(kind, colour) {
    const key = `${kind} ${colour}`;
    if (!patterns.has(key)) {
      const size = kind === "dots" ? 9 : kind === "dense" ? 6 : 10;
      const tile = new OffscreenCanvas(size * 2, size * 2);
      const pen = tile.getContext("2d");
      pen.scale(2, 2);
      pen.strokeStyle = pen.fillStyle = colour;
      pen.lineWidth = kind === "dense" ? 1.5 : 1.2;
      if (kind === "dots") {
        pen.arc(size / 2, size / 2, 1.3, 0, 7);
        pen.fill();
      } else {
        for (const shift of [-size, 0, size]) {
          pen.moveTo(shift - 1, size + 1);
          pen.lineTo(shift + size + 1, -1);
        }
        pen.stroke();
      }
      patterns.set(key, tile);
    }
    return patterns.get(key);
  }

  function hatch(pen, kind, colour) {
    const found = pen.createPattern(pattern(kind, colour), "repeat");
    found.setTransform(new DOMMatrix().scale(0.5));
    return found;
  }

  // lookOf(index) -> { fill, hatch: [kind, colour] | null }
  function drawGrids(view, lookOf) {
    data.grids.forEach((_, index) => {
      const look = lookOf(index);
      view.trace(shapes[index], true);
      view.pen.fillStyle = look.fill;
      view.pen.globalAlpha = 0.92;
      view.pen.fill();
      view.pen.globalAlpha = 1;
      // Of a whole city the patterns would be noise: tints alone, and the table says the rest.
      if (!look.hatch || view.metresPerPx > FAR_M_PER_PX) return;
      view.pen.fillStyle = hatch(view.pen, ...look.hatch);
      view.pen.fill();
    });
  }

  function drawChosenGrid(view, index) {
    if (index < 0) return;
    view.line(shapes[index], true, colours.paper, 8);
    view.line(shapes[index], true, colours.chosen, 4.5);
  }

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

  const gridAt = (latlng) =>
    data.grids.findIndex((grid, i) => grid.rings.length && bounds[i].contains(latlng) && isInside(grid.rings.map(unpack), latlng));

  // Points as one list: where they are on the canvas, and which is met by a finger.
  function points(spots) {
    const known = project(spots.map((spot) => (spot.length ? spot : [0, 0])));
    return {
      n: spots.length,
      each(view, paint, wanted = () => true) {
        const { xs, ys } = known;
        for (let i = 0; i < spots.length; i += 1) {
          if (!spots[i].length || !view.seen(known.box, i, 24) || !wanted(i)) continue;
          paint(xs[i] * view.scale + view.dx, ys[i] * view.scale + view.dy, i);
        }
      },
      latlng: (i) => gridwright.toLatLng(spots[i]),
      nearest(map, latlng, px, wanted = () => true) {
        const at = map.latLngToContainerPoint(latlng);
        let best = { far: px, i: -1 };
        for (let i = 0; i < spots.length; i += 1) {
          if (!spots[i].length || !wanted(i)) continue;
          const far = map.latLngToContainerPoint(gridwright.toLatLng(spots[i])).distanceTo(at);
          if (far < best.far) best = { far, i };
        }
        return best.i;
      },
    };
  }

  // A wedge that points where something looks; degrees clockwise from north.
  function wedge(pen, x, y, heading, hfov, long, fill) {
    const from = ((heading - hfov / 2 - 90) * Math.PI) / 180;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.arc(x, y, long, from, from + (hfov * Math.PI) / 180);
    pen.closePath();
    pen.fillStyle = fill;
    pen.globalAlpha = 0.55;
    pen.fill();
    pen.globalAlpha = 1;
  }

  // Text in a box that stands out from what is under it.
  function plate(pen, text, x, y, ground, ink = colours.paper) {
    pen.font = "700 14px system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans SC', 'Noto Sans CJK SC', sans-serif";
    const wide = Math.max(20, pen.measureText(text).width + 8);
    pen.beginPath();
    pen.roundRect(x - wide / 2, y - 10, wide, 20, 4);
    pen.fillStyle = ground;
    pen.strokeStyle = colours.paper;
    pen.lineWidth = 1.5;
    pen.fill();
    pen.stroke();
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = ink;
    pen.fillText(text, x, y + 1);
  }

  Object.assign(gridwright, {
    hatch, drawGrids, drawChosenGrid, gridAt, points, wedge, plate, gridBounds: (index) => bounds[index], FAR_M_PER_PX,
    latLngs: (steps) => unpack(steps),
  });
})();
