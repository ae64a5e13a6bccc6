// A planner's verdict on a proposal, camera or post: sent one by one, kept by the service at once, taken back the same way.
import { languageNow, make, say } from "./desk_words.js";
import { button, get, put, remove, told, working } from "./coverage_ask.js";
import { shortCode } from "./coverage_map.js";
import { mayChange, planId } from "./coverage_state.js";

// What was decided on proposals of a kind, the newest first; nothing where that is not to be had.
export async function askVerdicts(kind, again) {
  const found = await working(`decided ${kind}`, "", (options) => get("/v1/cameras/proposals", { plan: planId(), kind }, options), { again });
  return found && found.proposals;
}

// Send a verdict, or none to take back what was decided.  `level`: what the proposal was made for.
export async function sendVerdict(kind, one, verdict, level, again) {
  const path = `/v1/cameras/proposals/${encodeURIComponent(one.id)}`;
  told(say("saving"));
  const body = { plan: planId(), kind, verdict, lon: one.lon, lat: one.lat, heading_deg: one.heading_deg ?? null, level, grid: one.grid || "" };
  const sent = await working(`decide ${one.id}`, "load_saving", (options) =>
    verdict ? put(path, body, options) : remove(path, { plan: planId(), kind }, options),
  { again });
  told(sent ? say(verdict ? `saved_${verdict}` : "saved_undone") : "");
  return Boolean(sent);
}

// The two buttons beside a proposal.
export function verdictButtons(one, decide) {
  return [["accepted", "accept", "✓"], ["refused", "refuse", "×"]].map(([verdict, word, mark]) => {
    const way = button(mark, () => decide(verdict, one), `square ${verdict}`);
    way.dataset.act = verdict;
    way.setAttribute("aria-pressed", String(one.verdict === verdict));
    way.setAttribute("aria-label", say(word, { n: one.rank }));
    way.title = say(word, { n: one.rank });
    way.disabled = !mayChange();
    return way;
  });
}

// A list of proposals drawn anew leaves the focus on the same thing of the one looked at.
export function replaceProposals(list, lines) {
  const had = list.contains(document.activeElement) ? document.activeElement.dataset.act || "go" : "";
  list.replaceChildren(...lines);
  if (had) list.querySelector(`li:has([aria-current]) [data-act="${had}"]`)?.focus({ preventScroll: true });
}

// What was decided: a heading, the accepted ones as files, and a line for each.
export function showVerdicts(box, decided, { see, takeBack }) {
  const accepted = decided.filter((one) => one.verdict === "accepted");
  box.hidden = !decided.length;
  box.querySelector("h2").textContent = say("decided_heading", { accepted: accepted.length, refused: decided.length - accepted.length });
  for (const link of box.querySelectorAll("[data-ending]")) {
    if (accepted.length) link.href = `/v1/cameras/proposals.${link.dataset.ending}?plan=${encodeURIComponent(planId())}&lang=${languageNow()}`;
    else link.removeAttribute("href");
    link.setAttribute("aria-disabled", String(!accepted.length));
  }
  box.querySelector("ul").replaceChildren(...decided.map((one) => {
    const look = button("", () => see(one), "quiet");
    look.append(make("b", one.verdict === "accepted" ? "✓" : "×"), make("span", say(`decided_${one.verdict}`, { grid: one.grid ? shortCode(one.grid) : "–", id: one.id })));
    const back = button(say("take_back"), () => takeBack(one));
    back.disabled = !mayChange();
    return make("li", [look, back], one.verdict);
  }));
}
