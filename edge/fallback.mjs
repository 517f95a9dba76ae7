// The second Worker: starts edge/fallback, a Go program on github.com/syumai/workers, for
// each request that needs it. The worker.mjs that syumai/workers generates does the same,
// but never answers when Go panics or traps; that is why this is here. It is apart from
// worker.mjs, which calls it, because its program takes longer to load than all the rest:
// a data centre that serves what lies in the bucket never loads it.
import { WorkerEntrypoint } from "cloudflare:workers";
import "./build/fallback/wasm_exec.js";
import program from "./build/fallback/app.wasm";

// An instance takes 5 MB, an isolate has 128 for everything. A lease ends by itself,
// because what waits in a request whose client went away is never woken again.
const most = 16, lease = 45_000, patience = 5_000;
const leases = new Set();

function live() {
  const now = Date.now();
  for (const l of leases) if (l.until < now) leases.delete(l);
  return leases.size;
}

// boot starts an instance. over resolves when the program has ended by itself,
// which it only does by a panic or a trap.
async function boot(scope) {
  const go = new Go();
  go.exit = () => {};
  let ready, end;
  const isReady = new Promise((resolve) => (ready = resolve));
  const over = new Promise((resolve) => (end = resolve));
  // What traps in a callback would otherwise only be an error in the log.
  const resume = go._resume.bind(go);
  go._resume = () => {
    try {
      resume();
    } catch (error) {
      console.error(String(error));
      go.exited = true;
      end();
    }
  };
  const instance = new WebAssembly.Instance(program, { ...go.importObject, workers: { ready } });
  go.run(instance, scope).catch((error) => console.error(String(error))).then(end);
  await Promise.race([isReady, over]);
  return { over }; // in an object: async functions wait for the promises they return
}

const refuse = (status, text) => new Response(text + "\n", {
  status,
  headers: {
    "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", "access-control-allow-origin": "*",
    ...(status === 503 && { "retry-after": "5" }),
  },
});

// run starts an instance and returns what its function of that name promises, or
// undefined when it did not live that long.
async function run(name, argument, { ctx, ...scope }) {
  const mine = { until: Date.now() + lease };
  leases.add(mine);
  let pending = 1;
  const done = () => --pending || leases.delete(mine);
  const waitUntil = (promise) => {
    pending++;
    ctx.waitUntil(promise.finally(done));
  };
  try {
    const binding = {};
    const { over } = await boot({ ...scope, ctx: { waitUntil }, binding });
    return await Promise.race([binding[name]?.(argument), over]);
  } catch (error) {
    console.error(String(error));
  } finally {
    done();
  }
}

async function respond(scope) {
  // By looking again and again: a promise of another request would not be kept here.
  for (const start = Date.now(); live() >= most; await new Promise((wake) => setTimeout(wake, 20))) {
    if (Date.now() - start > patience) return refuse(503, "the service is busy or its storage cannot be reached; try again later");
  }
  // Go gets the real URL from the scope: it would refuse some that are asked for.
  const { method, headers, body } = scope.request;
  const stub = { url: "https://edge.invalid/", method, headers, body };
  return (await run("handleRequest", stub, scope)) ?? refuse(500, "the server failed to answer this request");
}

// answer lets the origin answer a request that worker.mjs has made; match looks into its
// cache.
export const answer = (request, env, ctx, match) => respond({ request, env, ctx, match });

// administer answers a call of the administrator, and nothing else: it is as somebody sent
// it, so its headers are not to be believed. ask is the fetch handler of the whole edge,
// for what is to be warmed.
export const administer = (request, env, ctx, ask) => respond({ request, env, ctx, ask, administers: true });

// night does what is due at night.
export async function night(env, ctx, ask) {
  await run("runScheduler", { scheduledTime: Date.now(), cron: "" }, { env, ctx, ask });
}

// What worker.mjs calls, with functions of its own; viewers cannot, for this Worker has no
// address.
export default class extends WorkerEntrypoint {
  answer(request, match) { return answer(request, this.env, this.ctx, (url) => match(url)); }
  administer(request, ask) { return administer(request, this.env, this.ctx, this.#asks(ask)); }
  night(ask) { return night(this.env, this.ctx, this.#asks(ask)); }
  // What is warmed may need this Worker again. It goes by a function, for one request may
  // call a Worker by its binding 32 times only, and warming asks for hundreds.
  #asks(ask) { return (other) => ask(other, (request, match) => this.answer(request, match)); }
  fetch() { return refuse(404, "this Worker answers another one only"); }
}
