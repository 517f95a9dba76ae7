// The physical limit that the Worker is measured against: the same work in plain
// JavaScript, written by hand. It answers tiles and info.json of our pyramids, in
// both versions of the API, and bears nothing else: what it does not know goes to
// the origin as it is. The bench compares its answers with the Worker's byte by
// byte before it measures. It is no part of the product.
import { sha256 } from "./digest.mjs";

const maxArea = 10_000_000, ttl = 60_000;
const context = ["", "", "http://iiif.io/api/image/2/context.json", "http://iiif.io/api/image/3/context.json"];
const profile = ["", "", "http://iiif.io/api/image/2/level2.json", "http://iiif.io/api/image/3/level2.json"];
const publicHeaders = {
  "X-Content-Type-Options": "nosniff",
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "Link, ETag, Location, Retry-After",
  "Cross-Origin-Resource-Policy": "cross-origin",
};

const images = new Map(); // what is known of a key: the head of its pyramid

const latin = new TextDecoder("latin1");
const up = (n, k) => Math.ceil(n / 2 ** k);
const near = (n, k) => (k === 0 ? n : Math.max(1, Math.floor((n + 2 ** (k - 1)) / 2 ** k)));

/** Reads the head of a pyramid, as wasm/pyramid describes it; null for none. */
function parseHead(buffer, size, etag) {
  const view = new DataView(buffer), bytes = new Uint8Array(buffer);
  const big = view.getUint8(2) === 43, at = big ? 16 : 8, word = big ? 8 : 4;
  if (latin.decode(bytes.subarray(at, at + 8)) !== "VITRINE\n" || view.getUint16(at + 8, true) !== 1) return null;
  const length = view.getUint32(at + 20, true);
  if (bytes.length < length || Number(view.getBigUint64(at + 24, true)) !== size || checksum(bytes, length, at + 16) !== view.getUint32(at + 16, true)) return null;
  const width = view.getUint32(at + 32, true), height = view.getUint32(at + 36, true), tile = view.getUint16(at + 40, true);
  const gray = view.getUint8(at + 43) === 1;
  const offset = (p) => (big ? Number(view.getBigUint64(p, true)) : view.getUint32(p, true));
  const levels = [];
  for (let k = 0; k < view.getUint8(at + 42); k++) {
    const p = at + 96 + 32 * k, step = tile * 2 ** k;
    const l = {
      width: near(width, k), height: near(height, k), cols: Math.ceil(width / step), rows: Math.ceil(height / step),
      offsets: Number(view.getBigUint64(p, true)), counts: Number(view.getBigUint64(p + 8, true)), edges: Number(view.getBigUint64(p + 16, true)),
    };
    l.storedCols = Math.ceil(l.width / tile);
    const restW = width - (l.cols - 1) * step, restH = height - (l.rows - 1) * step;
    l.partW = restW < step;
    l.partH = restH < step;
    const [nw, nh, uw, uh] = [near(restW, k), near(restH, k), up(restW, k), up(restH, k)];
    const unique = (list) => list.filter(([w, h], i) => list.findIndex(([x, y]) => x === w && y === h) === i);
    l.right = unique([[nw, tile], [uw, tile]]);
    l.bottom = unique([[tile, nh], [tile, uh]]);
    l.corner = unique([[nw, nh], [uw, uh], ...(nw === uw || nh < uh ? [[uw, nh]] : restH >> k >= 1 ? [[nw, restH >> k]] : [])]);
    levels.push(l);
  }
  let end = at + 96;
  while (end > at + 64 && bytes[end - 1] === 0) end--;
  const head = new DataView(buffer.slice(0, length));
  const range = (p, q) => ({ offset: big ? Number(head.getBigUint64(p, true)) : head.getUint32(p, true), length: head.getUint32(q, true) });
  return {
    etag, until: Date.now() + ttl, width, height, tile, levels, gray, revision: latin.decode(bytes.subarray(at + 64, end)), said: [],
    stored: (l, i) => range(l.offsets + i * word, l.counts + 4 * i),
    edge: (l, i) => range(l.edges + i * (word + 4), l.edges + i * (word + 4) + word),
  };
}

