// The rules of incidents in a dialog: deadlines by kind and priority, levels, duplicates, kinds, working days.  Everybody
// reads them; reviewers change them.  What runs already keeps its deadlines.
import { Trouble, ask, change, contentOf } from "./desk_ask.js";
import { addCommand } from "./desk_keys.js";
import { button, notice, openDialog, trouble } from "./desk_talk.js";
import { languageNow, make, say } from "./desk_words.js";
import { loadKinds } from "./dispatch_kinds.js";
import { desk } from "./dispatch_state.js";
import { chooseByDigit } from "./dispatch_steps.js";

const PATH = "/v1/incidents/rules";
const ANY = "*";
const SPANS = ["assess", "arrive", "handle"];
const NUMBERS = ["duplicate_m", "duplicate_min", "stale_s", "rest_min"];
const UNITS = { min: "min", hours: "hours", days: "days", "working days": "working" };
const mayChange = () => ["reviewer", "admin"].includes(desk.role);

function input(value, label, kind = "text") {
  const made = make("input");
  Object.assign(made, { type: kind, value, autocomplete: "off", spellcheck: false, maxLength: 60 });
  made.setAttribute("aria-label", label);
  if (kind === "number") Object.assign(made, { step: "any", min: 0 });
  return made;
}

// Spans in the words of the page; what is written in neither goes as it is, and the service says what is wrong with it.
function spanText(span) {
  const [, n, unit] = /^([\d.]+) (.+)$/.exec(span || "") || [];
  return UNITS[unit] ? say(`rules_span_${UNITS[unit]}`, { n }) : span || "";
}

function spanRead(text) {
  const given = text.trim();
  const [, n, word] = /^([\d.]+)\s*(\D+)$/.exec(given) || [];
  const unit = Object.keys(UNITS).find((one) => say(`rules_span_${UNITS[one]}`, { n: "" }).trim() === word);
  return unit ? `${n} ${unit}` : given;
}

function pick(options, value, label) {
  const made = make("select", options.map(([code, name]) => {
    const option = make("option", name);
    option.value = code;
    return option;
  }));
  made.value = String(value);
  made.setAttribute("aria-label", label);
  return made;
}

const table = (names) => {
  const heads = names.map((name) => {
    const head = make("th", name ? say(`rules_${name}`) : [make("span", say("rules_remove"), "unseen")]);
    head.scope = "col";
    return head;
  });
  const body = make("tbody");
  const made = make("table", [make("thead", [make("tr", heads)]), body], "rules");
  return { made, body };
};

function addRow(body, fields, read) {
  const gone = button("×", () => row.remove(), "square small");
  gone.setAttribute("aria-label", say("rules_remove"));
  const row = make("tr", [...fields, gone].map((one) => make("td", [one])));
  row.read = read;
  body.append(row);
  return row;
}

const rowsOf = (body) => [...body.rows].map((row) => row.read());
const field = (label, made) => make("label", [make("span", label), made], "field");
const linesOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);

// -- the parts of the dialog: each gives its element and how it is read back

function deadlines(rules) {
  const { made, body } = table(["kind", "priority", ...SPANS, ""]);
  const name = (kind) => kind[languageNow()] || kind.code;
  const kinds = [[ANY, say("rules_any")], ...rules.kinds.map((kind) => [kind.code, name(kind)])];
  const priorities = [["0", say("rules_any")], ...["1", "2", "3"].map((n) => [n, say(`priority_${n}`)])];
  const add = (one) => {
    const kind = pick(kinds, one.kind, say("rules_kind"));
    const priority = pick(priorities, one.priority, say("rules_priority"));
    const spans = SPANS.map((what) => input(spanText(one[what]), say(`rules_${what}`)));
    return addRow(body, [kind, priority, ...spans], () => {
      const said = SPANS.map((what, i) => [what, spanRead(spans[i].value)]).filter(([, text]) => text);
      return { kind: kind.value, priority: Number(priority.value), ...Object.fromEntries(said) };
    });
  };
  rules.deadlines.forEach(add);
  const more = button(say("rules_add"), () => add({ kind: ANY, priority: 0 }).querySelector("select").focus(), "small");
  return { parts: [make("p", say("rules_spans"), "soft"), make("div", [made], "scroll"), more], read: () => ({ deadlines: rowsOf(body) }) };
}

function kindNames(rules) {
  const { made, body } = table(["code", "zh", "en", ""]);
  const add = (one) => {
    const fields = ["code", "zh", "en"].map((what) => input(one[what], say(`rules_${what}`)));
    return addRow(body, fields, () => ({ code: fields[0].value.trim(), zh: fields[1].value.trim(), en: fields[2].value.trim() }));
  };
  rules.kinds.forEach(add);
  const more = button(say("rules_add"), () => add({ code: "", zh: "", en: "" }).querySelector("input").focus(), "small");
  return { parts: [make("div", [made], "scroll"), more], read: () => ({ kinds: rowsOf(body) }) };
}

