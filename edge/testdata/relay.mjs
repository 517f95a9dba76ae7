// The least Worker around fallback.mjs: tests of edge/fallback run it in workerd.
// X-Test-Bucket breaks the bucket on purpose.
import { administer, answer, night } from "../fallback.mjs";

const broken = {
  // As R2 fails: the promise is rejected.
  reject: () => Promise.reject(new Error("internal error; please try again (10001)")),
  hang: () => new Promise(() => {}),
  // A value of the wrong type makes the handler in Go panic.
  panic: () => Promise.resolve(5),
  // A promise that resolves to no argument makes Go panic where nothing recovers.
  die: () => ({ then: (resolve) => setTimeout(() => resolve(), 1) }),
};

function breakBucket(env, how) {
  const fault = broken[how];
  return fault ? { ...env, BUCKET: { get: fault, put: fault, list: fault, delete: fault } } : env;
}

const handler = {
  fetch(request, env, ctx) {
    const scope = breakBucket(env, request.headers.get("X-Test-Bucket"));
    if (new URL(request.url).pathname.startsWith("/admin/")) return administer(request, scope, ctx, (inner) => handler.fetch(inner, env, ctx));
    return answer(request, scope, ctx, (url) => caches.default.match(url));
  },
  scheduled(event, env, ctx) {
    return night(env, ctx, (inner) => handler.fetch(inner, env, ctx));
  },
};
export default handler;
