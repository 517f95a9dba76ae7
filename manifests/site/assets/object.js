// The page of an object: its pages on the stage, annotations on the image, and links
// that lead to what is seen. Everything is read from the page itself, which shows it
// without scripts as well.
'use strict';
(() => {
  const stage = document.getElementById('stage');
  const viewer = stage.viewer;
  const leaves = [...document.querySelectorAll('#pages > li')];
  const toolbar = stage.querySelector('.leaf');
  const noteSwitch = stage.querySelector('[data-notes-switch]');
  const remark = document.getElementById('note');
  const linkField = document.getElementById('link');
  const stateField = document.getElementById('state');
  const drag = document.getElementById('drag');
  const { Point, Rect, MouseTracker } = OpenSeadragon;
  let page = 0; // the number of the page on the stage
  let wanted; // region to show once the page is there
  let notesShown = true;

  const leaf = (n) => leaves[n - 1];
  const source = ({ dataset }) => dataset.info || { type: 'image', url: dataset.image };
  const numbers = (text) => (text || '').split(',').map(Number);
  // The canvas is as wide as 1 in OpenSeadragon's coordinates.
  const rect = (n, [x, y, w, h]) => {
    const width = Number(leaf(n).dataset.width);
    return new Rect(x / width, y / width, w / width, h / width);
  };

  const show = (n, region) => {
    if (n < 1 || n > leaves.length) return;
    wanted = region;
    if (n === page) {
      if (viewer.world.getItemCount()) settle();
      return;
    }
    leaf(page)?.removeAttribute('aria-current');
    page = n;
    leaf(n).setAttribute('aria-current', 'page');
    if (toolbar) {
      toolbar.querySelector('output').textContent = `${n} / ${leaves.length}`;
      for (const b of toolbar.querySelectorAll('button')) b.disabled = !leaf(n + Number(b.dataset.leaf));
      toolbar.hidden = false;
    }
    remark.hidden = true;
    viewer.open(source(leaf(n)));
  };
  const settle = () => {
    if (wanted) {
      const r = rect(page, wanted);
      const margin = Math.max(r.width, r.height, 0.02) * 0.15;
      viewer.viewport.fitBounds(new Rect(r.x - margin, r.y - margin, r.width + 2 * margin, r.height + 2 * margin));
    }
    wanted = undefined;
    tell();
  };

  // Annotations.
  const notesOf = (n) => [...document.querySelectorAll(`.more[data-of="${n}"] .notes > li`)];
  const explain = (note) => {
    const copy = document.createElement('div');
    copy.append(...[...note.childNodes].filter((c) => !c.classList?.contains('look')).map((c) => c.cloneNode(true)));
    const close = document.createElement('button');
    close.type = 'button';
    close.textContent = '×';
    close.setAttribute('aria-label', stage.dataset.close);
    close.addEventListener('click', () => { remark.hidden = true; });
    remark.replaceChildren(close, copy);
    remark.hidden = false;
  };
  const mark = (note) => {
    const region = numbers(note.dataset.box);
    const button = document.createElement('button');
    button.type = 'button';
    button.className = region[2] ? 'region' : 'region point';
    button.setAttribute('aria-label', `${stage.dataset.annotation}: ${note.innerText.trim().slice(0, 120)}`);
    const press = () => {
      for (const other of stage.querySelectorAll('.region.chosen')) other.classList.remove('chosen');
      button.classList.add('chosen');
      explain(note);
    };
    // OpenSeadragon takes pointers for itself; keys still arrive as clicks.
    new MouseTracker({ element: button, clickHandler: (e) => { if (e.quick) press(); } });
    button.addEventListener('click', (e) => { if (e.detail === 0) press(); });
    button.addEventListener('keydown', (e) => e.stopPropagation());
    if (region[2]) viewer.addOverlay({ element: button, location: rect(page, region) });
    else viewer.addOverlay({ element: button, location: rect(page, region).getTopLeft(), placement: OpenSeadragon.Placement.CENTER });
  };
  const drawNotes = () => {
    viewer.clearOverlays();
    if (!notesShown) return;
    // The large ones first: the small ones lie above them.
    const size = (note) => numbers(note.dataset.box)[2] * numbers(note.dataset.box)[3];
    for (const note of notesOf(page).filter((n) => n.dataset.box).sort((a, b) => size(b) - size(a))) mark(note);
  };
  const switchNotes = () => {
    notesShown = !notesShown;
    noteSwitch.setAttribute('aria-pressed', notesShown);
    remark.hidden = true;
    drawNotes();
  };

  const tell = () => {
    const { canvas, width, height } = leaf(page).dataset;
    let target = canvas;
    let hash = leaves.length > 1 ? `#p${page}` : '';
    if (!stage.classList.contains('whole')) {
      const seen = viewer.viewport.getBounds();
      const [w, h] = [Number(width), Number(height)];
      const x = Math.max(0, Math.round(seen.x * w));
      const y = Math.max(0, Math.round(seen.y * w));
      const right = Math.min(w, Math.round((seen.x + seen.width) * w));
      const bottom = Math.min(h, Math.round((seen.y + seen.height) * w));
      if (right > x && bottom > y) {
        const xywh = `xywh=${x},${y},${right - x},${bottom - y}`;
        target += `#${xywh}`;
        hash = `#p${page}&${xywh}`;
      }
    }
    linkField.value = document.querySelector('link[rel=canonical]').href + hash;
    stateField.value = Address.encode({ id: target, type: 'Canvas', partOf: [{ id: stage.dataset.manifest, type: 'Manifest' }] });
    const dragged = new URL(drag.href);
    dragged.searchParams.set('iiif-content', stateField.value);
    drag.href = dragged;
  };

  viewer.addHandler('open', () => { settle(); drawNotes(); });
  viewer.addHandler('animation-finish', tell);
  viewer.addHandler('canvas-key', (event) => {
    const { key, ctrlKey, altKey, metaKey } = event.originalEvent;
    if (ctrlKey || altKey || metaKey) return;
    const does = { PageUp: () => show(page - 1), PageDown: () => show(page + 1), a: noteSwitch && switchNotes, Escape: () => { remark.hidden = true; } }[key];
    if (!does) return;
    event.preventDefaultAction = true;
    does();
  });
  toolbar?.addEventListener('click', (event) => {
    const button = event.target.closest('[data-leaf]');
    if (button) show(page + Number(button.dataset.leaf));
  });
  noteSwitch?.addEventListener('click', switchNotes);

  // Links to pages, in the list and in the table of contents, open them on the stage.
  document.addEventListener('click', (event) => {
    const n = Address.clicked(event);
    if (!leaf(n)) return;
    event.preventDefault();
    history.replaceState(null, '', `#p${n}`);
    show(n);
    stage.scrollIntoView({ block: 'nearest' });
  });
  addEventListener('hashchange', () => { show(...Address.asked(leaves, stage.dataset.start)); });
  for (const section of document.querySelectorAll('.more')) {
    for (const note of section.querySelectorAll('.notes > li[data-box]')) {
      const look = document.createElement('button');
      look.type = 'button';
      look.className = 'look';
      look.textContent = stage.dataset.look;
      look.addEventListener('click', () => {
        const box = numbers(note.dataset.box);
        const n = Number(section.dataset.of);
        if (!box[2]) { // some surroundings of a point
          const side = Number(leaf(n).dataset.width) / 10;
          [box[0], box[1], box[2], box[3]] = [box[0] - side / 2, box[1] - side / 2, side, side];
        }
        show(n, box);
        stage.scrollIntoView({ block: 'nearest' });
      });
      note.append(look);
    }
  }
  show(...Address.asked(leaves, stage.dataset.start));
})();
