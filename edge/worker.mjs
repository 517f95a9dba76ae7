// The hot path of the edge: plan.wasm, which is Go, decides, and this acts. Here is I/O
// and nothing else: wasm/decision says what is answered, and what each kind of action means.
import program from "./build/plan.wasm";

const encoder = new TextEncoder(), decoder = new TextDecoder(), none = new Uint8Array();

/** An instance of plan.wasm, which was booted when it was built, with the little of WASI that Go needs. */
class Plan {
  #go; #at = 0; #room = 0; #configured = false;

  constructor() {
    const bytes = (at, n) => new Uint8Array(this.#go.memory.buffer, at, n);
    const view = () => new DataView(this.#go.memory.buffer); // anew each time: memory grows
    const nothing = (count, size) => (view().setUint32(count, 0, true), view().setUint32(size, 0, true));
    this.#go = new WebAssembly.Instance(program, {
      wasi_snapshot_preview1: { // what returns nothing returns 0, which is success
        args_get() {}, environ_get() {}, sched_yield() {}, poll_oneoff() {}, args_sizes_get: nothing, environ_sizes_get: nothing,
        clock_time_get: (id, precision, at) => view().setBigUint64(at, BigInt(Date.now()) * 1_000_000n, true),
        random_get: (at, n) => void crypto.getRandomValues(bytes(at, n)), // forbidden until the first request; Go asks when it boots
        fd_write(fd, list, count, written) { // Go writes one piece at a time
          const size = view().getUint32(list + 4, true);
          view().setUint32(written, size, true);
          console.error(decoder.decode(bytes(view().getUint32(list, true), size)).trimEnd());
        },
        proc_exit: (code) => { throw new Error(`plan.wasm ended with ${code}`); },
      },
    }).exports;
  }

