// The maps of plans side by side: moved together, one cross-hair on all of them, and the ground that changed hands.
import { make, say } from "./desk_words.js";
import { paintPins } from "./plan_compare_notes.js";
import { outline, PlanView, sync } from "./plan_map.js";
import { shortCode } from "./plan_paint.js";
import { kept } from "./plan_state.js";

const METRES_PER_DEGREE = 111320;
const CHANGE_FILL = "rgba(11, 83, 148, 0.20)";
const CHANGE_LINE = "#0b5394";
const CROSS = "#a3005c";

// Ground that changed hands, ready for a map with some origin: rings in metres, with the box of each.
export class ChangedGround {
  constructor(features) {
    this.features = features.map((one) => ({ ...one.properties, polygons: one.geometry.type === "Polygon" ? [one.geometry.coordinates] : one.geometry.coordinates }));
    for (const one of this.features) {
      one.box = boxOf(one.polygons);
      one.spot = middleOf(one.polygons);
    }
  }

  // What changed hands at a place: its row, or null.
  at([lon, lat]) {
    for (const one of this.features) {
      const [west, south, east, north] = one.box;
      if (lon < west || lon > east || lat < south || lat > north) continue;
      if (one.polygons.some((rings) => isInside(rings, lon, lat))) return one;
    }
    return null;
  }

  trace(map, only = null) {
    const path = new Path2D();
    for (const one of this.features) {
      if (only && one !== only) continue;
      for (const rings of one.polygons) {
        for (const ring of rings) {
          ring.forEach((place, i) => {
            const [x, y] = map.toPixels(map.place(place));
            if (i) path.lineTo(x, y);
            else path.moveTo(x, y);
          });
          path.closePath();
        }
      }
    }
    return path;
  }
}

function boxOf(polygons) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const rings of polygons) {
    for (const [lon, lat] of rings[0]) {
      box[0] = Math.min(box[0], lon);
      box[1] = Math.min(box[1], lat);
      box[2] = Math.max(box[2], lon);
      box[3] = Math.max(box[3], lat);
    }
  }
  return box;
}

// The middle of the largest part.
function middleOf(polygons) {
  let best = { area: 0, spot: polygons[0][0][0] };
  for (const [ring] of polygons) {
    let [area, x, y] = [0, 0, 0];
    const [ox, oy] = ring[0];
    for (let i = 1; i < ring.length; i += 1) {
      const [ax, ay, bx, by] = [ring[i - 1][0] - ox, ring[i - 1][1] - oy, ring[i][0] - ox, ring[i][1] - oy];
      const cross = ax * by - bx * ay;
      area += cross / 2;
      x += ((ax + bx) * cross) / 6;
      y += ((ay + by) * cross) / 6;
    }
    if (Math.abs(area) > best.area) best = { area: Math.abs(area), spot: [ox + x / area, oy + y / area] };
  }
  return best.spot;
}

function isInside(rings, lon, lat) {
  let isIn = false;
  for (const ring of rings) {
    for (let i = 1; i < ring.length; i += 1) {
      const [[ax, ay], [bx, by]] = [ring[i - 1], ring[i]];
      if (ay > lat !== by > lat && lon < ((bx - ax) * (lat - ay)) / (by - ay) + ax) isIn = !isIn;
    }
  }
  return isIn;
}

const lonLatOf = (map, [x, y]) => {
  const [lon0, lat0] = map.origin;
  return [lon0 + x / (METRES_PER_DEGREE * Math.cos((lat0 * Math.PI) / 180)), lat0 - y / METRES_PER_DEGREE];
};

