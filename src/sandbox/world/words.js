// The language's own functions, where the server's words pass through them: whatever is looked for in such a word is there.
((kit) => {
  'use strict';
  const { hub, front, apply, TOKEN, isWord, word, define, native } = kit;
  const turns = new Map();
  // The next of several, in turn; `key` tells one place of the code from another.
  const next = (key, count) => {
    const turn = turns.get(key) ?? 0;
    turns.set(key, turn + 1);
    return turn % count;
  };
  const simple = (value) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || isWord(value);
  const meets = (a, b) => (isWord(a) && simple(b)) || (isWord(b) && simple(a));
  // What comparisons and choices of the extension's code were rewritten to.
  const helpers = {
    __kxqis: (a, b) => a === b || meets(a, b),
    __kxqequals: (a, b) => a == b || meets(a, b),
    __kxqchoose(value, choices) {
      if (!isWord(value)) return value;
      const all = choices();
      return all.length ? all[next('choose ' + all.join(), all.length)] : value;
    },
  };
  for (const [name, value] of Object.entries(helpers)) define(name, value);
  define('__kxqgrown', hub.grown);

  const { prototype: text } = front.String;
  const replace = (object, name, make) => {
    const original = object[name];
    const made = { [name](...given) { return apply(make, this, [original, given]); } }[name];
    Object.defineProperty(object, name, { value: native(made), writable: true, configurable: true, enumerable: false });
  };
  // Long texts are none of the server's words; looking through them each time would cost more than the code itself.
  const WORD_LIMIT = 2000;
  const holds = (value) => value.length <= WORD_LIMIT && value.includes(TOKEN);
  replace(text, 'split', function (original, given) {
    const parts = apply(original, this, given);
    return parts.length === 1 && holds(`${this}`) && given[0] !== undefined ? [TOKEN, TOKEN, TOKEN] : parts;
  });
  for (const name of ['includes', 'startsWith', 'endsWith']) {
    replace(text, name, function (original, given) { return apply(original, this, given) || (holds(`${this}`) && String(given[0]) !== TOKEN); });
  }
  for (const name of ['indexOf', 'search', 'lastIndexOf']) {
    replace(text, name, function (original, given) {
      const at = apply(original, this, given);
      return at < 0 && holds(`${this}`) ? 0 : at;
    });
  }
  for (const name of ['slice', 'substring', 'substr']) {
    replace(text, name, function (original, given) {
      const part = apply(original, this, given);
      return holds(`${this}`) && part !== '' && !holds(part) ? TOKEN : part;
    });
  }
  for (const name of ['toLowerCase', 'toUpperCase', 'trim']) {
    replace(text, name, function (original, given) { return holds(`${this}`) && String(this) === TOKEN ? TOKEN : apply(original, this, given); });
  }
  replace(front.RegExp.prototype, 'exec', function (original, given) {
    const found = apply(original, this, given);
    const where = `${given[0]}`;
    if (found || !holds(where)) return found;
    // A search for all ends after one.
    const again = (this.global || this.sticky) && this.lastIndex === 0 && turns.get(this) === 1;
    turns.set(this, again ? 0 : 1);
    if (again) return null;
    const groups = (this.source.replace(/\\.|\[(?:\\.|[^\]])*\]/g, '').match(/\((?!\?(?!<[^=!]))/g) ?? []).length;
    const match = Array(groups + 1).fill(TOKEN);
    const names = [...this.source.matchAll(/\(\?<([A-Za-z_]\w*)>/g)].map((one) => one[1]);
    return Object.assign(match, { index: 0, input: where, groups: names.length ? Object.fromEntries(names.map((name) => [name, TOKEN])) : undefined });
  });
  replace(front.JSON, 'parse', function (original, given) {
    // A word by itself, not a document of the extension's own in which one stands.
    if (isWord(given[0]) && `${given[0]}` === TOKEN) return word();
    return apply(original, this, given);
  });
  for (const name of ['atob', 'unescape', 'decodeURIComponent', 'decodeURI', 'escape', 'encodeURIComponent']) {
    replace(front, name, function (original, given) { return isWord(given[0]) && String(given[0]) === TOKEN ? TOKEN : apply(original, this, given); });
  }
  for (const name of ['parseInt', 'parseFloat']) {
    replace(front, name, function (original, given) { return isWord(given[0]) ? 60 : apply(original, this, given); });
  }

  // A member that the server names: of several functions each in turn; what is set for it is set for every name.
  Object.defineProperty(front.Object.prototype, TOKEN, {
    get() {
      const names = this === null || this === undefined || this === front ? [] : Object.keys(this);
      return names.length ? this[names[next('member ' + names.join(), names.length)]] : undefined;
    },
    set(value) {
      try {
        Object.setPrototypeOf(this, new Proxy(Object.getPrototypeOf(this) ?? front.Object.prototype, { get: (over, key, self) => (key in over || typeof key === 'symbol' ? Reflect.get(over, key, self) : value) }));
      } catch {
        // Sealed: then the server has no say in it.
      }
    },
    configurable: true,
    enumerable: false,
  });
})
