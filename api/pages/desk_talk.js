// Talking with whoever sits at a desk: notices, questions in dialogs, and the line that says what is being waited for.
// Text is always text; a dialog gives the focus back to where it was; Esc answers nothing (null).
import { Trouble } from "./desk_ask.js";
import { languageNow, make, onLanguage, say } from "./desk_words.js";

const MOST_NOTICES = 3;
const SHOW_AFTER_MS = 350;
const at = (id) => document.getElementById(id);

export function button(text, act, kind = "") {
  const made = make("button", text, kind);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

// Say something to those who listen instead of looking.
export function tellAloud(text) {
  at("told").textContent = "";
  setTimeout(() => { at("told").textContent = text; }, 50);
}

// -- notices

// kind: good, warn, bad, plain.  The same id, or the same text, takes the place of the one before.
export function notice(kind, text, { actions = [], id = text } = {}) {
  dismiss(id);
  const sign = make("span", { good: "✓", warn: "!", bad: "!", plain: "i" }[kind] || "i", "sign");
  sign.setAttribute("aria-hidden", "true");
  const box = make("div", [sign, make("p", text)], `notice ${kind}`);
  for (const one of actions) {
    box.append(button(one.text, () => {
      if (!one.stays) box.remove();
      one.act();
    }, "small"));
  }
  const close = button("×", () => box.remove(), "close");
  close.setAttribute("aria-label", say("close"));
  box.append(close);
  box.setAttribute("role", kind === "bad" ? "alert" : "status");
  box.dataset.id = id;
  at("notices").prepend(box);
  while (at("notices").children.length > MOST_NOTICES) at("notices").lastChild.remove();
  return box;
}

export function dismiss(id) {
  for (const one of [...at("notices").children]) if (one.dataset.id === id) one.remove();
}

// A trouble of asking, told with the way on.
export function trouble(error, again) {
  if (!(error instanceof Trouble)) throw error;
  if (error.kind === "stopped") return;
  const actions = [];
  if (error.kind === "session") actions.push({ text: say("sign_in"), act: signIn, stays: true });
  if (again) actions.push({ text: say("try_again"), act: again });
  notice("bad", error.message, { actions });
}

// In another tab, so that nothing of this one is lost.
export function signIn() {
  window.open(`/login?next=${encodeURIComponent(location.pathname + location.search)}&lang=${languageNow()}`, "_blank", "noopener");
}

// -- dialogs

// A dialog with a heading; `fill(box, close)` puts the rest into it.  Gives what it was closed with, null for Esc.
export function openDialog({ title, kind = "", fill }) {
  const before = document.activeElement;
  const heading = make("h2", title);
  heading.id = `heading-${Math.random().toString(36).slice(2)}`;
  const form = make("form");
  form.method = "dialog";
  form.noValidate = true;
  const box = make("dialog", [form], kind);
  box.setAttribute("aria-labelledby", heading.id);
  form.append(heading);
  document.body.append(box);
  return new Promise((answer) => {
    let found = null;
    const close = (value = null) => {
      found = value;
      box.close();
    };
    box.addEventListener("close", () => {
      box.remove();
      if (before?.isConnected) before.focus();
      answer(found);
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    fill(form, close);
    box.showModal();
    (form.querySelector("[autofocus]") || form.querySelector("input, textarea, select, .main, button"))?.focus();
  });
}

const buttons = (...made) => make("div", made, "buttons");

// A text by the reader; null where nothing is said.  `check(text)` gives what is wrong with it.
export function askText({ title, label, value = "", max = 200, text = "", lines = 1, isEmptyFine = false, ok = "", check = () => "" }) {
  return openDialog({
    title,
    fill(form, close) {
      const field = make(lines > 1 ? "textarea" : "input");
      if (lines > 1) field.rows = lines;
      else field.type = "text";
      field.maxLength = max;
      field.value = value;
      field.autofocus = true;
      field.autocomplete = "off";
      const fault = make("p", "", "fault");
      fault.id = "ask-fault";
      fault.setAttribute("role", "alert");
      field.setAttribute("aria-describedby", fault.id);
      const done = () => {
        const said = field.value.trim();
        const wrong = !said && !isEmptyFine ? say("text_needed") : check(said);
        fault.textContent = wrong;
        field.setAttribute("aria-invalid", String(Boolean(wrong)));
        if (wrong) field.focus();
        else close(said);
      };
      const main = button(ok || say("ok"), done, "main");
      if (lines > 1) field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
        event.preventDefault(); // whoever gets the focus back is not pressed by the same key
        done();
      });
      else field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.isComposing) return;
        event.preventDefault();
        done();
      });
      const rest = lines > 1 ? [make("p", say("text_send"), "soft")] : [];
      form.append(...(text ? [make("p", text)] : []), make("label", [make("span", label), field], "field"), fault, ...rest, buttons(button(say("cancel"), () => close()), main));
      if (lines === 1) setTimeout(() => field.select(), 0);
    },
  });
}