const castagnoli = new Uint32Array(256).map((_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0x82f63b78 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});

function checksum(bytes, length, hole) {
  let crc = -1;
  for (let i = 0; i < length; i++) crc = castagnoli[(crc ^ (i >= hole && i < hole + 4 ? 0 : bytes[i])) & 255] ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}

async function learn(key, env) {
  const known = images.get(key);
  if (known !== undefined && known.until > Date.now()) return known;
  const object = await env.BUCKET.get(key, { range: { offset: 0, length: 65536 }, onlyIf: known && { etagDoesNotMatch: known.etag } });
  if (object === null) return null;
  if (!object.body) {
    known.until = Date.now() + ttl;
    return known;
  }
  const read = parseHead(await object.arrayBuffer(), object.size, object.etag);
  if (read !== null) images.set(key, read);
  return read;
}

/** Where the pixels of a request are stored as they are, if they are. */
function place(image, region, width, height) {
  for (let k = image.levels.length - 1; k >= 0; k--) {
    const l = image.levels[k], step = image.tile * 2 ** k;
    if (width > image.tile || height > image.tile) return null;
    const whole = region.w === image.width && region.h === image.height && width === l.width && height === l.height;
    if (!whole && (region.x % step || region.y % step || region.w !== Math.min(step, image.width - region.x) || region.h !== Math.min(step, image.height - region.y))) continue;
    const col = region.x / step, row = region.y / step, lastCol = l.partW && col === l.cols - 1, lastRow = l.partH && row === l.rows - 1;
    const innerCols = l.cols - (l.partW ? 1 : 0), innerRows = l.rows - (l.partH ? 1 : 0);
    if (!lastCol && !lastRow) {
      if (width === image.tile && height === image.tile) return image.stored(l, row * l.storedCols + col);
      continue;
    }
    const sizes = lastCol && lastRow ? l.corner : lastCol ? l.right : l.bottom;
    const i = sizes.findIndex(([w, h]) => w === width && h === height);
    if (i < 0) continue;
    const first = lastRow ? col * l.bottom.length + (l.partW ? innerRows * l.right.length : 0) : row * l.right.length;
    return image.edge(l, (lastCol && lastRow ? innerCols * l.bottom.length + (l.partW ? innerRows * l.right.length : 0) : first) + i);
  }
  return null;
}

const scale = (a, b, c) => Math.floor((a * b + Math.floor(c / 2)) / c);

/** The height that "w," means: see wasm/iiif. */
function heightFor(image, { x, y, w: rw, h: rh }, w) {
  if (rw === image.width && rh === image.height) {
    const l = image.levels.find((l) => l.width === w);
    if (l) return l.height;
  }
  const h = Math.max(1, scale(w, rh, rw));
  for (let k = 1; k < image.levels.length && w * 2 ** k < rw + 2 ** k; k++) {
    const s = image.tile * 2 ** k;
    if (w * 2 ** k + 2 ** k <= rw || x % s || y % s || rw !== Math.min(s, image.width - x) || rh !== Math.min(s, image.height - y)) continue;
    if (w === rw) continue;
    return Math.min(Math.max(h, Math.floor(rh / 2 ** k)), Math.ceil(rh / 2 ** k));
  }
  return h;
}

/** The largest size that keeps the aspect of a region within a box. */
function fit(rw, rh, bw, bh) {
  bw = Math.min(bw, rw);
  bh = Math.min(bh, rh);
  return bw * rh <= bh * rw ? [bw, Math.max(1, scale(bw, rh, rw))] : [Math.max(1, scale(bh, rw, rh)), bh];
}

const regionForm = /^(\d{1,9}),(\d{1,9}),(\d{1,9}),(\d{1,9})$/, sizeForm = /^(!?)(\d{0,9}),(\d{0,9})$/, endForm = /^(default|color|gray|bitonal)\.jpg$/;

