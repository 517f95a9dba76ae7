// The whole Worker, with a bucket that fails on purpose: X-Test-Bucket says how. With a
// clock that X-Test-Later puts forward, by milliseconds. And with a binding of the second
// Worker that bears no more calls by one request than Cloudflare's does.
import worker from "../worker.mjs";

const reject = () => Promise.reject(new Error("internal error; please try again (10001)"));
const isTile = (options) => options?.onlyIf?.etagMatches !== undefined;

let versions, swaps = 0;

const now = Date.now;
let later = 0;
Date.now = () => now() + later;

const faults = {
  index: (bucket) => ({ get: (key, options) => (isTile(options) ? bucket.get(key, options) : reject()), head: reject }),
  tile: (bucket) => ({ get: (key, options) => (isTile(options) ? reject() : bucket.get(key, options)) }),
  all: () => ({ get: reject, head: reject }),
  // Between the reading of the index and that of the tile the object is replaced by
  // the other one of two, once in a request or each time.
  swap: (bucket) => swapping(bucket, 1),
  swaps: (bucket) => swapping(bucket, Infinity),
};

function swapping(bucket, times) {
  return {
    async get(key, options) {
      if (isTile(options) && times-- > 0) {
        versions ??= await Promise.all([0, 1].map(async (n) => (await bucket.get(`versions/${n}`)).arrayBuffer()));
        await bucket.put(key, versions[++swaps % 2]);
      }
      return bucket.get(key, options);
    },
  };
}

function bounded(service) {
  let calls = 1; // the request itself is the first of 32 invocations
  const call = (name) => (...args) => {
    if (++calls > 32) throw new Error("too many Worker invocations");
    return service[name](...args);
  };
  return { answer: call("answer"), administer: call("administer") };
}

export default {
  fetch(request, env, ctx) {
    if (env.NO_CACHE) Object.defineProperty(globalThis, "caches", { value: { default: { match: async () => undefined, put: async () => undefined } } });
    later += Number(request.headers.get("X-Test-Later") ?? 0);
    const fault = faults[request.headers.get("X-Test-Bucket")];
    const FALLBACK = bounded(env.FALLBACK), BUCKET = fault ? fault(env.BUCKET) : env.BUCKET;
    return worker.fetch(request, { ...env, FALLBACK, BUCKET }, ctx);
  },
};
