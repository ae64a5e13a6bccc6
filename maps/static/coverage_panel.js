// What panels are made of: choices, bars, tables that can be sorted, long lists that are shown a page at a time.
"use strict";

(() => {
  const { data, say, number, element, byId } = gridwright;
  const PAGE = 100;
  const sorts = {}; // table -> { column, down }
  const shown = {}; // list -> rows shown

  const metres = (m) => (Math.abs(m) < 1000 ? say("m", { n: number(m) }) : say("km", { n: number(m / 1000, m < 1e5 ? 1 : 0) }));
  const share = (part, whole) => (whole > 0 ? part / whole : null);
  // One place after the point, and never 100 % of what is not whole.
  function percent(frac) {
    if (frac === null || frac === undefined) return "–";
    const tenths = frac < 1 ? Math.min(999, Math.round(frac * 1000)) : Math.round(frac * 1000);
    return `${number(frac > 0 ? Math.max(1, tenths) / 10 : 0, 1)}\u00a0%`;
  }

  // One of a few, as buttons side by side.
  function segments(name, options, chosen, choose) {
    return element("div", { class: "gw-segments", role: "radiogroup", "aria-label": name },
      ...options.map(({ value, text, small }, i) => element("button", {
        type: "button", role: "radio", "aria-checked": String(value === chosen), "data-value": value,
        tabindex: value === chosen ? 0 : -1,
        onclick: () => choose(value),
        onkeydown: (event) => {
          const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
          if (!step) return;
          event.preventDefault();
          event.stopPropagation();
          choose(options[(i + step + options.length) % options.length].value);
          const now = document.querySelector(`.gw-segments[aria-label="${CSS.escape(name)}"] [aria-checked="true"]`);
          if (now) now.focus();
        },
      }, element("span", {}, text), small ? element("small", {}, small) : null)));
  }

  function picker(id, label, options, chosen, choose) {
    return element("label", { class: "gw-picker" }, element("span", {}, label),
      element("select", { id, onchange: (event) => choose(event.target.value) },
        ...options.map(([value, text]) => element("option", { value, selected: String(value) === String(chosen) }, text))));
  }

  // A share as a bar; a line on it where the target lies.
  function bar(frac, target = null, look = "") {
    const fill = element("span", { class: `gw-bar-fill ${look}` });
    fill.style.width = `${Math.max(0, Math.min(1, frac ?? 0)) * 100}%`;
    const mark = target === null ? null : element("i", { class: "gw-bar-target" });
    if (mark) mark.style.left = `${Math.min(1, target) * 100}%`;
    return element("span", { class: "gw-share-bar", "aria-hidden": "true" }, fill, mark);
  }

  const figure = (name, value, soft) =>
    element("div", { class: "gw-figure" }, element("dt", {}, name), element("dd", {}, value, soft ? element("small", {}, soft) : null));

  // columns: [{ key, head, of(row) -> value, text(row) -> text, start: "up" | "down" }]
  function table(name, columns, rows, { mark, choose, attribute }) {
    const sort = (sorts[name] ??= { column: columns[0].key, down: false });
    const by = columns.find((column) => column.key === sort.column) ?? columns[0];
    const missing = (value) => value === null || value === undefined;
    const sorted = rows.map((row, i) => [row, i]).sort(([a, i], [b, j]) => {
      const [x, y] = [by.of(a), by.of(b)];
      if (missing(x) || missing(y)) return missing(x) - missing(y) || i - j;
      const order = typeof x === "string" ? (x < y ? -1 : x > y ? 1 : 0) : x - y;
      return (sort.down ? -order : order) || i - j;
    }).map(([row]) => row);
    const head = columns.map((column) => element("th", {
      scope: "col", "aria-sort": column.key === sort.column ? (sort.down ? "descending" : "ascending") : "none",
    }, element("button", {
      type: "button", "data-sort": column.key,
      onclick: () => {
        sorts[name] = { column: column.key, down: column.key === sort.column ? !sort.down : column.start === "down" };
        gridwright.drawPanel();
        const again = document.querySelector(`[data-sort="${column.key}"]`);
        if (again) again.focus();
      },
    }, column.head, element("span", { class: "gw-sort", "aria-hidden": "true" }, column.key === sort.column ? (sort.down ? "▼" : "▲") : ""))));
    const n = (shown[name] ??= PAGE);
    return [
      element("div", { class: "gw-table-box" }, element("table", { class: "gw-table" },
        element("thead", {}, element("tr", {}, ...head)),
        element("tbody", {}, ...sorted.slice(0, n).map((row) => element("tr", { class: mark(row) ? "gw-is-chosen" : null },
          ...columns.map((column, i) => i
            ? element("td", {}, column.text(row))
            : element("th", { scope: "row" }, choose(row)
              ? element("button", { type: "button", class: "gw-link", [attribute]: row.index, onclick: () => choose(row)() }, column.text(row))
              : column.text(row)))))))),
      more(name, sorted.length, n),
    ];
  }

  function more(name, of, n) {
    if (of <= n) return "";
    return element("button", {
      type: "button", class: "gw-more",
      onclick: () => {
        shown[name] = n + PAGE * 4;
        gridwright.drawPanel();
      },
    }, say("show_more", { n: number(n), of: number(of) }));
  }

  // rows: [{ index, lines: [text, soft], beside, sign, chosen, choose }]
  function list(name, rows, attribute) {
    if (!rows.length) return [element("p", { class: "gw-soft gw-none" }, say(`none_${name}`))];
    const n = (shown[name] ??= PAGE);
    const chosen = rows.findIndex((row) => row.chosen);
    const upto = Math.max(n, chosen + 1);
    return [
      element("ul", { class: "gw-list" }, ...rows.slice(0, upto).map((row) => element("li", {},
        element("button", {
          type: "button", [attribute]: row.index, "aria-pressed": String(Boolean(row.chosen)), class: "gw-row",
          disabled: !row.choose, onclick: row.choose,
        },
        row.sign ?? "",
        element("span", { class: "gw-line" }, element("b", {}, row.lines[0]), ...row.lines.slice(1).filter(Boolean).map((text) => element("small", {}, text))),
        row.beside === undefined ? "" : element("span", { class: "gw-row-beside" }, row.beside))))),
      more(name, rows.length, upto),
    ];
  }

  const rows = (pairs) => element("dl", { class: "gw-rows" },
    ...pairs.filter(Boolean).map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));

  function cardTop(title, soft) {
    return element("div", { class: "gw-card-top" },
      element("div", {}, element("h2", {}, title), soft ? element("p", { class: "gw-soft" }, soft) : null),
      element("button", { type: "button", class: "gw-close", "aria-label": say("close"), onclick: () => gridwright.choose(null) }, "×"));
  }

  function tabs(names, chosen, choose) {
    byId("gw-tabs").replaceChildren(...names.map(([name, n], i) => element("button", {
      type: "button", role: "tab", id: `gw-tab-${name}`, "aria-selected": String(name === chosen), "aria-controls": "gw-list",
      tabindex: name === chosen ? 0 : -1,
      onclick: () => choose(name),
      onkeydown: (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (!step) return;
        event.preventDefault();
        event.stopPropagation();
        const next = names[(i + step + names.length) % names.length][0];
        choose(next);
        byId(`gw-tab-${next}`).focus();
      },
    }, say(`tab_${name}`), n === null ? null : element("small", {}, number(n)))));
    byId("gw-list").setAttribute("aria-labelledby", `gw-tab-${chosen}`);
  }

  const gridName = (index) => {
    if (index < 0) return say("no_grid");
    const grid = data.grids[index];
    return grid.name && grid.name !== grid.code ? grid.name : grid.code;
  };

  function wordOr(key, other) {
    return data.words[gridwright.language()][key] ?? other;
  }

  Object.assign(gridwright, { metres, share, shareText: percent, segments, picker, bar, figure, table, list, rows, cardTop, tabs, gridName, wordOr });
})();