/** Resolves the parameters of an image; null for what this cannot do. */
function resolve(image, v, region, size, rotation, end) {
  let r = { x: 0, y: 0, w: image.width, h: image.height };
  if (region !== "full") {
    const m = regionForm.exec(region);
    if (m === null) return null;
    r = { x: +m[1], y: +m[2], w: +m[3], h: +m[4] };
    if (r.x >= image.width || r.y >= image.height || r.w === 0 || r.h === 0) return null;
    r.w = Math.min(r.w, image.width - r.x);
    r.h = Math.min(r.h, image.height - r.y);
  }
  let width, height;
  if (size === "max" || (v === 2 && size === "full")) {
    [width, height] = [r.w, r.h];
  } else {
    const m = sizeForm.exec(size);
    if (m === null) return null;
    width = +m[2];
    height = +m[3];
    if (m[1] === "!") [width, height] = fit(r.w, r.h, width, height);
    else if (m[3] === "") height = heightFor(image, r, width);
    else if (m[2] === "") width = Math.max(1, scale(height, r.w, r.h));
  }
  const m = endForm.exec(end);
  if (m === null || rotation !== "0" || width < 1 || height < 1 || width > r.w || height > r.h || width * height > maxArea) return null;
  const quality = m[1] === "color" || (m[1] === "gray" && image.gray) ? "default" : m[1];
  if (quality !== "default") return null;
  const full = r.w === image.width && r.h === image.height;
  const place = full ? "full" : `${r.x},${r.y},${r.w},${r.h}`;
  let shape = `${width},${height}`;
  if (v === 2) {
    if (width === r.w && height === r.h) shape = "full";
    else if (heightFor(image, r, width) === height) shape = `${width},`;
  } else if (width === r.w && height === r.h) {
    shape = "max";
  }
  return { r, width, height, path: `${place}/${shape}/0/default.jpg`, key: `${r.x},${r.y},${r.w},${r.h}/${width},${height}/0/default.jpg` };
}

function describe(image, v, url) {
  const sizes = image.levels.filter((l) => l.width * l.height <= maxArea).reverse();
  const list = sizes.map((l) => `\n    { "width": ${l.width}, "height": ${l.height} }`).join(",");
  const tile = [Math.min(image.tile, image.width), Math.min(image.tile, image.height)];
  const tiles = `[\n    { "width": ${tile[0]}, "height": ${tile[1]}, "scaleFactors": [${image.levels.map((_, k) => 2 ** k).join(", ")}] }\n  ]`;
  const qualities = image.gray ? `"gray", "bitonal"` : `"color", "gray", "bitonal"`;
  const lines = [`"@context": "${context[v]}"`];
  if (v === 2) {
    lines.push(`"@id": "${url}"`, `"protocol": "http://iiif.io/api/image"`, `"profile": [\n    "${profile[2]}",\n    {` +
      `\n      "formats": ["jpg", "png", "webp", "gif", "tif", "pdf"],\n      "qualities": ["default", ${qualities}],\n      "maxArea": ${maxArea},` +
      `\n      "supports": ["canonicalLinkHeader", "mirroring", "profileLinkHeader", "regionSquare", "rotationArbitrary", "sizeAboveFull"]\n    }\n  ]`);
  } else {
    lines.push(`"id": "${url}"`, `"type": "ImageService3"`, `"protocol": "http://iiif.io/api/image"`, `"profile": "level2"`);
  }
  lines.push(`"width": ${image.width}`, `"height": ${image.height}`);
  if (v === 3) lines.push(`"maxArea": ${maxArea}`);
  if (list !== "") lines.push(`"sizes": [${list}\n  ]`);
  lines.push(`"tiles": ${tiles}`);
  if (v === 3) {
    lines.push(`"extraFormats": ["webp", "gif", "tif", "pdf"]`, `"extraQualities": [${qualities}]`,
      `"extraFeatures": ["canonicalLinkHeader", "mirroring", "profileLinkHeader", "rotationArbitrary", "sizeUpscaling"]`);
  }
  return `{\n  ${lines.join(",\n  ")}\n}\n`;
}

