// Requests and sockets: each is reported with what it carries; a server that is not there answers. What belongs to the extension
// is read from its files, what belongs to the person's services is full of canaries, and any other server says its word.
((kit) => {
  'use strict';
  const { hub, world, scene, atob, btoa, TOKEN, BODY, Target, text, bytes, isWord, word, sink, code, define, ghost, fire, ownPath, absolute, extension, is, search, hostOf } = kit;
  const c = scene.canary;
  const list = (value) => (value === undefined || value === null ? [] : typeof value[Symbol.iterator] === 'function' ? Array.from(value) : Object.entries(value));

  // What a request brings back, as text; undefined where it is a server's word.
  const content = (url) => {
    const own = ownPath(url);
    if (own !== undefined) return hub.read(own) ?? '';
    const host = hostOf(url);
    if (!scene.hosts.includes(host)) return undefined;
    if (hub.pageAsks) return c.hook;
    if (is(/att|download|disp=|file/i, url.slice(host.length + 8))) return c.attachment;
    return is(/feed|atom|rss/i, url) ? c.feed : c.mail;
  };
  const report = (how, url, ...carried) => {
    const address = absolute(url);
    // The extension's own files are nowhere to arrive.
    if (ownPath(address) === undefined && !is(/^(data|blob|about):/i, address)) sink(how, address, ...carried);
    if (is(/^data:/i, address)) return data(address);
    if (is(/^blob:/i, address)) return address.slice(5);
    return content(address);
  };
  const data = (address) => {
    const [, kind, rest] = search(/^data:([^,]*),(.*)$/s, address) ?? [];
    return kind === undefined ? '' : is(/;base64/i, kind) ? atob(rest) : decodeURIComponent(rest);
  };
  const parsed = (body) => {
    if (body === undefined) return word();
    try {
      return JSON.parse(body);
    } catch {
      return { data: body, text: body, items: [body], messages: [{ id: body, snippet: body, body }] };
    }
  };
  const buffer = (body) => Uint8Array.from(body, (letter) => letter.charCodeAt(0)).buffer;

  class Headers {
    #map = {};
    constructor(from) {
      for (const [key, value] of list(from)) this.append(key, value);
    }
    get(key) { return this.#map[String(key).toLowerCase()] ?? null; }
    set(key, value) { this.#map[String(key).toLowerCase()] = text(value); }
    append(key, value) { this.set(key, value); }
    has(key) { return String(key).toLowerCase() in this.#map; }
    delete(key) { delete this.#map[String(key).toLowerCase()]; }
    forEach(visit) { for (const [key, value] of this) visit(value, key, this); }
    entries() { return Object.entries(this.#map)[Symbol.iterator](); }
    keys() { return Object.keys(this.#map)[Symbol.iterator](); }
    values() { return Object.values(this.#map)[Symbol.iterator](); }
    [Symbol.iterator]() { return this.entries(); }
    [BODY]() { return JSON.stringify(this.#map); }
  }
  class Pairs {
    pairs = [];
    append(key, value) { this.pairs.push([String(key), value]); }
    set(key, value) { this.delete(key); this.append(key, value); }
    get(key) { return this.pairs.find((pair) => pair[0] === key)?.[1] ?? null; }
    getAll(key) { return this.pairs.filter((pair) => pair[0] === key).map((pair) => pair[1]); }
    has(key) { return this.pairs.some((pair) => pair[0] === key); }
    delete(key) { this.pairs = this.pairs.filter((pair) => pair[0] !== key); }
    forEach(visit) { for (const [key, value] of this.pairs) visit(value, key, this); }
    entries() { return this.pairs[Symbol.iterator](); }
    keys() { return this.pairs.map((pair) => pair[0])[Symbol.iterator](); }
    values() { return this.pairs.map((pair) => pair[1])[Symbol.iterator](); }
    get size() { return this.pairs.length; }
    [Symbol.iterator]() { return this.entries(); }
    [BODY]() { return this.pairs.map(([key, value]) => key + '=' + text(value)).join('&'); }
  }
  const decoded = (given) => {
    try {
      return decodeURIComponent(given.replace(/\+/g, ' '));
    } catch {
      return given;
    }
  };
  class URLSearchParams extends Pairs {
    constructor(from) {
      super();
      if (typeof from !== 'string') return void list(from).forEach(([key, value]) => this.append(key, text(value)));
      for (const part of from.replace(/^\?/, '').split('&').filter(Boolean)) {
        const [key, ...rest] = part.split('=');
        this.append(decoded(key), decoded(rest.join('=')));
      }
    }
    sort() {}
    toString() { return this.pairs.map(([key, value]) => encodeURIComponent(key) + '=' + encodeURIComponent(text(value))).join('&'); }
    [BODY]() { return this.toString() + ' ' + super[BODY](); }
  }
  class FormData extends Pairs {
    constructor(form) {
      super();
      for (const field of form?.elements ?? []) this.append(field.name, field.value);
    }
  }
  class Blob {
    #text;
    constructor(parts = [], options = {}) {
      this.#text = Array.from(parts, text).join('');
      this.type = options?.type ?? '';
      this.size = this.#text.length;
    }
    text() { return Promise.resolve(this.#text); }
    arrayBuffer() { return Promise.resolve(buffer(this.#text)); }
    bytes() { return Promise.resolve(new Uint8Array(buffer(this.#text))); }
    slice(from, to, type) { return new Blob([this.#text.slice(from, to)], { type }); }
    stream() { return new Stream([this.#text]); }
    [BODY]() { return this.#text; }
  }
  class File extends Blob {
    constructor(parts, name, options) {
      super(parts, options);
      this.name = String(name);
      this.lastModified = 0;
    }
  }
  class FileReader extends Target {
    #read(result) {
      hub.later(() => {
        Object.assign(this, { result, readyState: 2 });
        for (const type of ['load', 'loadend']) fire(this, type, { type, target: this, currentTarget: this });
      }, 0, world);
    }
    readAsText(blob) { this.#read(text(blob)); }
    readAsDataURL(blob) { this.#read('data:' + (blob?.type || 'application/octet-stream') + ';base64,' + btoa(text(blob).replace(/[^\0-\xff]/g, '?'))); }
    readAsArrayBuffer(blob) { this.#read(buffer(text(blob))); }
    readAsBinaryString(blob) { this.#read(text(blob)); }
    abort() {}
  }
  // A stream of pieces. Compression leaves them as they are: what counts is what arrives.
  class Stream {
    #pieces;
    constructor(pieces = []) {
      this.#pieces = Array.isArray(pieces) ? pieces : [];
      const give = { enqueue: (piece) => this.#pieces.push(piece), close() {}, error() {} };
      if (!Array.isArray(pieces)) pieces?.start?.(give);
    }
    getReader() {
      let at = 0;
      const read = () => {
        const done = at >= this.#pieces.length;
        return Promise.resolve({ done, value: done ? undefined : new Uint8Array(buffer(text(this.#pieces[at++]))) });
      };
      return { read, cancel: () => Promise.resolve(), releaseLock() {}, closed: Promise.resolve() };
    }
    pipeThrough(through) { return through?.readable ? (through[TAKE]?.(this), through.readable) : this; }
    pipeTo() { return Promise.resolve(); }
    tee() { return [this, this]; }
    async *[Symbol.asyncIterator]() { for (const piece of this.#pieces) yield new Uint8Array(buffer(text(piece))); }
    [BODY]() { return this.#pieces.map(text).join(''); }
  }
  const TAKE = Symbol('take');
  class Compression {
    constructor() {
      const pieces = [];
      this.readable = new Stream(pieces);
      const write = (piece) => { pieces.push(piece); return Promise.resolve(); };
      this.writable = { getWriter: () => ({ write, close: () => Promise.resolve(), releaseLock() {}, ready: Promise.resolve(), closed: Promise.resolve() }) };
      this[TAKE] = (from) => pieces.push(text(from));
    }
  }

  class URL {
    constructor(address, from) {
      let full = text(address).trim();
      if (isWord(full) && !is(/^[a-z]+:/i, full)) full = 'https://' + full;
      if (!is(/^[a-z][a-z0-9+.-]*:/i, full)) {
        if (from === undefined) throw new TypeError("Failed to construct 'URL': Invalid URL");
        const [root] = search(/^[a-z-]+:\/\/[^/?#]*/i, text(from)) ?? [''];
        full = full.startsWith('//') ? 'https:' + full : root + (full.startsWith('/') ? '' : '/') + full;
      }
      const parts = search(/^([a-z][a-z0-9+.-]*:)(?:\/\/(?:([^@/?#]*)@)?([^:/?#]*)(?::(\d+))?)?([^?#]*)(\?[^#]*)?(#.*)?$/is, full) ?? [];
      this.protocol = (parts[1] ?? '').toLowerCase();
      [this.username = '', this.password = ''] = (parts[2] ?? '').split(':');
      this.hostname = (parts[3] ?? '').toLowerCase();
      this.port = parts[4] ?? '';
      this.pathname = parts[5] || '/';
      this.hash = parts[7] ?? '';
      this.searchParams = new URLSearchParams(parts[6] ?? '');
    }
    get host() { return this.hostname + (this.port ? ':' + this.port : ''); }
    set host(host) { [this.hostname, this.port = ''] = String(host).split(':'); }
    get origin() { return this.protocol + '//' + this.host; }
    get search() { return this.searchParams.size ? '?' + this.searchParams : ''; }
    set search(query) { this.searchParams = new URLSearchParams(String(query)); }
    get href() { return this.protocol + (this.hostname || this.protocol === 'file:' ? '//' + this.host : '') + this.pathname + this.search + this.hash; }
    toString() { return this.href; }
    toJSON() { return this.href; }
    [BODY]() { return this.href; }
    static createObjectURL(blob) { return 'blob:' + text(blob); }
    static revokeObjectURL() {}
    static canParse(address, from) { try { return Boolean(new URL(address, from)); } catch { return false; } }
    static parse(address, from) { try { return new URL(address, from); } catch { return null; } }
  }

  class Response {
    #body;
    // Without a body it is empty; with one that is undefined, a server's word.
    constructor(...given) {
      const options = given[1] ?? {};
      this.#body = given.length ? given[0] : '';
      Object.assign(this, { ok: true, status: options.status ?? 200, statusText: 'OK', url: options.url ?? '', redirected: false, type: 'basic', bodyUsed: false });
      this.headers = new Headers(options.headers ?? { 'content-type': 'application/json' });
    }
    #text() { return this.#body === undefined ? TOKEN : text(this.#body); }
    get body() { return new Stream([this.#text()]); }
    text() { return later(this.#text()); }
    json() { return later(parsed(this.#body === undefined ? undefined : text(this.#body))); }
    blob() { return later(new Blob([this.#text()])); }
    arrayBuffer() { return later(buffer(this.#text())); }
    bytes() { return later(new Uint8Array(buffer(this.#text()))); }
    formData() { return later(new FormData()); }
    clone() { return this; }
    [BODY]() { return this.#text(); }
    static json(value) { return new Response(JSON.stringify(value)); }
    static error() { return new Response(''); }
  }
  const later = (value) => new Promise((done) => hub.later(() => done(value), 0, world));
  class Request {
    constructor(url, options = {}) {
      this.url = absolute(url?.url ?? url);
      this.options = { ...url?.options, ...options };
      this.method = this.options.method ?? 'GET';
      this.headers = new Headers(this.options.headers);
    }
    clone() { return this; }
    text() { return Promise.resolve(text(this.options.body)); }
    json() { return Promise.resolve(parsed(text(this.options.body))); }
  }
  define('fetch', function fetch(request, options = {}) {
    const given = { ...request?.options, ...options };
    const url = request instanceof Request ? request.url : request;
    return later(new Response(report('fetch', url, given.body, given.headers), { url: absolute(url) }));
  });

  class XMLHttpRequest extends Target {
    constructor() {
      super();
      Object.assign(this, { readyState: 0, status: 0, statusText: '', responseText: '', response: '', responseType: '', responseURL: '', timeout: 0, withCredentials: false });
      this.upload = new Target();
      this[BODY] = () => '';
    }
    open(method, url) {
      this.asked = { method, url: absolute(url), headers: {} };
      this.responseURL = this.asked.url;
      this.readyState = 1;
    }
    setRequestHeader(name, value) { if (this.asked) this.asked.headers[name] = value; }
    getResponseHeader(name) { return is(/content-type/i, name) ? 'application/json' : null; }
    getAllResponseHeaders() { return 'content-type: application/json\r\n'; }
    overrideMimeType() {}
    abort() {}
    send(sent) {
      if (!this.asked) return;
      const body = report('xhr', this.asked.url, sent, this.asked.headers);
      hub.later(() => {
        const shown = body === undefined ? TOKEN : body;
        Object.assign(this, { readyState: 4, status: 200, statusText: 'OK', responseText: shown });
        this.response = this.responseType === 'json' ? parsed(body) : this.responseType === 'arraybuffer' ? buffer(shown) : this.responseType === 'blob' ? new Blob([shown]) : shown;
        for (const type of ['readystatechange', 'load', 'loadend']) fire(this, type, { type, target: this, currentTarget: this, loaded: shown.length, total: shown.length });
      }, 0, world);
    }
  }
  Object.assign(XMLHttpRequest, { UNSENT: 0, OPENED: 1, HEADERS_RECEIVED: 2, LOADING: 3, DONE: 4 });
  Object.assign(XMLHttpRequest.prototype, { DONE: 4 });

  // What a server says by itself, a few times.
  const ORDERS = 6;
  const orders = (target) => {
    for (let at = 0; at < ORDERS; at++) hub.later(() => fire(target, 'message', { type: 'message', data: TOKEN, target, origin: target.url }), 10 + at * 1000, world);
  };
  class WebSocket extends Target {
    constructor(url) {
      super();
      this.url = absolute(url);
      this.readyState = 1;
      sink('websocket', this.url);
      hub.later(() => fire(this, 'open', { type: 'open', target: this }), 0, world);
      orders(this);
    }
    send(sent) { sink('websocket', this.url, sent); }
    close() { this.readyState = 3; }
  }
  Object.assign(WebSocket, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
  class EventSource extends Target {
    constructor(url) {
      super();
      this.url = absolute(url);
      sink('event-source', this.url);
      orders(this);
    }
    close() {}
  }
  class WebTransport {
    constructor(url) {
      const writer = () => ({ write: (sent) => { sink('webtransport', url, sent); return Promise.resolve(); }, close: () => Promise.resolve(), releaseLock() {} });
      sink('webtransport', url);
      this.ready = this.closed = Promise.resolve();
      this.datagrams = { writable: { getWriter: writer }, readable: new Stream() };
    }
    createUnidirectionalStream() { return Promise.resolve(this.datagrams.writable); }
    createBidirectionalStream() { return Promise.resolve({ writable: this.datagrams.writable, readable: new Stream() }); }
  }
  class RTCPeerConnection extends Target {
    constructor(options) {
      super();
      const [server] = [options?.iceServers?.[0]?.urls].flat();
      this.url = text(server).replace(/^(stuns?|turns?):(?=[^/])/, '$1://');
      this.connectionState = 'connected';
    }
    createDataChannel() {
      const channel = new Target();
      Object.assign(channel, { readyState: 'open', send: (sent) => sink('webrtc', this.url, sent), close() {} });
      hub.later(() => fire(channel, 'open', { type: 'open', target: channel }), 0, world);
      return channel;
    }
    createOffer() { return Promise.resolve({ type: 'offer', sdp: '' }); }
    createAnswer() { return Promise.resolve({ type: 'answer', sdp: '' }); }
    setLocalDescription() { return Promise.resolve(); }
    setRemoteDescription() { return Promise.resolve(); }
    addIceCandidate() { return Promise.resolve(); }
    addTrack() {}
    close() {}
  }
  class Worker extends Target {
    constructor(url) {
      super();
      const address = absolute(url);
      if (is(/^https?:|^blob:/i, address)) code('worker', is(/^blob:/i, address) ? address.slice(5) : address);
    }
    postMessage() {}
    terminate() {}
  }
  const all = { Headers, URLSearchParams, FormData, Blob, File, FileReader, ReadableStream: Stream, CompressionStream: Compression, DecompressionStream: Compression, URL, Response, Request, XMLHttpRequest, WebSocket, EventSource, WebTransport, RTCPeerConnection, webkitRTCPeerConnection: RTCPeerConnection, Worker, SharedWorker: Worker, EventTarget: Target };
  for (const [name, value] of Object.entries(all)) define(name, value);
  for (const name of ['WritableStream', 'TransformStream', 'TextDecoderStream', 'TextEncoderStream']) define(name, ghost());
})
