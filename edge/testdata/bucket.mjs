// The whole Worker, with a bucket that fails on purpose: X-Test-Bucket says how.
import worker from "../worker.mjs";

const reject = () => Promise.reject(new Error("internal error; please try again (10001)"));
const isTile = (options) => options?.onlyIf?.etagMatches !== undefined;

let versions, swaps = 0;

const faults = {
  index: (bucket) => ({ get: (key, options) => (isTile(options) ? bucket.get(key, options) : reject()), head: reject }),
  tile: (bucket) => ({ get: (key, options) => (isTile(options) ? reject() : bucket.get(key, options)) }),
  all: () => ({ get: reject, head: reject }),
  // Between the reading of the index and that of the tile the object is replaced by
  // the other one of two.
  swap(bucket) {
    let done = false;
    return {
      async get(key, options) {
        if (isTile(options) && !done) {
          done = true;
          versions ??= await Promise.all([0, 1].map(async (n) => (await bucket.get(`versions/${n}`)).arrayBuffer()));
          await bucket.put(key, versions[++swaps % 2]);
        }
        return bucket.get(key, options);
      },
    };
  },
};

export default {
  fetch(request, env, ctx) {
    if (env.NO_CACHE) Object.defineProperty(globalThis, "caches", { value: { default: { match: async () => undefined, put: async () => undefined } } });
    const fault = faults[request.headers.get("X-Test-Bucket")];
    return worker.fetch(request, fault ? { ...env, BUCKET: fault(env.BUCKET) } : env, ctx);
  },
};
