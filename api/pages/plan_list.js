// A list of any length of which only what is seen is there: rows of one height, walked with arrows, chosen with Enter.
// The list itself has the focus; the row that the keys stand on is named by aria-activedescendant.
import { make } from "./desk_words.js";

const MORE_ROWS = 4; // above and below what is seen
let count = 0;

export class LongList {
  // {rowPx, fill(row element, item, at), choose(item, event), name: label, follow(item): while walking}
  constructor({ rowPx, fill, choose, follow = () => {}, label }) {
    Object.assign(this, { rowPx, fill, choose, follow });
    count += 1;
    this.id = `list-${count}`;
    this.items = [];
    this.active = -1;
    this.shown = new Map(); // position -> element
    this.room = make("div", null, "long-room");
    this.room.setAttribute("role", "presentation");
    this.box = make("div", [this.room], "long-list");
    this.box.tabIndex = 0;
    this.box.setAttribute("role", "listbox");
    this.setLabel(label);
    this.box.addEventListener("scroll", () => this.paint());
    this.box.addEventListener("keydown", (event) => this.walk(event));
    this.box.addEventListener("click", (event) => this.clicked(event));
    // Less room must not hide the row that is stood on.
    new ResizeObserver(() => (this.active >= 0 ? this.goTo(this.active) : this.paint())).observe(this.box);
  }

  setLabel(label) {
    this.box.setAttribute("aria-label", label);
  }

  // Other items; `keyOf` tells which of them is the one that the keys stood on.
  set(items, { keyOf = (item) => item } = {}) {
    const before = this.items[this.active];
    const key = before === undefined ? undefined : keyOf(before);
    this.items = items;
    this.active = key === undefined ? -1 : items.findIndex((item) => keyOf(item) === key);
    this.room.style.height = `${items.length * this.rowPx}px`;
    this.repaint();
  }

  // The same rows with other content.
  repaint() {
    this.paint();
    for (const [at, row] of this.shown) this.dress(row, at);
  }

  rowsSeen() {
    return [...this.shown.keys()].sort((a, b) => a - b).map((at) => this.shown.get(at));
  }

  paint() {
    const high = this.box.clientHeight;
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.rowPx) - MORE_ROWS);
    const last = high ? Math.min(this.items.length, Math.ceil((this.box.scrollTop + high) / this.rowPx) + MORE_ROWS) : 0;
    for (const [at, row] of this.shown) {
      if (at >= first && at < last) continue;
      row.remove();
      this.shown.delete(at);
    }
    for (let at = first; at < last; at += 1) if (!this.shown.has(at)) this.add(at);
    this.tellActive();
  }

  add(at) {
    const row = make("div", null, "long-row");
    row.id = `${this.id}-${at}`;
    row.setAttribute("role", "option");
    row.style.top = `${at * this.rowPx}px`;
    row.style.height = `${this.rowPx}px`;
    this.dress(row, at);
    const next = this.rowsSeen().find((other) => Number(other.dataset.at) > at);
    this.room.insertBefore(row, next || null);
    this.shown.set(at, row);
  }

  dress(row, at) {
    row.dataset.at = String(at);
    row.setAttribute("aria-posinset", String(at + 1));
    row.setAttribute("aria-setsize", String(this.items.length));
    row.classList.toggle("active", at === this.active);
    this.fill(row, this.items[at], at);
  }

  tellActive() {
    const row = this.shown.get(this.active);
    for (const [at, one] of this.shown) one.classList.toggle("active", at === this.active);
    if (row) this.box.setAttribute("aria-activedescendant", row.id);
    else this.box.removeAttribute("aria-activedescendant");
  }

  // Stand on an item and bring it into sight.
  goTo(at) {
    this.active = at;
    const top = at * this.rowPx;
    const high = this.box.clientHeight;
    if (at >= 0 && top < this.box.scrollTop) this.box.scrollTop = top;
    else if (at >= 0 && top + this.rowPx > this.box.scrollTop + high) this.box.scrollTop = top + this.rowPx - high;
    this.paint();
  }

  walk(event) {
    if (event.target !== this.box || event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.rowPx) - 1);
    const way = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (way !== undefined && this.items.length) {
      const from = this.active < 0 ? (way > 0 ? -1 : 0) : this.active;
      this.goTo(Math.min(Math.max(from + way, 0), this.items.length - 1));
      this.follow(this.items[this.active]);
    } else if ((event.key === "Enter" || event.key === " ") && this.active >= 0) {
      this.choose(this.items[this.active], event);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  clicked(event) {
    const row = event.target.closest(".long-row");
    if (!row) return;
    this.active = Number(row.dataset.at);
    this.tellActive();
    this.choose(this.items[this.active], event);
  }
}