// sides: [{name, plan (a model)}].  Gives {views, show(row), mark(ground), fit(), alone(at), cross}.
export function makeMaps(box, readout, sides) {
  const shown = { cross: null, grids: sides.map(() => []), ground: null, isMarked: true, isNamed: false, over: null, notes: [], note: null };
  const figures = sides.map((side, at) => {
    const canvas = make("canvas");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", say("scen_map_of", { letter: "ABC"[at], name: side.name }));
    const figure = make("figure", [canvas, make("figcaption", [make("span", "ABC"[at], "letter"), make("bdi", side.name)])]);
    figure.dataset.side = String(at);
    return { figure, canvas };
  });
  box.replaceChildren(...figures.map((one) => one.figure));
  const views = sides.map((side, at) => {
    // What is known of the land alone, for all of them the same.
    const layers = { ...kept().layers, labels: true, fills: true, borders: true };
    const view = new PlanView(figures[at].canvas, () => ({ plan: side.plan, atomGrid: side.plan.atomGrid, layers, colour: kept().colour }));
    view.setGround(side.plan.ground);
    view.overlay(40, (pen, map) => paintChanged(pen, map, shown));
    view.overlay(50, (pen, _, seen) => paintChosen(pen, seen, side.plan, shown.grids[at]));
    view.overlay(55, (pen, map) => nameChanged(pen, map, shown));
    view.overlay(70, (pen, map) => paintPins(pen, map, shown.notes, shown.note));
    view.overlay(60, (pen, map) => paintCross(pen, map, shown.cross));
    view.map.hand = {
      down: () => false,
      move() {},
      up() {},
      cancel() {},
      hover: (place) => point(lonLatOf(view.map, place)),
    };
    view.map.onTapped = (place) => point(lonLatOf(view.map, place));
    figures[at].canvas.addEventListener("pointerleave", () => point(null));
    return view;
  });
  sync(views);

  function point(place) {
    shown.cross = place;
    shown.over = place && shown.ground ? shown.ground.at(place) : null;
    for (const view of views) view.map.draw();
    readout.replaceChildren(...(place ? told(place) : [make("span", say("scen_point"), "soft")]));
  }

  // What lies under the cross-hair, in each plan, and whether it changed hands.
  function told(place) {
    const parts = sides.map((side, at) => {
      const view = views[at];
      const atom = view.atomAt(view.map.place(place));
      const grid = atom >= 0 ? side.plan.grids[side.plan.atomGrid[atom]] : null;
      const text = grid ? say("scen_grid_here", { code: shortCode(grid), name: grid.name || "", households: grid.households }) : say("scen_no_grid_here");
      return make("span", [make("span", "ABC"[at], "letter"), make("bdi", text)], "where");
    });
    const { over } = shown;
    if (over) {
      const [old, now] = shortCodes(over.old, over.new);
      parts.push(make("strong", say("scen_moved_here", { old, now, households: over.households, area: (over.area_m2 / 1e4).toFixed(2) })));
    }
    return parts;
  }

  point(null);
  return {
    views,
    point,
    // Ground that changed hands between the first plan and another.
    mark(ground) {
      shown.ground = ground;
      for (const view of views) view.map.draw();
    },
    markOn(isOn) {
      shown.isMarked = isOn;
      for (const view of views) view.map.draw();
    },
    // One row of the change list: outlined on all maps, and all of it in sight.
    show(codes) {
      let best = null;
      sides.forEach((side, at) => {
        const here = [...new Set(codes)].map((code) => side.plan.gridAt.get(code)).filter((one) => one !== undefined && !side.plan.grids[one].is_gone);
        shown.grids[at] = here;
        const atoms = here.flatMap((one) => [...side.plan.members[one]]);
        if (atoms.length && (!best || atoms.length > best.atoms.length)) best = { view: views[at], atoms };
      });
      if (best) best.view.fitAtoms(best.atoms, { most: 2, pad: 50 });
      for (const view of views) view.map.draw();
    },
    pin(notes) {
      shown.notes = notes;
      for (const view of views) view.map.draw();
    },
    // A note: in the middle, and its pin larger.
    showNote(note) {
      shown.note = note;
      const [view] = views;
      view.map.centre(view.map.place([note.lon, note.lat]), Math.max(view.map.scale, 0.6));
      for (const one of views) one.map.draw();
    },
    fit: () => views[0].fitAll(),
    // One map alone (the difference), or all of them (-1).
    alone(at) {
      shown.isNamed = at >= 0;
      figures.forEach((one, i) => { one.figure.hidden = at >= 0 && i !== at; });
    },
  };
}

