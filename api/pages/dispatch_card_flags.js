// A red flag raised from an incident: the site stays on the list until it is put right.
import { Trouble, change, contentOf } from "./desk_ask.js";
import { make, say } from "./desk_words.js";
import { button, notice, openDialog, trouble } from "./desk_talk.js";

export function raiseFlag(card) {
  const key = crypto.randomUUID();
  return openDialog({
    title: say("card_flag_title", { id: card.id }),
    kind: "flag",
    fill(form, close) {
      const field = make("input");
      Object.assign(field, { id: "flag-title", type: "text", maxLength: 200, value: card.title || "", autocomplete: "off", autofocus: true });
      const fault = make("p", "", "fault");
      fault.id = "flag-fault";
      fault.setAttribute("role", "alert");
      field.setAttribute("aria-describedby", fault.id);
      const send = async () => {
        const title = field.value.trim();
        fault.textContent = title ? "" : say("card_flag_needed");
        if (!title) {
          field.focus();
          return;
        }
        const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
        const body = JSON.stringify({ incident: card.id, title });
        try {
          const flag = await contentOf(await change("/v1/red-flags", { method: "POST", headers, body }));
          close(flag);
          notice("good", say("card_flag_raised", { id: flag.id }), { id: `flag-${card.id}` });
        } catch (error) {
          if (!(error instanceof Trouble)) throw error;
          if (error.kind === "refused") fault.textContent = error.message;
          else trouble(error);
        }
      };
      const label = make("label", say("card_flag_what"));
      label.htmlFor = field.id;
      field.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.isComposing) return;
        event.preventDefault();
        send();
      });
      form.append(make("p", say("card_flag_text")), make("div", [label, field, fault], "field"), make("div", [button(say("cancel"), () => close()), button(say("card_flag"), send, "main")], "buttons"));
    },
  });
}
