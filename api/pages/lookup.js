// One field for an address, a grid code or a point; suggestions while typing; the answer with its reasons.
// What is asked is kept nowhere: not in the address of the page, not in the browser.
"use strict";

const words = document.body.dataset;
const at = (id) => document.getElementById(id);
const field = at("what");
const list = at("names");
const form = at("ask");
const FINAL = new Set(["building", "door", "number", "address"]);
const POINT = /^\s*(-?\d{1,3}(?:\.\d+)?)\s*[,，;；\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/;
const MARKS = { sure: "M5 12.5 10 17.5 19.5 7", part: "M12 6.5v7M12 17.6v.1", none: "M7 7l10 10M17 7 7 17" };
let shown = [];
let active = -1;
let waiting = 0;
let asking = null;
let looking = null;

function make(tag, content, kind) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (Array.isArray(content)) made.append(...content.filter(Boolean));
  else if (content !== undefined && content !== null) made.textContent = content;
  return made;
}

function mark(kind) {
  const space = "http://www.w3.org/2000/svg";
  const made = document.createElementNS(space, "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", width: 22, height: 22, "aria-hidden": "true" })) {
    made.setAttribute(name, value);
  }
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", MARKS[kind]);
  made.append(line);
  return made;
}

// The content of an answer; who is no longer signed in is sent to do so, anything else refused is an error.
async function ask(path, query, signal) {
  const asked = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ""));
  let answer;
  try {
    answer = await fetch(`${path}?${asked}`, { headers: { Accept: "application/json" }, credentials: "same-origin", signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(words.noAnswer);
  }
  if (answer.status === 401) location.assign("/login?next=/lookup");
  const content = await answer.json().catch(() => ({}));
  if (answer.ok) return content;
  throw new Error(content.detail || words.noAnswer);
}

// -- suggestions

function close() {
  list.hidden = true;
  active = -1;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function select(place) {
  active = place;
  [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === place)));
  if (place < 0) {
    field.removeAttribute("aria-activedescendant");
    return;
  }
  field.setAttribute("aria-activedescendant", list.children[place].id);
  list.children[place].scrollIntoView({ block: "nearest" });
}

