// Sweeps of buildings: the list of the period, and the dialog that records one or puts it right.
// Times are those of the statistics, wherever the browser is: a sweep counts in the period that they say.
import { Trouble, askJson, change } from "./desk_ask.js";
import { button, openDialog } from "./desk_talk.js";
import { make, say } from "./desk_words.js";
import { count, table } from "./statistics_draw.js";
import { asked, desk } from "./statistics_state.js";

const at = (id) => document.getElementById(id);
const COUNTS = ["vehicles", "people", "buildings", "problems"];
const KINDS = ["night", "joint", "fire", "housing"];
const SHOWN = 200;
const DAY_MS = 86400000;
let session = null;
let again = () => {}; // asks for the figures once more
let listed = null; // what the service answered, and for which summary

const role = () => (session?.is_local ? "admin" : session?.role);
const mayRecord = () => ["dispatcher", "patrol", "reviewer", "admin"].includes(role());

// What became of it, where it was asked for; with one way on.
function tell(text, way = null) {
  at("sweeps-said").replaceChildren(make("span", text), ...(way ? [button(way.text, way.act, "small")] : []));
}

function trouble(error, way) {
  if (!(error instanceof Trouble)) throw error;
  if (error.kind !== "stopped") tell(error.message, { text: say("try_again"), act: way });
}

// -- moments as the clock of the statistics shows them: 2026-11-03T19:30

const zone = () => desk.summary.period.zone;

const clockText = (ms) => new Date(ms).toLocaleString("sv-SE", { timeZone: zone() }).slice(0, 16).replace(" ", "T");

function momentOf(text) {
  const wall = Date.parse(`${text}Z`);
  let ms = wall;
  for (let i = 0; i < 2; i += 1) ms += wall - Date.parse(`${clockText(ms)}Z`);
  return new Date(ms).toISOString();
}

function spanOf({ first, last }) {
  const after = new Date(Date.parse(last) + DAY_MS).toISOString().slice(0, 10);
  return { since: momentOf(`${first}T00:00`), until: momentOf(`${after}T00:00`) };
}

// -- the list of the period, asked for when somebody opens it

const placeText = (one) => one.name || one.community || say("sweep_whole");

function actions(one) {
  const named = (word, act) => {
    const made = button(say(word), act, "small");
    made.setAttribute("aria-label", `${say(word)}: ${clockText(one.began_at).replace("T", " ")} ${one.kind}`);
    return made;
  };
  return make("span", [named("sweep_correct", () => correct(one)), named("sweep_withdraw", () => withdraw(one))], "acts");
}

function showList() {
  const isFresh = listed && listed.summary === desk.summary;
  const box = at("sweeps-list");
  if (!isFresh) {
    box.replaceChildren();
    return;
  }
  const { sweeps, count: all } = listed;
  const columns = [
    { head: say("sweep_began"), cell: (one) => clockText(one.began_at).replace("T", " ") },
    { head: say("kind"), isText: true, cell: (one) => one.kind },
    { head: say("sweep_where"), isText: true, cell: placeText },
    ...COUNTS.map((name) => ({ head: say(`beside_${name}`), cell: (one) => count(one[name]) })),
    ...(mayRecord() ? [{ head: say("sweep_acts"), cell: actions }] : []),
  ];
  const parts = [table(columns, sweeps, { label: say("sweeps") })];
  if (all > sweeps.length) parts.push(make("p", say("sweeps_more", { n: sweeps.length, of: all }), "soft"));
  box.replaceChildren(...parts);
  document.documentElement.dataset.sweeps = `${desk.summary.period.label} ${all}`;
}

async function loadList() {
  const { summary } = desk;
  if (!at("sweeps").open || !summary || listed?.summary === summary) return;
  try {
    const found = await askJson("/v1/sweeps", { query: { ...spanOf(summary.period), limit: SHOWN } });
    if (desk.summary !== summary) return;
    listed = { ...found, summary };
    showList();
  } catch (error) {
    trouble(error, loadList);
  }
}

