// What is asked of the solver: the part of the plan, the aim, limits; kept by the browser per plan, with the run in hand.
import { make, say } from "./desk_words.js";
import { button } from "./desk_talk.js";
import { desk } from "./plan_state.js";
import { shortCode } from "./plan_tools_words.js";

const KEY = "gridwright.plan.solve";
const MOST_PLANS = 20;
const AIMS = ["lawful", "least_change", "balance"];
const SECONDS = [0, 10, 60, 300];
const fresh = () => ({ scope: "around", aim: "lawful", count: 0, most: null, seconds: 60, job: "", title: "" });
const SCOPES = ["chosen", "around", "community"];

function all() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) || "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? found : {};
  } catch {
    return {}; // no storage, or somebody else's text in it
  }
}

let memory = {}; // where the browser keeps nothing

export function solving() {
  const found = { ...fresh(), ...all()[desk.id], ...memory[desk.id] };
  return {
    ...found,
    scope: SCOPES.includes(found.scope) ? found.scope : "around",
    aim: AIMS.includes(found.aim) ? found.aim : "lawful",
    seconds: SECONDS.includes(found.seconds) ? found.seconds : 60,
    job: typeof found.job === "string" ? found.job : "",
    title: String(found.title || ""),
  };
}

export function keepSolve(changes) {
  const kept = all();
  const mine = { ...solving(), ...changes };
  delete kept[desk.id];
  const others = Object.entries(kept).slice(-MOST_PLANS);
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...Object.fromEntries(others), [desk.id]: mine }));
    delete memory[desk.id];
  } catch {
    memory = { ...memory, [desk.id]: mine };
  }
}

// -- the part

const chosen = () => [...desk.grids].filter((at) => at >= 0 && !desk.plan.grids[at].is_gone);
const first = () => (desk.grid >= 0 && !desk.plan.grids[desk.grid].is_gone ? desk.grid : chosen()[0] ?? -1);

// Grids of the same community that touch some grids.
function neighbours(grids) {
  const mine = new Set(grids);
  const found = new Set(grids);
  const { community } = desk.plan.grids[grids[0]];
  for (const at of grids) {
    for (const atom of desk.plan.members[at]) {
      desk.ground.touching(atom, (other) => {
        const grid = desk.plan.atomGrid[other];
        if (grid >= 0 && !mine.has(grid) && desk.plan.grids[grid].community === community) found.add(grid);
      });
    }
  }
  return [...found].sort((a, b) => (desk.plan.grids[a].code < desk.plan.grids[b].code ? -1 : 1));
}

// Positions of the grids that may change; none where it is a whole community.
export function gridsOfScope() {
  const { scope } = solving();
  const grids = chosen().length ? chosen() : first() >= 0 ? [first()] : [];
  if (!grids.length || scope === "community") return [];
  return scope === "around" ? neighbours(grids) : grids;
}

export function communityOfScope() {
  if (first() >= 0) return desk.plan.grids[first()].community;
  const [atom] = desk.selection;
  if (atom >= 0) return desk.ground.communities[desk.ground.community[atom]].code;
  return desk.ground.communities.length === 1 ? desk.ground.communities[0].code : "";
}

const nameOf = (code) => desk.ground.communities.find((one) => one.code === code)?.name || code;

export function scopeWord() {
  const grids = gridsOfScope();
  if (!grids.length) return nameOf(communityOfScope());
  const words = grids.slice(0, 8).map((at) => shortCode(desk.plan.grids[at]));
  return `${nameOf(desk.plan.grids[grids[0]].community)} ${words.join(", ")}${grids.length > 8 ? " …" : ""}`;
}

// -- the form

function radios(name, label, options, value, changed) {
  const rows = options.map(({ id, text, detail, isOff }) => {
    const mark = make("input");
    Object.assign(mark, { type: "radio", name, value: id, checked: id === value, disabled: Boolean(isOff), id: `${name}-${id}` });
    mark.addEventListener("change", () => changed(id));
    return make("label", [mark, make("span", [make("span", text), ...(detail ? [make("small", detail, "soft")] : [])], "what")], "check");
  });
  return make("fieldset", [make("legend", label), ...rows]);
}

