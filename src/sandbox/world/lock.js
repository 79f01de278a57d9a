// Locks the language backstage, once all of it is made: the extension gets hold of objects of this realm, and through them of
// what they inherit from.
((lock) => {
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
  const all = Object.getOwnPropertyNames(globalThis).map((name) => globalThis[name]).filter((one) => one !== globalThis);
  // What no name leads to.
  const unnamed = [[].values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g), new Map().entries(), new Set().values(), (function* () {})(), (async function* () {})(), async () => {}];
  lock(...all, ...unnamed.map((one) => Object.getPrototypeOf(one)));
})
