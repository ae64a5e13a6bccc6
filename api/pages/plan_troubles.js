// What stands between the page and the service, said plainly: what happened, what waits, that it is safe, what to do.
import { make, onLanguage, say } from "./desk_words.js";
import { openClosed, openConflict } from "./plan_conflict.js";
import { faultText } from "./plan_do.js";
import { flash, zoomToAtoms } from "./plan_map.js";
import { hideAll, line, me } from "./plan_queue.js";
import { download } from "./plan_saved.js";
import { desk, on, tell } from "./plan_state.js";
import { goOn, save, sync } from "./plan_sync.js";
import { confirm, dismiss, notice, openDialog, signIn } from "./desk_talk.js";
import { forget, isSafe, whenKept } from "./plan_waiting.js";

const MOST_SHOWN = 3;
const now = { id: "line" };

const waits = () => (line.entries.length ? `${say("sync_waits", { n: line.entries.length })} ${say(isSafe() ? "sync_safe" : "sync_not_kept")}` : "");
const all = (...parts) => parts.filter(Boolean).join(" ");
const tryNow = () => ({ text: say("sync_try_now"), act: () => goOn(), stays: true });
const saveFile = () => ({ text: say("sync_download"), act: () => download(line.entries), stays: true });
const dropAll = () => ({ text: say("sync_drop"), act: drop, stays: true });

async function drop() {
  const n = line.entries.length;
  if (!(await confirm({ title: say("sync_drop_title", { n }), text: say("sync_drop_text"), ok: say("sync_drop"), isGrave: true, fill: listMine }))) return;
  dropMine();
}

export function dropMine() {
  hideAll();
  line.entries = [];
  line.taken = [];
  save();
  tell("changed", { grids: [...desk.plan.grids.keys()], isAll: true });
  tell("locks", desk.locks);
  tell("steps");
  goOn();
}

function listMine(form) {
  form.append(make("ul", line.entries.slice(0, 12).map((entry) => make("li", entry.title || say(`step_${entry.kind}`, { locks: entry.locks.join(", "), name: "", grids: "" }))), "mine"));
}

// In words, and what can be done; nothing where a question is asked instead.
function wordsOf({ kind, text }) {
  if (kind === "gone") return ["warn", all(text, waits()), [tryNow()]];
  if (kind === "session") {
    const signedIn = { text: say("sync_signed_in"), act: () => goOn(), stays: true };
    return ["bad", all(say("sync_session"), waits()), [{ text: say("sign_in"), act: signIn, stays: true }, signedIn]];
  }
  if (kind === "other") {
    const who = line.entries[0]?.who || say("sync_nobody");
    return ["bad", all(say("sync_other", { who, me: me() }), waits()), [{ text: say("sign_in"), act: signIn, stays: true }, tryNow(), saveFile(), dropAll()]];
  }
  if (kind === "full") return ["bad", all(say("sync_full"), waits()), [tryNow(), saveFile()]];
  if (kind === "busy") return ["warn", all(say("sync_busy"), waits()), [tryNow()]];
  return ["bad", all(text, waits()), [tryNow(), saveFile(), dropAll()]];
}

let toldOf = "";

function told(held) {
  if (!held) {
    toldOf = "";
    dismiss(now.id);
  } else if (held.kind === "conflict") openConflict(held.error);
  else if (held.kind === "closed") openClosed(held.error);
  else {
    const [kind, text, actions] = wordsOf(held);
    const there = noticeNow();
    if (there && toldOf === held.kind) there.textContent = text; // tried once more: nothing new to be heard
    else notice(kind, text, { ...now, actions });
    toldOf = held.kind;
  }
}

const noticeNow = () => document.querySelector(`.notice[data-id="${now.id}"] p`);

// How much waits, in what is told already.
function count() {
  const there = noticeNow();
  if (!there || !sync.held || toldOf !== sync.held.kind) return;
  const [, text] = wordsOf(sync.held);
  if (there.textContent !== text) there.textContent = text;
}

