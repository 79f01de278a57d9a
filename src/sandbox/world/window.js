// What a window has beside its document: where it is, what it keeps, and the questions that it asks a person.
((kit) => {
  'use strict';
  const { hub, world, scene, front, BODY, text, define, native, ghost, base, isPage, search, nodes } = kit;
  // A service worker has no window.
  if (!nodes) return;
  const { make, list, place, selected } = nodes;
  const c = scene.canary;

  const root = search(/^([a-z-]+:)\/\/([^/?#:]*)(?::\d+)?([^?#]*)(\?[^#]*)?(#.*)?$/i, base) ?? [];
  const location = { origin: root[1] + '//' + root[2], protocol: root[1], host: root[2], hostname: root[2], port: '', pathname: root[3] || '/', search: root[4] ?? '', hash: root[5] ?? '', ancestorOrigins: [], reload() {}, assign: place('navigation'), replace: place('navigation'), toString: () => base, [BODY]: () => base };
  Object.defineProperty(location, 'href', { get: () => base, set: place('navigation'), enumerable: true });
  Object.defineProperty(front, 'location', { get: () => location, set: place('navigation'), configurable: true });

  define('NodeFilter', { SHOW_ALL: -1, SHOW_ELEMENT: 1, SHOW_TEXT: 4, FILTER_ACCEPT: 1, FILTER_REJECT: 2, FILTER_SKIP: 3 });
  define('XPathResult', { ANY_TYPE: 0, STRING_TYPE: 2, ORDERED_NODE_SNAPSHOT_TYPE: 7, FIRST_ORDERED_NODE_TYPE: 9 });
  define('Image', native(function Image() { return make('img'); }));
  define('Audio', native(function Audio() { return make('audio'); }));
  define('Option', native(function Option() { return make('option'); }));
  define('XMLSerializer', class XMLSerializer { serializeToString(node) { return text(node); } });
  define('DOMParser', class DOMParser {
    // A document made of text: wherever one looks in it, there is that text.
    parseFromString(given) {
      const inner = (node) => new Proxy(node, { get: (of, key) => (['textContent', 'innerText', 'innerHTML', 'nodeValue'].includes(key) ? text(given) : ['querySelector', 'getElementById', 'closest'].includes(key) ? () => inner(node) : ['querySelectorAll', 'getElementsByTagName', 'getElementsByClassName'].includes(key) ? () => list(inner(node)) : ['body', 'documentElement', 'head', 'firstChild', 'parentNode'].includes(key) ? inner(node) : key === 'getAttribute' ? () => text(given) : typeof of[key] === 'function' ? of[key].bind(of) : of[key]) });
      return inner(make('html'));
    }
  });
  define('getComputedStyle', () => ({ display: 'block', visibility: 'visible', opacity: '1', getPropertyValue: () => '' }));
  define('matchMedia', () => ({ matches: false, addListener() {}, addEventListener() {}, removeEventListener() {} }));
  define('getSelection', () => selected());
  define('open', function open(url) { place('navigation')(url); return ghost(); });
  for (const [name, value] of Object.entries({ alert: undefined, confirm: true, prompt: null, close: undefined, focus: undefined, blur: undefined, print: undefined, stop: undefined, scroll: undefined, scrollTo: undefined, scrollBy: undefined, find: false })) define(name, () => value);
  define('requestAnimationFrame', (then) => hub.timer(() => then(hub.now()), 16, [], world, false));
  define('cancelAnimationFrame', (id) => hub.cancel(id));
  define('requestIdleCallback', (then) => hub.timer(() => then({ didTimeout: false, timeRemaining: () => 10 }), 20, [], world, false));
  define('cancelIdleCallback', (id) => hub.cancel(id));
  const stored = (mine) => {
    const own = Object.create(null);
    // Most of what pages keep is JSON.
    const theirs = JSON.stringify(c.storage);
    const get = (key) => own[key] ?? (mine ? null : theirs);
    const methods = { getItem: get, setItem: (key, value) => { own[key] = text(value); }, removeItem: (key) => { delete own[key]; }, clear() {}, key: (at) => Object.keys(own)[at] ?? (mine ? null : 'session') };
    return new Proxy(own, {
      get: (_, key) => (key in methods ? methods[key] : key === 'length' ? Object.keys(own).length + (mine ? 0 : 1) : typeof key === 'symbol' || key === 'toJSON' ? undefined : own[key] ?? (mine ? undefined : theirs)),
      ownKeys: () => [...new Set([...Object.keys(own), ...(mine ? [] : ['session'])])],
      getOwnPropertyDescriptor: (_, key) => ({ value: get(key), enumerable: true, configurable: true, writable: true }),
    });
  };
  define('localStorage', stored(!isPage));
  define('sessionStorage', stored(!isPage));
})