export function showSweeps() {
  const n = desk.summary.beside.sweeps;
  at("sweep-new").hidden = !mayRecord();
  at("sweeps").hidden = !n;
  at("sweeps").querySelector("summary").textContent = say("sweeps_of", { n: count(n || 0) });
  showList();
  loadList();
}

// -- withdrawn and taken back

async function act(path, method, one) {
  try {
    const answer = await (await change(path, { method, headers: { "If-Match": one.etag } })).json();
    await again();
    return answer;
  } catch (error) {
    trouble(error, () => again());
    return null;
  }
}

async function withdraw(one) {
  const gone = await act(`/v1/sweeps/${one.id}`, "DELETE", one);
  if (!gone) return;
  const back = async () => {
    if (await act(`/v1/sweeps/${one.id}/restore`, "POST", gone)) tell(say("sweep_is_back"));
  };
  tell(say("sweep_gone", { when: clockText(one.began_at).replace("T", " ") }), { text: say("sweep_back"), act: back });
  at("sweeps-said").querySelector("button").focus(); // its row is gone
}

// -- the dialog

function field(id, word, inner, more = {}) {
  Object.assign(inner, { id: `sweep-${id}`, autocomplete: "off", ...more });
  const label = make("label", say(word));
  label.htmlFor = inner.id;
  return make("div", [label, inner], "field");
}

function option(value, text) {
  const made = make("option", text);
  made.value = value;
  return made;
}

// Communities with grids; whole counties where the reader sees them.
async function places(here) {
  const { period, at: day } = asked();
  const found = (await askJson("/v1/statistics", { query: { period, at: day || desk.summary.period.at, by: "community" } })).groups.filter((one) => one.households !== null);
  if (here?.community && !found.some((one) => one.key === here.community)) found.push({ key: here.community, name: here.name });
  const counties = here ? [here.county] : [...new Set(found.map((one) => one.key.slice(0, 6)))];
  const wholes = (counties.length ? counties : [""]).filter((code) => !session?.jurisdiction || code.startsWith(session.jurisdiction));
  return [
    ...wholes.map((code) => option(`county:${code}`, wholes.length > 1 ? `${say("sweep_whole")} ${code}` : say("sweep_whole"))),
    ...found.filter((one) => !here || one.key.startsWith(here.county)).map((one) => option(one.key, one.name ? `${one.name} ${one.key}` : one.key)),
  ];
}

function told(fields, here) {
  const body = { kind: fields.kind.value.trim() };
  if (!body.kind) return [fields.kind, "sweep_kind_needed"];
  if (!fields.began.value) return [fields.began, "sweep_began_needed"];
  body.began_at = momentOf(fields.began.value);
  body.ended_at = fields.ended.value ? momentOf(fields.ended.value) : null;
  for (const name of COUNTS) {
    const n = Number(fields[name].value);
    if (fields[name].value.trim() === "" || !Number.isInteger(n) || n < 0) return [fields[name], "sweep_number_needed"];
    body[name] = n;
  }
  const [kind, county] = fields.where.value.split(":");
  body.community = county === undefined ? kind : null;
  if (!here && county) body.county = county;
  return body;
}

// What differs from the sweep as it was; its seconds are nobody's change.
function differing(body, here) {
  const same = (name) => (name.endsWith("_at") && body[name] && here[name] ? clockText(body[name]) === clockText(here[name]) : body[name] === here[name]);
  return Object.fromEntries(Object.entries(body).filter(([name]) => !same(name)));
}

