// The map: where the world stands on the canvas, and moving it by finger, mouse and keyboard.  What is drawn on it, and
// how, each desk decides for itself.
const METRES_PER_DEGREE = 111320;
const LEAST_SCALE = 0.01;
const MOST_SCALE = 20; // pixels per metre

export class GroundMap {
  constructor(canvas, paint) {
    this.canvas = canvas;
    this.paint = paint;
    this.pen = canvas.getContext("2d");
    this.origin = [0, 0];
    this.scale = 1;
    this.middle = [0, 0]; // of the view, in metres from the origin, y to the south
    this.onMoved = () => {};
    this.onTapped = () => {};
    this.hand = null; // takes what is pressed and drawn: {down(at, event) -> whether it does, move, up, cancel, hover}
    this.isPanning = false; // whatever the hand is: the map moves
    this.asked = 0;
    this.fingers = new Map();
    new ResizeObserver(() => this.resized()).observe(canvas);
    this.listen();
  }

  // Longitude and latitude as metres from the origin.
  place([lon, lat]) {
    const [lon0, lat0] = this.origin;
    const shrink = Math.cos((lat0 * Math.PI) / 180);
    return [(lon - lon0) * METRES_PER_DEGREE * shrink, (lat0 - lat) * METRES_PER_DEGREE];
  }

  line(coordinates) {
    return coordinates.map((at) => this.place(at));
  }

  toPixels([x, y]) {
    return [(x - this.middle[0]) * this.scale + this.width / 2, (y - this.middle[1]) * this.scale + this.height / 2];
  }

  toMetres([px, py]) {
    return [(px - this.width / 2) / this.scale + this.middle[0], (py - this.height / 2) / this.scale + this.middle[1]];
  }

  setOrigin(lonLat) {
    this.origin = lonLat;
  }

  // Show all of some places (in metres); a finger's width stays free around them.
  fit(places, { most = 4, pad = 34 } = {}) {
    this.wanted = null;
    if (!places.length) return;
    if (!this.width) {
      this.wanted = [places, { most, pad }]; // as soon as the map is seen
      return;
    }
    let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [x, y] of places) {
      x0 = Math.min(x0, x);
      y0 = Math.min(y0, y);
      x1 = Math.max(x1, x);
      y1 = Math.max(y1, y);
    }
    this.middle = [(x0 + x1) / 2, (y0 + y1) / 2];
    const wide = Math.max(this.width - 2 * pad, 40) / Math.max(x1 - x0, 1);
    const high = Math.max(this.height - 2 * pad, 40) / Math.max(y1 - y0, 1);
    this.scale = Math.min(wide, high, most);
    this.draw();
  }

  centre(place, scale = this.scale) {
    this.middle = [...place];
    this.scale = scale;
    this.draw();
  }

  resized() {
    const { clientWidth, clientHeight } = this.canvas;
    const sharpness = this.fixedSharpness || Math.min(window.devicePixelRatio || 1, 3);
    this.width = clientWidth;
    this.height = clientHeight;
    this.canvas.width = Math.round(clientWidth * sharpness);
    this.canvas.height = Math.round(clientHeight * sharpness);
    this.sharpness = sharpness;
    if (this.wanted && clientWidth) this.fit(...this.wanted);
    else this.drawNow();
  }

  draw() {
    if (!this.asked) this.asked = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    cancelAnimationFrame(this.asked);
    this.asked = 0;
    if (!this.width) return;
    this.pen.setTransform(this.sharpness, 0, 0, this.sharpness, 0, 0);
    this.paint(this);
  }

  zoom(factor, [px, py] = [this.width / 2, this.height / 2]) {
    const [x, y] = this.toMetres([px, py]);
    this.scale = Math.min(Math.max(this.scale * factor, LEAST_SCALE), MOST_SCALE);
    this.middle = [x - (px - this.width / 2) / this.scale, y - (py - this.height / 2) / this.scale];
    this.draw();
  }

  pan(dx, dy) {
    this.middle = [this.middle[0] - dx / this.scale, this.middle[1] - dy / this.scale];
    this.draw();
    this.onMoved();
  }

  // -- fingers, mouse, keys

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  listen() {
    const { canvas, fingers } = this;
    let travelled = 0;
    let isHeld = false; // by the hand
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button > 1 || (event.button === 1 && !this.hand)) return;
      if (event.button === 1) event.preventDefault(); // the middle button moves the map and does not scroll
      if (!fingers.size) travelled = 0;
      fingers.set(event.pointerId, this.at(event));
      canvas.setPointerCapture(event.pointerId);
      if (isHeld) this.hand.cancel(); // a second finger: the map is moved
      const isFree = fingers.size === 1 && this.hand && event.button === 0 && !this.isPanning;
      isHeld = Boolean(isFree && this.hand.down(this.toMetres(this.at(event)), event));
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      const now = this.at(event);
      if (!before) {
        if (this.hand) this.hand.hover(this.toMetres(now), event);
        return;
      }
      if (isHeld) {
        fingers.set(event.pointerId, now);
        this.hand.move(this.toMetres(now), event);
        return;
      }
      if (fingers.size === 1) {
        travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
        if (travelled > 6) this.pan(now[0] - before[0], now[1] - before[1]);
      } else {
        this.pinch(event.pointerId, before, now);
        travelled = Infinity;
      }
      fingers.set(event.pointerId, now);
    });
    const lift = (event) => {
      const was = fingers.get(event.pointerId);
      fingers.delete(event.pointerId);
      if (isHeld && was) {
        isHeld = false;
        if (event.type === "pointerup") this.hand.up(this.toMetres(this.at(event)), event);
        else this.hand.cancel();
        return;
      }
      if (was && event.type === "pointerup" && travelled <= 6) this.onTapped(this.toMetres(was), 22 / this.scale);
    };
    canvas.addEventListener("pointerup", lift);
    canvas.addEventListener("pointercancel", lift);
    canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom(2 ** (-event.deltaY / 240), this.at(event));
      },
      { passive: false },
    );
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (step) this.pan(...step);
      else if (event.key === "+" || event.key === "=") this.zoom(1.5);
      else if (event.key === "-") this.zoom(1 / 1.5);
      else return;
      event.preventDefault();
    });
  }

  pinch(id, before, now) {
    const others = [...this.fingers].filter(([other]) => other !== id).map(([, at]) => at);
    const [ox, oy] = others[0];
    const was = Math.hypot(before[0] - ox, before[1] - oy);
    const is = Math.hypot(now[0] - ox, now[1] - oy);
    this.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    if (was > 8 && is > 8) this.zoom(is / was, [(now[0] + ox) / 2, (now[1] + oy) / 2]);
  }
}

// Metres along a line, and from it, at the place of the line that is nearest to a point.
export function nearest(line, [x, y]) {
  let best = { along: 0, away: Infinity };
  let begun = 0;
  for (let i = 1; i < line.length; i += 1) {
    const [ax, ay] = line[i - 1];
    const [bx, by] = line[i];
    const long = Math.hypot(bx - ax, by - ay);
    const share = long ? Math.min(Math.max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / (long * long), 0), 1) : 0;
    const away = Math.hypot(ax + share * (bx - ax) - x, ay + share * (by - ay) - y);
    if (away < best.away) best = { along: begun + share * long, away };
    begun += long;
  }
  if (line.length === 1) best.away = Math.hypot(line[0][0] - x, line[0][1] - y);
  return best;
}
