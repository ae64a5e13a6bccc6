// The doors of a street by their sides: odd and even numbers often lie in two grids, and so do its two ends.  Which door lies
// where is asked of the look-up, door by door; here they are only put together.
const MOST_DOORS = 20; // a suggestion's longest answer
const NUMBER = /(\d+)\D*$/;

// Runs of doors of one side in one grid, from the lowest number on: {street, isOdd, from, to, n, grid, address}, where
// `address` is the door in the middle of the run.  Doors without a certain grid make runs of their own.
export function runsOf(street, doors) {
  const runs = [];
  for (const isOdd of [true, false]) {
    const side = doors.filter((one) => one.number % 2 === (isOdd ? 1 : 0)).sort((a, b) => a.number - b.number);
    let run = null;
    for (const door of side) {
      if (!run || run.grid !== door.grid) {
        run = { street, isOdd, grid: door.grid, doors: [] };
        runs.push(run);
      }
      run.doors.push(door);
    }
  }
  return runs.map(({ doors: its, ...run }) => ({
    ...run, from: its[0].number, to: its.at(-1).number, n: its.length, address: its[Math.floor((its.length - 1) / 2)].address,
  }));
}

// The doors that are suggested after a street's whole name; where there are many, those after each first digit as well.
async function doorsOf(street, { askJson, signal }) {
  const after = async (digit) => (await askJson("/v1/suggest", { query: { q: `${street.text}${digit}`, limit: MOST_DOORS }, signal })).suggestions;
  const first = await after("");
  const lists = [first];
  if (first.length >= MOST_DOORS) lists.push(...(await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9].map(after))));
  const doors = new Map();
  for (const one of lists.flat()) {
    const number = NUMBER.exec(one.text.slice(street.text.length));
    if (one.kind !== "door" || !one.text.startsWith(street.text) || one.context !== street.context || !number) continue;
    doors.set(one.text, { address: one.text, number: Number(number[1]) });
  }
  return [...doors.values()];
}

export async function sidesOf(street, asking) {
  const doors = await doorsOf(street, asking);
  if (doors.length < 2) return [];
  const body = JSON.stringify({ addresses: doors.map((one) => `${street.context}${one.address}`) });
  const headers = { "Content-Type": "application/json" };
  const found = await asking.contentOf(await asking.change("/v1/lookup/batch", { method: "POST", headers, body, signal: asking.signal }));
  const known = doors.map((one, i) => ({ ...one, grid: found.rows[i].grid }));
  const runs = runsOf(street.text, known);
  return new Set(known.map((one) => one.grid)).size > 1 ? runs : [];
}
