// The fields of the form: each with its label, its fault and its keys; what they hold the form keeps.
import { make, say } from "./desk_words.js";

// An element whose words follow the language.
export function worded(element, word) {
  element.dataset.w = word;
  element.textContent = say(word);
  return element;
}

// -- moments: the field shows the browser's clock, the draft keeps the moment itself

const two = (n) => String(n).padStart(2, "0");

export function localText(ms) {
  const one = new Date(ms);
  return `${one.getFullYear()}-${two(one.getMonth() + 1)}-${two(one.getDate())}T${two(one.getHours())}:${two(one.getMinutes())}:${two(one.getSeconds())}`;
}

// A field with its label and what is wrong with it.
export function field(id, word, content, more = null) {
  const fault = make("p", "", "fault");
  fault.id = `${id}-fault`;
  fault.setAttribute("role", "alert");
  const label = worded(make("label"), word);
  label.htmlFor = id;
  const inner = content.querySelector?.("input, select") || content;
  inner.setAttribute("aria-describedby", fault.id);
  return { box: make("div", [make("div", [label, more], "label-line"), content, fault], "field"), fault, inner };
}

// `onChoose(n)` as one is chosen; `onGoOn()` once a key did.
export function priorityField(onChoose, onGoOn) {
  const group = make("div", [1, 2, 3].map((n) => {
    const radio = make("input");
    radio.type = "radio";
    radio.name = "form-priority";
    radio.value = String(n);
    radio.id = `form-priority-${n}`;
    radio.addEventListener("change", () => onChoose(n));
    return make("label", [radio, make("b", String(n)), worded(make("span"), `form_priority_${n}`)], `priority p${n}`);
  }), "priorities");
  group.setAttribute("role", "radiogroup");
  group.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (["1", "2", "3"].includes(event.key)) {
      onChoose(Number(event.key));
      onGoOn();
    } else if (event.key === "Enter") onGoOn();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return group;
}

export function input(id, type, value, onInput, more = {}) {
  const made = make("input");
  Object.assign(made, { id, type, value, autocomplete: "off", ...more });
  made.addEventListener("input", () => onInput(made.value));
  return made;
}

// -- what the service refused, by field

const FIELD_OF = {
  incident_outside: "place", outside_jurisdiction: "place", incident_in_future: "received", incident_too_old: "received", lon: "place", lat: "place", address: "place",
  note_looks_personal: "title", incident_text_long: "title", note_text_long: "title", title: "title", kind: "kind", received_at: "received",
};

// [name of the field or none, sentence] of each fault.
export function faultsOf(error) {
  const faults = error.faults.length ? error.faults : [{ code: error.code, message: error.message, facts: {} }];
  return faults.map((one) => [FIELD_OF[one.code] || FIELD_OF[String(one.facts?.column || "").split(".").at(-1)] || null, one.message || error.message]);
}
