// The page to sign in with: three panels, of which one is shown; the service decides everything.
"use strict";

const words = document.body.dataset;
const panels = {
  signIn: document.getElementById("sign-in"),
  change: document.getElementById("change"),
  signedIn: document.getElementById("signed-in"),
};
let csrf = "";

function show(panel, account, isOwn) {
  for (const one of Object.values(panels)) one.hidden = one !== panel;
  for (const place of document.querySelectorAll("[data-account]")) place.textContent = account || "";
  panels.change.querySelector('[name="username"]').value = account || "";
  document.querySelector("[data-given]").hidden = Boolean(isOwn);
  document.querySelector("[data-own]").hidden = !isOwn;
  say(panel, "");
  const first = panel.querySelector("input:not([hidden]), a");
  if (first) first.focus();
}

function say(panel, text) {
  const place = panel.querySelector(".said");
  place.textContent = text;
  place.hidden = !text;
}

// The answer's body, or an error whose message is the service's own sentence.
async function ask(method, path, body) {
  const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
  if (body) headers["Content-Type"] = "application/json";
  if (csrf) headers["X-CSRF-Token"] = csrf;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: "same-origin" });
  } catch {
    throw new Error(words.noAnswer);
  }
  const content = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (answer.ok) return content;
  const error = new Error(content.detail || words.noAnswer);
  error.status = answer.status;
  error.seconds = Number(answer.headers.get("Retry-After"));
  throw error;
}

// Work of a panel: its button waits, what is refused is said, and a short queue is waited for.
async function work(panel, task) {
  const button = panel.querySelector("button");
  const label = button.textContent;
  button.disabled = true;
  button.textContent = words.working;
  say(panel, "");
  try {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await task();
        return;
      } catch (error) {
        if (error.status !== 503 || !(error.seconds <= 5) || attempt >= 3) throw error;
        await new Promise((go) => setTimeout(go, error.seconds * 1000));
      }
    }
  } catch (error) {
    say(panel, error.message);
  } finally {
    button.disabled = false;
    button.textContent = label;
  }
}

function begun(session) {
  csrf = session.csrf;
  if (session.must_change) {
    show(panels.change, session.account);
  } else {
    location.replace(words.next);
  }
}

function value(id) {
  return document.getElementById(id).value;
}

function isFilled(form) {
  const empty = [...form.querySelectorAll("input[required]")].filter((input) => {
    input.setAttribute("aria-invalid", String(!input.value));
    return !input.value;
  });
  if (empty.length) empty[0].focus();
  return !empty.length;
}

panels.signIn.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!isFilled(panels.signIn)) return;
  work(panels.signIn, async () => {
    const password = value("password");
    begun(await ask("POST", "/v1/session", { name: value("name"), password }));
    document.getElementById("old").value = password;
    if (!panels.change.hidden) document.getElementById("new").focus();
  });
});

panels.change.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!isFilled(panels.change)) return;
  if (value("new") !== value("again")) {
    say(panels.change, words.notEqual);
    document.getElementById("again").focus();
    return;
  }
  work(panels.change, async () => {
    begun(await ask("POST", "/v1/session/password", { password: value("old"), new_password: value("new") }));
  });
});

for (const button of document.querySelectorAll("[data-sign-out]")) {
  button.addEventListener("click", () => {
    const panel = panels.change.hidden ? panels.signedIn : panels.change;
    work(panel, async () => {
      await ask("DELETE", "/v1/session");
      csrf = "";
      for (const form of [panels.signIn, panels.change]) form.reset();
      show(panels.signIn);
    });
  });
}

for (const box of document.querySelectorAll("[data-shows]")) {
  box.addEventListener("change", () => {
    for (const id of box.dataset.shows.split(" ")) document.getElementById(id).type = box.checked ? "text" : "password";
  });
}

document.querySelector("[data-change]").addEventListener("click", () => {
  show(panels.change, document.querySelector("[data-account]").textContent, true);
});

function greet(session) {
  csrf = session.csrf;
  show(session.must_change ? panels.change : panels.signedIn, session.account);
  // Without accounts there is nothing to sign out of, and no password.
  for (const button of panels.signedIn.querySelectorAll("button")) button.hidden = session.is_local;
}

if (words.asks) {
  ask("GET", "/v1/session").then(greet, () => show(panels.signIn));
} else {
  show(panels.signIn);
}
