// What an address asks an object's page to show, and the other way round.
'use strict';
const Address = (() => {
  // Content State, IIIF Content State API 1.0: base64url of what encodeURIComponent makes.
  const encode = (state) => btoa(encodeURIComponent(JSON.stringify(state))).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  const decode = (text) => {
    try {
      return JSON.parse(decodeURIComponent(atob(text.replaceAll('-', '+').replaceAll('_', '/'))));
    } catch {
      return undefined;
    }
  };
  const region = (text) => {
    const box = (/xywh=(?:pixel:)?([\d.,]+)/.exec(text)?.[1] || '').split(',').map(Number);
    return box.length === 4 && box.every((v) => v >= 0) && box[2] > 0 && box[3] > 0 ? box : undefined;
  };
  // The number of the page and the region, if any: #p3&xywh=… of ours, or a Content State.
  const asked = (leaves, start) => {
    const hash = /^#p(\d+)/.exec(location.hash);
    if (hash && leaves[Number(hash[1]) - 1]) return [Number(hash[1]), region(location.hash)];
    let state = decode(new URLSearchParams(location.search).get('iiif-content') || '');
    if (Array.isArray(state)) [state] = state;
    let target = state?.target ?? state;
    if (Array.isArray(target)) [target] = target;
    const id = typeof target === 'string' ? target : target?.source?.id ?? target?.source ?? target?.id;
    if (typeof id === 'string') {
      const [canvas] = id.split('#');
      const n = leaves.findIndex((l) => l.dataset.canvas === canvas) + 1;
      if (n) return [n, region(id) ?? region(String(target?.selector?.value ?? ''))];
    }
    return [Number(start) || 1];
  };
  // The page that a click on a link asks for; 0 for none, or when another tab is meant.
  const clicked = (event) => {
    const a = event.target.closest('a');
    if (!a || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return 0;
    return Number(a.dataset.page || /^#p(\d+)$/.exec(a.getAttribute('href'))?.[1]) || 0;
  };
  return { encode, asked, clicked };
})();