function selection(id, label, options, value, changed) {
  const box = make("select");
  box.id = id;
  for (const [key, text] of options) {
    const option = make("option", text);
    option.value = String(key);
    option.selected = key === value;
    box.append(option);
  }
  box.addEventListener("change", () => changed(Number(box.value)));
  return make("label", [make("span", label), box], "field");
}

function mostBox(value) {
  const field = make("input");
  Object.assign(field, { type: "number", min: 0, max: 1e8, step: 1, id: "solve-most", value: value ?? "", placeholder: say("solve_most_any") });
  field.addEventListener("change", () => {
    const said = field.value.trim();
    keepSolve({ most: said === "" || !(Number(said) >= 0) ? null : Math.min(Math.floor(Number(said)), 1e8) });
  });
  return make("label", [make("span", say("solve_most")), field], "field");
}

export function scopesBox({ changed }) {
  const { scope, aim, count, most, seconds } = solving();
  const set = (facts) => { keepSolve(facts); changed(); };
  const list = (grids) => grids.slice(0, 10).map((at) => shortCode(desk.plan.grids[at])).join(", ") + (grids.length > 10 ? " …" : "");
  const own = chosen().length ? chosen() : first() >= 0 ? [first()] : [];
  const place = communityOfScope();
  const scopes = [
    { id: "chosen", text: say("solve_scope_chosen", { n: own.length }), detail: own.length ? list(own) : say("solve_choose_first"), isOff: !own.length },
    { id: "around", text: say("solve_scope_around"), detail: own.length ? list(neighbours(own)) : say("solve_choose_first"), isOff: !own.length },
    { id: "community", text: say("solve_scope_community"), detail: place ? nameOf(place) : say("solve_choose_first"), isOff: !place },
  ];
  const aims = AIMS.map((id) => ({ id, text: say(`solve_aim_${id}`), detail: say(`solve_aim_${id}_text`) }));
  const now = gridsOfScope().length || (place ? desk.plan.gridsOf(place).length : 0);
  const numbers = [...new Set([count, ...Array.from({ length: 7 }, (_, i) => now - 3 + i)])].filter((n) => n > 0).sort((a, b) => a - b);
  const fields = [
    selection("solve-count", say("solve_count"), [[0, say("solve_count_any")], ...numbers.map((n) => [n, n === now ? say("solve_count_now", { n }) : String(n)])], count, (n) => set({ count: n })),
    selection("solve-seconds", say("solve_time"), SECONDS.map((n) => [n, n ? say("solve_seconds", { n }) : say("solve_until_done")]), seconds, (n) => set({ seconds: n })),
  ];
  return make("div", [
    radios("solve-scope", say("solve_scope"), scopes, scope, (id) => set({ scope: id, count: 0 })),
    radios("solve-aim", say("solve_aim"), aims, aim, (id) => set({ aim: id })),
    make("div", aim === "lawful" ? [...fields, mostBox(most)] : fields, "solve-fields"),
  ], "solve-form");
}

// What arithmetic says before anything runs.
export function outlookBox(outlook, wrong, again) {
  if (wrong) return [make("p", wrong.message, "solve-no"), ...(wrong.kind === "refused" ? [] : [button(say("try_again"), again, "small")])];
  if (!outlook) return [];
  const rows = [make("p", say("solve_outlook", { households: outlook.households, n: outlook.n_now, k: outlook.k_min > outlook.k_max ? "–" : outlook.k_min === outlook.k_max ? outlook.k_min : `${outlook.k_min}–${outlook.k_max}` }))];
  const language = document.documentElement.lang === "en" ? "en" : "zh";
  if (outlook.feasible === "no") rows.push(...outlook.sentences[language].map((text) => make("p", text, "solve-no")));
  else if (outlook.is_lawful_now) rows.push(make("p", say("solve_is_lawful"), "solve-yes"));
  if (outlook.n_held) rows.push(make("p", say("solve_held", { n: outlook.n_held }), "soft"));
  return rows;
}
