// The rest of the global object: timers, events of the window, the navigator, cryptography, and names that code merely asks for.
((kit) => {
  'use strict';
  const { hub, world, scene, front, Target, text, bytes, sink, define, ghost, call, fire, ownPath, absolute, code, isPage, extension } = kit;
  const { Blob } = front;
  const c = scene.canary;
  define('setTimeout', function setTimeout(then, wait, ...given) { return hub.timer(then, wait, given, world, false); });
  define('setInterval', function setInterval(then, wait, ...given) { return hub.timer(then, wait, given, world, true); });
  define('setImmediate', function setImmediate(then, ...given) { return hub.timer(then, 0, given, world, false); });
  define('clearTimeout', function clearTimeout(id) { hub.cancel(id); });
  define('clearInterval', function clearInterval(id) { hub.cancel(id); });
  define('queueMicrotask', function queueMicrotask(then) { Promise.resolve().then(then); });
  define('structuredClone', (value) => hub.clone(value, world));
  define('reportError', () => {});

  define('addEventListener', function addEventListener(type, listener) {
    hub.listen('dom:' + type, world, (event) => call(listener, front, event), { key: listener, own: !isPage });
  });
  define('removeEventListener', function removeEventListener(type, listener) { hub.unlisten('dom:' + type, world, listener); });
  define('dispatchEvent', function dispatchEvent(event) {
    hub.windowEvent(event?.type, event, world);
    return true;
  });
  define('postMessage', function postMessage(message) {
    hub.windowEvent('message', { type: 'message', data: hub.clone(message, world), origin: isPage ? scene.origin : extension, ports: [], isTrusted: true }, world);
  });
  class Event {
    constructor(type, options = {}) {
      Object.assign(this, { bubbles: false, cancelable: false, target: null, isTrusted: false }, options);
      this.type = String(type);
    }
    preventDefault() {}
    stopPropagation() {}
    stopImmediatePropagation() {}
    composedPath() { return []; }
    waitUntil() {}
  }
  for (const name of ['Event', 'CustomEvent', 'MessageEvent', 'KeyboardEvent', 'MouseEvent', 'InputEvent', 'ErrorEvent', 'UIEvent', 'FocusEvent', 'PointerEvent', 'ProgressEvent', 'StorageEvent', 'ClipboardEvent', 'SubmitEvent']) define(name, class extends Event {});
  class AbortSignal extends Target {
    aborted = false;
    throwIfAborted() {}
    static timeout() { return new AbortSignal(); }
    static any() { return new AbortSignal(); }
  }
  define('AbortSignal', AbortSignal);
  define('AbortController', class AbortController { signal = new AbortSignal(); abort() {} });
  define('DOMException', class DOMException extends Error {});
  // Both ends of a channel are in this world.
  define('MessageChannel', class MessageChannel {
    constructor() {
      const [one, two] = [new Target(), new Target()];
      for (const [here, there] of [[one, two], [two, one]]) Object.assign(here, { postMessage: (data) => fire(there, 'message', { type: 'message', data: hub.clone(data, world), target: there }), start() {}, close() {} });
      Object.assign(this, { port1: one, port2: two });
    }
  });
  define('BroadcastChannel', class BroadcastChannel extends Target {
    constructor(name) {
      super();
      this.name = name;
      hub.listen('channel:' + name, world, (event) => fire(this, 'message', event));
    }
    postMessage(data) { hub.fire('channel:' + this.name, [{ type: 'message', data: hub.clone(data, world) }], { near: (other) => other !== world }); }
    close() {}
  });

  define('navigator', {
    userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36',
    appVersion: '5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36', appName: 'Netscape', product: 'Gecko',
    language: 'en-US', languages: ['en-US'], platform: 'Win32', vendor: 'Google Inc.', onLine: true, cookieEnabled: true, hardwareConcurrency: 8, deviceMemory: 8, maxTouchPoints: 0, webdriver: false, plugins: [], mimeTypes: [], doNotTrack: null,
    userAgentData: { brands: [{ brand: 'Chromium', version: '143' }], mobile: false, platform: 'Windows', getHighEntropyValues: () => Promise.resolve({}) },
    sendBeacon(url, data) { sink('beacon', absolute(url), data); return true; },
    clipboard: { readText: () => Promise.resolve(c.clipboard), writeText: () => Promise.resolve(), write: () => Promise.resolve(), read: () => Promise.resolve([{ types: ['text/plain'], getType: () => Promise.resolve(new Blob([c.clipboard])) }]) },
    permissions: { query: () => Promise.resolve({ state: 'granted', addEventListener() {} }) },
    geolocation: { getCurrentPosition: (then) => hub.later(() => then({ coords: { latitude: 0, longitude: 0, accuracy: 1 }, place: c.location }), 0, world), watchPosition: () => 1, clearWatch() {} },
    mediaDevices: { getUserMedia: () => Promise.resolve(ghost()), getDisplayMedia: () => Promise.resolve(ghost()), enumerateDevices: () => Promise.resolve([]) },
    locks: { request: (_, ...given) => Promise.resolve(given.at(-1)?.({})) },
    storage: { estimate: () => Promise.resolve({ usage: 0, quota: 1e9 }), persist: () => Promise.resolve(true), getDirectory: () => Promise.resolve(ghost()) },
    serviceWorker: ghost(), connection: { effectiveType: '4g', addEventListener() {} }, mediaSession: ghost(),
  });
  define('performance', { now: () => hub.now(), timeOrigin: 0, mark() {}, measure() {}, clearMarks() {}, clearMeasures() {}, getEntriesByType: () => [], getEntriesByName: () => [], getEntries: () => [], timing: {}, memory: {} });
  define('screen', { width: 1920, height: 1080, availWidth: 1920, availHeight: 1040, colorDepth: 24, pixelDepth: 24, orientation: { type: 'landscape-primary' } });
  define('history', { pushState() {}, replaceState() {}, back() {}, forward() {}, go() {}, length: 1, state: null });
  for (const [name, value] of Object.entries({ innerWidth: 1280, innerHeight: 900, outerWidth: 1280, outerHeight: 1000, devicePixelRatio: 1, scrollX: 0, scrollY: 0, pageXOffset: 0, pageYOffset: 0, screenX: 0, screenY: 0, origin: isPage ? scene.origin : extension, isSecureContext: true, crossOriginIsolated: false, closed: false, opener: null, frameElement: null, name: '', length: 0 })) define(name, value);

  // A key of the extension's own opens nothing to us, but what it is laid over is known here: what is encrypted leaves as it was.
  const scramble = (data) => {
    let hash = 2166136261;
    for (const letter of text(data)) hash = Math.imul(hash ^ letter.charCodeAt(0), 16777619);
    return Uint8Array.from({ length: 32 }, (_, at) => (hash >> ((at % 4) * 8)) & 255).buffer;
  };
  const same = (_, __, data) => Promise.resolve(Uint8Array.from(bytes(data), (letter) => letter.charCodeAt(0)).buffer);
  const key = () => Promise.resolve({ type: 'secret', extractable: true, algorithm: { name: 'AES-GCM' }, usages: ['encrypt', 'decrypt'] });
  define('crypto', {
    getRandomValues: (array) => array.fill(7),
    randomUUID: () => '00000000-0000-4000-8000-000000000000',
    subtle: { digest: (_, data) => Promise.resolve(scramble(data)), importKey: key, generateKey: () => key().then((one) => ({ ...one, publicKey: one, privateKey: one })), deriveKey: key, deriveBits: () => Promise.resolve(new ArrayBuffer(32)), exportKey: () => Promise.resolve(new ArrayBuffer(32)), wrapKey: () => Promise.resolve(new ArrayBuffer(32)), unwrapKey: key, sign: (_, __, data) => Promise.resolve(scramble(data)), verify: () => Promise.resolve(true), encrypt: same, decrypt: same },
  });
  define('cookieStore', { getAll: () => Promise.resolve(scene.cookies), get: () => Promise.resolve(scene.cookies[0] ?? null), set: () => Promise.resolve(), addEventListener() {} });

  if (world === 'background' && hub.worker) {
    define('location', { href: extension + '/' + (hub.manifest?.background?.service_worker ?? ''), origin: extension, protocol: 'chrome-extension:', host: hub.id, hostname: hub.id, pathname: '/', search: '', hash: '' });
    define('clients', { matchAll: () => Promise.resolve([]), claim: () => Promise.resolve(), openWindow: (url) => { sink('navigation', url); return Promise.resolve(null); } });
    define('registration', ghost());
    define('skipWaiting', () => Promise.resolve());
  }
  define('importScripts', function importScripts(...files) {
    for (const file of files) {
      const address = absolute(file);
      const own = ownPath(address);
      if (own !== undefined) hub.runFile(world, own);
      else {
        sink('script-src', address);
        code('import', address);
      }
    }
  });
  // `import()`, which the language lets nobody replace: scripts are rewritten to call this.
  const imported = (address) => {
    const own = ownPath(address);
    const number = own === undefined ? code('import', address) : hub.runFile(world, own);
    return Promise.resolve(front['__kxqns' + number] ?? front);
  };
  define('__kxqimport', function (path) { return imported(absolute(path)); });
  const beside = (path, address) => {
    if (!address.startsWith('.')) return absolute(address);
    const parts = path.split('/').slice(0, -1);
    for (const part of address.split('/')) if (part === '..') parts.pop(); else if (part !== '.') parts.push(part);
    return extension + '/' + parts.join('/');
  };
  // What modules give to each other, each by its number: its scripts are rewritten to name these.
  const exports = (number, given, name, get) => {
    Object.defineProperty(given, name, { get, enumerable: true, configurable: true });
    Object.defineProperty(front, name + '__kxqx' + number, { get, configurable: true });
  };
  define('__kxqexports', function (number, path, given) {
    for (const [name, get] of Object.entries(given)) exports(number, given, name, get);
    define('__kxqns' + number, given);
    define('__kxqimport' + number, function (address) { return imported(beside(path, text(address))); });
  });
  define('__kxqexportsof', function (number, other) {
    const given = front['__kxqns' + number], from = front['__kxqns' + other] ?? {};
    for (const name of Object.keys(from)) if (name !== 'default' && !(name in given)) exports(number, given, name, () => from[name]);
  });
  for (const name of ['indexedDB', 'caches', 'Notification', 'WebAssembly', 'customElements', 'visualViewport', 'speechSynthesis', 'OffscreenCanvas', 'createImageBitmap', 'ImageData', 'CSSStyleSheet', 'CSS', 'AudioContext', 'SpeechSynthesisUtterance', 'IDBKeyRange', 'TextTrack', 'MediaRecorder', 'MediaStream', 'scheduler', 'Path2D', 'FontFace', 'DOMMatrix', 'DOMPoint', 'DOMRect', 'EyeDropper']) define(name, ghost());
  if (typeof front.Intl === 'undefined') define('Intl', ghost());
  define('trustedTypes', { createPolicy: (_, rules) => rules, defaultPolicy: null });
  hub.globals[world] = front;
})