  /** Runs what the first viewer will need, so that it is compiled; before all else. */
  rehearse() { this.#go.rehearse(); return this; }

  /** Copies text and data to where Go reads them; returns the length of the text. */
  #put(text, data) {
    const need = 3 * text.length + data.byteLength;
    if (need > this.#room) {
      this.#room = Math.max(need, 96 << 10);
      if (!(this.#at = this.#go.room(this.#room))) throw new Error("plan.wasm has no room for a request");
    }
    const to = new Uint8Array(this.#go.memory.buffer, this.#at, this.#room), { written } = encoder.encodeInto(text, to);
    to.set(data, written);
    return written;
  }

  #configure(env) {
    const vars = Object.entries(env).filter(([name, value]) => name.startsWith("VITRINE_") && typeof value === "string");
    const wrong = this.#go.configure(this.#put(vars.map(([name, value]) => `${name}=${value}\0`).join(""), none));
    if (wrong !== 0) {
      const n = new DataView(this.#go.memory.buffer).getUint32(wrong, true);
      throw new Error(decoder.decode(new Uint8Array(this.#go.memory.buffer, wrong + 4, n)));
    }
    this.#configured = true;
  }

  /** Returns the action that follows from the lines of a request. */
  decide(env, text, data) {
    if (!this.#configured) this.#configure(env);
    const at = this.#go.decide(this.#put(text, data), data.byteLength);
    if (at === 0) throw new Error("plan.wasm is broken");
    const memory = this.#go.memory.buffer, sizes = new DataView(memory, at, 8);
    const body = at + 8 + sizes.getUint32(0, true), size = sizes.getUint32(4, true);
    const [kind, status, cache, key, offset, length, etag, url, revision, older, state, until, ...fields] =
      decoder.decode(new Uint8Array(memory, at + 8, body - at - 8)).split("\n");
    const headers = {}; // no name comes twice; an array of pairs would take twice as long
    for (let i = 0; i < fields.length; i += 2) headers[fields[i]] = fields[i + 1];
    return {
      kind, cache, key, etag, url, revision, older, state, until: +until, offset: +offset, length: +length,
      init: { status: +status, headers }, body: size === 0 ? null : memory.slice(body, body + size),
    };
  }
}

let plan = new Plan().rehearse();

/** Asks Go; after a trap a new instance answers, with an error. */
function decide(env, lines, { event, state = 0, etag = "", size = 0, data = none }) {
  try {
    const more = event ? `${event}\n${state}\n${etag}\n${size}\n` : "";
    return (plan ??= new Plan()).decide(env, `${lines}${Date.now()}\n${more}`, data);
  } catch (error) {
    console.error(error.stack);
    plan = null;
    if (event === "trapped") throw error;
    return decide(env, lines, { event: "trapped" });
  }
}

// What the second Worker, fallback.mjs, may use of this one; it gives itself to the handler in turn.
const match = (url) => caches.default.match(url);
const asks = (env, ctx) => (request, answer) => serve(request, { ...env, FALLBACK: { answer } }, ctx);

// Decisions that Go says will be the same for a while, by what was asked.
const decided = new Map();

function decideOnce(env, lines) {
  const known = decided.get(lines);
  if (known?.until > Date.now()) return known;
  const action = decide(env, lines, {});
  if (decided.size >= 1000) decided.clear();
  if (action.until > 0 && lines.length < 1000) decided.set(lines, action);
  return action;
}

async function readIndex({ key, length, etag }, env) {
  const onlyIf = etag === "" ? undefined : { etagDoesNotMatch: etag };
  const object = await env.BUCKET.get(key, { range: { offset: 0, length }, onlyIf });
  if (object === null) return { event: "absent" };
  if (!object.body) return { event: "same", etag: object.etag };
  return { event: "head", etag: object.etag, size: object.size, data: new Uint8Array(await object.arrayBuffer()) };
}

async function readTile({ cache, key, offset, length, etag, init }, env, ctx) {
  const cached = await caches.default.match(cache).catch(() => undefined);
  if (cached) return new Response(cached.body, init);
  const object = await env.BUCKET.get(key, { range: { offset, length }, onlyIf: { etagMatches: etag } });
  if (!object?.body || object.range.length !== length) return null;
  const response = new Response(object.body, init);
  ctx.waitUntil(caches.default.put(cache, response.clone()));
  return response;
}

async function fallBack({ url, cache, key, revision, older, init, state }, lines, request, env, ctx) {
  const cached = cache && (await caches.default.match(cache).catch(() => undefined));
  if (cached) {
    const response = new Response(request.method === "HEAD" ? null : cached.body, cached); // its headers may be set
    for (const [name, value] of Object.entries(init.headers)) response.headers.set(name, value);
    return response;
  }
  const headers = new Headers({ "X-Vitrine-Key": key, "X-Vitrine-Revision": revision, "X-Vitrine-Older": older });
  for (const name of ["Accept", "If-None-Match", "If-Modified-Since"]) if (request.headers.has(name)) headers.set(name, request.headers.get(name));
  const answer = await env.FALLBACK.answer(new Request(url, { method: request.method, headers }), match);
  const response = new Response(answer.body, answer); // its headers may be set
  const told = response.headers.get("X-Vitrine-Image");
  response.headers.delete("X-Vitrine-Image");
  const next = !told || cache ? { cache } : decide(env, lines, { event: "told", state, data: encoder.encode(told) });
  if (next.kind === "respond") return new Response(next.body, next.init); // now Go knows enough itself
  const keep = /^(?!.*(no-store|private)).+/i.test(response.headers.get("Cache-Control") ?? "");
  if (next.cache && keep && response.status === 200 && request.method === "GET") ctx.waitUntil(caches.default.put(next.cache, response.clone()));
  return response;
}

async function serve(request, env, ctx) {
  const { method, url, headers } = request, path = url.indexOf("/", url.indexOf("://") + 3); // the class URL would clean it
  const lines = `${method}\n${path < 0 ? "/" : url.slice(path)}\n${headers.get("If-None-Match") ?? ""}\n${headers.get("Accept") ?? ""}\n`;
  for (let round = 0, event, object = null; round < 9; round++) {
    const action = event ? decide(env, lines, event) : decideOnce(env, lines), { kind, state, init } = action;
    const failed = (error) => console.error(error.stack) ?? { event: "failed" };
    if (kind === "pass") return env.FALLBACK.administer(request, asks(env, ctx));
    if (kind === "index") {
      event = await readIndex(action, env).catch(failed);
    } else if (kind === "tile") {
      const response = await readTile(action, env, ctx).catch(failed);
      if (response instanceof Response) return response;
      event = { event: "changed", etag: action.etag };
    } else if (kind === "object") {
      object = await (method === "HEAD" ? env.BUCKET.head(action.key) : env.BUCKET.get(action.key)).catch(failed);
      if (object === null || object.event) event = object ?? { event: "absent" };
      else event = { event: "found", etag: object.etag, size: object.size, data: encoder.encode(object.httpMetadata.contentType ?? "") };
    } else if (kind === "fallback" || kind === "page") {
      const response = await fallBack(action, lines, request, env, ctx);
      if (kind === "page" || response.status !== 404) return response;
      event = { event: "gone" };
    } else {
      return new Response(kind === "send" ? object.body : action.body, init);
    }
    event.state = state;
  }
  throw new Error("plan.wasm does not come to an end");
}

export default {
  async fetch(request, env, ctx) {
    return serve(request, env, ctx).catch((error) => {
      console.error(error.stack);
      const headers = { "Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8", "Access-Control-Allow-Origin": "*" };
      return new Response("the server failed to answer this request\n", { status: 500, headers });
    });
  },
  scheduled: (event, env, ctx) => env.FALLBACK.night(asks(env, ctx)),
};
