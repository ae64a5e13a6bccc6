// What one takes along: the shift kept on the phone for where there is no network, files to download, the QR code.
import { ask } from "./desk_ask.js";
import { kept, keepSaved } from "./patrol_kept.js";
import { canKeep, dropParts, getPart, keyOf, load, on, planName, putPart, queryOf, route, shift, shiftName } from "./patrol_shift.js";
import { byteSize, clock, dayOf, make, onLanguage, say } from "./desk_words.js";

const at = (id) => document.getElementById(id);
const SCOPE = "/desk/patrol";
const WORKER = `${SCOPE}/patrol_worker.js`;
const TYPES = { gpx: "application/gpx+xml", gcj02: "application/gpx+xml", pdf: "application/pdf", qr: "image/svg+xml" };
let page = null;
let working = false;
let qrOf = "";

export function startTaking(given) {
  page = given;
  at("save").addEventListener("click", save);
  at("forget").addEventListener("click", forget);
  at("show-qr").addEventListener("click", showQr);
  for (const button of document.querySelectorAll("[data-file]")) {
    button.addEventListener("click", () => download(button));
  }
  on("loaded", show);
  onLanguage(show);
}

// -- files

function pathOf(part) {
  const id = encodeURIComponent(route().id);
  if (part === "qr") return `/v1/patrols/${id}/qr.svg`;
  return `/v1/patrols/${id}.${part === "gcj02" ? "gpx" : part}`;
}

// A file as the service gives it now; where it does not answer, as this phone keeps it.
async function fileOf(part, signal) {
  const mine = keyOf(shift.choice);
  const stored = async () => {
    const what = kept().saved[mine];
    return what && what.plan.id === shift.answer.plan.id && what.plan.revision === shift.answer.plan.revision ? getPart(mine, part) : null;
  };
  // What is looked at is what one gets: a copy on the phone comes with its own files.
  const own = shift.isFromPhone ? await stored() : null;
  if (own) return own;
  try {
    const query = { ...queryOf(shift.choice), crs: part === "gcj02" ? "gcj02" : "" };
    return await ask(pathOf(part), { query, headers: { Accept: TYPES[part] }, signal });
  } catch (error) {
    const found = error.kind === "gone" || error.kind === "session" ? await stored() : null;
    if (found) return found;
    throw error;
  }
}

function fileName(part) {
  const { date, half } = shift.choice;
  const name = `${route().id}_${date}_${half}${part === "gcj02" ? "_GCJ02.gpx" : `.${part}`}`;
  return name.replace(/[^\p{L}\p{N}._-]+/gu, "-");
}

async function download(button) {
  const part = button.dataset.file;
  button.disabled = true;
  try {
    const found = await fileOf(part);
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([await found.arrayBuffer()], { type: TYPES[part] }));
    link.download = fileName(part);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  } catch (error) {
    page.trouble(error);
  } finally {
    button.disabled = false;
  }
}

async function showQr() {
  at("show-qr").disabled = true;
  try {
    const found = await fileOf("qr");
    at("qr").src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await found.text())}`;
    at("qr").alt = say("qr_alt", { name: route().id });
    at("qr").hidden = false;
    at("show-qr").hidden = true;
    qrOf = keyOf(shift.choice);
    at("qr").scrollIntoView({ block: "nearest" });
  } catch (error) {
    page.trouble(error);
  } finally {
    at("show-qr").disabled = false;
  }
}

// -- keeping

// The script that serves the page without network, at work.
async function workerReady() {
  const made = await navigator.serviceWorker.register(WORKER, { scope: SCOPE });
  await made.update().catch(() => {});
  const coming = made.installing || made.waiting;
  if (coming && coming.state !== "activated") {
    await new Promise((go, fail) => {
      const look = () => {
        if (coming.state === "activated") go();
        else if (coming.state === "redundant") fail(new Error(say("page_not_kept")));
      };
      coming.addEventListener("statechange", look);
      look();
    });
  }
  if (!made.active) throw new Error(say("page_not_kept"));
}

async function save() {
  if (working) return;
  if (!canKeep()) {
    page.notice("bad", say("save_impossible"));
    return;
  }
  if (navigator.onLine === false) {
    page.notice("bad", say("no_network"));
    return;
  }
  working = true;
  at("save").disabled = true;
  at("save").textContent = say("saving");
  const mine = keyOf(shift.choice);
  try {
    await ask("/healthz"); // before the browser is told to fetch what it keeps
    if (shift.isFromPhone) await load(shift.choice);
    const { choice, answer, etag } = shift;
    await workerReady();
    const text = JSON.stringify(answer);
    const parts = [{ part: "route", bytes: new Blob([text]).size }];
    const missing = [];
    for (const part of Object.keys(TYPES)) {
      try {
        const content = await (await fileOf(part)).blob();
        await putPart(mine, part, content, TYPES[part]);
        parts.push({ part, bytes: content.size });
      } catch (error) {
        if (error.kind !== "refused") throw error;
        missing.push(part);
      }
    }
    await putPart(mine, "route.json", text, "application/json");
    const { id, name, revision } = answer.plan;
    keepSaved(mine, { choice, etag, plan: { id, name, revision }, at: Date.now(), parts, missing });
    if (navigator.storage && navigator.storage.persist) await navigator.storage.persist().catch(() => false);
    page.notice("good", say("saved_now"));
  } catch (error) {
    if (error.kind) page.trouble(error);
    else page.notice("bad", say("save_failed", { why: error.message || error.name }));
  } finally {
    working = false;
    at("save").disabled = false;
    show();
    page.changedKept();
  }
}

async function forget() {
  const mine = keyOf(shift.choice);
  await dropParts(mine);
  keepSaved(mine, null);
  show();
  page.changedKept();
  at("save").focus();
}

function show() {
  if (!shift.choice) return;
  const mine = keyOf(shift.choice);
  const what = kept().saved[mine];
  if (qrOf !== mine) {
    at("qr").hidden = true;
    at("show-qr").hidden = false;
  }
  at("forget").hidden = !what;
  if (!working) at("save").textContent = say(what ? "save_again" : "save");
  if (!what) {
    at("saved").textContent = say(canKeep() ? "saved_not" : "save_impossible");
    at("saved-parts").replaceChildren();
    return;
  }
  const isToday = dayOf(new Date(what.at)) === dayOf(new Date());
  const when = isToday ? clock(what.at) : `${dayOf(new Date(what.at))} ${clock(what.at)}`;
  at("saved").replaceChildren(
    make("strong", say("saved_what", { grid: what.choice.grid, shift: shiftName(what.choice) })),
    make("span", say("saved_plan", { plan: planName(what.plan), when })),
  );
  at("saved-parts").replaceChildren(
    ...what.parts.map(({ part, bytes }) => make("li", [make("span", say(`part_${part}`)), make("span", byteSize(bytes), "soft")])),
    ...what.missing.map((part) => make("li", [make("span", say(`part_${part}`)), make("span", say("part_missing"), "bad")])),
  );
}
