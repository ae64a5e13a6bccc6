// Plans as the service packs them: the ground of a plan, the plan on it, and what lies beneath.
import { ask, askJson } from "./desk_ask.js";
import { Ground, PlanModel } from "./plan_model.js";
import { desk, planPath, tell } from "./plan_state.js";

const TYPES = { i4: Int32Array, f4: Float32Array, u1: Uint8Array };
const MAGIC = "GWP1";

// A head in JSON, then arrays as they lie in memory (api/usecases/packed.py).
export function unpack(body) {
  const magic = new TextDecoder().decode(new Uint8Array(body, 0, 4));
  if (magic !== MAGIC) throw new Error(`not packed: ${magic}`);
  const long = new DataView(body).getUint32(4, true);
  const { arrays: placed, ...head } = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 8, long)));
  const arrays = {};
  for (const [name, [type, at, count]] of Object.entries(placed)) arrays[name] = new TYPES[type](body, 8 + long + at, count);
  return { head, arrays };
}

export async function askPacked(path, options = {}) {
  const answer = await ask(path, options);
  return unpack(await answer.arrayBuffer());
}

export async function askGround(path = planPath("/ground"), options = {}) {
  const { head, arrays } = await askPacked(path, options);
  return new Ground(head, arrays);
}

export const askSheet = (path = planPath("/sheet"), options = {}) => askJson(path, options);

// The plan as the service has it, ground and all.
// `first`: what must be known before anybody hears of it.
export async function load({ first, ...options } = {}) {
  const [ground, sheet] = await Promise.all([askGround(undefined, options), askSheet(undefined, options), first]);
  desk.ground = ground;
  desk.plan = new PlanModel(ground, sheet);
  take(sheet);
  tell("loaded");
  return sheet;
}

// The same ground, the plan as it is now.
export async function reload(options = {}) {
  const sheet = await askSheet(undefined, options);
  desk.plan.takeSheet(sheet);
  take(sheet);
  tell("changed", { grids: [...desk.plan.grids.keys()], isAll: true });
  return sheet;
}

function take(sheet) {
  desk.card = sheet.plan;
  desk.id = sheet.plan.id;
  desk.locks = sheet.locks;
  tell("card", desk.card);
  tell("locks", desk.locks);
}
