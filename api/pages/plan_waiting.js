// What waits to be sent, kept by the browser's own storage: it outlives a reload, a crash and hours without a line.
// One record per plan and window, written whole: there is never half of it.  Two windows on one plan keep their own; what a
// window left that is gone is taken over by the next one that opens the plan.
import "./desk_ask.js"; // random keys also over http

const DATABASE = "gridwright";
const TABLE = "waiting";
const HEARD_MS = 400; // so long a living window has to say that a record is its own

export const newKey = () => crypto.randomUUID();

let database = null;
let channel = null;
let mine = newKey(); // this window, for as long as it lives
let isKept = true;
let onKept = () => {};
let writing = Promise.resolve();

// Whether what waits is safe in the browser; `act` hears when that changes.
export const isSafe = () => isKept;

export function whenKept(act) {
  onKept = act;
}

function setKept(now) {
  if (now === isKept) return;
  isKept = now;
  onKept(now);
}

const done = (request) =>
  new Promise((go, fail) => {
    request.onsuccess = () => go(request.result);
    request.onerror = () => fail(request.error);
    request.onblocked = () => fail(new Error("blocked"));
  });

async function open() {
  if (database) return database;
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: ["plan", "window"] });
  database = await done(request);
  database.onversionchange = () => database.close();
  database.onclose = () => { database = null; };
  return database;
}

// Do something in one transaction and wait until it is on the disk.
async function transact(mode, work) {
  const base = await open();
  const transaction = base.transaction(TABLE, mode, { durability: "strict" });
  const ended = new Promise((go, fail) => {
    transaction.oncomplete = () => go();
    transaction.onabort = () => fail(transaction.error || new Error("aborted"));
  });
  const found = await work(transaction.objectStore(TABLE));
  await ended;
  return found;
}

const plain = (record) => JSON.parse(JSON.stringify(record));

// Keep what waits for a plan in place of what was kept; nothing waits: nothing is kept.  Gives whether it is safe.
export function keepWaiting(record) {
  const copy = plain({ ...record, window: mine });
  writing = writing.then(async () => {
    try {
      await transact("readwrite", (table) => done(copy.entries.length || copy.taken.length ? table.put(copy) : table.delete([copy.plan, mine])));
      setKept(true);
    } catch {
      setKept(!copy.entries.length);
    }
    return isKept;
  });
  return writing;
}

// Hand what waits to another plan, in one step; a window that opens that plan takes it from there.
export function handOver(from, record) {
  const copy = plain({ ...record, window: newKey() });
  writing = writing.then(() => transact("readwrite", (table) => Promise.all([done(table.put(copy)), done(table.delete([from, mine]))])));
  return writing;
}

// Which of some windows live.
async function livingOf(windows) {
  if (!channel || !windows.length) return new Set();
  const living = new Set();
  const hear = (event) => {
    if (event.data?.what === "here") living.add(event.data.window);
  };
  channel.addEventListener("message", hear);
  channel.postMessage({ what: "who" });
  await new Promise((go) => setTimeout(go, HEARD_MS));
  channel.removeEventListener("message", hear);
  return living;
}

// What an earlier window left for a plan, the oldest first; it is this window's from now on.
export async function takeLeft(plan) {
  let found = [];
  try {
    found = await transact("readonly", (table) => done(table.getAll(IDBKeyRange.bound([plan], [plan, []]))));
  } catch {
    setKept(true); // nothing can be read, and nothing has been lost yet
    return [];
  }
  const left = found.filter((one) => one.window !== mine && Array.isArray(one.entries) && Array.isArray(one.taken));
  const living = await livingOf(left.map((one) => one.window));
  return left.filter((one) => !living.has(one.window)).sort((a, b) => (a.at || 0) - (b.at || 0));
}

export const forget = (record) => transact("readwrite", (table) => done(table.delete([record.plan, record.window]))).catch(() => {});

export function start() {
  try {
    channel = new BroadcastChannel(DATABASE);
    channel.addEventListener("message", (event) => {
      if (event.data?.what === "who") channel.postMessage({ what: "here", window: mine });
    });
  } catch {
    channel = null; // each window then takes what it finds: the keys of the requests keep anything from being made twice
  }
}
