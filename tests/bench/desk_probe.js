// Runs in the page before its own scripts: notes when the plan is first painted whole and when an edit can be judged, and
// how long a move of the pointer takes to be seen.
(() => {
  const bench = { moves: [], open: null };
  window.deskBench = bench;
  const FRAMES = 8; // watched after each move; what changes later counts as late
  const afterPaint = () => new Promise((done) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now());
    requestAnimationFrame(() => channel.port2.postMessage(0));
  });

  async function watchOpening() {
    while (document.body?.dataset.state !== "ready") await new Promise((go) => setTimeout(go, 4));
    const ready = performance.now();
    const { view, map } = await import("/desk/plan/plan_map.js");
    const { desk } = await import("/desk/plan/plan_state.js");
    while (!view.drawn || view.isStale || map.asked) await new Promise(requestAnimationFrame);
    const painted = await afterPaint();
    const { plan, ground } = desk;
    let judged = null;
    for (let i = 0; i < ground.touch_a.length && judged === null; i += 1) {
      const [a, b] = [ground.touch_a[i], ground.touch_b[i]];
      const [one, two] = [plan.atomGrid[a], plan.atomGrid[b]];
      if (one < 0 || two < 0 || one === two || ground.community[a] !== ground.community[b]) continue;
      const began = performance.now();
      plan.judgeMoves(new Map([[a, two]]), "move", plan.locks);
      judged = { at: performance.now(), took: performance.now() - began };
    }
    const asked = performance.getEntriesByType("resource").filter((one) => /\/v1\/plans\/[^/]+\/(ground|sheet)$/.test(new URL(one.name).pathname));
    const first = performance.getEntriesByType("paint").find((one) => one.name === "first-contentful-paint");
    bench.open = {
      first_contentful_ms: first?.startTime ?? null, ready_ms: ready, painted_ms: painted, editable_ms: judged?.at ?? null, judge_ms: judged?.took ?? null, painting_ms: view.took,
      scripts_ms: Math.max(...performance.getEntriesByType("resource").filter((one) => one.name.endsWith(".js")).map((one) => one.responseEnd)),
      asked: Object.fromEntries(asked.map((one) => [new URL(one.name).pathname.split("/").pop(), { begun_ms: one.startTime, took_ms: one.duration, bytes: one.transferSize }])),
      heap_mb: performance.memory ? performance.memory.usedJSHeapSize / 1e6 : null,
    };
  }
  watchOpening();

  // From the moment the browser had the pointer's move to the end of the last frame that changed the card or the map.
  bench.watchMoves = async () => {
    const { map } = await import("/desk/plan/plan_map.js");
    const card = document.getElementById("hand-card");
    let drawn = 0;
    const paint = map.drawNow.bind(map);
    map.drawNow = () => {
      paint();
      drawn += 1;
    };
    bench.settled = 0;
    map.canvas.addEventListener("pointermove", async (event) => {
      const before = { text: card.textContent, drawn };
      let last = null;
      let now = before;
      for (let i = 0; i < FRAMES; i += 1) {
        const at = await afterPaint();
        const next = { text: card.textContent, drawn };
        if (next.text !== now.text || next.drawn !== now.drawn) last = at;
        now = next;
      }
      if (last !== null) bench.moves.push({ ms: last - event.timeStamp, isChanged: now.text !== before.text, text: now.text.slice(0, 120) });
      bench.settled += 1;
    }, { capture: true });
  };

  // Frames while the map is moved every frame.
  bench.frames = async (step, count) => {
    const { map } = await import("/desk/plan/plan_map.js");
    const times = [];
    let last = await new Promise(requestAnimationFrame);
    for (let i = 0; i < count; i += 1) {
      step(map, i);
      const now = await new Promise(requestAnimationFrame);
      times.push(now - last);
      last = now;
    }
    return times;
  };
})();
