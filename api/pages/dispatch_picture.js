// A picture of a part of the map, kept so that moving the map costs no painting: it is painted a little wider than the
// view, moved along, and painted anew once it no longer covers the view, its scale changed, or what it shows did.
const MARGIN = 0.3; // of the view, painted around it
const QUICK_MS = 12; // so long a painting may take to be made again in every frame
const SETTLE_MS = 90;
const LEAST_APART_MS = 120; // between two paintings because something changed

export class Picture {
  // paint(pen, view): view has scale, box (metres), width, height and toPixels of the picture.
  constructor(map, paint) {
    this.map = map;
    this.paint = paint;
    this.canvas = document.createElement("canvas");
    this.drawn = null;
    this.isStale = true;
    this.took = 0;
    this.painted = 0; // how often, for whoever measures
    this.lastAt = -Infinity;
    this.timer = 0;
  }

  stale() {
    this.isStale = true;
    this.map.draw();
  }

  show() {
    const { map, drawn } = this;
    const isNew = !drawn || drawn.sharpness !== map.sharpness;
    const isMoved = isNew || drawn.scale !== map.scale || !this.covers();
    const isLate = performance.now() - this.lastAt >= LEAST_APART_MS;
    if (isNew || (this.isStale && isLate) || (isMoved && this.took <= QUICK_MS)) this.repaint();
    else if (this.isStale || isMoved) this.repaintSoon(this.isStale ? LEAST_APART_MS : SETTLE_MS);
    this.put();
  }

  covers() {
    const { map, drawn } = this;
    const spare = [(drawn.width - map.width) / 2 / map.scale, (drawn.height - map.height) / 2 / map.scale];
    return Math.abs(map.middle[0] - drawn.middle[0]) <= spare[0] && Math.abs(map.middle[1] - drawn.middle[1]) <= spare[1];
  }

  repaintSoon(ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.lastAt = -Infinity;
      this.stale();
    }, ms);
  }

  repaint() {
    const began = performance.now();
    const { map, canvas } = this;
    const width = Math.round(map.width * (1 + 2 * MARGIN));
    const height = Math.round(map.height * (1 + 2 * MARGIN));
    const [wide, high] = [Math.round(width * map.sharpness), Math.round(height * map.sharpness)];
    if (canvas.width !== wide || canvas.height !== high) [canvas.width, canvas.height] = [wide, high];
    const pen = canvas.getContext("2d");
    pen.setTransform(map.sharpness, 0, 0, map.sharpness, 0, 0);
    pen.clearRect(0, 0, width, height);
    this.paint(pen, viewOf(map, width, height));
    this.drawn = { scale: map.scale, middle: [...map.middle], width, height, sharpness: map.sharpness };
    this.isStale = false;
    this.lastAt = performance.now();
    this.took = this.lastAt - began;
    this.painted += 1;
    clearTimeout(this.timer);
  }

  put() {
    const { map, drawn, canvas } = this;
    const zoom = map.scale / drawn.scale;
    const [px, py] = map.toPixels(drawn.middle);
    const [wide, high] = [drawn.width * zoom, drawn.height * zoom];
    // Whole pixels of the screen: otherwise every move would blur.
    const sharp = (value) => Math.round(value * map.sharpness) / map.sharpness;
    map.pen.drawImage(canvas, sharp(px - wide / 2), sharp(py - high / 2), wide, high);
  }
}

function viewOf(map, width, height) {
  const { scale, middle: [mx, my], sharpness } = map;
  const half = [width / 2 / scale, height / 2 / scale];
  return {
    scale, width, height, sharpness,
    box: [mx - half[0], my - half[1], mx + half[0], my + half[1]],
    toPixels: ([x, y]) => [(x - mx) * scale + width / 2, (y - my) * scale + height / 2],
    // Lets paths in metres be drawn: lines are as wide as `px / scale`.
    inMetres: (pen, act) => {
      pen.save();
      pen.setTransform(scale * sharpness, 0, 0, scale * sharpness, (width / 2 - mx * scale) * sharpness, (height / 2 - my * scale) * sharpness);
      act();
      pen.restore();
    },
  };
}
