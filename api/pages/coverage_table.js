// Tables that sort by any column, with rows to choose by mouse and keyboard.
import { kept, keepIn } from "./coverage_state.js";
import { make, say } from "./desk_words.js";

const MOST_ROWS = 300;

const inOrder = new Intl.Collator(undefined, { numeric: true }).compare;
const compare = (a, b) => {
  const [x, y] = [a ?? -Infinity, b ?? -Infinity];
  if (typeof x === "string" || typeof y === "string") return inOrder(String(x), String(y));
  return x - y;
};

// columns: {key, head, title, of(row) -> value to sort by, show(row) -> text or element, isText}
// The first column is what a row is called.
export function table(name, columns, rows, { first, chosen, choose, caption }) {
  const order = kept().sort[name] || first || [columns[0].key, 1];
  const by = columns.find((one) => one.key === order[0]) || columns[0];
  const sorted = [...rows].sort((a, b) => compare(by.of(a), by.of(b)) * order[1] || compare(columns[0].of(a), columns[0].of(b)));
  const head = make("tr", columns.map((column) => headCell(name, column, by, order)));
  const shown = sorted.slice(0, MOST_ROWS);
  const body = make("tbody", shown.map((row) => line(columns, row, chosen, choose)));
  const made = make("table", [make("caption", caption, "unseen"), make("thead", [head]), body]);
  made.addEventListener("keydown", walk);
  if (shown.length === rows.length) return made;
  return make("div", [made, make("p", say("rows_cut", { shown: shown.length, n: rows.length }), "soft")]);
}

function headCell(name, column, by, order) {
  const cell = make("th", null, column.isText ? "text" : "");
  cell.scope = "col";
  const isBy = column === by;
  cell.setAttribute("aria-sort", isBy ? (order[1] > 0 ? "ascending" : "descending") : "none");
  const press = make("button", [make("span", column.head), make("i", isBy ? (order[1] > 0 ? "▲" : "▼") : "")]);
  press.type = "button";
  press.title = column.title || column.head;
  press.setAttribute("aria-label", column.title || column.head);
  press.addEventListener("click", () => {
    const way = isBy ? -order[1] : column.isText ? 1 : -1;
    const here = press.closest("div[id]");
    keepIn("sort", { [name]: [column.key, way] });
    here.dispatchEvent(new CustomEvent("sorted", { bubbles: true }));
    const again = [...here.querySelectorAll("th button")].find((one) => one.title === press.title);
    if (again) again.focus();
  });
  cell.append(press);
  return cell;
}

function line(columns, row, chosen, choose) {
  const cells = columns.map((column, i) => {
    const cell = make(i ? "td" : "th", null, [column.isText ? "text" : "", column.kind ? column.kind(row) : ""].join(" ").trim());
    if (!i) cell.scope = "row";
    const content = column.show(row);
    if (i || !choose) cell.append(content ?? "");
    else {
      const press = make("button", content, "rowname");
      press.type = "button";
      press.title = column.full ? column.full(row) : "";
      press.addEventListener("click", () => choose(row));
      cell.append(press);
    }
    return cell;
  });
  const made = make("tr", cells);
  if (choose) {
    made.addEventListener("click", (event) => event.target.closest("button, input") || choose(row));
    if (chosen && chosen(row)) made.setAttribute("aria-current", "true");
  }
  return made;
}

function walk(event) {
  const way = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const here = event.target.closest("tbody tr");
  if (!way || !here || !here[way] || event.target.matches("input")) return;
  event.preventDefault();
  here[way].querySelector("button, input")?.focus();
}