// One of some ways; each says what it does.  Gives its id, null where none was chosen.
export function choose({ title, text = "", options, fill }) {
  return openDialog({
    title,
    fill(form, close) {
      if (text) form.append(make("p", text));
      if (fill) fill(form);
      const ways = options.map((one) => {
        const made = button("", () => close(one.id), `way${one.isMain ? " main" : ""}`);
        made.append(make("strong", one.text), ...(one.detail ? [make("span", one.detail)] : []));
        made.disabled = Boolean(one.isOff);
        if (one.isMain) made.autofocus = true;
        return made;
      });
      form.append(make("div", ways, "ways"), buttons(button(say("cancel"), () => close())));
    },
  });
}

// Yes or no; true or false.
export async function confirm({ title, text = "", ok, isGrave = false, fill }) {
  const found = await openDialog({
    title,
    fill(form, close) {
      if (text) form.append(make("p", text));
      if (fill) fill(form);
      const main = button(ok || say("ok"), () => close(true), isGrave ? "main grave" : "main");
      const no = button(say("cancel"), () => close());
      (isGrave ? no : main).autofocus = true;
      form.append(buttons(no, main));
    },
  });
  return found === true;
}

// -- waiting

const running = new Map();
let ticking = 0;

// A line each, kept while it runs: who holds its button with a key must not lose it.
function lineOf(one) {
  if (!one.box) {
    one.line = make("p");
    one.stopper = button(say("cancel"), () => one.stop.abort(), "small");
    one.box = make("div", [one.line, one.stopper]);
  }
  const share = one.share >= 0 ? ` ${Math.round(100 * one.share)} %` : "";
  one.line.textContent = `${one.text}${share} · ${say("seconds", { n: Math.round((performance.now() - one.begun) / 1000) })}`;
  one.stopper.textContent = say("cancel");
  return one.box;
}

function showWaiting() {
  const now = performance.now();
  const shown = [...running.values()].filter((one) => one.text && now - one.begun >= SHOW_AFTER_MS).slice(0, 3).map(lineOf);
  const box = at("busy");
  box.hidden = !shown.length;
  if (box.children.length !== shown.length || shown.some((one, i) => box.children[i] !== one)) box.replaceChildren(...shown);
  if (!running.size) {
    clearInterval(ticking);
    ticking = 0;
  }
}

// Do something that takes time under a name; what runs under the same name is stopped.  `run(signal, progress)` gives
// what is wanted; `progress(share, text)` tells how far it is.  Nothing (undefined) comes back where it failed or was
// stopped: that has been told by then; `isThrown` leaves the telling to the caller.
export async function working(id, text, run, { again, isThrown = false } = {}) {
  running.get(id)?.stop.abort();
  const one = { text, begun: performance.now(), stop: new AbortController(), share: -1 };
  running.set(id, one);
  if (text) tellAloud(text);
  ticking = ticking || setInterval(showWaiting, 250);
  const progress = (share, said = one.text) => {
    one.share = share;
    one.text = said;
  };
  try {
    const found = await run(one.stop.signal, progress);
    return one.stop.signal.aborted ? undefined : found;
  } catch (error) {
    if (one.stop.signal.aborted || error.kind === "stopped") return undefined;
    if (isThrown) throw error;
    trouble(error, again);
    return undefined;
  } finally {
    if (running.get(id) === one) running.delete(id);
    showWaiting();
  }
}

export const isWaiting = (id) => running.has(id);

// Esc: stop what is being waited for; whether there was something.
export function stopAll() {
  const shown = [...running.values()].filter((one) => one.text);
  for (const one of shown) one.stop.abort();
  return shown.length > 0;
}

export function start() {
  onLanguage(() => {
    showWaiting();
    for (const one of document.querySelectorAll("#notices .close")) one.setAttribute("aria-label", say("close"));
  });
}
