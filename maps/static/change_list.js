// The table of changes: what became of every grid; by kind of change, sortable, a row goes to its grid.
"use strict";

(() => {
  const { data, say, number, element, byId } = gridwright;
  const { grids } = data;
  const PAGE = 40;
  const ORDER = ["new", "retired", "split", "merged", "changed", "kept"];
  const acts = grids.map((_, i) => i).filter((i) => grids[i].status !== "kept" || grids[i].outline_m2);
  const columns = {
    code: (grid) => grid.code,
    change: (grid) => ORDER.indexOf(grid.status),
    households: (grid) => grid.households,
    moved: (grid) => grid.in + grid.out,
  };
  let wanted = null; // one kind of change, or all but what was kept
  let sorted = { by: "moved", down: true };
  let shown = PAGE;

  function rows() {
    const chosen = grids.map((_, i) => i).filter((i) => (wanted ? grids[i].status === wanted : acts.includes(i)));
    const value = columns[sorted.by];
    const turn = sorted.down ? -1 : 1;
    return chosen.sort((a, b) => {
      const [x, y] = [value(grids[a]), value(grids[b])];
      return (x < y ? -turn : x > y ? turn : 0) || a - b;
    });
  }

  function heading(by) {
    const here = sorted.by === by;
    const mark = here ? (sorted.down ? " ▼" : " ▲") : "";
    return element("th", { scope: "col", class: `gw-by-${by}`, "aria-sort": here ? (sorted.down ? "descending" : "ascending") : "none" },
      element("button", { type: "button", id: `gw-sort-${by}`, onclick: () => sortBy(by) }, say(`by_${by}`), element("span", { "aria-hidden": "true" }, mark)));
  }

  function sortBy(by) {
    sorted = { by, down: sorted.by === by ? !sorted.down : by === "moved" || by === "households" };
    drawList();
    byId(`gw-sort-${by}`).focus();
  }

  function line(i) {
    const grid = grids[i];
    const before = grid.gone || grid.before === null ? "" : `${number(grid.before)} → `;
    const renamed = grid.old && grid.old !== grid.code ? element("span", { class: "gw-soft" }, `← ${grid.old}`) : null;
    const row = element("tr", { class: grid.gone ? "gw-gone" : null, onclick: () => gridwright.chooseGrid(i, { zoom: true }) },
      element("td", {}, gridwright.changeSign(grid.status)),
      element("td", {}, element("button", { type: "button", class: "gw-link gw-row-code" }, grid.code), renamed,
        element("span", { class: "gw-soft" }, gridwright.changeWord(grid))),
      element("td", {}, `${before}${number(grid.households)}`),
      element("td", {}, grid.in + grid.out ? number(grid.in + grid.out) : "–"));
    row.dataset.code = grid.code;
    return row;
  }

  function drawList() {
    const all = rows();
    const more = all.length - shown;
    const counted = wanted ? say(`change_${wanted}`) : say("list_all");
    byId("gw-act").replaceChildren(...[
      element("h2", {}, say("list_title"), element("span", { class: "gw-beside" }, `${counted} · ${number(all.length)}`)),
      all.length ? null : element("p", { class: "gw-soft" }, say("list_none")),
      all.length
        ? element("table", { class: "gw-changes" },
            element("thead", {}, element("tr", {},
              heading("change"), heading("code"), heading("households"), heading("moved"))),
            element("tbody", {}, ...all.slice(0, shown).map(line)))
        : null,
      more > 0
        ? element("button", { type: "button", onclick: () => { shown += PAGE; drawList(); } },
            say("act_more", { n: number(Math.min(more, PAGE)) }))
        : null,
    ].filter(Boolean));
  }

  function filterList(change) {
    wanted = wanted === change ? null : change;
    shown = PAGE;
    drawList();
    return wanted;
  }

  Object.assign(gridwright, { acts, drawList, filterList, wantedChange: () => wanted });
})();
