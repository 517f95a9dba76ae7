// Buttons that copy the field beside them.
'use strict';
(() => {
  const said = document.getElementById('said');
  for (const button of document.querySelectorAll('[data-copy]')) {
    const field = document.getElementById(button.dataset.copy);
    const word = button.firstChild;
    const { copied = 'Copied', byHand = 'Press Ctrl+C' } = button.dataset;
    const before = word.data;
    button.hidden = false;
    field.addEventListener('focus', () => field.select());
    button.addEventListener('click', async () => {
      let done = false;
      try {
        await navigator.clipboard.writeText(field.value);
        done = true;
      } catch { // no clipboard on plain http: the old way
        field.select();
        done = document.execCommand('copy');
      }
      word.data = done ? copied : byHand;
      said.textContent = word.data;
      setTimeout(() => { word.data = before; said.textContent = ''; }, 2000);
    });
  }
})();
