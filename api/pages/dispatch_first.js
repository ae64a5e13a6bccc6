// The board is asked for while the rest of the page is still on its way; whoever needs it first takes it.  Where this
// fails the desk asks again, and says why.
const isEarlier = /^\d{4}-\d{2}-\d{2}$/.test(new URLSearchParams(location.search).get("from") || ""); // another board

async function ask() {
  const sent = Date.now();
  const answer = await fetch("/v1/incidents/board", { headers: { Accept: "application/json" }, cache: "no-store" });
  if (!answer.ok) return null;
  const board = await answer.json();
  return { board, sent, back: Date.now() };
}

let first = isEarlier ? null : ask().catch(() => null);

// The board with the moments it was asked for and came; null: there is none, or it was taken.
export function takeFirst() {
  const taken = first;
  first = null;
  return taken;
}
