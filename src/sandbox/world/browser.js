// The stand-ins for a browser in one world of an extension. Everything that is asked for is answered by something plausible;
// what leaves is reported. `hub` is shared by all worlds of the extension and holds what they have in common.
((hub, world, scene) => {
  'use strict';
  const report = hub.report;
  const text = (value) => {
    if (value === undefined || value === null) return '';
    if (typeof value === 'string') return value;
    if (value && value.__body !== undefined) return text(value.__body);
    if (value instanceof hub.Bytes || ArrayBuffer.isView(value)) return Array.from(new Uint8Array(value.buffer ?? value), (b) => String.fromCharCode(b)).join('');
    try {
      return typeof value === 'object' ? JSON.stringify(value) ?? String(value) : String(value);
    } catch {
      return '';
    }
  };
  const sink = (how, url, body, extra) => report('sink', { how, url: text(url), body: (text(body) + ' ' + text(extra)).slice(0, 200000), world, asked: hub.asked ? 'yes' : 'no' });
  const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  for (const name of ['window', 'self', 'top', 'parent', 'frames']) define(name, globalThis);

  // Anything at all: callable, constructible, with every property. Reads of unknown things end here.
  const ghost = (path) => {
    const target = function () {};
    return new Proxy(target, {
      get(_, key) {
        if (key === Symbol.toPrimitive) return () => '';
        if (key === Symbol.iterator) return function* () {};
        if (key === 'then') return undefined;
        if (key === 'length') return 0;
        if (typeof key === 'symbol') return undefined;
        if (key === 'toString' || key === 'valueOf' || key === 'toJSON') return () => '';
        return ghost(path + '.' + key);
      },
      set: () => true,
      has: () => true,
      apply(_, __, given) {
        for (const one of given) if (typeof one === 'function') hub.later(() => one(ghost(path + '()')), 0, world);
        return ghost(path + '()');
      },
      construct: () => ghost('new ' + path),
    });
  };

  // Answers by callback where there is one, and by promise.
  const answer = (given, value) => {
    const callback = given.length && typeof given[given.length - 1] === 'function' ? given[given.length - 1] : null;
    if (callback) {
      hub.later(() => callback(value), 0, world);
      return undefined;
    }
    return Promise.resolve(value);
  };
  const event = (path) => ({
    addListener(listener) { report('listens', { path, world }); hub.listen(path, world, listener); },
    removeListener() {}, hasListener: () => false, hasListeners: () => false, addRules() {}, dispatch() {},
  });

  const cookies = (wanted) => scene.cookies.map((cookie) => ({ ...cookie, domain: wanted?.domain ?? cookie.domain, name: wanted?.name ?? cookie.name, path: '/', secure: true, httpOnly: true, session: true, storeId: '0', sameSite: 'lax' }));
  const tab = () => ({ id: 1, index: 0, windowId: 1, active: true, highlighted: true, status: 'complete', url: scene.url, title: scene.title, incognito: false });
  const store = (area) => {
    const data = (hub.stored[area] ??= {});
    const pick = (keys) => {
      if (keys === null || keys === undefined || typeof keys === 'function') return { ...data };
      const wanted = typeof keys === 'string' ? [keys] : Array.isArray(keys) ? keys : Object.keys(keys);
      const found = typeof keys === 'object' && !Array.isArray(keys) ? { ...keys } : {};
      for (const key of wanted) if (key in data) found[key] = data[key];
      return found;
    };
    return {
      get: (...given) => answer(given, pick(given[0])),
      set: (...given) => {
        const changes = {};
        for (const key of Object.keys(given[0] ?? {})) {
          changes[key] = { oldValue: data[key], newValue: given[0][key] };
          data[key] = given[0][key];
        }
        hub.fire('storage.onChanged', [changes, area]);
        return answer(given);
      },
      remove: (...given) => { for (const key of [].concat(given[0])) delete data[key]; return answer(given); },
      clear: (...given) => { for (const key of Object.keys(data)) delete data[key]; return answer(given); },
      getBytesInUse: (...given) => answer(given, 0), setAccessLevel: (...given) => answer(given),
      onChanged: event('storage.onChanged'), QUOTA_BYTES: 5242880,
    };
  };
  const port = (name, at) => {
    const listeners = [];
    const one = {
      name, sender: { id: hub.id, tab: tab(), url: scene.url, frameId: 0 }, other: null,
      postMessage(message) { const to = one.other; if (to) for (const listener of to.heard) hub.later(() => listener(message, to), 0, to.at); else sink('native', name, message); },
      disconnect() {}, onMessage: { addListener: (listener) => listeners.push(listener), removeListener() {}, hasListener: () => false },
      onDisconnect: { addListener() {}, removeListener() {} }, heard: listeners, at,
    };
    return one;
  };
  const inject = (given) => {
    const details = given.find((one) => one && typeof one === 'object') ?? {};
    const results = [];
    if (typeof details.func === 'function' || typeof details.function === 'function') {
      const func = details.func ?? details.function;
      const args = (details.args ?? []).map((one) => JSON.stringify(one) ?? 'undefined').join(',');
      results.push({ frameId: 0, result: hub.run('page', '(' + Function.prototype.toString.call(func) + ')(' + args + ')') });
    }
    if (typeof details.code === 'string') { report('code', { text: details.code, world: 'page' }); results.push(hub.run('page', details.code)); }
    for (const file of [].concat(details.files ?? details.file ?? [])) hub.runFile('page', file);
    return answer(given, results);
  };
  const special = {
    'runtime.id': hub.id, 'runtime.lastError': undefined,
    'runtime.getURL': (path) => 'chrome-extension://' + hub.id + '/' + String(path).replace(/^\//, ''),
    'extension.getURL': (path) => 'chrome-extension://' + hub.id + '/' + String(path).replace(/^\//, ''),
    'runtime.getManifest': () => hub.manifest,
    'runtime.getPlatformInfo': (...given) => answer(given, { os: 'win', arch: 'x86-64', nacl_arch: 'x86-64' }),
    'runtime.sendMessage': (...given) => {
      const external = typeof given[0] === 'string' && given.length > 1 && typeof given[1] !== 'function' && /^[a-p]{32}$/.test(given[0]) && given[0] !== hub.id;
      if (external) { sink('other-extension', given[0], given[1]); return answer(given); }
      return hub.message('runtime.onMessage', world, given[0], given, answer, { id: hub.id, tab: world === 'background' ? undefined : tab(), url: scene.url, frameId: 0, origin: scene.origin });
    },
    'extension.sendMessage': (...given) => special['runtime.sendMessage'](...given),
    'tabs.sendMessage': (...given) => hub.message('runtime.onMessage', world, given[1], given, answer, { id: hub.id }),
    'runtime.connect': (...given) => {
      const name = given.find((one) => one && typeof one === 'object')?.name ?? '';
      const here = port(name, world), there = port(name, 'background');
      here.other = there; there.other = here;
      hub.fire('runtime.onConnect', [there], world);
      return here;
    },
    'tabs.connect': (...given) => special['runtime.connect'](...given),
    'runtime.connectNative': (name) => port(String(name), world),
    'runtime.sendNativeMessage': (...given) => { sink('native', given[0], given[1]); return answer(given, {}); },
    'storage.local': store('local'), 'storage.sync': store('sync'), 'storage.session': store('session'), 'storage.managed': store('managed'),
    'tabs.query': (...given) => answer(given, [tab()]), 'tabs.get': (...given) => answer(given, tab()),
    'tabs.getCurrent': (...given) => answer(given, tab()), 'tabs.getSelected': (...given) => answer(given, tab()),
    'tabs.create': (...given) => { sink('navigation', given[0]?.url, ''); return answer(given, tab()); },
    'tabs.update': (...given) => { const change = given.find((one) => one && one.url); if (change) sink('navigation', change.url, ''); return answer(given, tab()); },
    'windows.create': (...given) => { sink('navigation', given[0]?.url, ''); return answer(given, { id: 1, tabs: [tab()] }); },
    'tabs.executeScript': (...given) => inject(given), 'scripting.executeScript': (...given) => inject(given),
    'tabs.captureVisibleTab': (...given) => answer(given, 'data:image/png;base64,' + scene.canary.screen),
    'cookies.getAll': (...given) => answer(given, cookies(given[0])), 'cookies.get': (...given) => answer(given, cookies(given[0])[0]),
    'cookies.getAllCookieStores': (...given) => answer(given, [{ id: '0', tabIds: [1] }]),
    'history.search': (...given) => answer(given, [{ id: '1', url: 'https://site.example/' + scene.canary.history, title: scene.canary.history, visitCount: 3 }]),
    'identity.getAuthToken': (...given) => answer(given, scene.canary.token),
    'downloads.download': (...given) => { sink('download', given[0]?.url, given[0]?.body); return answer(given, 1); },
    'debugger.sendCommand': (...given) => answer(given, given[1] === 'Network.getResponseBody' ? { body: scene.canary.network, base64Encoded: false }
      : given[1] === 'Network.getAllCookies' || given[1] === 'Network.getCookies' || given[1] === 'Storage.getCookies' ? { cookies: cookies() }
      : given[1] === 'Runtime.evaluate' ? { result: { value: scene.canary.page } } : {}),
    'permissions.contains': (...given) => answer(given, true), 'permissions.request': (...given) => answer(given, true),
    'management.getAll': (...given) => answer(given, []), 'management.getSelf': (...given) => answer(given, { id: hub.id, installType: 'normal', enabled: true }),
    'i18n.getMessage': (name) => String(name), 'i18n.getUILanguage': () => 'en',
    'alarms.create': (name) => { hub.later(() => hub.fire('alarms.onAlarm', [{ name: typeof name === 'string' ? name : '', scheduledTime: 0 }]), 60000, world); return Promise.resolve(); },
    'devtools.inspectedWindow.tabId': 1,
    'devtools.inspectedWindow.eval': (...given) => { hub.run('page', String(given[0])); return answer(given, scene.canary.page); },
    'runtime.getBackgroundPage': (...given) => answer(given, hub.globals.background), 'extension.getBackgroundPage': () => hub.globals.background,
  };
  const api = (path) => {
    const made = {};
    return new Proxy(function () {}, {
      get(_, key) {
        if (typeof key === 'symbol' || key === 'then') return undefined;
        const full = path ? path + '.' + key : key;
        if (full in special) { if (typeof special[full] === 'function') report('call', { path: full, world }); return special[full]; }
        if (key in made) return made[key];
        if (/^on[A-Z]/.test(key)) return (made[key] = event(full));
        if (key === 'toString') return () => '[object Object]';
        return (made[key] = /^[A-Z_]+$/.test(key) ? key.toLowerCase() : api(full));
      },
      set(_, key, value) { made[key] = value; return true; },
      has: () => true,
      apply(_, __, given) { report('call', { path, world }); return answer(given, path.endsWith('.getAll') || path.endsWith('.search') || path.endsWith('.query') ? [] : {}); },
    });
  };
  if (world !== 'main') { const root = api(''); define('chrome', root); define('browser', root); }

  // ---- network -------------------------------------------------------------------------------------------------------
  const reply = (url) => hub.reply(String(url));
  const credentials = (url) => scene.hosts.some((host) => String(url).includes(host)) || !/^[a-z]+:/.test(String(url));
  const body = (url) => (credentials(url) ? scene.canary.feed : reply(url));
  class Response {
    constructor(content = '', options = {}) { this.content = content; this.ok = true; this.status = options.status ?? 200; this.statusText = 'OK'; this.url = options.url ?? ''; this.headers = new Headers({ 'content-type': 'application/json' }); this.redirected = false; this.type = 'basic'; this.bodyUsed = false; this.body = ghost('body'); }
    text() { return Promise.resolve(text(this.content)); }
    json() { try { return Promise.resolve(JSON.parse(text(this.content))); } catch { return Promise.resolve({ ok: true, data: text(this.content), url: text(this.content), list: [] }); } }
    blob() { return Promise.resolve(new Blob([this.content])); }
    arrayBuffer() { return Promise.resolve(Uint8Array.from(text(this.content), (c) => c.charCodeAt(0)).buffer); }
    clone() { return this; }
  }
  class Headers {
    constructor(from) { this.map = {}; if (from) for (const [key, value] of Array.isArray(from) ? from : Object.entries(from.map ?? from)) this.map[String(key).toLowerCase()] = value; }
    get(key) { return this.map[String(key).toLowerCase()] ?? null; }
    set(key, value) { this.map[String(key).toLowerCase()] = value; }
    append(key, value) { this.set(key, value); }
    has(key) { return String(key).toLowerCase() in this.map; }
    delete(key) { delete this.map[String(key).toLowerCase()]; }
    forEach(visit) { for (const key of Object.keys(this.map)) visit(this.map[key], key); }
    entries() { return Object.entries(this.map)[Symbol.iterator](); }
    [Symbol.iterator]() { return this.entries(); }
    toJSON() { return this.map; }
  }
  class Pairs {
    constructor(from) {
      this.pairs = [];
      if (typeof from === 'string') for (const part of from.replace(/^\?/, '').split('&')) { if (!part) continue; const [key, ...rest] = part.split('='); let value = rest.join('='); try { value = decodeURIComponent(value.replace(/\+/g, ' ')); } catch {} this.pairs.push([key, value]); }
      else if (from && typeof from === 'object') for (const pair of from[Symbol.iterator] ? from : Object.entries(from)) this.pairs.push([String(pair[0]), pair[1]]);
    }
    append(key, value) { this.pairs.push([String(key), value]); }
    set(key, value) { this.delete(key); this.append(key, value); }
    get(key) { return this.pairs.find((pair) => pair[0] === key)?.[1] ?? null; }
    getAll(key) { return this.pairs.filter((pair) => pair[0] === key).map((pair) => pair[1]); }
    has(key) { return this.pairs.some((pair) => pair[0] === key); }
    delete(key) { this.pairs = this.pairs.filter((pair) => pair[0] !== key); }
    forEach(visit) { for (const [key, value] of this.pairs) visit(value, key); }
    entries() { return this.pairs[Symbol.iterator](); }
    keys() { return this.pairs.map((pair) => pair[0])[Symbol.iterator](); }
    values() { return this.pairs.map((pair) => pair[1])[Symbol.iterator](); }
    [Symbol.iterator]() { return this.entries(); }
    get __body() { return this.pairs.map(([key, value]) => key + '=' + text(value)).join('&'); }
  }
  class URLSearchParams extends Pairs { toString() { return this.pairs.map(([key, value]) => encodeURIComponent(key) + '=' + encodeURIComponent(text(value))).join('&'); } }
  class FormData extends Pairs { constructor(form) { super(); if (form && form.inputs) for (const input of form.inputs) this.append(input.name, input.value); } }
  class Blob { constructor(parts = [], options = {}) { this.parts = parts; this.type = options.type ?? ''; this.size = this.__body.length; } get __body() { return Array.from(this.parts, text).join(''); } text() { return Promise.resolve(this.__body); } arrayBuffer() { return Promise.resolve(Uint8Array.from(this.__body, (c) => c.charCodeAt(0)).buffer); } slice() { return this; } }
  class FileReader {
    read(value) { hub.later(() => { this.result = value; this.readyState = 2; this.onload?.({ target: this }); this.onloadend?.({ target: this }); for (const one of this.heard ?? []) one({ target: this }); }, 0, world); }
    readAsText(blob) { this.read(text(blob)); } readAsDataURL(blob) { this.read('data:application/octet-stream;base64,' + btoa(unescape(encodeURIComponent(text(blob))))); } readAsArrayBuffer(blob) { this.read(Uint8Array.from(text(blob), (c) => c.charCodeAt(0)).buffer); } readAsBinaryString(blob) { this.read(text(blob)); }
    addEventListener(_, listener) { (this.heard ??= []).push(listener); }
  }
  class URL {
    constructor(address, base) {
      let full = String(address);
      if (!/^[a-z][a-z0-9+.-]*:/i.test(full)) { if (base === undefined) throw new TypeError('Invalid URL'); const root = String(base).match(/^[a-z]+:\/\/[^/?#]*/i)?.[0] ?? ''; full = full.startsWith('//') ? 'https:' + full : root + (full.startsWith('/') ? '' : '/') + full; }
      const parts = full.match(/^([a-z][a-z0-9+.-]*:)(?:\/\/(?:([^@/?#]*)@)?([^:/?#]*)(?::(\d+))?)?([^?#]*)(\?[^#]*)?(#.*)?$/i) ?? [];
      this.protocol = (parts[1] ?? '').toLowerCase(); this.hostname = (parts[3] ?? '').toLowerCase(); this.port = parts[4] ?? ''; this.pathname = parts[5] || '/'; this.hash = parts[7] ?? '';
      this.searchParams = new URLSearchParams(parts[2 + 4] ?? '');
    }
    get host() { return this.hostname + (this.port ? ':' + this.port : ''); }
    get origin() { return this.protocol + '//' + this.host; }
    get search() { const query = this.searchParams.toString(); return query ? '?' + query : ''; }
    set search(query) { this.searchParams = new URLSearchParams(String(query)); }
    get href() { return this.origin + this.pathname + this.search + this.hash; }
    toString() { return this.href; } toJSON() { return this.href; }
    static createObjectURL(blob) { return 'blob:' + text(blob); } static revokeObjectURL() {} static canParse() { return true; }
  }
  define('fetch', function fetch(request, options = {}) {
    const url = request?.url ?? request;
    const sent = options.body ?? request?.options?.body;
    sink('fetch', url, sent, options.headers ?? request?.options?.headers);
    return hub.resolved(new Response(body(url), { url: String(url) }), world, Promise);
  });
  class Request { constructor(url, options = {}) { this.url = String(url?.url ?? url); this.options = options; this.method = options.method ?? 'GET'; this.headers = new Headers(options.headers); } clone() { return this; } text() { return Promise.resolve(text(this.options.body)); } }
  class Target {
    addEventListener(type, listener) { const heard = (this.__heard ??= {}); (heard[type] ??= []).push(listener); this.__listened?.(type, listener); }
    removeEventListener() {}
    dispatchEvent(event) { this.__fire(event?.type, event); return true; }
    __fire(type, event) { const call = (one) => hub.later(() => (typeof one === 'function' ? one.call(this, event) : one?.handleEvent?.(event)), 0, world); if (this['on' + type]) call(this['on' + type]); for (const one of this.__heard?.[type] ?? []) call(one); }
  }
  class XMLHttpRequest extends Target {
    constructor() { super(); this.readyState = 0; this.status = 0; this.responseText = ''; this.response = ''; this.upload = new Target(); this.sentHeaders = {}; }
    open(method, url) { this.method = method; this.url = url; this.responseURL = url; this.readyState = 1; }
    setRequestHeader(name, value) { this.sentHeaders[name] = value; }
    getResponseHeader() { return null; } getAllResponseHeaders() { return ''; } overrideMimeType() {} abort() {}
    send(sent) {
      sink('xhr', this.url, sent, this.sentHeaders);
      const content = body(this.url);
      hub.later(() => {
        this.readyState = 4; this.status = 200; this.statusText = 'OK'; this.responseText = content; this.response = content;
        if (this.responseType === 'json') try { this.response = JSON.parse(content); } catch { this.response = { ok: true, data: content }; }
        if (this.responseType === 'arraybuffer') this.response = Uint8Array.from(content, (c) => c.charCodeAt(0)).buffer;
        if (this.responseType === 'blob') this.response = new Blob([content]);
        for (const type of ['readystatechange', 'load', 'loadend']) this.__fire(type, { type, target: this, currentTarget: this });
      }, 0, world);
    }
  }
  XMLHttpRequest.DONE = 4;
  class WebSocket extends Target { constructor(url) { super(); this.url = String(url); this.readyState = 1; sink('websocket', url, ''); hub.later(() => { this.__fire('open', { type: 'open', target: this }); this.__fire('message', { type: 'message', data: reply(url), target: this }); }, 0, world); } send(sent) { sink('websocket', this.url, sent); } close() {} }
  WebSocket.OPEN = 1;
  class EventSource extends Target { constructor(url) { super(); sink('eventsource', url, ''); hub.later(() => this.__fire('message', { type: 'message', data: reply(url) }), 0, world); } close() {} }
  class Worker extends Target { constructor(url) { super(); report('code', { text: String(url), world }); } postMessage() {} terminate() {} }
  for (const [name, value] of Object.entries({ Response, Headers, URLSearchParams, FormData, Blob, File: class File extends Blob {}, FileReader, URL, Request, XMLHttpRequest, WebSocket, EventSource, Worker, SharedWorker: Worker, EventTarget: Target })) define(name, value);

  // ---- documents -----------------------------------------------------------------------------------------------------
  const place = (how) => (url) => { if (/^(https?|wss?|ftp):|^\/\//.test(String(url))) sink(how, url, ''); };
  const location = { href: scene.url, origin: scene.origin, host: scene.hosts[0], hostname: scene.hosts[0], pathname: '/mail/u/0/', search: '', hash: '#inbox', protocol: 'https:', port: '', reload() {}, assign: place('navigation'), replace: place('navigation'), toString: () => scene.url, ancestorOrigins: [] };
  let current = scene.url;
  Object.defineProperty(location, 'href', { get: () => current, set: place('navigation'), enumerable: true });
  const elements = new Map();
  const element = (selector, tag) => {
    const kind = String(selector);
    if (!tag && elements.has(kind)) return elements.get(kind);
    const secret = /passw|pwd|pass\b|\bpw\b/i.test(kind), code = /otp|code|2fa|totp|pin\b|verif|challenge/i.test(kind), user = /mail|user|login|identifier|\bid\b/i.test(kind);
    const value = secret ? scene.canary.password : code ? scene.canary.otp : user && /input|#|name=/i.test(kind) ? scene.canary.user : scene.canary.field;
    const own = tag ? '' : undefined;
    const node = new Target();
    const attributes = {};
    const state = { text: own ?? scene.canary.mail, value: own ?? value };
    Object.assign(node, {
      nodeType: 1, nodeName: (tag ?? 'DIV').toUpperCase(), tagName: (tag ?? (/^(input|textarea|form|iframe|a|img)/i.exec(kind)?.[1] ?? 'DIV')).toUpperCase(), type: secret ? 'password' : 'text', name: secret ? 'password' : user ? 'username' : 'field', id: kind, className: '', checked: true, files: [new Blob([scene.canary.attachment])],
      style: {}, dataset: {}, attributes: [], isConnected: true, offsetWidth: 100, offsetHeight: 100, scrollHeight: 100, ownerDocument: null, hidden: false, disabled: false,
      classList: { add() {}, remove() {}, toggle() {}, contains: () => false, length: 0 }, title: '',
      getAttribute: (name) => attributes[name] ?? (name === 'href' || name === 'src' ? scene.origin + '/?view=att&id=' + scene.canary.attachment : name === 'type' ? node.type : name === 'name' ? node.name : own ?? scene.canary.mail),
      setAttribute(name, value) { attributes[name] = value; if (name === 'src' || name === 'href' || name === 'action') node[name] = value; },
      hasAttribute: () => true, removeAttribute() {}, getBoundingClientRect: () => ({ x: 0, y: 0, top: 0, left: 0, width: 100, height: 20, right: 100, bottom: 20 }),
      appendChild(child) { attach(child); return child; }, append(...children) { children.forEach(attach); }, prepend(...children) { children.forEach(attach); }, insertBefore(child) { attach(child); return child; }, replaceChild(child) { attach(child); return child; }, insertAdjacentElement(_, child) { attach(child); return child; }, insertAdjacentHTML() {}, after() {}, before() {},
      removeChild() {}, remove() {}, replaceWith() {}, cloneNode: () => element(kind, tag ?? 'div'), contains: () => true, matches: () => true, focus() {}, blur() {}, scrollIntoView() {},
      click() { if (node.tagName === 'A' && attributes.href) sink(attributes.download !== undefined || node.download ? 'download' : 'navigation', attributes.href, ''); node.__fire('click', happening('click', node)); },
      submit() { sink('form', node.action ?? '', (node.children ?? []).map((child) => child.name + '=' + child.value).join('&')); }, requestSubmit() { node.submit(); },
      querySelector: (inner) => (tag ? null : element(inner)), querySelectorAll: (inner) => (tag ? [] : [element(inner)]), getElementsByTagName: (inner) => (tag ? [] : [element(inner)]), getElementsByClassName: (inner) => (tag ? [] : [element(inner)]), closest: (inner) => (tag ? null : element(inner)),
      attachShadow: () => element('shadow', 'div'), getContext: () => ghost('context'), toDataURL: () => 'data:image/png;base64,' + scene.canary.screen, toBlob: (done) => hub.later(() => done(new Blob([scene.canary.screen])), 0, world),
      contentWindow: globalThis, children: [], childNodes: [], sheet: ghost('sheet'),
    });
    for (const key of ['textContent', 'innerText', 'innerHTML', 'outerHTML', 'outerText', 'nodeValue', 'data', 'text'])
      Object.defineProperty(node, key, { get: () => state.text, set: (given) => { state.text = String(given); }, enumerable: true, configurable: true });
    Object.defineProperty(node, 'value', { get: () => state.value, set: (given) => { state.value = String(given); }, enumerable: true, configurable: true });
    const sends = { img: 'image', script: 'script-src', iframe: 'navigation', frame: 'navigation', link: 'style', video: 'image', audio: 'image', embed: 'navigation', object: 'navigation' }[(tag ?? '').toLowerCase()];
    for (const key of ['src', 'href']) {
      let address = tag ? '' : scene.origin + '/?view=att&id=' + scene.canary.attachment;
      Object.defineProperty(node, key, { get: () => address, set: (given) => { address = String(given); attributes[key] = address; if (sends) { place(sends)(address); hub.later(() => node.__fire('load', { type: 'load', target: node }), 0, world); } }, enumerable: true, configurable: true });
    }
    for (const key of ['parentNode', 'parentElement', 'firstChild', 'lastChild', 'nextSibling', 'previousSibling', 'firstElementChild', 'nextElementSibling', 'form'])
      Object.defineProperty(node, key, { get: () => (tag ? null : key === 'form' ? element('form') : null), configurable: true });
    Object.defineProperty(node, 'elements', { get: () => [element('input[type=email]'), element('input[type=password]')], configurable: true });
    Object.defineProperty(node, 'inputs', { get: () => [element('input[type=email]'), element('input[type=password]')], configurable: true });
    node.__listened = (type) => hub.typed(type, world, (event) => node.__fire(type, { ...event, target: tag ? element('body') : node, currentTarget: node }), Boolean(tag));
    if (!tag) elements.set(kind, node);
    return node;
  };
  const attach = (child) => {
    if (!child || typeof child !== 'object') return;
    if (child.tagName === 'SCRIPT' && !child.src) { report('code', { text: String(child.textContent), world: 'main' }); hub.run('main', String(child.textContent)); }
    else if (child.tagName === 'SCRIPT' && child.src.startsWith('chrome-extension:')) hub.runFile('main', child.src.replace(/^chrome-extension:\/\/[a-p]+\//, ''));
  };
  const happening = (type, target) => ({ type, target, currentTarget: target, isTrusted: true, key: scene.canary.key, code: 'KeyA', keyCode: 65, which: 65, data: scene.canary.key, clipboardData: { getData: () => scene.canary.clipboard }, preventDefault() {}, stopPropagation() {}, stopImmediatePropagation() {}, composedPath: () => [target], timeStamp: 1, bubbles: true, origin: scene.origin, source: globalThis });
  if (world !== 'background' || !hub.worker) {
    const page = element('document');
    Object.assign(page, {
      title: scene.title, readyState: 'complete', URL: scene.url, documentURI: scene.url, domain: scene.hosts[0], referrer: '', characterSet: 'UTF-8', hasFocus: () => true, visibilityState: 'visible', hidden: false, compatMode: 'CSS1Compat',
      createElement: (tag) => element('new ' + tag, tag), createElementNS: (_, tag) => element('new ' + tag, tag), createTextNode: (given) => ({ nodeType: 3, textContent: String(given), data: String(given) }), createDocumentFragment: () => element('fragment', 'div'), createEvent: () => ({ initEvent() {} }), createRange: () => ghost('range'), createTreeWalker: () => ({ nextNode: () => null, currentNode: null }),
      getElementById: (id) => element('#' + id), getElementsByName: (name) => [element('input[name=' + name + ']')], querySelector: (inner) => element(inner), querySelectorAll: (inner) => [element(inner)], getElementsByTagName: (inner) => [element(inner)], getElementsByClassName: (inner) => [element('.' + inner)],
      execCommand: () => true, write() {}, writeln() {}, open() {}, close() {}, getSelection: () => ({ toString: () => scene.canary.selection, rangeCount: 0 }), evaluate: () => ({ iterateNext: () => null, snapshotLength: 0 }), adoptNode: (node) => node, importNode: (node) => node,
      defaultView: globalThis, implementation: ghost('implementation'), cookie: '', activeElement: null,
    });
    Object.defineProperty(page, 'cookie', { get: () => scene.cookies.map((one) => one.name + '=' + one.value).join('; '), set() {} });
    for (const name of ['body', 'head', 'documentElement', 'scrollingElement']) Object.defineProperty(page, name, { get: () => element(name) });
    for (const name of ['forms', 'links', 'images', 'scripts', 'all']) Object.defineProperty(page, name, { get: () => [element(name === 'forms' ? 'form' : name)] });
    Object.defineProperty(page, 'location', { get: () => location, set: place('navigation') });
    page.nodeType = 9;
    define('document', page);
    Object.defineProperty(globalThis, 'location', { get: () => location, set: place('navigation'), configurable: true });
    define('MutationObserver', class { constructor(seen) { this.seen = seen; } observe() { hub.later(() => this.seen([{ type: 'childList', addedNodes: [element('div')], removedNodes: [], target: element('body') }], this), 10, world); } disconnect() {} takeRecords() { return []; } });
    for (const name of ['IntersectionObserver', 'ResizeObserver', 'PerformanceObserver']) define(name, class { observe() {} disconnect() {} unobserve() {} });
    define('Image', function Image() { return element('new img', 'img'); });
    define('Audio', function Audio() { return element('new audio', 'audio'); });
    for (const name of ['HTMLElement', 'Element', 'Node', 'HTMLInputElement', 'HTMLFormElement', 'HTMLAnchorElement', 'Document', 'Text', 'NodeList', 'HTMLIFrameElement', 'HTMLTextAreaElement', 'ShadowRoot']) define(name, class extends Target {});
    define('DOMParser', class { parseFromString() { return document; } });
    define('getComputedStyle', () => ghost('style')); define('matchMedia', () => ({ matches: false, addListener() {}, addEventListener() {} }));
    define('alert', () => {}); define('confirm', () => true); define('prompt', () => ''); define('open', (url) => { place('navigation')(url); return ghost('window'); }); define('close', () => {}); define('scrollTo', () => {}); define('getSelection', () => ({ toString: () => scene.canary.selection }));
    const local = {};
    const storage = { getItem: (key) => local[key] ?? null, setItem: (key, value) => { local[key] = String(value); }, removeItem: (key) => { delete local[key]; }, clear() {}, key: () => null, length: 0 };
    define('localStorage', storage); define('sessionStorage', storage);
    define('requestAnimationFrame', (then) => hub.later(() => then(0), 16, world)); define('cancelAnimationFrame', () => {}); define('requestIdleCallback', (then) => hub.later(() => then({ didTimeout: false, timeRemaining: () => 10 }), 20, world));
  } else {
    define('location', { href: 'chrome-extension://' + hub.id + '/bg.js', origin: 'chrome-extension://' + hub.id });
    define('importScripts', (...files) => { for (const file of files) hub.runFile(world, String(file).replace(/^chrome-extension:\/\/[a-p]+\//, '')); });
    define('clients', ghost('clients')); define('registration', ghost('registration')); define('skipWaiting', () => Promise.resolve());
    define('OffscreenCanvas', class { getContext() { return ghost('context'); } });
  }
  // The global object itself takes listeners.
  define('addEventListener', (type, listener) => hub.typed(type, world, (event) => (typeof listener === 'function' ? listener.call(globalThis, event) : listener?.handleEvent?.(event))));
  define('removeEventListener', () => {}); define('dispatchEvent', (event) => { hub.windowEvent(event, world); return true; });
  define('postMessage', (message) => hub.windowEvent({ ...happening('message', globalThis), type: 'message', data: message }, world));
  hub.happening[world] = happening; hub.element[world] = element; hub.globals[world] = globalThis;
  define('navigator', {
    userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36', language: 'en-US', languages: ['en-US'], platform: 'Win32', vendor: 'Google Inc.', appVersion: '5.0', onLine: true, cookieEnabled: true, hardwareConcurrency: 8, webdriver: false, plugins: [], userAgentData: { brands: [], mobile: false, platform: 'Windows' },
    sendBeacon: (url, data) => { sink('beacon', url, data); return true; }, clipboard: { readText: () => Promise.resolve(scene.canary.clipboard), writeText: () => Promise.resolve(), read: () => Promise.resolve([]) }, serviceWorker: ghost('serviceWorker'), mediaDevices: ghost('mediaDevices'), permissions: { query: () => Promise.resolve({ state: 'granted' }) }, storage: ghost('storage'), geolocation: ghost('geolocation'), locks: ghost('locks'),
  });
  define('performance', { now: () => hub.now(), timeOrigin: 0, mark() {}, measure() {}, getEntriesByType: () => [], timing: {} });
  define('screen', { width: 1920, height: 1080, availWidth: 1920, availHeight: 1040, colorDepth: 24 });
  define('history', { pushState() {}, replaceState() {}, back() {}, length: 1, state: null });
  define('setTimeout', function setTimeout(then, wait, ...given) { return hub.timer(then, wait, given, world, false); });
  define('setInterval', function setInterval(then, wait, ...given) { return hub.timer(then, wait, given, world, true); });
  define('clearTimeout', (id) => hub.cancel(id)); define('clearInterval', (id) => hub.cancel(id));
  define('queueMicrotask', (then) => Promise.resolve().then(then)); define('setImmediate', (then) => hub.timer(then, 0, [], world, false)); define('structuredClone', (value) => JSON.parse(JSON.stringify(value)));
  class Event { constructor(type, options = {}) { Object.assign(this, options); this.type = type; } preventDefault() {} stopPropagation() {} }
  for (const name of ['Event', 'CustomEvent', 'MessageEvent', 'KeyboardEvent', 'MouseEvent', 'InputEvent', 'ErrorEvent']) define(name, Event);
  define('AbortController', class { constructor() { this.signal = { aborted: false, addEventListener() {} }; } abort() {} }); define('AbortSignal', { timeout: () => ({}) });
  define('BroadcastChannel', class extends Target { postMessage() {} close() {} }); define('MessageChannel', class { constructor() { this.port1 = new Target(); this.port2 = new Target(); } });
  define('RTCPeerConnection', class extends Target { constructor(options) { super(); sink('webrtc', text(options), ''); } createDataChannel() { return { send: (sent) => sink('webrtc', '', sent), addEventListener() {} }; } createOffer() { return Promise.resolve({}); } setLocalDescription() { return Promise.resolve(); } });
  define('indexedDB', ghost('indexedDB')); define('caches', ghost('caches')); define('Notification', ghost('Notification')); define('WebAssembly', ghost('WebAssembly')); define('Intl', ghost('Intl')); define('customElements', ghost('customElements')); define('trustedTypes', { createPolicy: (_, rules) => rules });
  const scramble = (data) => { let hash = 2166136261; for (const byte of new Uint8Array(data.buffer ?? data)) hash = Math.imul(hash ^ byte, 16777619); return Uint8Array.from({ length: 32 }, (_, i) => (hash >> (i % 4) * 8) & 255).buffer; };
  define('crypto', { getRandomValues: (array) => array.fill(7), randomUUID: () => '00000000-0000-4000-8000-000000000000', subtle: { digest: (_, data) => Promise.resolve(scramble(data)), importKey: () => Promise.resolve({}), generateKey: () => Promise.resolve({}), deriveKey: () => Promise.resolve({}), deriveBits: () => Promise.resolve(new ArrayBuffer(32)), exportKey: () => Promise.resolve(new ArrayBuffer(32)), sign: (_, __, data) => Promise.resolve(scramble(data)),
    // The key is the extension's own: what it encrypts is what leaves.
    encrypt: (_, __, data) => Promise.resolve((data.buffer ?? data)), decrypt: (_, __, data) => Promise.resolve((data.buffer ?? data)) } });
})