const matches = (list, tag) => list === "*" || list === tag || list.split(",").some((one) => one.trim().replace(/^W\//, "") === tag);

function info(request, image, v, base, url) {
  const accept = request.headers.get("Accept") ?? "";
  const plain = v === 2 ? !accept.includes("application/ld+json") : accept.includes("application/json") && !accept.includes("application/ld+json");
  const type = plain ? "application/json" : v === 2 ? "application/ld+json" : `application/ld+json;profile="${context[3]}"`;
  let said = image.said[v];
  if (said?.base !== base || said.type !== type) {
    const body = describe(image, v, url);
    said = image.said[v] = { base, type, body, length: String(body.length), tag: `"${sha256(`info\0${type}\0${body}\0`).slice(0, 32)}"` };
  }
  const link = `<${profile[v]}>;rel="profile"` + (plain ? `, <${context[v]}>;rel="http://www.w3.org/ns/json-ld#context";type="application/ld+json"` : "");
  const headers = { ...publicHeaders, "Vary": "Accept", "Cache-Control": "public, max-age=300", "Link": link, "ETag": said.tag };
  const none = request.headers.get("If-None-Match");
  if (none !== null && matches(none, said.tag)) return new Response(null, { status: 304, headers });
  headers["Content-Type"] = type;
  headers["Content-Length"] = said.length;
  return new Response(request.method === "HEAD" ? null : said.body, { headers });
}

async function tile(request, env, ctx, image, v, key, id, parameters) {
  const c = resolve(image, v, ...parameters);
  const range = c && place(image, c.r, c.width, c.height);
  if (!range) return null;
  const name = `${id}@${image.revision}/${c.key}`, tag = `"${sha256(`image\0${name}\0${env.VITRINE_STYLE}\0`).slice(0, 32)}"`;
  const url = env.VITRINE_PUBLIC_URL;
  const headers = {
    ...publicHeaders,
    "Link": `<${url}/iiif/${v}/${id}/${c.path}>;rel="canonical", <${profile[v]}>;rel="profile"`,
    "Cache-Control": "public, max-age=86400, stale-while-revalidate=604800", "ETag": tag,
  };
  const none = request.headers.get("If-None-Match");
  if (none !== null && matches(none, tag)) return new Response(null, { status: 304, headers });
  headers["Content-Type"] = "image/jpeg";
  headers["Content-Length"] = String(range.length);
  if (request.method === "HEAD") return new Response(null, { headers });
  const cache = `${url}/tiles/${name}~${image.etag}`;
  const cached = await caches.default.match(cache);
  if (cached) return new Response(cached.body, { headers });
  const object = await env.BUCKET.get(key, { range, onlyIf: { etagMatches: image.etag } });
  if (!object?.body) return null;
  const response = new Response(object.body, { headers });
  ctx.waitUntil(caches.default.put(cache, response.clone()));
  return response;
}

/** What a client may leave as it is in an identifier, and the rest escaped. */
const plainIdentifier = /^[A-Za-z0-9\-._~!$&'()*+,;=:]{1,200}$/;

async function serve(request, env, ctx) {
  const { url, method } = request, path = url.slice(url.indexOf("/", url.indexOf("://") + 3)).split("?", 1)[0];
  const [, iiif, version, id, ...rest] = path.split("/");
  const v = version === "3" ? 3 : version === "2" ? 2 : 0;
  const ours = iiif === "iiif" && v !== 0 && plainIdentifier.test(id) && !id.startsWith(".") && (method === "GET" || method === "HEAD");
  if (ours && (rest.length === 4 || (rest.length === 1 && rest[0] === "info.json"))) {
    const key = `pyramids/${id}.tif`, image = await learn(key, env);
    if (image !== null) {
      if (rest.length === 1) return info(request, image, v, id, `${env.VITRINE_PUBLIC_URL}/iiif/${v}/${id}`);
      const response = await tile(request, env, ctx, image, v, key, id, rest);
      if (response !== null) return response;
    }
  }
  return fetch(env.ORIGIN_URL + path, { method, headers: { Accept: request.headers.get("Accept") ?? "" }, redirect: "manual" });
}

export default { fetch: serve };
