// Checks a publication with @iiif/parser: node check.mjs FOLDER OUT
// - every manifest passes its strict upgrade without a warning, and without a change;
// - normalising and serialising a manifest loses nothing of what viewers show;
// - its upgrade of each v2.json says the same as the manifest beside it.
// It writes OUT, a TypeScript file that gives every document its type of
// @iiif/presentation-3, and prints what is wrong, one finding on a line.
import { readdirSync, readFileSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { normalize, serialize, serializeConfigPresentation3 } from '@iiif/parser';
import { presentation3StrictUpgrade } from '@iiif/parser/strict';
import { upgrade } from '@iiif/parser/upgrader';

const [folder, out] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const list = (v) => (v === undefined || v === null ? [] : Array.isArray(v) ? v : [v]);
const tidy = (v) => JSON.stringify(v, (key, value) => (value && typeof value === 'object' && !Array.isArray(value)
  ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value));
let compared = 0;
const same = (where, what, got, want) => {
  compared += 1;
  if (tidy(got) !== tidy(want)) console.log(`${where}: ${what}: ${tidy(got)}, not ${tidy(want)}`);
};

// What viewers show of a manifest of version 3, in a form that both ways lead to.
const strip = (html) => html.replace(/<[^>]*>/g, '').trim();
const texts = (map) => Object.values(map ?? {}).flat().map(strip).sort();
const pairs = (l) => list(l).map((p) => [texts(p.label), texts(p.value)]);
const target = (t) => (typeof t === 'string' ? t : t.id ?? `${t.source?.id ?? t.source}#${t.selector?.value ?? ''}`);
const ranges = (l) => list(l).filter((r) => r.type === 'Range').map((r) => [texts(r.label),
  list(r.items).filter((i) => i.type === 'Canvas' || i.source || typeof i === 'string').map((i) => i.source?.id ?? i.source ?? i.id ?? i), ranges(r.items)]);
const annotated = (c) => list(c.annotations).flatMap((p) => list(p.items)).map((a) => [target(a.target), list(a.body).map((b) => strip(b.value ?? b.id))]);
const shown = (m) => ({
  id: m.id,
  label: texts(m.label),
  summary: texts(m.summary),
  metadata: pairs(m.metadata),
  rights: m.rights ?? null,
  viewingDirection: m.viewingDirection ?? null,
  rendering: list(m.rendering).map((r) => r.id),
  seeAlso: list(m.seeAlso).map((r) => r.id),
  thumbnail: list(m.thumbnail).map((t) => t.id),
  canvases: list(m.items).map((c) => {
    const image = c.items[0].items[0].body;
    const [body] = list(image);
    return { id: c.id, label: texts(c.label), width: c.width, height: c.height, image: body.id, service: list(body.service).map((s) => s.id ?? s['@id']),
      annotations: annotated(c) };
  }),
  ranges: ranges(m.structures),
});

const types = [];
// As arguments of a generic function documents keep their exact types, and may have the
// properties of extensions, which the types do not know.
const typed = (type, document) => types.push(`is${type}(${JSON.stringify(document)});`);
let manifests = 0;
const walk = (dir) => {
  for (const entry of readdirSync(join(folder, dir), { withFileTypes: true })) {
    const name = dir ? `${dir}/${entry.name}` : entry.name;
    if (entry.isDirectory()) {
      if (!['.vitrine', 'assets', 'page', 'activity'].includes(name)) walk(name);
      continue;
    }
    if (!name.endsWith('.json') || name.endsWith('v2.json') || name.endsWith('search.json')) continue;
    const document = read(name);
    typed(document.type, document);
    if (document.type !== 'Manifest') continue;
    manifests += 1;

    const logging = { warnings: [] };
    const strict = presentation3StrictUpgrade(structuredClone(document), logging);
    for (const w of logging.warnings) {
      // It wants a list wherever the word occurs. In the text of an annotation the Web
      // Annotation Data Model allows one language, and the schema demands it.
      if (w === '"language" should be Array of values' && !/"language":(?!\[)/.test(JSON.stringify({ ...document, items: document.items.map((c) => ({ ...c, annotations: [] })) }))) continue;
      console.log(`${name}: strict: ${w}`);
    }
    same(name, 'strict', shown(strict), shown(document));

    const broken = { warnings: [] };
    presentation3StrictUpgrade({ ...structuredClone(document), label: 'text' }, broken);
    if (!broken.warnings.length) console.log(`${name}: strict: a text for a label is not noticed`);

    const { resource, entities, mapping } = normalize(structuredClone(document));
    const again = serialize({ mapping, entities, requests: {} }, resource, serializeConfigPresentation3);
    same(name, 'normalised', shown(again), shown(document));

    const old = name.replace(/\.json$/, '/v2.json');
    if (existsSync(join(folder, old))) {
      const v2 = read(old);
      const upgraded = shown(upgrade(structuredClone(v2)));
      const want = shown(document);
      // Version 2 has lists of annotations as documents of their own, which the upgrade
      // does not fetch, and images at the address of version 2 of their service.
      for (const m of [upgraded, want]) {
        for (const c of m.canvases) {
          delete c.annotations;
          c.service = c.service.map((id) => id.replace('/iiif/2/', '/iiif/3/'));
          c.image = c.image.replaceAll('%25', '%'); // the upgrade escapes what is escaped
        }
      }
      // It loses the licence, and keeps the range that stands for the whole.
      same(old, 'licence', v2.license ?? null, want.rights);
      delete upgraded.rights;
      delete want.rights;
      upgraded.ranges = upgraded.ranges.flatMap((r) => r[2]);
      same(old, 'attribution', list(v2.attribution).map((a) => strip(a['@value'] ?? a)).sort(), texts(document.requiredStatement?.value));
      for (const key of Object.keys(want)) same(old, key, upgraded[key], want[key]);
    }
  }
};
walk('');
writeFileSync(out, `import type { AnnotationPage, Collection, Manifest } from '@iiif/presentation-3';
const isManifest = <T extends Manifest>(d: T) => d;
const isAnnotationPage = <T extends AnnotationPage>(d: T) => d;
// In the types members of a collection are whole documents; in the API they are
// references with what lists show.
type Member = Pick<Manifest, 'id' | 'type' | 'label' | 'thumbnail' | 'navDate'> | Pick<Collection, 'id' | 'type' | 'label' | 'thumbnail' | 'navDate'>;
const isCollection = <T extends Omit<Collection, 'items'> & { items: Member[] }>(d: T) => d;
${types.join('\n')}
// What must be refused, or nothing above means anything.
// @ts-expect-error a label is a language map
isManifest({ id: '', type: 'Manifest', label: 'x', items: [] });
// @ts-expect-error a member has a type
isCollection({ id: '', type: 'Collection', label: {}, items: [{ id: '', label: {} }] });
// @ts-expect-error the items are annotations
isAnnotationPage({ id: '', type: 'AnnotationPage', items: [{ type: 'Canvas' }] });
export {};
`);
console.log(`checked ${manifests} manifests, ${types.length} documents, ${compared} comparisons`);
