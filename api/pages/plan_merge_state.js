// What the merger wizard knows: villages chosen for each merger, their new codes and names, the job that weighs them, the
// point that is looked at.  Kept by the browser for each plan, so that no reload takes it away.
import { askJson } from "./desk_ask.js";
import { desk, planPath, tell } from "./plan_state.js";

const KEY = "gridwright.plan.merge.";
const BORN = "gridwright.plan.born."; // draft -> the trade-off it was chosen from
const fresh = () => ({ step: 1, groups: [{ villages: [], code: "", name: "" }], active: 0, job: "", weight: null, draft: "" });

export const STEPS = ["pick", "name", "weigh", "choose", "publish"];
export let wizard = fresh();
export const facts = { villages: null, byCode: new Map(), reckoned: null, isReckoning: false, trouble: null, job: null, point: null };

const text = (value, wanted) => (typeof value === typeof wanted ? value : wanted);

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) || "null");
  } catch {
    return null;
  }
}

export function takeUp() {
  const found = read(KEY + desk.id);
  wizard = fresh();
  if (!found || !Array.isArray(found.groups)) return;
  const groups = found.groups
    .filter((one) => one && Array.isArray(one.villages))
    .map((one) => ({ villages: one.villages.map(String), code: text(one.code, ""), name: text(one.name, "") }));
  wizard = {
    step: Math.min(Math.max(Number(found.step) || 1, 1), STEPS.length),
    groups: groups.length ? groups : fresh().groups,
    active: Math.min(Number(found.active) || 0, Math.max(groups.length - 1, 0)),
    job: text(found.job, ""),
    weight: typeof found.weight === "number" ? found.weight : null,
    draft: text(found.draft, ""),
  };
}

// While somebody types: nothing is drawn anew for it.
export function keepTyped(changes) {
  const isOther = changes.job === ""; // another merger: what its draft was to be called means nothing any more
  wizard = { ...wizard, ...(isOther ? { draft: "" } : {}), ...changes };
  try {
    localStorage.setItem(KEY + desk.id, JSON.stringify(wizard));
  } catch {
    // It is worked with all the same; the page has said that nothing is kept.
  }
}

export function keepWizard(changes = {}) {
  keepTyped(changes);
  tell("merge", wizard);
}

export function startAnew() {
  try {
    localStorage.removeItem(KEY + desk.id);
  } catch {
    // Nothing was kept.
  }
  wizard = fresh();
  Object.assign(facts, { reckoned: null, trouble: null, job: null, point: null });
  tell("merge", wizard);
}

// A draft that was chosen remembers what it came from.
export function noteBorn(draft, from) {
  try {
    localStorage.setItem(BORN + draft, JSON.stringify(from));
  } catch {
    // The draft's parent says the most of it.
  }
}

export const bornOf = (draft) => read(BORN + draft);

// -- villages and mergers

export async function askVillages(signal) {
  const { villages } = await askJson(planPath("/villages"), { signal });
  facts.villages = villages;
  facts.byCode = new Map(villages.map((one) => [one.code, one]));
  for (const group of wizard.groups) group.villages = group.villages.filter((code) => facts.byCode.has(code));
}

export const groupOf = (code) => wizard.groups.findIndex((one) => one.villages.includes(code));
export const isReady = (group) => group.villages.length > 1;
export const readyGroups = () => wizard.groups.filter(isReady);

// The village whose code goes on unless told otherwise: the one with most households.
export function heirOf(group) {
  const known = group.villages.map((code) => facts.byCode.get(code)).filter(Boolean);
  return known.sort((a, b) => b.households - a.households || (a.code < b.code ? 1 : -1))[0];
}

export const codeOf = (group) => group.code.trim() || heirOf(group)?.code || "";

// As the service takes it.
export const specOf = (group) => `${group.villages.join("+")}=${codeOf(group)}${group.name.trim() ? `:${group.name.trim()}` : ""}`;

export function reckonedOf(group) {
  const mine = new Set(group.villages);
  return facts.reckoned?.mergers.find((one) => one.villages.length === mine.size && one.villages.every((village) => mine.has(village.code))) || null;
}

export function toggleVillage(code) {
  const groups = wizard.groups.map((one) => ({ ...one, villages: [...one.villages] }));
  const before = groupOf(code);
  if (before >= 0) groups[before].villages = groups[before].villages.filter((one) => one !== code);
  if (before !== wizard.active) groups[wizard.active].villages.push(code);
  for (const at of new Set([before, wizard.active])) {
    // A code that was chosen by hand means nothing once other villages are merged.
    if (at >= 0 && !groups[at].villages.includes(groups[at].code)) groups[at].code = "";
  }
  keepWizard({ groups, job: "", weight: null });
}

const groupsWith = (at, changes) => wizard.groups.map((one, i) => (i === at ? { ...one, ...changes } : one));

export function changeGroup(at, changes) {
  keepWizard({ groups: groupsWith(at, changes), job: "", weight: null });
}

export const typeGroup = (at, changes) => keepTyped({ groups: groupsWith(at, changes), job: "", weight: null });

export function addGroup() {
  keepWizard({ groups: [...wizard.groups, { villages: [], code: "", name: "" }], active: wizard.groups.length });
}

export function removeGroup(at) {
  const groups = wizard.groups.filter((_, i) => i !== at);
  const active = Math.max(0, Math.min(wizard.active - (at <= wizard.active ? 1 : 0), groups.length - 1));
  keepWizard({ groups: groups.length ? groups : fresh().groups, active, job: "", weight: null });
}
