// What was said about the plans that are compared: every note once, open ones first, and where it is pinned.
import { make, say } from "./desk_words.js";
import { dayText } from "./plan_choose.js";

// notes of each plan -> one list; a note that a scenario took over from its parent stands once, under its own plan.
export function gathered(told) {
  const found = new Map();
  told.forEach((notes, at) => {
    for (const one of notes) {
      const key = `${one.plan}/${one.number}`;
      const known = found.get(key);
      if (known) known.sides.push(at);
      else if (!one.removed_at) found.set(key, { ...one, sides: [at] });
    }
  });
  return [...found.values()].sort((one, two) => (one.state === two.state ? two.at.localeCompare(one.at) : one.state === "open" ? -1 : 1));
}

export function fillNotes(box, notes, shown) {
  if (!notes.length) {
    box.replaceChildren(make("p", say("scen_no_notes"), "empty"));
    return;
  }
  const list = make("ul", null, "said");
  for (const one of notes) {
    const letters = one.sides.map((at) => make("span", "ABC"[at], "letter"));
    const state = make("span", say(`scen_note_${one.state}`), `chip note-${one.state}`);
    const facts = [one.grid, say(`scen_role_${one.role}`), one.who, dayText(one.at)].filter(Boolean).join(" · ");
    const go = make("button", [make("span", [...letters, state], "line"), make("bdi", one.text, "note-text"), make("span", facts, "soft")]);
    go.type = "button";
    go.addEventListener("click", () => shown(one));
    const answers = one.answers.filter((answer) => !answer.removed_at).map((answer) => make("li", [make("bdi", answer.text, "note-text"), make("span", [say(`scen_role_${answer.role}`), answer.who, dayText(answer.at)].filter(Boolean).join(" · "), "soft")]));
    list.append(make("li", [go, ...(answers.length ? [make("ul", answers, "answers")] : [])]));
  }
  box.replaceChildren(list);
}

// Pins: open ones filled, settled ones hollow and crossed out.
export function paintPins(pen, map, notes, chosen) {
  for (const one of notes) {
    const [x, y] = map.toPixels(map.place([one.lon, one.lat]));
    if (x < -20 || y < -20 || x > map.width + 20 || y > map.height + 20) continue;
    const isOpen = one.state === "open";
    const size = one === chosen ? 11 : 8;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x - size * 0.7, y - size * 1.3);
    pen.arc(x, y - size * 1.9, size, Math.PI * 0.78, Math.PI * 0.22);
    pen.closePath();
    pen.fillStyle = isOpen ? "#8a1457" : "#ffffff";
    pen.strokeStyle = isOpen ? "#ffffff" : "#4b5865";
    pen.lineWidth = 2;
    pen.fill();
    pen.stroke();
    if (isOpen) continue;
    pen.beginPath();
    pen.moveTo(x - size * 0.5, y - size * 1.9);
    pen.lineTo(x - 1, y - size * 1.4);
    pen.lineTo(x + size * 0.6, y - size * 2.5);
    pen.stroke();
  }
}
