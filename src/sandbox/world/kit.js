// What the stand-ins of one world share: how they are laid into the world, how values become text, how what leaves is reported,
// and the server's words. First file of a world; the others are handed what it returns.
((hub, world, scene) => {
  'use strict';
  const { stringify } = JSON;
  const { isView } = ArrayBuffer;
  const { toString: source } = Function.prototype;
  // The language's own functions, before scripts and the server's words get at them.
  const { apply } = Reflect;
  const { exec } = RegExp.prototype;
  const { includes, startsWith, slice } = String.prototype;
  const { includes: has } = Array.prototype;
  const short = (text) => apply(slice, text, [0, BODY_LIMIT]);
  const search = (pattern, text) => apply(exec, pattern, [text]);
  const is = (pattern, text) => search(pattern, text) !== null;
  const TOKEN = scene.canary.server;
  const BODY_LIMIT = 200000;

  // The text that an object of a stand-in would be on the wire stands under this key.
  const BODY = Symbol('body');
  const tag = (value) => Object.prototype.toString.call(value);
  const bytes = (value) => {
    const view = isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
    let made = '';
    for (let at = 0; at < view.length && at < BODY_LIMIT; at++) made += String.fromCharCode(view[at]);
    return made;
  };
  const text = (value) => {
    if (value === undefined || value === null) return '';
    if (typeof value === 'string') return value;
    try {
      if (words.has(value)) return TOKEN;
      if (typeof value !== 'object' && typeof value !== 'function') return String(value);
      if (value[BODY] !== undefined) return value[BODY]();
      if (isView(value) || tag(value) === '[object ArrayBuffer]') return bytes(value);
      return stringify(value) ?? String(value);
    } catch {
      return '';
    }
  };

  // What the server says: a word that is whatever the code hopes to hear. As text it is the token; as an object it has every
  // property, each a word again. A comparison with it is true (`same`), a choice by it takes each branch in turn (`choose`).
  const words = new WeakSet();
  const isWord = (value) =>
    typeof value === 'string' ? apply(includes, value, [TOKEN]) : (typeof value === 'object' || typeof value === 'function') && value !== null && words.has(value);
  const listed = new Set(Object.getOwnPropertyNames(Array.prototype));
  const worded = () => {
    const list = () => [word()];
    const made = new Proxy({}, {
      get(_, key) {
        if (key === Symbol.toPrimitive) return (hint) => (hint === 'number' ? 60 : TOKEN);
        if (key === Symbol.iterator) return () => list()[Symbol.iterator]();
        if (key === Symbol.toStringTag) return 'Object';
        if (typeof key === 'symbol' || key === 'then' || key === 'constructor' || key === 'nodeType') return undefined;
        if (key === 'toString' || key === 'valueOf' || key === 'toJSON') return () => TOKEN;
        if (key === 'length') return 1;
        if (typeof String.prototype[key] === 'function' && key !== 'at') return (...given) => TOKEN[key](...given);
        if (listed.has(key) && typeof [][key] === 'function') return (...given) => list()[key](...given);
        return word();
      },
      has: () => true,
      ownKeys: () => ['word'],
      getOwnPropertyDescriptor: () => ({ value: TOKEN, enumerable: true, configurable: true, writable: true }),
    });
    words.add(made);
    return made;
  };
  const word = () => worded();

  const hostOf = (url) => search(/^[a-z]+:\/\/(?:[^@/?#]*@)?([^:/?#]*)/i, url)?.[1]?.toLowerCase() ?? '';
  const sink = (how, url, ...bodies) => {
    // What the page tells its own service is none of the extension's doing.
    if (hub.pageAsks && apply(has, scene.hosts, [hostOf(text(url))])) return;
    let body = '';
    for (const one of bodies) body += text(one) + ' ';
    hub.report('sink', { how, url: text(url), body: short(body), world, asked: hub.asked ? 'yes' : 'no' });
  };
  const code = (how, given, into = world) => hub.report('code', { how, text: short(text(given)), world: into });

  // Laid into the world so that it looks as if it had always been there: its source is nowhere to be read.
  const natives = new WeakSet();
  const native = (value) => {
    if (typeof value !== 'function' || natives.has(value)) return value;
    natives.add(value);
    if (value.prototype) for (const key of Object.getOwnPropertyNames(value.prototype)) {
      const { value: method } = Object.getOwnPropertyDescriptor(value.prototype, key);
      if (typeof method === 'function') natives.add(method);
    }
    return value;
  };
  const define = (name, value) => Object.defineProperty(globalThis, name, { value: native(value), writable: true, configurable: true, enumerable: false });
  Function.prototype.toString = function toString() {
    return natives.has(this) ? 'function ' + this.name + '() { [native code] }' : apply(source, this, []);
  };
  natives.add(Function.prototype.toString);
  for (const name of ['window', 'self', 'top', 'parent', 'frames']) define(name, globalThis);

  // Anything at all: callable, constructible, with every property. Reads of unknown things end here.
  const ghost = () => {
    const made = new Proxy(native(function () {}), {
      get(of, key) {
        if (key === Symbol.toPrimitive || key === 'toString' || key === 'valueOf' || key === 'toJSON') return () => '';
        if (key === Symbol.iterator) return function* () {};
        if (key === 'then' || typeof key === 'symbol') return undefined;
        if (key === 'length') return 0;
        if (key === 'prototype') return of.prototype;
        return ghost();
      },
      set: () => true,
      has: () => true,
      apply(_, __, given) {
        for (const one of given) if (typeof one === 'function') hub.later(() => one(ghost()), 0, world);
        return ghost();
      },
      construct: () => ghost(),
    });
    natives.add(made);
    return made;
  };

  // Answers by callback where there is one, and by promise.
  const answer = (given, value) => {
    const callback = given[given.length - 1];
    if (typeof callback !== 'function') return Promise.resolve(value);
    hub.later(() => callback(value), 0, world);
    return undefined;
  };

  class Target {
    addEventListener(type, listener, options) {
      const heard = (this[HEARD] ??= {});
      (heard[type] ??= []).push({ listener, once: Boolean(options?.once) });
      this[LISTENED]?.(type, listener);
    }
    removeEventListener(type, listener) {
      const heard = this[HEARD]?.[type];
      if (heard) this[HEARD][type] = heard.filter((one) => one.listener !== listener);
    }
    dispatchEvent(event) {
      fire(this, event?.type, event);
      return true;
    }
  }
  const HEARD = Symbol('heard'), LISTENED = Symbol('listened');
  const call = (listener, target, event) => (typeof listener === 'function' ? listener.call(target, event) : listener?.handleEvent?.(event));
  // Tells an object's own listeners, soon.
  const fire = (target, type, event) => {
    const own = target['on' + type];
    const heard = target[HEARD]?.[type] ?? [];
    if (typeof own === 'function') hub.later(() => own.call(target, event), 0, world);
    for (const one of heard) hub.later(() => call(one.listener, target, event), 0, world);
    if (heard.some((one) => one.once)) target[HEARD][type] = heard.filter((one) => !one.once);
  };

  const extension = 'chrome-extension://' + hub.id;
  // A path of the extension's own, or nothing.
  const ownPath = (url) => (apply(startsWith, url, [extension + '/']) ? url.slice(extension.length + 1).replace(/[?#].*/, '') : undefined);
  const isPage = hub.inPage(world);
  // The address that relative ones are relative to.
  const base = isPage ? scene.url : extension + '/' + (hub.pages[world]?.path ?? '_generated_background_page.html');
  const absolute = (url) => {
    const given = text(url);
    if (is(/^[a-z][a-z0-9+.-]*:/i, given) || isWord(given)) return given;
    if (given.startsWith('//')) return 'https:' + given;
    const [root] = search(/^[a-z-]+:\/\/[^/]*/i, base) ?? [''];
    return root + (given.startsWith('/') ? given : (base.slice(root.length).replace(/[^/]*$/, '') || '/') + given);
  };
  return { hub, world, scene, is, search, hostOf, TOKEN, BODY, LISTENED, text, bytes, isWord, word, sink, code, define, native, ghost, answer, Target, fire, call, extension, ownPath, absolute, base, isPage };
})
