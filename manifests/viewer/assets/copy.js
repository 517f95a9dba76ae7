// Buttons that copy the field beside them.
'use strict';
(() => {
  const said = document.getElementById('said');
  for (const button of document.querySelectorAll('[data-copy]')) {
    const field = document.getElementById(button.dataset.copy);
    const word = button.firstChild;
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
      word.data = done ? 'Copied' : 'Press Ctrl+C';
      said.textContent = word.data;
      setTimeout(() => { word.data = 'Copy'; said.textContent = ''; }, 2000);
    });
  }
})();
