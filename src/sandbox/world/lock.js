// Locks the language backstage, once all of it is made: the extension gets hold of objects of this realm, and through them of
// what they inherit from.
(() => {
  'use strict';
  // An object's own may still cover what it inherits, which freezing alone would forbid.
  for (const shared of [Object.prototype, Error.prototype]) {
    for (const key of Reflect.ownKeys(shared)) {
      const { value, get } = Object.getOwnPropertyDescriptor(shared, key);
      if (get) continue;
      Object.defineProperty(shared, key, {
        get: () => value,
        set(own) { if (this !== shared) Object.defineProperty(this, key, { value: own, writable: true, enumerable: true, configurable: true }); },
      });
    }
  }
  const locked = new Set();
  const lock = (value) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || locked.has(value)) return;
    locked.add(value);
    Object.freeze(value);
    for (const key of Reflect.ownKeys(value)) {
      const { value: held, get, set } = Object.getOwnPropertyDescriptor(value, key);
      for (const one of [held, get, set]) lock(one);
    }
    lock(Object.getPrototypeOf(value));
  };
  for (const name of Object.getOwnPropertyNames(globalThis)) if (globalThis[name] !== globalThis) lock(globalThis[name]);
  // What no name leads to.
  const unnamed = [[].values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g), new Map().entries(), new Set().values(), (function* () {})(), (async function* () {})(), async () => {}];
  for (const one of unnamed) lock(Object.getPrototypeOf(one));
})