function levels(rules) {
  const steps = rules.escalate_every.map((text, i) => input(spanText(text), say("rules_every", { priority: say(`priority_${i + 1}`) })));
  const numbers = NUMBERS.map((name) => input(rules[name], say(`rules_${name}`), "number"));
  const flag = input(spanText(rules.flag_due), say("rules_flag_due"));
  const all = [
    ...steps.map((one, i) => field(say("rules_every", { priority: say(`priority_${i + 1}`) }), one)),
    ...numbers.map((one, i) => field(say(`rules_${NUMBERS[i]}`), one)),
    field(say("rules_flag_due"), flag),
  ];
  const read = () => ({
    escalate_every: steps.map((one) => spanRead(one.value)),
    ...Object.fromEntries(NUMBERS.map((name, i) => [name, numbers[i].valueAsNumber])),
    flag_due: spanRead(flag.value),
  });
  return { parts: [make("div", all, "rules-fields")], read };
}

function workingDays(rules) {
  const { calendar } = rules;
  const hours = ["opens", "closes"].map((name) => input(calendar[name], say(`rules_${name}`)));
  const days = ["holidays", "working_days"].map((name) => {
    const made = make("textarea");
    Object.assign(made, { rows: 5, value: calendar[name].join("\n"), spellcheck: false });
    made.setAttribute("aria-label", say(`rules_${name}`));
    return made;
  });
  const all = [field(say("rules_opens"), hours[0]), field(say("rules_closes"), hours[1]), field(say("rules_holidays"), days[0]), field(say("rules_working_days"), days[1])];
  const read = () => ({
    calendar: { ...calendar, opens: hours[0].value.trim(), closes: hours[1].value.trim(), holidays: linesOf(days[0].value), working_days: linesOf(days[1].value) },
  });
  return { parts: [make("p", say("rules_days"), "soft"), make("div", all, "rules-fields")], read };
}

const folded = (title, parts, isOpen) => {
  const made = make("details", [make("summary", title), ...parts], "rules-part");
  made.open = isOpen;
  return made;
};

// Every county has rules of its own; where the desk works in several, one is chosen.
async function openRules() {
  await loadKinds(); // with the counties
  const [first, ...others] = desk.counties;
  const options = desk.counties.map(({ code, name }) => ({ id: code, text: name || code, detail: code }));
  const county = others.length ? await chooseByDigit({ title: say("rules_which"), options }) : first?.code || "";
  if (county !== null) await showRules(county);
}

async function showRules(county) {
  let found, match;
  try {
    const answer = await ask(PATH, { query: { county }, headers: { Accept: "application/json" } });
    match = answer.headers.get("ETag");
    found = await contentOf(answer);
  } catch (error) {
    trouble(error, () => showRules(county));
    return;
  }
  await openDialog({ title: say("rules_title"), kind: "wide rules", fill: (form, close) => fill(form, close, found, match) });
}

function fill(form, close, found, match) {
  const sections = { deadlines, levels, kindNames, workingDays };
  const made = Object.entries(sections).map(([name, make_]) => [name, make_(found.rules)]);
  const fault = make("div", [], "fault");
  fault.setAttribute("role", "alert");
  const key = crypto.randomUUID();
  const of = `?${new URLSearchParams({ county: found.county })}`;
  const keep = async (path, method, body) => {
    const headers = { "If-Match": match, ...(body ? { "Content-Type": "application/json" } : { "Idempotency-Key": key }) };
    try {
      const kept = await contentOf(await change(`${path}${of}`, { method, headers, body }));
      close(kept);
      notice("good", say("rules_kept", { n: kept.version }), { id: "rules" });
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      const said = error.faults?.length ? error.faults.map((one) => one.message) : [error.message];
      fault.replaceChildren(make("ul", said.map((text) => make("li", text))));
      fault.scrollIntoView({ block: "nearest" });
    }
  };
  const save = () => keep(PATH, "PUT", JSON.stringify({ rules: Object.assign({}, ...made.map(([, part]) => part.read())) }));
  form.append(make("p", say(found.is_default ? "rules_default" : "rules_version", { county: found.county, n: found.version })));
  for (const [name, part] of made) form.append(folded(say(`rules_part_${name}`), part.parts, name === "deadlines"));
  const ends = [button(say(mayChange() ? "cancel" : "close"), () => close())];
  if (mayChange()) {
    if (found.can_undo) ends.unshift(button(say("rules_undo"), () => keep(`${PATH}/undo`, "POST")));
    ends.push(button(say("rules_save"), save, "main"));
  } else {
    for (const one of form.querySelectorAll("input, select, textarea, table button, details > button")) one.disabled = true;
    form.append(make("p", say("rules_read_only"), "soft"));
  }
  form.append(fault, make("div", ends, "buttons"));
}

export function start() {
  addCommand({ id: "rules", keys: ["Shift+r"], word: "rules_title", group: "page", run: openRules });
}
