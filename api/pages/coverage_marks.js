// Marks on the map: cameras, doors, posts, and what is proposed or tried.  Each kind has its own shape.
import { FONT, colours, fillShape, visible } from "./coverage_pen.js";

function disc(pen, [x, y], radius, fill, edge, width = 2) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 7);
  pen.fillStyle = fill;
  pen.fill();
  pen.strokeStyle = edge;
  pen.lineWidth = width;
  pen.stroke();
}

function camera(map, one) {
  const { pen } = map;
  const at = map.toPixels(one.at);
  const size = one.isChosen ? 8 : 5;
  if (one.assumed) {
    pen.setLineDash([3, 3]);
    pen.beginPath();
    pen.arc(...at, size + 4, 0, 7);
    pen.strokeStyle = colours.camera;
    pen.lineWidth = 1.4;
    pen.stroke();
    pen.setLineDash([]);
  }
  if (one.forbidden) {
    pen.fillStyle = colours.bad;
    pen.fillRect(at[0] - size - 1, at[1] - size - 1, 2 * size + 2, 2 * size + 2);
    disc(pen, at, size - 2, colours.paper, colours.paper, 1);
    return;
  }
  disc(pen, at, size, one.working ? colours.camera : colours.paper, one.working ? colours.paper : colours.camera);
  if (!one.working) cross(pen, at, size - 2, colours.camera);
}

function cross(pen, [x, y], size, colour) {
  pen.beginPath();
  for (const way of [1, -1]) {
    pen.moveTo(x - size, y - way * size);
    pen.lineTo(x + size, y + way * size);
  }
  pen.strokeStyle = colour;
  pen.lineWidth = 1.8;
  pen.stroke();
}

function labelled(map, { at, text, isChosen, verdict }, colour) {
  const { pen } = map;
  const [x, y] = map.toPixels(at);
  const size = isChosen ? 15 : 11;
  pen.save();
  pen.translate(x, y);
  pen.rotate(Math.PI / 4);
  pen.fillStyle = verdict === "refused" ? colours.paper : isChosen ? colours.chosen : colour;
  pen.strokeStyle = verdict === "refused" ? colours.ink : isChosen ? colours.ink : colours.paper;
  pen.lineWidth = 2;
  pen.fillRect(-size * 0.75, -size * 0.75, size * 1.5, size * 1.5);
  pen.strokeRect(-size * 0.75, -size * 0.75, size * 1.5, size * 1.5);
  pen.restore();
  pen.fillStyle = verdict === "refused" ? colours.ink : colours.paper;
  pen.font = `700 ${size}px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText({ accepted: "✓", refused: "×" }[verdict] || text, x, y + 0.5);
}

function looking(map, one) {
  if (one.heading === null || one.heading === undefined) return;
  const { pen } = map;
  const [x, y] = map.toPixels(one.at);
  const turn = (one.heading * Math.PI) / 180;
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x + Math.sin(turn) * 28, y - Math.cos(turn) * 28);
  pen.strokeStyle = colours.ink;
  pen.lineWidth = 3;
  pen.stroke();
}

export function paintPoints(map, scene) {
  const { pen } = map;
  for (const one of visible(map, scene.cameras)) camera(map, one);
  for (const one of visible(map, scene.doors)) {
    const at = map.toPixels(one.at);
    const isSmall = map.scale < 0.6 && !one.isChosen;
    disc(pen, at, one.isChosen ? 11 : isSmall ? 5 : 8, one.isChosen ? colours.chosen : colours.door, colours.paper);
    if (isSmall) continue;
    pen.fillStyle = colours.paper;
    pen.font = `700 ${one.isChosen ? 13 : 11}px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(one.text, at[0], at[1] + 0.5);
  }
  for (const one of visible(map, scene.posts)) {
    const [x, y] = map.toPixels(one.at);
    pen.fillStyle = colours.post;
    pen.strokeStyle = colours.paper;
    pen.lineWidth = 2.5;
    pen.beginPath();
    pen.moveTo(x, y - 11);
    pen.lineTo(x + 10, y + 7);
    pen.lineTo(x - 10, y + 7);
    pen.closePath();
    pen.stroke();
    pen.fill();
  }
  for (const list of [scene.proposals, scene.tried, scene.newPosts]) {
    const shown = visible(map, list);
    for (const one of shown) if (one.rings && one.isChosen) fillShape(map, one.rings, colours.chosen, 0.28, colours.ink, 1.6);
    for (const one of shown) if (!one.isChosen) labelled(map, one, colours.new);
    for (const one of shown) {
      if (!one.isChosen) continue;
      looking(map, one);
      labelled(map, one, colours.new);
    }
  }
}
