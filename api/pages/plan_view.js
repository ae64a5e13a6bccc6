// A canvas that shows a plan: the painted ground is kept as a picture, so that moving the map costs no painting; what
// changes every moment (what is held, chosen, pointed at) is painted over it.
import { GroundMap } from "./desk_map.js";
import { GroundIndex, boxOf } from "./plan_index.js";
import { paintBorders, paintFills, paintLabels, shadesOf, tileOf } from "./plan_paint.js";

const MARGIN = 0.15; // of the view, painted around it
const QUICK_MS = 24; // so long a painting may take to be made again in every frame
const SETTLE_MS = 90;
const indexes = new WeakMap();

export function indexOf(ground) {
  if (!indexes.has(ground)) indexes.set(ground, new GroundIndex(ground));
  return indexes.get(ground);
}

export class PlanView {
  // facts(): {plan, atomGrid, layers, colour}; beneath(pen, view) is painted between fills and borders.
  constructor(canvas, facts, { beneath = () => {} } = {}) {
    this.facts = facts;
    this.beneath = beneath;
    this.overlays = [];
    this.picture = document.createElement("canvas");
    this.drawn = null; // what the picture shows: {scale, middle, width, height}
    this.isStale = true;
    this.took = 0;
    this.map = new GroundMap(canvas, () => this.paint());
  }

  // Painted at each painting, the lower order first.
  overlay(order, paint) {
    this.overlays.push({ order, paint });
    this.overlays.sort((a, b) => a.order - b.order);
  }

  setGround(ground) {
    this.map.setOrigin(ground.origin);
    this.index = indexOf(ground);
    this.shades = null;
    this.stale();
  }

  // Something of the plan changed.
  stale() {
    this.isStale = true;
    this.map.draw();
  }

  // Grids came or went, or another plan is shown.
  restyle() {
    this.shades = null;
    this.stale();
  }

  paint() {
    const { map } = this;
    const { plan } = this.facts();
    const { pen } = map;
    pen.clearRect(0, 0, map.width, map.height);
    if (!plan || !this.index) return;
    const isMoved = !this.drawn || this.drawn.scale !== map.scale || !this.covers();
    if (this.isStale || (isMoved && this.took <= QUICK_MS)) this.repaint(plan);
    else if (isMoved) this.repaintSoon();
    this.showPicture();
    for (const one of this.overlays) {
      pen.save();
      one.paint(pen, map, this.viewOf(map, map.scale, map.middle, map.width, map.height));
      pen.restore();
    }
  }

  covers() {
    const { map, drawn } = this;
    const spare = [(drawn.width - map.width) / 2 / map.scale, (drawn.height - map.height) / 2 / map.scale];
    return Math.abs(map.middle[0] - drawn.middle[0]) <= spare[0] && Math.abs(map.middle[1] - drawn.middle[1]) <= spare[1];
  }

  repaintSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.stale(), SETTLE_MS);
  }

  // Centimetres of the ground to pixels of a picture.
  viewOf(map, scale, middle, width, height) {
    const { plan, atomGrid, layers, colour } = this.facts();
    const half = [width / 2 / scale, height / 2 / scale];
    const box = [middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1]];
    return {
      plan, atomGrid, layers, colour, box, index: this.index, shades: this.shades, patterns: this.patterns,
      xy: plan.ground.xy, scale: scale / 100, metreScale: scale,
      dx: width / 2 - middle[0] * scale, dy: height / 2 - middle[1] * scale,
      toPixels: ([x, y]) => [(x - middle[0]) * scale + width / 2, (y - middle[1]) * scale + height / 2],
    };
  }

  repaint(plan) {
    const began = performance.now();
    const { map, picture } = this;
    const width = Math.round(map.width * (1 + 2 * MARGIN));
    const height = Math.round(map.height * (1 + 2 * MARGIN));
    const isResized = picture.width !== Math.round(width * map.sharpness) || picture.height !== Math.round(height * map.sharpness);
    if (isResized) {
      picture.width = Math.round(width * map.sharpness);
      picture.height = Math.round(height * map.sharpness);
    }
    const pen = picture.getContext("2d");
    if (isResized || !this.patterns) this.patterns = patternsOf(pen, map.sharpness);
    if (!this.shades || this.shades.length < plan.grids.length) this.shades = shadesOf(plan);
    pen.setTransform(map.sharpness, 0, 0, map.sharpness, 0, 0);
    pen.clearRect(0, 0, width, height);
    const view = this.viewOf(map, map.scale, map.middle, width, height);
    view.atoms = this.index.within(view.box);
    if (view.layers.fills) paintFills(pen, view);
    this.beneath(pen, view);
    paintBorders(pen, view);
    if (view.layers.labels) paintLabels(pen, view);
    this.drawn = { scale: map.scale, middle: [...map.middle], width, height };
    this.isStale = false;
    this.took = performance.now() - began;
    clearTimeout(this.timer);
  }

  showPicture() {
    const { map, drawn, picture } = this;
    const zoom = map.scale / drawn.scale;
    const [px, py] = map.toPixels(drawn.middle);
    const wide = drawn.width * zoom;
    const high = drawn.height * zoom;
    map.pen.imageSmoothingEnabled = zoom !== 1;
    // Whole pixels of the screen: otherwise every move would blur.
    const sharp = (value) => Math.round(value * map.sharpness) / map.sharpness;
    map.pen.drawImage(picture, sharp(px - wide / 2), sharp(py - high / 2), wide, high);
  }

  atomAt(place) {
    return this.index ? this.index.at(place) : -1;
  }

  fitAtoms(atoms, options) {
    const [x0, y0, x1, y1] = boxOf(this.index, atoms);
    if (Number.isFinite(x0)) this.map.fit([[x0, y0], [x1, y1]], options);
  }

  fitAll() {
    const [x0, y0, x1, y1] = this.index.box;
    this.map.fit([[x0, y0], [x1, y1]], { most: 4, pad: 24 });
  }
}

function patternsOf(pen, sharpness) {
  const found = {};
  for (const style of ["low", "high", "none", "new"]) {
    const pattern = pen.createPattern(tileOf(style, sharpness), "repeat");
    pattern.setTransform(new DOMMatrix().scale(1 / sharpness));
    found[style] = pattern;
  }
  return found;
}

// Views that move together.
export function sync(views) {
  let isLed = false;
  const follow = (leader) => () => {
    if (isLed) return;
    isLed = true;
    for (const view of views) {
      if (view !== leader) view.map.centre(fromTo(leader, view), leader.map.scale);
    }
    isLed = false;
  };
  for (const view of views) {
    const draw = view.map.draw.bind(view.map);
    const tellOthers = follow(view);
    view.map.draw = () => {
      draw();
      tellOthers();
    };
  }
}

// The middle of one view in the metres of another, whose origin may lie elsewhere.
function fromTo(leader, view) {
  const [lon0, lat0] = leader.map.origin;
  const [x, y] = leader.map.middle;
  const lon = lon0 + x / (111320 * Math.cos((lat0 * Math.PI) / 180));
  const lat = lat0 - y / 111320;
  return view.map.place([lon, lat]);
}