async function openForm(here) {
  let options;
  try {
    options = await places(here);
  } catch (error) {
    trouble(error, () => openForm(here));
    return null;
  }
  return openDialog({
    title: here ? say("sweep_correct_title", { id: here.id }) : say("sweep_new"),
    kind: "sweep",
    fill(form, close) {
      const fields = { kind: make("input"), where: make("select", options), began: make("input"), ended: make("input"), ...Object.fromEntries(COUNTS.map((name) => [name, make("input")])) };
      const words = make("datalist", KINDS.map((name) => option(say(`sweep_kind_${name}`), "")));
      words.id = "sweep-kinds";
      fields.kind.setAttribute("list", words.id);
      const boxes = [
        field("kind", "kind", fields.kind, { type: "text", maxLength: 60, value: here ? here.kind : say("sweep_kind_night") }), words,
        field("where", "sweep_where", fields.where),
        make("div", [
          field("began", "sweep_began", fields.began, { type: "datetime-local", min: "2000-01-01T00:00", value: here ? clockText(here.began_at) : "" }),
          field("ended", "sweep_ended", fields.ended, { type: "datetime-local", min: "2000-01-01T00:00", value: here?.ended_at ? clockText(here.ended_at) : "" }),
        ], "pair"),
        make("div", COUNTS.map((name) => field(name, `beside_${name}`, fields[name], { type: "number", min: "0", step: "1", inputMode: "numeric", value: here ? String(here[name]) : "" })), "pair"),
      ];
      if (here) fields.where.value = here.community || `county:${here.county}`;
      const fault = make("p", "", "fault");
      fault.id = "sweep-fault";
      fault.setAttribute("role", "alert");
      const key = crypto.randomUUID();
      const wrong = (inner, text) => {
        fault.textContent = text;
        for (const one of Object.values(fields)) one.removeAttribute("aria-invalid");
        if (!inner) return;
        inner.setAttribute("aria-invalid", "true");
        inner.setAttribute("aria-describedby", fault.id);
        inner.focus();
      };
      const save = async () => {
        const body = told(fields, here);
        if (Array.isArray(body)) {
          const [inner, word] = body;
          wrong(inner, say(word, { name: form.querySelector(`label[for="${inner.id}"]`).textContent }));
          return;
        }
        const sent = here ? differing(body, here) : body;
        if (here && !Object.keys(sent).length) {
          close();
          return;
        }
        main.disabled = true;
        try {
          const headers = { "Content-Type": "application/json", ...(here ? { "If-Match": here.etag } : { "Idempotency-Key": key }) };
          const answer = await change(here ? `/v1/sweeps/${here.id}` : "/v1/sweeps", { method: here ? "PATCH" : "POST", headers, body: JSON.stringify(sent) });
          close(await answer.json());
        } catch (error) {
          if (!(error instanceof Trouble)) throw error;
          main.disabled = false;
          wrong(null, error.faults.length ? error.faults.map((one) => one.message).join(" ") : error.message);
        }
      };
      const main = button(say("sweep_save"), save, "main");
      fields.kind.autofocus = !here;
      form.append(...boxes, make("p", say("sweep_note", { zone: zone() }), "soft"), fault, make("div", [button(say("cancel"), () => close()), main], "buttons"));
      form.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.isComposing || event.defaultPrevented || event.target.matches("button, select")) return;
        event.preventDefault();
        save();
      });
    },
  });
}

function tellSaved(one) {
  const day = clockText(one.began_at).slice(0, 10);
  const { first, last } = desk.summary.period;
  tell(say(day >= first && day <= last ? "sweep_saved" : "sweep_saved_elsewhere", { day }));
}

async function record() {
  const made = await openForm(null);
  if (!made) return;
  await again();
  tellSaved(made);
}

async function correct(one) {
  const made = await openForm(one);
  if (!made) return;
  await again();
  tellSaved(made);
  at("sweeps").querySelector("summary").focus(); // the row it came from was drawn anew
}

// `load()` asks for the figures once more.
export async function startSweeps(load) {
  again = load;
  at("sweep-new").addEventListener("click", record);
  at("sweeps").addEventListener("toggle", loadList);
  try {
    session = await askJson("/v1/session");
  } catch (error) {
    if (!(error instanceof Trouble)) throw error; // the figures say what is amiss; nothing can be recorded meanwhile
    return;
  }
  if (desk.summary) showSweeps();
}
