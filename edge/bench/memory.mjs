// The Worker with one more address, /memory, which tells what is alive: the memory of
// plan.wasm, and the requests and answers that were not collected. For edge/bench.
import { instances, tables } from "./watch.mjs";
import worker from "./worker.mjs";

let alive = 0;
const gone = new FinalizationRegistry(() => alive--);

function watch(object) {
  alive++;
  gone.register(object, 0);
  return object;
}

async function report() {
  for (let i = 0; i < 10; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50)); // for the registry to be told
  }
  const memory = Math.max(...instances.map(({ exports }) => exports.memory?.buffer.byteLength ?? 0));
  let held = 0;
  for (const table of tables()) for (let i = 0; i < table.length; i++) held += typeof table.get(i) === "object" && table.get(i) !== null;
  return Response.json({ Memory: memory, References: alive + held });
}

export default {
  async fetch(request, env, ctx) {
    if (request.url.endsWith("/memory")) return report();
    return watch(await worker.fetch(watch(request), env, ctx));
  },
};
