// Mirador on the stage, with one window that cannot be closed.
'use strict';
(() => {
  const stage = document.getElementById('stage');
  const { manifest, start, notes, language } = stage.dataset;
  const leaves = [...document.querySelectorAll('#pages > li')];
  const [page] = Address.asked(leaves, start);
  const wide = matchMedia('(min-width: 56rem)').matches;
  const viewer = Mirador.viewer({
    id: 'mirador',
    language, // of the texts to show; its own words are English where it has no others
    selectedTheme: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light',
    annotations: {
      filteredMotivations: ['commenting', 'describing', 'identifying', 'classifying', 'questioning', 'replying', 'linking', 'highlighting',
        'bookmarking', 'transcribing', 'translating', 'assessing', 'editing', 'geotagging', 'tagging', 'supplementing'],
    },
    workspaceControlPanel: { enabled: false },
    workspace: { showZoomControls: true, allowNewWindows: false },
    window: {
      allowClose: false,
      allowMaximize: false,
      allowFullscreen: true,
      highlightAllAnnotations: Boolean(notes),
      sideBarOpen: Boolean(notes) && wide,
      defaultSideBarPanel: notes ? 'annotations' : 'info',
      panels: { info: true, attribution: true, canvas: true, annotations: true, search: true, layers: false },
    },
    windows: [{ id: 'object', manifestId: manifest, canvasId: leaves[page - 1].dataset.canvas }],
  });
  stage.mirador = viewer;

  // Links to pages, in the list and in the table of contents, open them on the stage.
  document.addEventListener('click', (event) => {
    const leaf = leaves[Address.clicked(event) - 1];
    if (!leaf) return;
    event.preventDefault();
    viewer.store.dispatch(Mirador.setCanvas('object', leaf.dataset.canvas));
    stage.scrollIntoView({ block: 'nearest' });
  });
})();
