// What is known of the form's place at once: grid, community, post, how soon somebody is there, and what may be the same
// incident already.
import { askJson } from "./desk_ask.js";
import { make, say } from "./desk_words.js";
import { button } from "./desk_talk.js";
import { ringText } from "./dispatch_card_around.js";
import { kindName } from "./dispatch_kinds.js";
import { atPoint } from "./dispatch_form_place.js";
import { postLine, postsFor } from "./dispatch_posts.js";

const PAUSE_MS = 120;
const RING_WAIT_S = 20;
let asking = 0;
let waiting = 0;

const row = (word, content, kind = "") => [make("dt", say(word)), make("dd", content, kind)];

// Fills `parts.chosen` and `parts.same`; `onFound(grid, community)` once they are known.
export function showGround(parts, draft, { onSame, onFound }) {
  asking += 1;
  const mine = asking;
  clearTimeout(waiting);
  const { place } = draft;
  parts.chosen.replaceChildren();
  if (!place) {
    parts.same.replaceChildren();
    return;
  }
  const known = { grid: place.grid, community: place.community, post: null, ring: null, isAsked: false };
  const paint = () => mine === asking && fill(parts.chosen, place, known);
  paint();
  waiting = setTimeout(async () => {
    const quiet = (promise) => promise.catch(() => null);
    const settle = (promise, take) => quiet(promise).then((found) => {
      if (mine !== asking) return;
      take(found);
      paint();
    });
    const ground = settle(atPoint([place.lon, place.lat]), (found) => {
      if (!found) return;
      Object.assign(known, { grid: place.grid || found.grid, community: found.community, name: found.name, isAsked: true });
      onFound(known.grid, known.community);
    });
    settle(ground.then(() => postsFor({ ...place, community: known.community })), (found) => { known.post = found?.[0] || null; });
    settle(askJson("/v1/surroundings", { query: { lon: place.lon.toFixed(7), lat: place.lat.toFixed(7), wait_s: RING_WAIT_S } }), (found) => { known.ring = found?.ring || null; });
    settle(sameOnes(draft), (found) => fillSame(parts.same, found || [], onSame));
  }, PAUSE_MS);
}

function fill(box, place, known) {
  const code = known.grid ? make("span", known.grid, "code") : make("span", say(known.isAsked ? "form_no_grid" : "form_asking"), "code none");
  box.replaceChildren(make("dl", [
    ...row("card_grid", [code, known.name ? make("span", known.name, "soft") : null]),
    ...(known.community ? row("card_community", known.community, "code") : []),
    ...(known.post ? row("form_post", postLine(known.post)) : []),
    ...(known.ring ? row("form_ring", ringText(known.ring)) : []),
  ], "facts"), ...(place.detail ? [make("p", place.detail, "soft detail")] : []));
}

// -- what may be the same

async function sameOnes({ place, kind, receivedMs }) {
  if (!kind) return [];
  const at = new Date(receivedMs).toISOString();
  const found = await askJson("/v1/incidents/duplicates", { query: { lon: place.lon.toFixed(7), lat: place.lat.toFixed(7), kind, at } });
  return found.duplicates || [];
}

function fillSame(box, found, onSame) {
  if (!found.length) {
    box.replaceChildren();
    return;
  }
  const items = found.slice(0, 3).map((one) => make("li", [
    make("span", [make("strong", `${one.incident} · ${one.title || kindName(one.kind)}`), make("span", one.message, "soft")], "what"),
    button(say("form_same_is"), () => onSame(one.incident), "small"),
  ]));
  box.replaceChildren(make("h3", say("form_same", { n: found.length })), make("ul", items));
}
