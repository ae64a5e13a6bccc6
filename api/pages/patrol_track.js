// After the shift: a track goes to the service, and what was missed comes back, as a list and on the map.
import { askJson, send } from "./desk_ask.js";
import { keepWork } from "./patrol_kept.js";
import { keyOf, on, queryOf, shift, tell, work } from "./patrol_shift.js";
import { warning } from "./patrol_walk.js";
import { byteSize, has, km, make, metres, onLanguage, say } from "./desk_words.js";

const at = (id) => document.getElementById(id);
const LOOK_BYTES = 65536;
const MOST_LISTED = 100;
let page = null;
let file = null;
let sending = null;

export function startTracking(given) {
  page = given;
  at("choose").addEventListener("click", () => (sending ? sending.abort() : at("gpx").click()));
  at("gpx").addEventListener("change", () => {
    [file] = at("gpx").files;
    at("gpx").value = ""; // the same file may be chosen again
    if (file) upload();
  });
  at("again").addEventListener("click", upload);
  on("loaded", () => {
    file = null;
    at("again").hidden = true;
    at("chosen").textContent = "";
    show();
    askLast();
  });
  on("report", show);
  onLanguage(show);
}

// Whether a file begins like GPX, in any of the encodings of XML.
async function looksLikeGpx(chosen) {
  const bytes = new Uint8Array(await chosen.slice(0, LOOK_BYTES).arrayBuffer());
  const wide = { "255,254": "utf-16le", "254,255": "utf-16be", "60,0": "utf-16le", "0,60": "utf-16be" }[`${bytes[0]},${bytes[1]}`];
  return /<(\w+:)?gpx[\s>]/i.test(new TextDecoder(wide || "utf-8").decode(bytes));
}

async function upload() {
  const chosen = file;
  page.clearNotices();
  at("chosen").textContent = say("track_file", { name: chosen.name, size: byteSize(chosen.size) });
  at("again").hidden = true;
  try {
    if (!chosen.size) throw Object.assign(new Error(say("track_empty")), { kind: "refused" });
    if (!(await looksLikeGpx(chosen))) throw Object.assign(new Error(say("track_not_gpx", { name: chosen.name })), { kind: "refused" });
    sending = new AbortController();
    at("choose").textContent = say("track_sending");
    const { choice } = shift;
    const query = { ...queryOf(choice), patroller: choice.number, crs: at("gcj02-track").checked ? "gcj02" : "" };
    const report = await send("/v1/tracks", { query, body: chosen, type: "application/gpx+xml", signal: sending.signal });
    keepWork(keyOf(choice), { track: report.id });
    if (shift.choice === choice) took(report);
    at("track").scrollTop = at("report").offsetTop - at("track").offsetTop;
  } catch (error) {
    // The file stays with the phone; it can be sent as soon as what is wrong is right again.
    at("again").hidden = error.kind === "refused";
    if (error.kind !== "stopped") page.trouble(error.kind ? error : Object.assign(error, { message: say("track_unread") }));
  } finally {
    sending = null;
    show();
  }
}

// The report of the last track of this shift, where one was sent before.
async function askLast() {
  const { choice } = shift;
  const { track } = work();
  if (!track || navigator.onLine === false) return;
  try {
    const report = await askJson(`/v1/tracks/${encodeURIComponent(track)}`);
    if (shift.choice === choice && !shift.report) took(report);
  } catch {
    // It is asked again with the next look; nothing of the shift depends on it.
  }
}

function took(report) {
  shift.report = { ...report, missed: [...(report.missed || [])].sort((a, b) => b.length_m - a.length_m) };
  tell("report");
}

// -- the report

function figure(value, label, kind = "") {
  return make("div", [make("strong", value), make("span", label)], `figure ${kind}`);
}

function show() {
  if (!sending) at("choose").textContent = say(shift.report ? "track_another" : "track_choose");
  at("track-lead").hidden = Boolean(shift.report);
  const report = shift.report;
  document.body.toggleAttribute("data-report", Boolean(report));
  if (!report) {
    at("report").replaceChildren();
    return;
  }
  const percent = typeof report.coverage_frac === "number" ? 100 * report.coverage_frac : 100;
  // 99.96 % is not all: only the whole is called the whole.
  const shown = percent >= 100 ? "100" : Math.min(percent, 99.9).toFixed(1);
  const hours = typeof report.hours === "number" ? say("hours", { n: report.hours.toFixed(2) }) : say("unknown");
  const speed = typeof report.mean_kmh === "number" ? `${report.mean_kmh.toFixed(1)} km/h` : say("unknown");
  at("report").replaceChildren(
    make("div", [
      figure(`${shown} %`, say("coverage"), report.missed.length ? "warn big" : "good big"),
      figure(metres(1000 * report.missed_km), say("missed_length"), report.missed.length ? "warn" : "good"),
      figure(`${report.covered_km.toFixed(2)} / ${km(1000 * report.planned_km)}`, say("covered_of_planned")),
      figure(hours, say("track_time")),
      figure(km(1000 * report.km), say("track_length")),
      figure(speed, say("track_speed")),
    ], "figures"),
    make("h2", report.missed.length ? say("missed_heading", { n: report.missed.length }) : say("missed_none")),
    missedList(report.missed),
    ...notes(report).map((text) => make("p", text, "soft")),
  );
}

function missedList(missed) {
  const rows = missed.slice(0, MOST_LISTED).map((one) => {
    const row = make("button", [make("strong", one.street || say("unnamed")), make("span", metres(one.length_m), "beside")]);
    row.type = "button";
    row.addEventListener("click", () => {
      for (const other of at("report").querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", "false");
      row.setAttribute("aria-pressed", "true");
      page.showOnMap(one.geometry);
    });
    row.setAttribute("aria-pressed", "false");
    return make("li", [row]);
  });
  if (missed.length > MOST_LISTED) rows.push(make("li", say("missed_more", { n: missed.length - MOST_LISTED }), "soft"));
  return make("ol", rows, "rows missed");
}

function notes(report) {
  const dropped = Object.entries(report.dropped || {}).filter(([, n]) => n > 0);
  const rules = dropped.map(([rule, n]) => `${has(`track_dropped_${rule}`) ? say(`track_dropped_${rule}`) : rule} ${n}`).join(say("comma"));
  return [
    say("fixes_used", { used: report.used, all: report.fixes }),
    dropped.length ? say("fixes_dropped", { rules }) : "",
    report.households_missed ? say("households_missed", { n: report.households_missed }) : "",
    report.blind && report.blind.length ? say("blind_note", { n: report.blind.length }) : "",
    ...(report.warnings || []).map(warning),
  ].filter(Boolean);
}
