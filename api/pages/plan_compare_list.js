// What became of every grid, as a list that is filtered and that the maps follow; and as files to keep.
import { languageNow, make, say } from "./desk_words.js";
import { written } from "./plan_compare_table.js";

const KINDS = ["changed", "split", "merged", "new", "retired", "outline", "kept"];
const AT_FIRST = 200;

const short = (code, community) => (code && community && code.startsWith(community) && code.length > community.length ? code.slice(community.length) : code || "");
// Kept by households and buildings, and yet another outline.
export const kindOf = (row) => (row.change === "kept" && row.outline_m2 > 0 ? "outline" : row.change);

export function fromTo(row) {
  const [old, now] = [short(row.old, row.community), short(row.new, row.community)];
  if (old && now) return old === now ? now : `${old} → ${now}`;
  return old || now;
}

// rows: the service's change list; `shown(row)` when one is chosen; `link(form)` where it is to be had as a file.
export function fillChanges(box, rows, { shown, link }) {
  const state = { kind: "", text: "", most: AT_FIRST, chosen: null };
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, rows.filter((row) => kindOf(row) === kind).length]));
  const list = make("ul", null, "changes");
  list.setAttribute("aria-label", say("scen_changes"));
  const told = make("p", "", "soft");
  told.setAttribute("role", "status");
  const kinds = make("select");
  const option = (value, text) => {
    const made = make("option", text);
    made.value = value;
    return made;
  };
  kinds.append(option("", say("scen_all_changes", { n: rows.length - counts.kept })), ...KINDS.filter((kind) => counts[kind]).map((kind) => option(kind, `${say(`scen_change_${kind}`)} (${counts[kind]})`)));
  const field = make("input");
  field.type = "search";
  field.autocomplete = "off";
  field.placeholder = say("scen_filter");
  field.setAttribute("aria-label", say("scen_filter"));
  kinds.setAttribute("aria-label", say("scen_filter_kind"));
  const files = ["csv", "xlsx"].map((form) => {
    const made = make("a", say(`scen_as_${form}`), "button small");
    made.href = link(form, languageNow());
    made.download = "";
    return made;
  });

  const found = () => {
    const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (row) => {
      const kind = kindOf(row);
      if (state.kind ? kind !== state.kind : kind === "kept") return false;
      const text = [row.old, row.new, row.old_name, row.new_name, row.community_name, say(`scen_change_${kind}`)].join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    };
    return rows.filter(fits).sort((a, b) => b.households_in + b.households_out - a.households_in - a.households_out);
  };

  function line(row) {
    const kind = kindOf(row);
    const made = make("button", [make("span", `${say(`scen_change_${kind}`)}`, `chip change-${kind}`), make("strong", fromTo(row)), make("bdi", row.new_name || row.old_name || "", "grid-name")]);
    made.type = "button";
    const moved = [];
    if (row.households_in) moved.push(say("scen_in", { n: written("count", row.households_in) }));
    if (row.households_out) moved.push(say("scen_out", { n: written("count", row.households_out) }));
    if (kind === "outline") moved.push(say("scen_outline", { n: written("count", row.outline_m2) }));
    const sizes = row.old && row.new ? `${written("count", row.households_old)} → ${written("count", row.households_new)}` : written("count", row.new ? row.households_new : row.households_old);
    made.append(make("span", [row.community_name, say("scen_households", { n: sizes }), ...moved].filter(Boolean).join(" · "), "soft"));
    made.setAttribute("aria-pressed", String(state.chosen === row));
    made.addEventListener("click", () => {
      state.chosen = row;
      for (const one of list.querySelectorAll("[aria-pressed=true]")) one.setAttribute("aria-pressed", "false");
      made.setAttribute("aria-pressed", "true");
      shown(row);
    });
    return make("li", [made]);
  }

  function draw() {
    const fitting = found();
    list.replaceChildren(...fitting.slice(0, state.most).map(line));
    if (fitting.length > state.most) {
      const more = make("button", say("scen_more_rows", { n: fitting.length - state.most }), "small");
      more.type = "button";
      more.addEventListener("click", () => {
        const from = state.most;
        state.most += AT_FIRST;
        draw();
        list.children[from]?.querySelector("button")?.focus();
      });
      list.append(make("li", [more]));
    }
    told.textContent = fitting.length ? say("scen_rows", { n: fitting.length }) : say(rows.length === counts.kept ? "scen_no_change" : "scen_no_such");
  }

  kinds.addEventListener("change", () => {
    state.kind = kinds.value;
    state.most = AT_FIRST;
    draw();
  });
  field.addEventListener("input", () => {
    state.text = field.value;
    state.most = AT_FIRST;
    draw();
  });
  // Arrows walk along the list.
  list.addEventListener("keydown", (event) => {
    const way = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const all = [...list.querySelectorAll("button")];
    const next = all[all.indexOf(document.activeElement) + way];
    if (!way || !next) return;
    event.preventDefault();
    next.focus();
  });
  box.replaceChildren(make("div", [kinds, field], "line filters"), make("div", [told, ...files], "line"), list);
  draw();
}
