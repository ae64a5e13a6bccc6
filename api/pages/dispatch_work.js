// What the dispatcher does on the desk: takes a call, reads the card, brings it on, sends somebody.
import * as card from "./dispatch_card.js";
import * as form from "./dispatch_form.js";
import * as formMap from "./dispatch_form_map.js";
import * as kinds from "./dispatch_kinds.js";
import * as rules from "./dispatch_rules.js";
import * as units from "./dispatch_units.js";

export { openForm } from "./dispatch_form.js";
export { kindName, loadKinds } from "./dispatch_kinds.js";

export function start() {
  kinds.start();
  formMap.start();
  form.start();
  units.start();
  card.start();
  rules.start();
}
