// A text field with a list of what may be meant, worked by arrows, Enter and the pointer; the field keeps the focus.
import { make } from "./desk_words.js";

let made = 0;

// {id, label, max, onText(text), rowOf(one) -> contents of a row, onTake(one), onEnter() where no row is chosen}
// Gives {box, field, list, show(rows, {chosen, note}), close(), isOpen(), chosen()}.
export function comboBox({ id, onText, rowOf, onTake, onEnter = () => {}, max = 200, name }) {
  made += 1;
  const field = make("input");
  field.id = id;
  field.type = "text";
  field.maxLength = max;
  field.autocomplete = "off";
  field.spellcheck = false;
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  const list = make("ul", null, "choices");
  list.id = `${id}-list-${made}`;
  list.setAttribute("role", "listbox");
  list.hidden = true;
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");
  let rows = [];
  let here = -1;

  function mark(place) {
    here = place;
    [...list.children].forEach((row, i) => row.setAttribute("aria-selected", String(i === place)));
    if (place < 0) field.removeAttribute("aria-activedescendant");
    else {
      field.setAttribute("aria-activedescendant", list.children[place].id);
      list.children[place].scrollIntoView({ block: "nearest" });
    }
  }

  function close() {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    mark(-1);
  }

  function show(found, { chosen = -1 } = {}) {
    rows = found;
    list.setAttribute("aria-label", name());
    list.replaceChildren(...found.map((one, i) => {
      const row = make("li", rowOf(one), one.kind ? `is-${one.kind}` : "");
      row.id = `${list.id}-${i}`;
      row.setAttribute("role", "option");
      row.setAttribute("aria-selected", "false");
      return row;
    }));
    list.hidden = !found.length;
    field.setAttribute("aria-expanded", String(found.length > 0));
    mark(found.length ? Math.min(chosen, found.length - 1) : -1);
  }

  field.addEventListener("input", (event) => {
    if (!event.isComposing) onText(field.value);
  });
  field.addEventListener("compositionend", () => onText(field.value));
  field.addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const n = list.hidden ? 0 : rows.length;
    if (event.key === "ArrowDown" && n) mark(here + 1 < n ? here + 1 : 0);
    else if (event.key === "ArrowDown") onText(field.value);
    else if (event.key === "ArrowUp" && n) mark(here > 0 ? here - 1 : n - 1);
    else if (event.key === "Enter" && n && here >= 0) onTake(rows[here]);
    else if (event.key === "Enter") onEnter();
    else if (event.key === "Escape" && n) close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  field.addEventListener("blur", () => setTimeout(() => { if (document.activeElement !== field) close(); }, 150));
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
  list.addEventListener("click", (event) => {
    const row = event.target.closest("li");
    if (row) onTake(rows[[...list.children].indexOf(row)]);
  });
  const box = make("div", [field, list], "combo");
  return { box, field, list, show, close, mark, isOpen: () => !list.hidden, chosen: () => (list.hidden ? null : rows[here] || null), rows: () => rows };
}
