// Writes the configuration of the second Worker, fallback.mjs, which follows from that of
// the first: node second.mjs NAME=VALUE… prints where it is. Values replace those of
// variables of wrangler.toml.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import wrangler from "wrangler";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const first = wrangler.unstable_readConfig({ config: here("../wrangler.toml") }, { hideWarnings: true });
const name = first.services?.find(({ binding }) => binding === "FALLBACK")?.service;
if (!name) throw new Error("wrangler.toml has no service with the binding FALLBACK");
const { account_id, compatibility_date, compatibility_flags, rules, r2_buckets, observability, limits } = first;
const vars = { ...first.vars, ...Object.fromEntries(process.argv.slice(2).map((arg) => arg.split(/=(.*)/s, 2))) };
const file = here("build/fallback/wrangler.json");
mkdirSync(here("build/fallback"), { recursive: true });
// Nobody but the first Worker reaches it: it has no route and no address.
writeFileSync(file, JSON.stringify({
  name, main: "../../fallback.mjs", workers_dev: false, preview_urls: false,
  account_id, compatibility_date, compatibility_flags, rules, r2_buckets, observability, limits, vars,
}, null, 2));
console.log(file);
