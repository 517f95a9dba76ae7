// OpenSeadragon on the stage, and its buttons. A page of one image names it in data-info;
// others open what they want through stage.viewer.
'use strict';
(() => {
  const stage = document.getElementById('stage');
  const tools = stage.querySelector('.tools');
  const trouble = stage.querySelector('.trouble');
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;

  const surface = document.createElement('div');
  surface.className = 'surface';
  stage.prepend(surface);

  // OpenSeadragon adds a style sheet, which the content policy refuses, unless it
  // finds one that is marked like this. An element without a namespace does nothing.
  const mark = document.createElementNS(null, 'style');
  mark.setAttribute('data-openseadragon-mobile-css', '');
  document.head.append(mark);

  const viewer = OpenSeadragon({
    element: surface,
    tileSources: stage.dataset.info || [],
    crossOriginPolicy: 'Anonymous',
    showNavigationControl: false,
    showNavigator: stage.clientWidth > 600,
    navigatorPosition: 'BOTTOM_LEFT',
    navigatorSizeRatio: 0.16,
    navigatorAutoFade: false,
    navigatorBackground: 'transparent',
    navigatorBorderColor: 'transparent',
    navigatorDisplayRegionColor: '#e0a458',
    maxZoomPixelRatio: 2,
    visibilityRatio: 0.6,
    animationTime: calm ? 0 : 0.9,
    tileRetryMax: 2,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
  });
  stage.viewer = viewer;

  viewer.canvas.setAttribute('role', 'application');
  viewer.canvas.setAttribute('aria-label', `${stage.dataset.title}, ` +
    (stage.dataset.hint || 'zoomable image. Plus and minus zoom, arrow keys move, 0 shows the whole image.'));

  // The whole image, however it is turned, with some wall around it.
  const view = () => viewer.viewport;
  const wholeZoom = () => {
    const box = view().getContainerSize();
    const { x, y } = viewer.world.getItemAt(0).getContentSize();
    const wall = Math.min(box.x, box.y) * 0.05;
    const turned = view().getRotation() % 180 !== 0;
    const wide = turned ? y : x;
    const high = turned ? x : y;
    return Math.min((box.x - 2 * wall) / wide, (box.y - 2 * wall) / high) * x / box.x;
  };
  const home = (atOnce) => {
    if (viewer.world.getItemCount() === 0) return;
    const { x, y } = viewer.world.getItemAt(0).getContentSize();
    view().minZoomLevel = wholeZoom() * 0.8;
    view().panTo(new OpenSeadragon.Point(0.5, y / x / 2), atOnce);
    view().zoomTo(wholeZoom(), null, atOnce);
  };
  const turn = (degrees) => {
    const whole = view().getZoom() < wholeZoom() * 1.01;
    view().setRotation(view().getRotation() + degrees);
    if (whole) home();
  };
  viewer.addHandler('open', () => {
    home(true);
    tools.hidden = false;
    trouble.hidden = true;
  });
  viewer.addHandler('open-failed', () => { trouble.hidden = false; });
  viewer.addHandler('zoom', ({ zoom }) => {
    if (viewer.world.getItemCount() === 0) return; // between two images
    stage.classList.toggle('whole', zoom < wholeZoom() * 1.05);
  });
  viewer.addHandler('resize', () => {
    // A phone was turned: what was whole stays whole, once OpenSeadragon is done.
    if (stage.classList.contains('whole')) requestAnimationFrame(() => home(true));
  });
  viewer.addHandler('canvas-key', (event) => {
    const { key, ctrlKey, altKey, metaKey } = event.originalEvent;
    if (ctrlKey || altKey || metaKey) return;
    const does = { 0: () => home(), r: () => turn(90), R: () => turn(-90) }[key];
    if (!does) return;
    event.preventDefaultAction = true;
    does();
  });

  const actions = {
    in: () => view().zoomBy(1.6),
    out: () => view().zoomBy(1 / 1.6),
    home: () => home(),
    turn: () => turn(90),
    full: () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen()),
  };
  tools.addEventListener('click', (event) => {
    const button = event.target.closest('[data-do]');
    if (!button) return;
    actions[button.dataset.do]();
    if (button.dataset.do !== 'home') view().applyConstraints();
  });
  if (document.fullscreenEnabled) tools.querySelector('[data-do=full]').hidden = false;
})();