function show(suggestions) {
  shown = suggestions;
  list.replaceChildren(
    ...suggestions.map((one, i) => {
      const item = make("li", [
        make("span", words[`kind${one.kind[0].toUpperCase()}${one.kind.slice(1)}`] || "", "kind"),
        make("span", one.text, "text"),
        make("span", one.context || "", "context"),
      ]);
      item.id = `name-${i}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      return item;
    }),
  );
  list.hidden = !suggestions.length;
  active = -1;
  field.setAttribute("aria-expanded", String(suggestions.length > 0));
  field.removeAttribute("aria-activedescendant");
}

function suggestSoon() {
  clearTimeout(waiting);
  if (asking) asking.abort();
  at("clear").hidden = !field.value;
  const text = field.value.trim();
  if (!text || text.length > 100 || POINT.test(text)) {
    close();
    return;
  }
  waiting = setTimeout(async () => {
    asking = new AbortController();
    try {
      const found = await ask("/v1/suggest", { q: text, limit: 8 }, asking.signal);
      if (document.activeElement === field && field.value.trim() === text) show(found.suggestions);
    } catch {
      close(); // without suggestions the field still takes any address
    }
  }, 90);
}

function take(place) {
  const one = shown[place];
  field.value = one.text;
  close();
  field.focus();
  if (FINAL.has(one.kind)) lookUp();
  else suggestSoon();
}

field.addEventListener("input", (event) => {
  if (!event.isComposing) suggestSoon();
});
field.addEventListener("compositionend", suggestSoon);
field.addEventListener("blur", () => setTimeout(close, 150));
field.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const n = list.hidden ? 0 : shown.length;
  if (event.key === "ArrowDown" && !n) suggestSoon();
  else if (event.key === "ArrowDown") select(active + 1 < n ? active + 1 : 0);
  else if (event.key === "ArrowUp" && n) select(active > 0 ? active - 1 : n - 1);
  else if (event.key === "Enter" && active >= 0) take(active);
  else if (event.key === "Escape" && n) close();
  else return;
  event.preventDefault();
});
list.addEventListener("mousedown", (event) => event.preventDefault());
list.addEventListener("click", (event) => {
  const item = event.target.closest("li");
  if (item) take([...list.children].indexOf(item));
});
at("clear").addEventListener("click", () => {
  field.value = "";
  at("clear").hidden = true;
  at("answer").hidden = true;
  at("said").hidden = true;
  close();
  field.focus();
});

// -- the answer

async function lookUp() {
  const text = field.value.trim();
  clearTimeout(waiting);
  if (asking) asking.abort();
  close();
  if (!text) {
    field.focus();
    return;
  }
  if (looking) looking.abort();
  const mine = (looking = new AbortController());
  at("answer").setAttribute("aria-busy", "true");
  at("go").disabled = true;
  at("said").hidden = true;
  const point = POINT.exec(text);
  const what = point ? { lon: point[1], lat: point[2] } : { address: text };
  try {
    const found = await ask("/v1/lookup", { ...what, as_of: at("day").value, lang: words.lang }, mine.signal);
    at("answer").replaceChildren(...answered(found));
    at("answer").hidden = false;
  } catch (error) {
    if (error.name === "AbortError") return;
    at("answer").hidden = true;
    at("said").textContent = error.message;
    at("said").hidden = false;
  } finally {
    if (looking === mine) {
      at("answer").removeAttribute("aria-busy");
      at("go").disabled = false;
    }
  }
}

function lookUpText(text) {
  field.value = text;
  at("clear").hidden = false;
  lookUp();
  scrollTo({ top: 0, behavior: "smooth" });
}

function verdictOf(found) {
  if (found.grid && found.status === "exact") return ["sure", words.exact];
  if (found.grid && found.status === "building") return ["sure", words.building];
  if (found.grid) return ["part", words.gridOnly];
  if (found.status === "exact" || found.status === "building") return ["part", words.noGrid];
  if (found.status === "not_found") return ["none", words.notFound];
  return ["part", words.unsure];
}

function answered(found) {
  const [kind, verdict] = verdictOf(found);
  const body = make("div", [
    found.grid && gridLine(found),
    facts(found),
    found.detail && make("p", found.detail, "why"),
    ...others(found),
    links(found),
  ], "body");
  const whole = make("div", [make("p", [mark(kind), make("span", verdict)], "verdict"), body], kind);
  return [whole];
}

function gridLine(found) {
  const copy = make("button", words.copy);
  copy.type = "button";
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(found.grid);
      copy.textContent = words.copied;
    } catch {
      getSelection().selectAllChildren(copy.parentElement.querySelector("strong"));
    }
  });
  return make("p", [make("strong", found.grid), found.name && make("span", found.name), copy], "grid");
}

function facts(found) {
  const rows = [
    [words.addressLabel, found.matched_text],
    [words.buildingLabel, found.building],
    [words.communityLabel, found.community],
    [words.droppedLabel, found.dropped_text],
    [words.pointLabel, found.lon === null ? null : `${found.lon}, ${found.lat}`],
  ];
  const list = make("dl", rows.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
  return list.children.length ? list : null;
}

function others(found) {
  const certain = found.status === "exact" || found.status === "building";
  const candidates = found.candidates.filter((one) => !certain || one.building !== found.building || one.address !== found.matched_text);
  if (candidates.length) {
    const items = candidates.map((one) => {
      const button = make("button", [
        make("span", one.address || one.grid, "address"),
        make("span", one.grid || words.noGrid, "code"),
        one.detail && make("span", one.detail, "note"),
      ]);
      button.type = "button";
      button.addEventListener("click", () => lookUpText(found.reason === "several_successors" ? one.grid : one.address || one.grid));
      return make("li", [button]);
    });
    return [make("h2", words.candidates), make("ul", items, "others")];
  }
  if (found.grid || !found.grids.length) return [];
  const codes = found.grids.slice(0, 24).map((code) => {
    const button = make("button", code);
    button.type = "button";
    button.addEventListener("click", () => lookUpText(code));
    return make("li", [button]);
  });
  return [make("h2", words.grids), make("ul", codes, "codes")];
}

function links(found) {
  if (!words.maps || !found.plan || !found.grid) return null;
  const link = make("a", words.map);
  link.href = `/map/${encodeURIComponent(found.plan)}?lang=${words.lang}`;
  return make("p", [link], "links");
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  lookUp();
});
form.hidden = false;
if (matchMedia("(min-width: 700px)").matches) field.focus();
