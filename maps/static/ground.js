// The land: unpacks geometry (maps/pack.py wrote it) and draws it on two canvases of our own, one under the grids
// and one over them.  Our own because a city has a hundred thousand shapes: they are projected once, and a redraw
// only scales and shifts them.
"use strict";

(() => {
  const { data } = gridwright;
  const [lon0, lat0] = data.origin;
  const PER_DEGREE = 1e6;

  // Web Mercator in units of the whole world, counted from the origin: pixels are this times 256 * 2^zoom.
  const mercatorX = (lon) => (lon + 180) / 360;
  const mercatorY = (lat) => {
    const s = Math.sin((lat * Math.PI) / 180);
    return 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI);
  };
  const X0 = mercatorX(lon0);
  const Y0 = mercatorY(lat0);

  const toLatLng = ([x, y]) => L.latLng(lat0 + y / PER_DEGREE, lon0 + x / PER_DEGREE);

  // One packed path -> [[lat, lon], ...]
  function unpack(steps) {
    const path = new Array(steps.length / 2);
    let x = 0;
    let y = 0;
    for (let i = 0; i < steps.length; i += 2) {
      x += steps[i];
      y += steps[i + 1];
      path[i / 2] = [lat0 + y / PER_DEGREE, lon0 + x / PER_DEGREE];
    }
    return path;
  }

  // Many packed paths -> flat arrays, with the box of each path for culling.
  function project(paths) {
    let n = 0;
    for (const path of paths) n += path.length / 2;
    const xs = new Float64Array(n);
    const ys = new Float64Array(n);
    const start = new Uint32Array(paths.length + 1);
    const box = new Float64Array(paths.length * 4);
    let at = 0;
    paths.forEach((path, p) => {
      let x = 0;
      let y = 0;
      let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
      for (let i = 0; i < path.length; i += 2) {
        x += path[i];
        y += path[i + 1];
        const mx = mercatorX(lon0 + x / PER_DEGREE) - X0;
        const my = mercatorY(lat0 + y / PER_DEGREE) - Y0;
        xs[at] = mx;
        ys[at] = my;
        at += 1;
        if (mx < x0) x0 = mx;
        if (mx > x1) x1 = mx;
        if (my < y0) y0 = my;
        if (my > y1) y1 = my;
      }
      start[p + 1] = at;
      box.set([x0, y0, x1, y1], p * 4);
    });
    return { xs, ys, start, box, n: paths.length };
  }

  // A Leaflet renderer that draws by a function of ours; Leaflet moves and scales its canvas during a zoom.
  const LandCanvas = L.Renderer.extend({
    initialize(draw, options) {
      L.Renderer.prototype.initialize.call(this, options);
      this._draw = draw;
      this._layers = {};
    },
    _initContainer() {
      this._container = document.createElement("canvas");
      this._container.className = "gw-canvas";
      this._pen = this._container.getContext("2d");
    },
    _destroyContainer() {
      this._container.remove();
    },
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      this.redraw();
    },
    // For paper: a picture, sharper and no larger than the map.  Not the canvas itself: Chromium prints a canvas a
    // few percent too small, beside the grids.
    print(before) {
      if (this._picture) this._picture.remove();
      this.options.padding = before ? 0 : 0.2;
      L.Renderer.prototype._update.call(this);
      this.redraw(before ? 3 : undefined);
      this._container.hidden = before;
      if (!before) return;
      this._picture = L.DomUtil.create("img", "gw-canvas", this.getPane());
      this._picture.src = this._container.toDataURL();
      this._picture.style.cssText = `position: absolute; left: 0; top: 0; ${this._container.style.cssText}`;
    },
    // sharpness: pixels of the canvas per CSS pixel; printing asks for more than the screen has.
    redraw(sharpness = Math.min(window.devicePixelRatio || 1, 2)) {
      if (!this._bounds) return;
      const { min } = this._bounds;
      const size = this._bounds.getSize();
      const canvas = this._container;
      L.DomUtil.setPosition(canvas, min);
      canvas.width = Math.round(size.x * sharpness);
      canvas.height = Math.round(size.y * sharpness);
      canvas.style.width = `${size.x}px`;
      canvas.style.height = `${size.y}px`;
      const pen = this._pen;
      pen.setTransform(sharpness, 0, 0, sharpness, 0, 0);
      pen.lineJoin = "round";
      pen.lineCap = "round";
      this._draw(new View(this._map, min, size, pen));
    },
  });

  // One drawing: where the world stands on the canvas now.
  class View {
    constructor(map, min, size, pen) {
      const zoom = map.getZoom();
      const origin = map.latLngToLayerPoint([lat0, lon0]);
      this.pen = pen;
      this.scale = 256 * 2 ** zoom;
      this.dx = origin.x - min.x;
      this.dy = origin.y - min.y;
      this.metresPerPx = (40075016.686 * Math.cos((lat0 * Math.PI) / 180)) / this.scale;
      this.size = size;
    }

    seen(box, p, pad = 8) {
      const { scale, dx, dy, size } = this;
      return (
        box[p * 4 + 2] * scale + dx > -pad && box[p * 4] * scale + dx < size.x + pad &&
        box[p * 4 + 3] * scale + dy > -pad && box[p * 4 + 1] * scale + dy < size.y + pad
      );
    }

    // Put the visible paths on the pen; smaller than half a pixel is left out.
    trace(shapes, closed) {
      const { pen, scale, dx, dy } = this;
      const { xs, ys, start, box } = shapes;
      pen.beginPath();
      for (let p = 0; p < shapes.n; p += 1) {
        if (!this.seen(box, p)) continue;
        if (closed && (box[p * 4 + 2] - box[p * 4]) * scale < 0.5 && (box[p * 4 + 3] - box[p * 4 + 1]) * scale < 0.5) {
          continue;
        }
        const end = start[p + 1];
        let i = start[p];
        pen.moveTo(xs[i] * scale + dx, ys[i] * scale + dy);
        for (i += 1; i < end; i += 1) pen.lineTo(xs[i] * scale + dx, ys[i] * scale + dy);
        // Not closePath: it looks at the whole path so far, seconds for a city.
        if (closed) pen.lineTo(xs[start[p]] * scale + dx, ys[start[p]] * scale + dy);
      }
    }

    fill(shapes, colour, opacity = 1) {
      this.trace(shapes, true);
      this.pen.globalAlpha = opacity;
      this.pen.fillStyle = colour;
      this.pen.fill();
      this.pen.globalAlpha = 1;
    }

    line(shapes, closed, colour, width, { opacity = 1, dash = [], traced = false } = {}) {
      const { pen } = this;
      if (!traced) this.trace(shapes, closed);
      pen.globalAlpha = opacity;
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.setLineDash(dash);
      pen.stroke();
      pen.setLineDash([]);
      pen.globalAlpha = 1;
    }

    // One symbol per point.
    points(shapes, paint) {
      const { pen, scale, dx, dy } = this;
      for (let p = 0; p < shapes.n; p += 1) {
        if (this.seen(shapes.box, p, 16)) paint(pen, shapes.xs[p] * scale + dx, shapes.ys[p] * scale + dy);
      }
    }
  }

  const flat = (groups) => groups.flat();
  const land = data.ground;
  const shapes = {
    communities: project(flat(data.communities.map((c) => c.rings))),
    grids: project(flat(data.grids.map((g) => g.rings))),
    old: project(data.old_lines || []), // borders of an earlier plan
  };
  if (land) {
    Object.assign(shapes, {
      water: project(flat(land.water)),
      rivers: project(land.rivers),
      railways: project(land.railways),
      walls: project(land.walls),
      green: project(flat(land.estates.filter((e) => e.green).map((e) => e.rings))),
      estates: project(flat(land.estates.filter((e) => !e.green).map((e) => e.rings))),
      streets: land.streets.map(project),
      buildings: project(flat(land.buildings)),
      buildingPoints: project(land.building_points.filter((p) => p.length)),
      cameras: project(land.cameras),
      posts: project(land.posts.map((p) => p.spot)),
    });
  }

  const { colours, street_widths_m: widths, street_least_px: least, street_from_m_per_px: from } = data.style;

  function drawUnder(view) {
    view.fill(shapes.communities, colours.land);
  }

  function drawStreets(view) {
    const drawn = shapes.streets
      .map((lines, rank) => ({ lines, rank, px: Math.max(least[rank], widths[rank] / view.metresPerPx) }))
      .filter(({ rank }) => view.metresPerPx <= from[rank])
      .reverse();
    // All casings first, then all surfaces: crossings stay open.
    for (const { lines, rank, px } of drawn) {
      if (rank === 5) view.line(lines, false, colours.lane, Math.min(1.4, px), { dash: [3, 3], opacity: 0.8 });
      else view.line(lines, false, colours["street-edge"], px + (px > 3 ? 1.6 : 1.1), { opacity: 0.75 });
    }
    for (const { lines, rank, px } of drawn) {
      if (rank < 5) view.line(lines, false, colours.street, px);
    }
  }

  function drawOver(view, show) {
    const mpp = view.metresPerPx;
    if (land && show.estates) {
      view.fill(shapes.green, colours.green, 0.75);
      view.fill(shapes.estates, colours.estate, 0.09);
      if (mpp < 14) view.line(shapes.estates, true, colours.estate, mpp < 4 ? 1.5 : 1, { opacity: 0.7, dash: [1.5, 3] });
    }
    if (land && show.water) {
      view.line(shapes.rivers, false, colours.water, Math.max(1.6, 14 / mpp));
      view.fill(shapes.water, colours.water);
      view.line(shapes.water, true, colours["water-edge"], 0.8, { opacity: 0.7 });
    }
    if (land && show.buildings && mpp <= data.style.buildings_from_m_per_px) {
      const near = mpp < 1.6;
      view.fill(shapes.buildings, colours.building, near ? 0.42 : 0.34);
      if (near) view.line(shapes.buildings, true, colours.building, 0.8, { opacity: 0.75, traced: true });
      const half = Math.max(1.5, 6 / mpp);
      view.points(shapes.buildingPoints, (pen, x, y) => {
        pen.fillStyle = colours.building;
        pen.globalAlpha = 0.55;
        pen.fillRect(x - half, y - half, 2 * half, 2 * half);
        pen.globalAlpha = 1;
      });
    }
    if (land && show.streets) drawStreets(view);
    if (land && show.water) {
      view.line(shapes.railways, false, colours.railway, mpp < 6 ? 3 : 1.8);
      view.line(shapes.railways, false, colours.paper, mpp < 6 ? 1.4 : 0.8, { dash: [6, 6], traced: true });
    }
    if (land && show.estates && mpp < 4) view.line(shapes.walls, false, colours.wall, 1.2, { opacity: 0.8 });
    if (show.old && mpp < 50) {
      // Under the borders of today: what is seen of it is where they differ.
      view.line(shapes.old, false, colours.paper, mpp < 6 ? 4.4 : 3, { opacity: 0.8 });
      view.line(shapes.old, false, colours["old-edge"], mpp < 6 ? 2.2 : 1.4, { dash: mpp < 6 ? [7, 4] : [4, 3] });
    }
    if (show.borders) {
      const wide = mpp < 6 ? 1.8 : mpp < 20 ? 1.2 : mpp < 50 ? 0.7 : 0.35;
      if (mpp < 20) view.line(shapes.grids, true, colours.paper, wide * 2.2, { opacity: 0.65 });
      view.line(shapes.grids, true, colours["grid-edge"], wide);
    }
    if (show.communities) {
      const wide = mpp < 6 ? 4 : mpp < 20 ? 2.8 : mpp < 50 ? 1.6 : 0.9;
      if (mpp < 50) view.line(shapes.communities, true, colours.paper, wide * 2, { opacity: 0.8 });
      view.line(shapes.communities, true, colours["community-edge"], wide);
    }
    if (land && show.cameras) {
      view.points(shapes.cameras, (pen, x, y) => {
        pen.beginPath();
        pen.arc(x, y, mpp < 3 ? 4.5 : mpp < 8 ? 2.8 : 1.4, 0, 7);
        pen.fillStyle = colours.camera;
        pen.fill();
        if (mpp >= 8) return;
        pen.strokeStyle = colours.paper;
        pen.lineWidth = 1.2;
        pen.stroke();
      });
    }
    if (land && show.posts) {
      const r = mpp < 3 ? 7 : mpp < 8 ? 4.5 : 2.4;
      view.points(shapes.posts, (pen, x, y) => {
        pen.beginPath();
        pen.moveTo(x, y - r);
        pen.lineTo(x + r, y + r * 0.8);
        pen.lineTo(x - r, y + r * 0.8);
        pen.closePath();
        pen.fillStyle = colours.post;
        pen.fill();
        if (mpp >= 8) return;
        pen.strokeStyle = colours.paper;
        pen.lineWidth = 1.4;
        pen.stroke();
      });
    }
  }

  Object.assign(gridwright, { unpack, project, toLatLng, landShapes: shapes, View, LandCanvas, drawUnder, drawOver });
})();
