// Putting an incident right: kind, priority, title, address, level.  What the service refuses is said in the dialog.
import { Trouble } from "./desk_ask.js";
import { make, say } from "./desk_words.js";
import { button, openDialog } from "./desk_talk.js";
import { comboBox } from "./dispatch_form_list.js";
import { kindName, kindsLike } from "./dispatch_kinds.js";
import { LEVELS } from "./dispatch_state.js";
import { changeIncident } from "./dispatch_steps.js";

function labelled(word, content, id) {
  const label = make("label", say(word));
  label.htmlFor = id;
  return make("div", [label, content], "field");
}

function choice(id, values, value) {
  const made = make("select", values.map(([one, text]) => {
    const option = make("option", text);
    option.value = String(one);
    return option;
  }));
  made.id = id;
  made.value = String(value);
  return made;
}

function text(id, value) {
  const made = make("input");
  Object.assign(made, { id, type: "text", value: value || "", maxLength: 200, autocomplete: "off" });
  return made;
}

export function editIncident(card) {
  let kind = card.kind;
  const combo = comboBox({
    id: "edit-kind", max: 60, name: () => say("form_kind_list"),
    rowOf: (one) => [make("span", one.isNew ? say("form_kind_new", { kind: one.code }) : kindName(one.code), "what")],
    onText(typed) {
      kind = "";
      combo.show(kindsLike(typed), { chosen: 0 });
    },
    onTake(one) {
      kind = one.code;
      combo.field.value = kindName(kind);
      combo.close();
    },
  });
  combo.field.value = kindName(kind);
  const priority = choice("edit-priority", [1, 2, 3].map((n) => [n, `${n} ${say(`form_priority_${n}`)}`]), card.priority);
  const level = choice("edit-level", LEVELS.map((one, i) => [i, say(`level_${one}`)]), card.level);
  const [title, address] = [text("edit-title", card.title), text("edit-address", card.address)];
  return openDialog({
    title: say("card_edit_title", { id: card.id }),
    kind: "edit",
    fill(form, close) {
      const fault = make("p", "", "fault");
      fault.setAttribute("role", "alert");
      const save = async () => {
        if (!kind) {
          const row = combo.chosen();
          if (row) kind = row.code;
        }
        if (!kind) {
          fault.textContent = say("form_kind_needed");
          combo.field.focus();
          return;
        }
        const wanted = { kind, priority: Number(priority.value), level: Number(level.value), title: title.value.trim() || null, address: address.value.trim() || null };
        const changes = Object.fromEntries(Object.entries(wanted).filter(([name, value]) => value !== card[name]));
        if (!Object.keys(changes).length) {
          close();
          return;
        }
        try {
          await changeIncident(card, changes);
          close(true);
        } catch (error) {
          if (!(error instanceof Trouble)) throw error;
          fault.textContent = error.message;
        }
      };
      form.append(
        labelled("form_kind", combo.box, "edit-kind"), labelled("form_priority", priority, "edit-priority"), labelled("form_title", title, "edit-title"),
        labelled("form_address", address, "edit-address"), labelled("card_level", level, "edit-level"), fault,
        make("div", [button(say("cancel"), () => close()), button(say("card_edit_save"), save, "main")], "buttons"),
      );
      form.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.isComposing || event.defaultPrevented || event.target.matches("button")) return;
        event.preventDefault();
        save();
      });
    },
  });
}