// -- steps that could not be made

function tellLost(lost) {
  const rows = lost.map(({ entry, faults }) => [entry.title || say(`sync_kind_${entry.kind}`), faults.map(faultText).join(" ")]);
  const shown = rows.slice(0, MOST_SHOWN).map(([title, why]) => say("sync_lost_one", { title, why }));
  const text = rows.length === 1 ? shown[0] : all(say("sync_lost_n", { n: rows.length }), ...shown);
  const file = { text: say("sync_download"), act: () => download(lost.map((one) => one.entry)), stays: true };
  const actions = rows.length > MOST_SHOWN ? [{ text: say("sync_lost_all"), act: () => showLost(rows), stays: true }, file] : [file];
  notice("bad", text, { id: `lost-${lost[0].entry.key}`, actions });
}

function showLost(rows) {
  return openDialog({
    title: say("sync_lost_n", { n: rows.length }),
    kind: "wide",
    fill(form, close) {
      const list = make("dl", rows.flatMap(([title, why]) => [make("dt", title), make("dd", why)]), "lost");
      const main = make("button", say("close"), "main");
      main.type = "button";
      main.addEventListener("click", () => close());
      form.append(list, make("div", [main], "buttons"));
    },
  });
}

// -- what others did

function tellOthers(changes) {
  if (!changes.length) return;
  const names = [...new Set(changes.map((one) => one.who))].map((who) => (who === me() ? say("sync_you_elsewhere") : who)).join(", ");
  const ids = [...new Set(changes.flatMap((one) => (one.pieces || []).map((piece) => piece[0])))];
  const atoms = ids.map((id) => desk.ground.idAt.get(id)).filter((atom) => atom !== undefined);
  const grids = [...new Set(changes.flatMap((one) => one.grids))];
  const list = grids.slice(0, 6).join(", ") + (grids.length > 6 ? " …" : "");
  const one = changes.length === 1 ? say("sync_others_one", { who: names, title: changes[0].title }) : say("sync_others_n", { who: names, n: changes.length });
  const text = all(one, atoms.length ? say("sync_others_ground", { n: atoms.length, grids: list }) : "");
  const show = { text: say("sync_show"), act: () => { zoomToAtoms(atoms); flash(atoms); }, stays: true };
  notice("plain", text, { id: "others", actions: atoms.length ? [show] : [] });
  if (atoms.length) flash(atoms);
}

// What somebody else left in this browser: it goes out in their name only.
function tellForeign(records) {
  for (const record of records) {
    const file = { text: say("sync_download"), act: () => download(record.entries, record.known), stays: true };
    const away = {
      text: say("sync_drop"),
      act: async () => {
        const sure = await confirm({ title: say("sync_drop_title", { n: record.entries.length }), text: say("sync_drop_text"), ok: say("sync_drop"), isGrave: true });
        if (!sure) return;
        await forget(record);
        dismiss(`foreign-${record.window}`);
      },
      stays: true,
    };
    const text = say("sync_foreign", { n: record.entries.length, who: record.who || say("sync_nobody") });
    notice("warn", text, { id: `foreign-${record.window}`, actions: [file, away] });
  }
}

export function start() {
  on("held", told);
  on("saved", count);
  on("lost", tellLost);
  on("others", tellOthers);
  on("foreign", tellForeign);
  on("taken up", (n) => notice("plain", say("sync_taken_up", { n }), { id: "taken-up" }));
  whenKept((isKept) => {
    tell("saved", sync);
    if (isKept) dismiss("not-kept");
    else notice("bad", say("sync_not_kept"), { id: "not-kept", actions: [saveFile()] });
  });
  onLanguage(() => {
    toldOf = "";
    if (sync.held && !["conflict", "closed"].includes(sync.held.kind)) told(sync.held);
  });
}

