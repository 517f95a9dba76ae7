// Runs the Workers in workerd on this machine for the tests, which speak to it in
// lines of JSON: a request on stdin, its answer on stdout.
//
//	{"start": {…}}                   starts them: modules, second (the other's), variables, where R2 persists
//	{"put": key, "file": path}       stores a file in R2, of a type if need be,
//	{"delete": key}                  removes one,
//	{"list": prefix}                 tells what keys there are, {"get": key} what is there
//	{"fill": prefix, "count": n}     stores so many empty objects
//	{"scheduled": true}              does what is due at night
import { createInterface } from "node:readline";
import { readFile } from "node:fs/promises";
import { Log, LogLevel, Miniflare } from "miniflare";

console.log = console.error; // what miniflare says is no answer of ours
let miniflare;

const commands = {
  async start({ modules, second, bindings, port, state, date, flags }) {
    const worker = async (name, modules) => ({
      name, modules: await Promise.all(modules.map(async ({ type, path, file }) => ({ type, path, contents: await readFile(file) }))),
      compatibilityDate: date, compatibilityFlags: flags, bindings, r2Buckets: { BUCKET: "bucket" },
    });
    // The usual entrance cleans paths before the Worker sees them; Cloudflare's does not.
    const first = { ...(await worker("first", modules)), unsafeDirectSockets: [{ host: "127.0.0.1", port }] };
    if (second) first.serviceBindings = { FALLBACK: "second" };
    miniflare = new Miniflare({
      log: new Log(LogLevel.WARN), cf: false, host: "127.0.0.1", port: 0, workers: second ? [first, await worker("second", second)] : [first],
      r2Persist: `${state}/r2`, cachePersist: `${state}/cache`,
      handleRuntimeStdio: (stdout, stderr) => { stdout.pipe(process.stderr); stderr.pipe(process.stderr); },
    });
    await miniflare.ready;
    return { url: (await miniflare.unsafeGetDirectURL()).origin };
  },
  async put(key, { file, type }) {
    const bytes = new Uint8Array(await readFile(file)).buffer, httpMetadata = type ? { contentType: type } : {};
    const object = await (await miniflare.getR2Bucket("BUCKET")).put(key, bytes, { httpMetadata });
    return { etag: object.etag };
  },
  async delete(key) {
    await (await miniflare.getR2Bucket("BUCKET")).delete(key);
    return {};
  },
  async fill(prefix, { count }) {
    const bucket = await miniflare.getR2Bucket("BUCKET");
    for (let i = 0; i < count; i++) await bucket.put(prefix + i, "");
    return {};
  },
  async get(key) {
    const object = await (await miniflare.getR2Bucket("BUCKET")).get(key);
    return object && { text: await object.text(), type: object.httpMetadata.contentType ?? "", meta: object.customMetadata };
  },
  async scheduled() {
    const { outcome } = await (await miniflare.getWorker()).scheduled({ cron: "17 2 * * *" });
    return { outcome };
  },
  async list(prefix) {
    const { objects } = await (await miniflare.getR2Bucket("BUCKET")).list({ prefix });
    return { keys: objects.map(({ key }) => key) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line), name = Object.keys(commands).find((name) => name in request);
  const answer = await commands[name](request[name], request).catch((error) => ({ error: error.stack }));
  process.stdout.write(JSON.stringify(answer ?? {}) + "\n");
}
await miniflare?.dispose();
process.exit(0);
