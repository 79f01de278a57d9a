// What the stand-ins of one world share: how they are laid into the world, how values become text, how what leaves is reported,
// and the server's words. First file of a world; the others are handed what it returns.
//
// All of this runs backstage, in a realm of its own: what the extension does to the language of its world (`front`) changes
// nothing here. Whatever is looked up on `front` is looked up before any script of the extension runs.
((hub, world, scene, front) => {
  'use strict';
  const { stringify } = JSON;
  const { isView } = ArrayBuffer;
  const { apply } = Reflect;
  const search = (pattern, text) => pattern.exec(text);
  const is = (pattern, text) => pattern.test(text);
  const TOKEN = scene.canary.server;
  // Of what leaves, the beginning and the end are kept.
  const BODY_LIMIT = 64000, CODE_LIMIT = 200000;
  const short = (text) => (text.length <= BODY_LIMIT ? text : text.slice(0, BODY_LIMIT / 2) + ' ' + text.slice(-BODY_LIMIT / 2));
  hub.parsers[world] = front.JSON.parse;
  const { atob, btoa } = front;

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
    typeof value === 'string' ? value.includes(TOKEN) : (typeof value === 'object' || typeof value === 'function') && value !== null && words.has(value);
  // What a word can do is what texts and lists of the world can do, the extension's own additions included.
  const { prototype: texts } = front.String, { prototype: lists } = front.Array;
  const listed = new Set(Object.getOwnPropertyNames(lists));
  const listOf = front.Array.of;
  const worded = () => {
    const list = () => apply(listOf, front.Array, [word()]);
    const made = new Proxy({}, {
      get(_, key) {
        if (key === Symbol.toPrimitive) return (hint) => (hint === 'number' ? 60 : TOKEN);
        if (key === Symbol.iterator) return () => list()[Symbol.iterator]();
        if (key === Symbol.toStringTag) return 'Object';
        if (typeof key === 'symbol' || key === 'then' || key === 'constructor' || key === 'nodeType') return undefined;
        if (key === 'toString' || key === 'valueOf' || key === 'toJSON') return () => TOKEN;
        if (key === 'length') return 1;
        if (typeof texts[key] === 'function' && key !== 'at') return (...given) => apply(texts[key], TOKEN, given);
        if (listed.has(key) && typeof lists[key] === 'function') return (...given) => apply(lists[key], list(), given);
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
    if (hub.pageAsks && scene.hosts.includes(hostOf(text(url)))) return;
    let body = '';
    for (const one of bodies) body += short(text(one)) + ' ';
    hub.report('sink', { how, url: short(text(url)), body: short(body), world, asked: hub.asked ? 'yes' : 'no' });
  };
  const code = (how, given, into = world) => hub.report('code', { how, text: text(given).slice(0, CODE_LIMIT), world: into });

  // Laid into the world so that it looks as if it had always been there.
  const native = (value) => {
    if (typeof value === 'function' && Object.getPrototypeOf(value) === Function.prototype) Object.setPrototypeOf(value, front.Function.prototype);
    return value;
  };
  const define = (name, value) => Object.defineProperty(front, name, { value: native(value), writable: true, configurable: true, enumerable: false });
  for (const name of ['window', 'self', 'top', 'parent', 'frames']) define(name, front);
  // What is made here is of another realm; the world's own constructors take it for theirs.
  const { [Symbol.hasInstance]: made } = Function.prototype;
  for (const name of ['Object', 'Function', 'Array', 'Promise', 'Error', 'TypeError', 'ArrayBuffer', 'Uint8Array', 'Map', 'Set', 'Date', 'RegExp']) {
    const theirs = front[name], ours = globalThis[name];
    const value = native(function (value) { return apply(made, this, [value]) || (this === theirs && apply(made, ours, [value])); });
    Object.defineProperty(theirs, Symbol.hasInstance, { value });
  }

  // Anything at all: callable, constructible, with every property. Reads of unknown things end here.
  const ghost = () => {
    return new Proxy(native(function () {}), {
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
      const heard = (this[HEARD] ??= Object.create(null));
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
  const call = (listener, target, event) => (typeof listener === 'function' ? apply(listener, target, [event]) : listener?.handleEvent?.(event));
  // Tells an object's own listeners, soon.
  const fire = (target, type, event) => {
    const own = target['on' + type];
    const heard = target[HEARD]?.[type] ?? [];
    if (typeof own === 'function') hub.later(() => apply(own, target, [event]), 0, world);
    for (const one of heard) hub.later(() => call(one.listener, target, event), 0, world);
    if (heard.some((one) => one.once)) target[HEARD][type] = heard.filter((one) => !one.once);
  };

  const extension = 'chrome-extension://' + hub.id;
  // A path of the extension's own, or nothing.
  const ownPath = (url) => (url.startsWith(extension + '/') ? url.slice(extension.length + 1).replace(/[?#].*/, '') : undefined);
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
  return { hub, world, scene, front, apply, atob, btoa, is, search, hostOf, TOKEN, BODY, LISTENED, text, bytes, isWord, word, sink, code, define, native, ghost, answer, Target, fire, call, extension, ownPath, absolute, base, isPage };
})
