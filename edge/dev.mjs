// Puts the files of a folder into the R2 of `wrangler dev` on this machine:
// node dev.mjs FOLDER STATE BUCKET. An account is not needed.
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { Miniflare } from "miniflare";

const [folder, state, bucket] = process.argv.slice(2);
const miniflare = new Miniflare({
  cf: false, modules: true, script: "export default {}", r2Buckets: { BUCKET: bucket }, r2Persist: join(state, "v3", "r2"),
});
const r2 = await miniflare.getR2Bucket("BUCKET");
for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const file = join(entry.parentPath, entry.name), key = relative(folder, file).split(sep).join("/");
  await r2.put(key, new Uint8Array(await readFile(file)).buffer);
  console.log(key);
}
await miniflare.dispose();