function paintChanged(pen, map, { ground, isMarked, over }) {
  if (!ground || !isMarked || !ground.features.length) return;
  const path = ground.trace(map);
  pen.fillStyle = CHANGE_FILL;
  pen.fill(path, "evenodd");
  const pattern = pen.createPattern(hatch(map.sharpness), "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / map.sharpness));
  pen.fillStyle = pattern;
  pen.fill(path, "evenodd");
  pen.lineJoin = "round";
  pen.strokeStyle = "rgba(255,255,255,0.9)";
  pen.lineWidth = 4;
  pen.stroke(path);
  pen.strokeStyle = CHANGE_LINE;
  pen.lineWidth = 2;
  pen.stroke(path);
  if (over) {
    pen.lineWidth = 4;
    pen.strokeStyle = CROSS;
    pen.stroke(ground.trace(map, over));
  }
}

// From which grid to which, where there is room for it.
function nameChanged(pen, map, { ground, isMarked, isNamed }) {
  if (!ground || !isMarked || !isNamed) return;
  pen.font = '700 13px system-ui, "Noto Sans CJK SC", sans-serif';
  pen.textAlign = "center";
  pen.lineJoin = "round";
  for (const one of ground.features) {
    const [west, south, east, north] = one.box;
    const [x0, y0] = map.toPixels(map.place([west, north]));
    const [x1, y1] = map.toPixels(map.place([east, south]));
    if (x1 < 0 || y1 < 0 || x0 > map.width || y0 > map.height) continue;
    const text = shortCodes(one.old, one.new).join(" → ");
    if (x1 - x0 < pen.measureText(text).width || y1 - y0 < 44) continue;
    const [x, y] = map.toPixels(map.place(one.spot));
    pen.strokeStyle = "rgba(255,255,255,0.95)";
    pen.lineWidth = 5;
    // Above the name of the grid, which stands in its middle.
    pen.strokeText(text, x, y - 16);
    pen.fillStyle = "#072f55";
    pen.fillText(text, x, y - 16);
  }
}

// The last digits of both codes; more of them where grids of two communities have the same.
function shortCodes(old, now) {
  const long = old && now && old !== now && old.slice(-3) === now.slice(-3) ? -6 : -3;
  return [old, now].map((code) => (code ? code.slice(long) : say("scen_nobody")));
}

let hatched = null;

// Blue lines to the right, wider than any pattern of the band.
function hatch(sharpness) {
  if (hatched?.sharpness === sharpness) return hatched.tile;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 10 * sharpness;
  const pen = tile.getContext("2d");
  pen.scale(sharpness, sharpness);
  pen.strokeStyle = CHANGE_LINE;
  pen.lineWidth = 2;
  pen.beginPath();
  for (const shift of [-10, 0, 10]) {
    pen.moveTo(shift, 10);
    pen.lineTo(shift + 10, 0);
  }
  pen.stroke();
  hatched = { tile, sharpness };
  return tile;
}

function paintChosen(pen, seen, plan, grids) {
  for (const at of grids) outline(pen, seen, plan.members[at], { colour: "#b35c00", width: 3.5 });
}

function paintCross(pen, map, place) {
  if (!place) return;
  const [x, y] = map.toPixels(map.place(place));
  for (const [colour, width] of [["rgba(255,255,255,0.85)", 3], [CROSS, 1]]) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.beginPath();
    pen.moveTo(0, y);
    pen.lineTo(map.width, y);
    pen.moveTo(x, 0);
    pen.lineTo(x, map.height);
    pen.stroke();
  }
}
