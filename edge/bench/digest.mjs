// SHA-256 of short texts (FIPS 180-4): in place, because the runtime's own is only
// offered as a promise, which takes longer than this.
const rounds = new Int32Array(64), initial = new Int32Array(8), schedule = new Int32Array(64), bytes = new Uint8Array(16384);
const words = new DataView(bytes.buffer), encoder = new TextEncoder();

let found = 0;
for (let n = 2; found < 64; n++) {
  let prime = true;
  for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
  if (!prime) continue;
  if (found < 8) initial[found] = (Math.sqrt(n) % 1) * 2 ** 32;
  rounds[found++] = (Math.cbrt(n) % 1) * 2 ** 32;
}

const digits = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, "0"));

/** Returns the digest in hexadecimal. */
export function sha256(text) {
  const n = encoder.encodeInto(text, bytes).written, size = ((n + 9 + 63) >> 6) << 6;
  bytes.fill(0, n, size);
  bytes[n] = 0x80;
  words.setUint32(size - 4, n * 8);
  let [h0, h1, h2, h3, h4, h5, h6, h7] = initial;
  for (let at = 0; at < size; at += 64) {
    for (let i = 0; i < 16; i++) schedule[i] = words.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = schedule[i - 15], y = schedule[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3), s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      schedule[i] = schedule[i - 16] + s0 + schedule[i - 7] + s1;
    }
    let a = h0, b = h1, c = h2, d = h3, e = h4, f = h5, g = h6, h = h7;
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + rounds[i] + schedule[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    h0 = (h0 + a) | 0; h1 = (h1 + b) | 0; h2 = (h2 + c) | 0; h3 = (h3 + d) | 0;
    h4 = (h4 + e) | 0; h5 = (h5 + f) | 0; h6 = (h6 + g) | 0; h7 = (h7 + h) | 0;
  }
  let out = "";
  for (const h of [h0, h1, h2, h3, h4, h5, h6, h7]) out += digits[h >>> 24] + digits[(h >>> 16) & 255] + digits[(h >>> 8) & 255] + digits[h & 255];
  return out;
}
