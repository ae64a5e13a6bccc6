// Search by grid code, grid name or community: type, look, choose.
"use strict";

(() => {
  const { data, say, number, element, byId } = gridwright;
  const MOST = 12;
  let hits = [];
  let at = 0;

  const plain = (text) => String(text).normalize("NFKC").toLowerCase().replace(/\s+/g, "");

  // Better first: equal, ends with (people know last digits), begins with, holds.
  function grade(text, wanted) {
    const have = plain(text);
    if (have === wanted) return 0;
    if (have.endsWith(wanted)) return 1;
    if (have.startsWith(wanted)) return 2;
    return have.includes(wanted) ? 3 : 9;
  }

  function look(text) {
    const wanted = plain(text);
    if (!wanted) return [];
    const found = [];
    data.grids.forEach((grid, index) => {
      const score = Math.min(grade(grid.code, wanted), grid.old ? grade(grid.old, wanted) + 0.1 : 9, grid.name ? grade(grid.name, wanted) + 0.2 : 9);
      if (score < 9) found.push({ kind: "grid", index, score, order: index });
    });
    data.communities.forEach((community, index) => {
      const score = Math.min(community.name ? grade(community.name, wanted) : 9, grade(community.code, wanted));
      if (score < 9) found.push({ kind: "community", index, score: score - 0.1, order: index });
    });
    return found.sort((a, b) => a.score - b.score || a.order - b.order).slice(0, MOST);
  }

  function choose(hit) {
    close();
    byId("gw-find").blur();
    if (hit.kind === "grid") gridwright.chooseGrid(hit.index, { zoom: true });
    else gridwright.chooseCommunity(hit.index, { zoom: true });
  }

  function draw() {
    const field = byId("gw-find");
    const list = byId("gw-hits");
    const text = field.value.trim();
    list.hidden = !text;
    field.setAttribute("aria-expanded", String(Boolean(text)));
    if (!text) return;
    if (!hits.length) {
      list.replaceChildren(element("li", { class: "gw-nothing" }, say("search_none", { text })));
      field.removeAttribute("aria-activedescendant");
      return;
    }
    list.replaceChildren(
      ...hits.map((hit, i) => {
        const thing = hit.kind === "grid" ? data.grids[hit.index] : data.communities[hit.index];
        const label = hit.kind === "grid" ? thing.code : thing.name || thing.code;
        const where = hit.kind === "grid" ? gridwright.communityName(thing.community) : thing.code;
        return element(
          "li", { id: `gw-hit-${i}`, role: "option", "aria-selected": String(i === at), onpointerdown: (event) => { event.preventDefault(); choose(hit); } },
          element("b", {}, label),
          element("span", { class: "gw-soft" }, `${say(thing.gone ? "hit_gone" : `hit_${hit.kind}`)} · ${where} · ${number(thing.households)}`),
        );
      }),
    );
    field.setAttribute("aria-activedescendant", `gw-hit-${at}`);
  }

  function close() {
    byId("gw-hits").hidden = true;
    byId("gw-find").setAttribute("aria-expanded", "false");
  }

  function startSearch() {
    const field = byId("gw-find");
    field.addEventListener("input", () => {
      hits = look(field.value);
      at = 0;
      draw();
    });
    field.addEventListener("focus", () => { if (field.value) draw(); });
    field.addEventListener("blur", close);
    field.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (hits.length) at = (at + (event.key === "ArrowDown" ? 1 : hits.length - 1)) % hits.length;
        draw();
      } else if (event.key === "Enter" && hits[at]) {
        choose(hits[at]);
      } else if (event.key === "Escape") {
        field.value = "";
        hits = [];
        close();
        field.blur();
      } else {
        return;
      }
      event.stopPropagation();
    });
    gridwright.onLanguage(() => { if (!byId("gw-hits").hidden) draw(); });
  }

  Object.assign(gridwright, { startSearch });
})();
