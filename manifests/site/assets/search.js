// The search over all objects of the site. Without it the pages work all the same.
'use strict';
(() => {
  const form = document.querySelector('.search');
  const field = form.querySelector('input');
  const list = document.getElementById('list');
  const found = document.getElementById('found');
  const grid = found.querySelector('.grid');
  const said = found.querySelector('[role=status]');
  const card = document.getElementById('card').content.firstElementChild;
  const root = form.dataset.root;
  const most = 120;

  // Letters without accents and case, so that "Krakow" finds "Kraków".
  const fold = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  // What to say is in the page, in its language: of a number one of several forms.
  const { lang } = document.documentElement;
  const forms = new Intl.PluralRules(lang);
  const say = (text, n) => text.replace('{n}', n?.toLocaleString(lang)).replace('{q}', () => field.value.trim());
  const count = (n) => say({ one: form.dataset.foundOne, few: form.dataset.foundFew }[forms.select(n)] || form.dataset.foundOther, n);

  let data;
  const load = () => {
    data ||= fetch(root + 'page/search.json').then((answer) => {
      if (!answer.ok) throw new Error(answer.status);
      return answer.json();
    }).then(({ prefix, objects }) => objects.map((o) => (
      { ...o, t: o.t === undefined && !o.w ? '' : prefix + (o.t || ''), key: fold(`${o.l} ${o.o || ''} ${o.n}`) })));
    data.catch(() => { data = undefined; });
    return data;
  };

  const show = (o) => {
    const item = card.cloneNode(true);
    item.querySelector('a').href = `${root}${encodeURIComponent(o.n)}/`;
    const image = item.querySelector('img');
    if (o.t) {
      image.src = o.t;
      if (o.w) [image.width, image.height] = [o.w, o.h];
    } else image.remove();
    const label = item.querySelector('.label');
    label.textContent = o.l;
    if (o.g) label.lang = o.g;
    item.querySelector('.facts').textContent = o.f || '';
    return item;
  };

  let turn = 0;
  const search = async () => {
    const words = fold(field.value).split(/\s+/).filter(Boolean);
    const mine = ++turn;
    if (!words.length) {
      list.hidden = false;
      found.hidden = true;
      return;
    }
    let objects;
    try {
      objects = await load();
    } catch {
      if (mine !== turn) return;
      said.textContent = form.dataset.trouble;
      grid.replaceChildren();
      [list.hidden, found.hidden] = [false, false];
      return;
    }
    if (mine !== turn) return; // something else was typed meanwhile
    const hits = objects.filter((o) => words.every((w) => o.key.includes(w)));
    grid.replaceChildren(...hits.slice(0, most).map(show));
    said.textContent = hits.length === 0 ? say(form.dataset.none)
      : count(hits.length) + (hits.length > most ? ` ${say(form.dataset.first, most)}` : '');
    [list.hidden, found.hidden] = [true, false];
  };

  const remember = () => {
    const url = new URL(location);
    if (field.value.trim()) url.searchParams.set('q', field.value.trim());
    else url.searchParams.delete('q');
    history.replaceState(null, '', url);
  };

  form.hidden = false;
  field.addEventListener('focus', () => { load().catch(() => {}); }, { once: true });
  field.addEventListener('input', () => { search(); remember(); });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    search();
    remember();
  });
  field.value = new URLSearchParams(location.search).get('q') || '';
  if (field.value) search();
})();
