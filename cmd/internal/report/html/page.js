// Filters, search and copying. The page has all its content without this script, and the script only hides parts of it:
// it never makes markup.
'use strict';
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const said = document.getElementById('said');

  // What is copied is what is shown, without the signs of the patch for new lines alone.
  const textOf = (button) => {
    if (button.dataset.copy === 'flag') return button.dataset.text;
    const patch = button.closest('.copied').querySelector('pre');
    if (button.dataset.copy === 'all') return patch.textContent;
    return all('.line.new', patch).map((line) => line.textContent.slice(1)).join('');
  };
  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement('textarea');
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand('copy');
      area.remove();
      if (!done) throw new Error('not allowed');
    }
  };
  for (const button of all('button[data-copy]')) {
    const name = button.textContent;
    button.hidden = false;
    button.addEventListener('click', async () => {
      let outcome = 'Copied';
      try {
        await copy(textOf(button));
      } catch {
        outcome = 'Select the text to copy it';
      }
      button.textContent = outcome;
      said.textContent = outcome;
      setTimeout(() => { button.textContent = name; said.textContent = ''; }, 2000);
    });
  }

  const form = document.getElementById('filters');
  if (!form) return;
  form.hidden = false;
  const cards = all('.card');
  const byId = new Map(cards.map((card) => [card.id, card]));
  const groups = all('section.group').map((section) => ({ section, cards: all('.card', section) }));
  const notes = all('a.note').map((note) => ({ note, card: byId.get(note.hash.slice(1)) }));
  const facts = all('.facts li').map((item) => ({ item, card: byId.get(item.querySelector('a').hash.slice(1)) }));
  const boxes = all('[data-group]').filter((box) => !box.classList.contains('card'));
  const toggles = all('.toggle', form);
  const type = document.getElementById('by-type');
  const rule = document.getElementById('by-rule');
  const search = document.getElementById('by-text');
  const shown = document.getElementById('shown');
  const nothing = document.getElementById('nothing');
  const texts = new Map(); // what is searched, made when it is first needed

  const textFor = (card) => {
    if (!texts.has(card)) texts.set(card, card.textContent.toLowerCase().replace(/\s+/g, ' '));
    return texts.get(card);
  };
  const filter = () => {
    const severities = new Set(toggles.filter((t) => t.getAttribute('aria-pressed') === 'true').map((t) => t.dataset.severity));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const card of cards) {
      const { severity, group, rule: name } = card.dataset;
      card.hidden = !(severities.has(severity) && (!type.value || type.value === group) && (!rule.value || rule.value === name) &&
        words.every((word) => textFor(card).includes(word)));
      if (!card.hidden) n++;
    }
    const visible = new Set();
    for (const g of groups) {
      g.section.hidden = g.cards.every((card) => card.hidden);
      if (!g.section.hidden) visible.add(g.section.id);
    }
    for (const { note, card } of notes) note.hidden = Boolean(card && card.hidden);
    for (const { item, card } of facts) item.hidden = Boolean(card && card.hidden);
    for (const box of boxes) box.classList.toggle('dim', !visible.has(box.dataset.group));
    nothing.hidden = n > 0;
    shown.textContent = n === cards.length ? `${n} shown` : `${n} of ${cards.length} shown`;
  };
  const showAll = () => {
    for (const t of toggles) t.setAttribute('aria-pressed', 'true');
    type.value = rule.value = search.value = '';
    filter();
  };

  for (const t of toggles) {
    t.addEventListener('click', () => {
      t.setAttribute('aria-pressed', String(t.getAttribute('aria-pressed') !== 'true'));
      filter();
    });
  }
  type.addEventListener('change', filter);
  rule.addEventListener('change', filter);
  let waiting;
  search.addEventListener('input', () => {
    clearTimeout(waiting);
    waiting = setTimeout(filter, cards.length > 500 ? 200 : 0);
  });
  form.addEventListener('submit', (event) => event.preventDefault());
  document.getElementById('reset').addEventListener('click', showAll);

  // A link to a finding that a filter hides shows it again.
  const reveal = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (!target || !target.closest('[hidden]')) return;
    showAll();
    target.scrollIntoView();
  };
  addEventListener('hashchange', reveal);
  for (const link of all('a[href^="#"]')) link.addEventListener('click', () => setTimeout(reveal));
  filter();
})();
