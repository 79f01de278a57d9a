// The document of a page that nobody has drawn. An element that a script makes is what the script makes of it; any other element is
// there as soon as somebody looks for it, holds what its selector promises (mail, a password, a code), and is of the page.
((kit) => {
  'use strict';
  const { hub, world, scene, front, apply, btoa, BODY, LISTENED, Target, text, sink, code, define, native, ghost, fire, call, ownPath, absolute, base, isPage, is, search } = kit;
  const { Blob, File, URL } = front;
  const c = scene.canary;
  // Compiled once, rather than each time that the engine comes by them.
  const FOREIGN = /^(https?|wss?|ftp):|^\/\//i, HANDLER = /^on/, DATA = /^data-/, KEYED = /key|input|change|blur|focus|paste/;
  const foreign = (url) => is(FOREIGN, text(url));
  const place = (how) => (url) => { if (foreign(url)) sink(how, absolute(url)); };
  const STATE = Symbol('state'), FRAGMENT = '#FRAGMENT';
  const PLAIN = new Set(['id', 'class', 'style', 'type', 'name', 'role', 'lang', 'dir', 'rel', 'target', 'method', 'tabindex', 'for']);
  const LOADS = { IMG: 'image', SCRIPT: 'script-src', IFRAME: 'navigation', FRAME: 'navigation', EMBED: 'navigation', OBJECT: 'navigation', VIDEO: 'image', AUDIO: 'image', SOURCE: 'image' };
  const TYPED = ['click', 'dblclick', 'mousedown', 'mouseup', 'submit', 'input', 'change', 'keydown', 'keyup', 'keypress', 'paste', 'copy', 'cut', 'focus', 'blur', 'load', 'scroll', 'message', 'beforeunload', 'pagehide', 'unload', 'visibilitychange', 'readystatechange', 'hashchange', 'popstate', 'storage'];

  class List extends Array {
    item(at) { return this[at] ?? null; }
    namedItem(name) { return this.find((one) => one.name === name) ?? null; }
    getNamedItem(name) { return this.namedItem(name); }
  }
  const list = (...nodes) => {
    const made = new List();
    for (const node of nodes) made.push(node);
    return made;
  };

  // Addresses in markup that the browser would load.
  const markup = (given) => {
    for (const [, url] of text(given).matchAll(/\b(?:src|href|action|data|poster)\s*=\s*["']?((?:https?:)?\/\/[^"'\s>]+)/gi)) sink('markup', absolute(url));
  };
  const styled = (value) => {
    for (const [, url] of text(value).matchAll(/url\(\s*["']?([^"')]+)/gi)) place('image')(url);
  };

  class Node extends Target {
    get textContent() { return this[STATE].text(); }
    set textContent(given) {
      this[STATE].write(given);
      if (this.tagName === 'STYLE') styled(given);
      if (this[STATE].made) this[STATE].children = [];
    }
    get nodeValue() { return this[STATE].text(); }
    set nodeValue(given) { this[STATE].write(given); }
    get data() { return this[STATE].text(); }
    set data(given) { this[STATE].write(given); }
    get wholeText() { return this[STATE].text(); }
    get parentNode() {
      const { parent, made } = this[STATE];
      if (parent || made || this === page) return parent ?? null;
      // Whoever climbs comes to an end.
      return this.tagName === 'HTML' ? page : find(this.tagName === 'BODY' || this.tagName === 'HEAD' ? 'html' : 'body', this);
    }
    get parentElement() { return this.parentNode?.nodeType === 1 ? this.parentNode : null; }
    get ownerDocument() { return page; }
    get isConnected() { return true; }
    get childNodes() {
      const { children, made, emptied } = this[STATE];
      return children.length || made || emptied || this.nodeType === 3 ? list(...children) : list(word(this));
    }
    get nextSibling() { return beside(this, 1); }
    get previousSibling() { return beside(this, -1); }
    contains() { return !this[STATE].made; }
    getRootNode() { return page; }
    hasChildNodes() { return this.childNodes.length > 0; }
    normalize() {}
    isSameNode(other) { return other === this; }
    compareDocumentPosition() { return 4; }
    remove() {
      const { parent } = this[STATE];
      if (parent) parent.removeChild(this);
      else this[STATE].gone = true;
    }
    cloneNode(deep) {
      if (this.nodeType === 3) return words(this[STATE].text());
      const copy = make(this.tagName ?? 'DIV');
      const { attributes, children, made } = this[STATE];
      Object.assign(copy[STATE].attributes, attributes);
      for (const name of ['id', 'name', 'type', 'className', 'checked', 'value']) copy[name] = this[name];
      if (!made || !children.length) copy.textContent = this[STATE].text();
      else if (deep) copy.append(...children.map((one) => one.cloneNode(true)));
      return copy;
    }
    dispatchEvent(event) {
      // All worlds of a page have its elements in common: an event that a script has thought up is how one tells the other.
      if (isPage && !this[STATE].made && !TYPED.includes(event?.type)) hub.windowEvent(event?.type, event, world);
      else fire(this, event?.type, event);
      return true;
    }
    [BODY]() { return this[STATE].text(); }
  }
  class Element extends Node {
    get nodeType() { return this.tagName === FRAGMENT ? 11 : 1; }
    get nodeName() { return this.tagName; }
    get localName() { return this.tagName.toLowerCase(); }
    get innerText() { return this[STATE].text(); }
    set innerText(given) { this.textContent = given; }
    get outerText() { return this[STATE].text(); }
    set outerText(given) { this[STATE].write(given); }
    get text() { return this[STATE].text(); }
    set text(given) { this[STATE].write(given); }
    get innerHTML() {
      const { children, made } = this[STATE];
      return made && children.length ? children.map(serialized).join('') : this[STATE].text();
    }
    set innerHTML(given) {
      this[STATE].write(given);
      markup(given);
      if (this[STATE].made) this[STATE].children = drawnFrom(given, this);
    }
    // What stands in a template is no part of the page until it is copied into it. Elsewhere it is whatever a script makes of it.
    get content() {
      if (this.tagName !== 'TEMPLATE') return this[STATE].content;
      const inside = make(FRAGMENT);
      inside[STATE].children = this[STATE].children;
      return inside;
    }
    set content(given) { this[STATE].content = given; }
    get outerHTML() { return this[STATE].made ? serialized(this) : this[STATE].text(); }
    set outerHTML(given) { markup(given); }
    set srcdoc(given) { markup(given); }
    getHTML() { return this[STATE].text(); }
    get value() { return this[STATE].value; }
    set value(given) { this[STATE].value = text(given); }
    get defaultValue() { return this[STATE].value; }
    set defaultValue(given) { this[STATE].value = text(given); }
    get src() { return this[STATE].attributes.src ?? (this[STATE].made ? '' : attachment); }
    set src(given) { this.setAttribute('src', given); }
    get href() { return this[STATE].attributes.href ?? (this[STATE].made ? '' : attachment); }
    set href(given) { this.setAttribute('href', given); }
    get action() { return this[STATE].attributes.action ?? (this[STATE].made ? '' : scene.login[0] ?? scene.url); }
    set action(given) { this.setAttribute('action', given); }
    get style() { return (this[STATE].style ??= new Proxy({ setProperty: (_, value) => styled(value), removeProperty() {}, getPropertyValue: () => '' }, { set(to, key, value) { styled(value); to[key] = value; return true; } })); }
    set style(value) { styled(value); }
    get dataset() { return (this[STATE].dataset ??= new Proxy({}, { get: (of, key) => (key in of || typeof key === 'symbol' ? of[key] : this[STATE].made ? this[STATE].attributes['data-' + key.replace(/[A-Z]/g, (letter) => '-' + letter.toLowerCase())] : c.mail) })); }
    get classList() {
      const names = (this[STATE].names ??= new Set());
      return { add: (...given) => given.forEach((one) => names.add(one)), remove: (...given) => given.forEach((one) => names.delete(one)), contains: (one) => names.has(one), toggle: (one) => (names.has(one) ? !names.delete(one) : Boolean(names.add(one))), replace() {}, length: names.size, [Symbol.iterator]: () => names[Symbol.iterator]() };
    }
    get children() { return list(...this[STATE].children.filter((one) => one.nodeType === 1)); }
    get childElementCount() { return this.children.length; }
    get firstChild() { return this.childNodes[0] ?? null; }
    get lastChild() { return this.childNodes.at(-1) ?? null; }
    get firstElementChild() { return this.children[0] ?? null; }
    get lastElementChild() { return this.children.at(-1) ?? null; }
    get nextElementSibling() { return beside(this, 1, true); }
    get previousElementSibling() { return beside(this, -1, true); }
    get attributes() { return list(...Object.entries(this[STATE].attributes).map(([name, value]) => ({ name, value, nodeName: name, nodeValue: value }))); }
    get elements() { return this[STATE].made ? fields(this) : list(...['input[type=email]', 'input[type=password]', 'input[name=otp]'].map((one) => find(one, this))); }
    get form() { return this.closest('form'); }
    get options() { return list(...below(this[STATE].children).filter((one) => one.tagName === 'OPTION')); }
    get selectedIndex() { return this[STATE].chosen ?? (this[STATE].children.length ? 0 : -1); }
    set selectedIndex(at) { this[STATE].chosen = at; }
    get labels() { return list(); }
    get selectedOptions() { return list(this.options[this.selectedIndex] ?? this); }
    get files() { return list(new File([c.file], c.file + '.txt')); }
    get shadowRoot() { return null; }
    get sheet() { return ghost(); }
    get contentDocument() { return this[STATE].made ? null : page; }
    get contentWindow() {
      if (!this[STATE].made) return front;
      return { postMessage: (message, origin) => sink('frame', absolute(this.src || origin), message), focus() {}, close() {}, document: page, location: { href: this.src } };
    }
    getAttribute(name) {
      const { attributes, made } = this[STATE];
      if (name in attributes) return attributes[name];
      if (made) return null;
      if (name === 'href' || name === 'src') return attachment;
      return PLAIN.has(name) ? this[name] ?? '' : isPage ? c.mail : null;
    }
    setAttribute(name, given) {
      const value = text(given);
      const { attributes, made } = this[STATE];
      attributes[name] = value;
      if (name === 'id' || name === 'name' || name === 'type') this[name] = value;
      if (name === 'class') this.className = value;
      if (name === 'value') this.value = value;
      const how = name === 'src' || name === 'srcset' ? LOADS[this.tagName] : undefined;
      if (how) {
        place(how)(value);
        const event = { type: 'load', target: this, currentTarget: this };
        if (this.tagName !== 'SCRIPT') hub.later(() => fire(this, 'load', event), 1, world);
      }
      // A form of the page takes along what is in it, wherever it is sent.
      if (name === 'action' && !made && foreign(value)) sink('form', value, this.elements.map((one) => one.value).join('&'));
      if (name === 'style') styled(value);
      if (is(HANDLER, name)) code('handler', value);
    }
    getAttributeNS(_, name) { return this.getAttribute(name); }
    setAttributeNS(_, name, value) { this.setAttribute(name, value); }
    getAttributeNames() { return Object.keys(this[STATE].attributes); }
    hasAttribute(name) { return name in this[STATE].attributes || (!this[STATE].made && !is(DATA, name)); }
    removeAttribute(name) { delete this[STATE].attributes[name]; }
    toggleAttribute() { return true; }
    append(...nodes) { for (const node of nodes) adopt(this, node); }
    prepend(...nodes) { this.append(...nodes); }
    appendChild(node) { adopt(this, node); return node; }
    insertBefore(node, next) {
      const { children } = this[STATE];
      const from = children.length, at = next ? children.indexOf(next) : -1;
      adopt(this, node);
      if (at >= 0 && this[STATE].children === children) children.splice(at, 0, ...children.splice(from));
      return node;
    }
    replaceChild(node, old) { adopt(this, node); return old; }
    replaceChildren(...nodes) { this[STATE].children.length = 0; this[STATE].emptied = true; this.append(...nodes); }
    removeChild(node) {
      const { children } = this[STATE];
      if (node?.nodeType === 3) this[STATE].emptied = true;
      this[STATE].children = children.filter((one) => one !== node);
      if (node?.[STATE]) [node[STATE].parent, node[STATE].gone] = [undefined, true];
      return node;
    }
    replaceWith(...nodes) { this.append(...nodes); }
    after(...nodes) { this.append(...nodes); }
    before(...nodes) { this.append(...nodes); }
    insertAdjacentElement(_, node) { adopt(this, node); return node; }
    insertAdjacentText() {}
    insertAdjacentHTML(_, given) {
      markup(given);
      this[STATE].marked = true;
      if (this[STATE].made) this[STATE].children.push(...drawnFrom(given, this));
    }
    querySelector(selector) { return this.querySelectorAll(selector)[0] ?? null; }
    querySelectorAll(selector) {
      const { made, marked, children } = this[STATE];
      if (!made) return there(find(selector, this));
      const found = below(children).filter((one) => selects(one, selector));
      // What was written as markup is taken to be there.
      return found.length || !marked ? list(...found) : list(find(selector, this, true));
    }
    getElementsByTagName(name) { return this.querySelectorAll(name); }
    getElementsByClassName(name) { return this.querySelectorAll('.' + name); }
    closest(selector) {
      if (!this[STATE].made) return find(selector, this);
      let at = this;
      while (at?.[STATE] && at.nodeType === 1 && !selects(at, selector)) at = at[STATE].parent;
      return at?.nodeType === 1 ? at : null;
    }
    matches(selector) { return !this[STATE].made || selects(this, selector); }
    getBoundingClientRect() { return { x: 0, y: 0, top: 0, left: 0, width: 100, height: 20, right: 100, bottom: 20, toJSON() {} }; }
    getClientRects() { return list(this.getBoundingClientRect()); }
    attachShadow() { return make('div'); }
    getContext() { return ghost(); }
    toDataURL() { return 'data:image/png;base64,' + btoa(c.screen); }
    toBlob(done) { hub.later(() => done(new Blob([c.screen])), 0, world); }
    animate() { return ghost(); }
    focus() {}
    blur() {}
    select() {}
    scrollIntoView() {}
    scrollTo() {}
    setSelectionRange() {}
    checkValidity() { return true; }
    play() { return Promise.resolve(); }
    pause() {}
    reset() {}
    click() {
      if (this.tagName === 'A' && this[STATE].attributes.href) {
        const saved = this.download || this[STATE].attributes.download !== undefined;
        place(saved ? 'download' : 'link')(this.href);
      }
      if (this.type === 'submit') this.form?.submit();
      fire(this, 'click', happening('click', { target: this }));
    }
    requestSubmit() { this.submit(); }
  }
  const beside = (node, by, element = false) => {
    const all = node[STATE].parent?.[STATE]?.children ?? [];
    let at = all.indexOf(node);
    if (at < 0) return null;
    do at += by; while (element && all[at]?.nodeType === 3);
    return all[at] ?? null;
  };
  const serialized = (node) => {
    if (node.nodeType !== 1) return node.nodeType === 3 ? node.textContent : node.innerHTML;
    const tag = node.localName;
    const { attributes } = node[STATE];
    const given = Object.keys(attributes).map((name) => ' ' + name + '="' + attributes[name] + '"').join('');
    return '<' + tag + given + '>' + node.innerHTML + '</' + tag + '>';
  };
  // Selectors, as far as scripts use them on elements that are known: names, ids, classes, attributes, one within the other.
  const below = (children) => {
    const all = [], waiting = [...children].reverse();
    while (waiting.length) {
      const one = waiting.pop();
      all.push(one);
      for (let at = one[STATE].children.length - 1; at >= 0; at--) waiting.push(one[STATE].children[at]);
    }
    return all;
  };
  const isOfClass = (node, name) => (node[STATE].names?.has(name) ?? false) || (' ' + node.className.replaceAll('\n', ' ').replaceAll('\t', ' ') + ' ').includes(' ' + name + ' ');
  // The engine compiles a regular expression each time that it comes by it, and a page has many elements: a selector is read once.
  const COMPOUND = /([#.]?)([\w-]+|\*)|\[\s*([\w-]+)\s*(?:[~|^$*]?=\s*["']?([^"'\]]*)["']?)?\s*\]|:[\w-]+(?:\([^)]*\))?/g, WITHIN = /\s*[>+~]\s*|\s+/;
  const selectors = new Map();
  const compiled = (selector) => {
    const known = selectors.get(selector);
    if (known) return known;
    const parts = (step) => [...step.matchAll(COMPOUND)].map(([, kind, name, attribute, wanted]) => ({ kind, name, attribute, wanted }));
    const made = selector.split(',').map((one) => one.trim().split(WITHIN).map(parts));
    if (selectors.size < 500) selectors.set(selector, made);
    return made;
  };
  const fits = (node, parts) => {
    for (const { kind, name, attribute, wanted } of parts) {
      if (attribute && !(node.hasAttribute(attribute) && (wanted === undefined || node.getAttribute(attribute).includes(wanted)))) return false;
      if (kind === '#' && node.id !== name) return false;
      if (kind === '.' && !isOfClass(node, name)) return false;
      if (kind === '' && name && name !== '*' && name.toUpperCase() !== node.tagName) return false;
    }
    return true;
  };
  const selects = (node, selector) => node.nodeType === 1 && compiled(text(selector)).some((steps) => {
    let left = steps.length - 1;
    if (!fits(node, steps[left])) return false;
    for (let around = node[STATE].parent; left && around?.nodeType === 1; around = around[STATE].parent) if (fits(around, steps[left - 1])) left--;
    return !left;
  });
  const FIELDS = new Set(['INPUT', 'TEXTAREA', 'SELECT', 'BUTTON']);
  // The fields of a form that a script made; one that was written as markup is there when it is asked for.
  const fields = (form) => new Proxy(list(...below(form[STATE].children).filter((one) => FIELDS.has(one.tagName))), {
    get(of, key) {
      if (typeof key === 'symbol' || key in of) return of[key];
      const named = of.find((one) => one.name === key || one.id === key);
      if (named || !form[STATE].marked) return named;
      const made = make('input');
      made.name = key;
      form.append(made);
      return made;
    },
  });
  const sendForm = (form) => { if (foreign(form.action)) sink('form', form.action, form.elements.map((one) => one.name + '=' + one.value).join('&')); };
  Element.prototype.submit = function submit() { sendForm(this); };
  Object.assign(Element.prototype, { offsetWidth: 100, offsetHeight: 100, clientWidth: 100, clientHeight: 100, scrollHeight: 100, scrollWidth: 100, scrollTop: 0, offsetTop: 0, offsetLeft: 0, offsetParent: null, hidden: false, disabled: false, checked: true, isContentEditable: false, className: '', title: '', alt: '', namespaceURI: 'http://www.w3.org/1999/xhtml' });

  // A link takes its address apart, which code has it do that has no other use for it.
  for (const part of ['origin', 'protocol', 'host', 'hostname', 'port', 'pathname', 'search', 'hash']) {
    Object.defineProperty(Element.prototype, part, {
      get() { return this.tagName === 'A' ? new URL(absolute(this.href))[part] : this[STATE][part]; },
      set(given) { this[STATE][part] = given; },
      configurable: true,
    });
  }
  for (const type of TYPED) {
    const key = 'on' + type;
    const handlers = new WeakMap();
    Object.defineProperty(Node.prototype, key, {
      get() { return handlers.get(this) ?? null; },
      set(given) {
        if (!handlers.has(this)) hears(this, type, (event) => call(handlers.get(this), this, event));
        handlers.set(this, given);
      },
      configurable: true,
    });
    let own = null;
    Object.defineProperty(front, key, {
      get: () => own,
      set(given) {
        if (own === null) hub.listen('dom:' + type, world, (event) => call(own, front, event), { own: !isPage });
        own = given;
      },
      configurable: true,
    });
  }
  // Whoever listens on an element hears the person; on one that the extension made, it is the extension's own.
  const hears = (node, type, listener) => {
    const { made } = node[STATE];
    // An element has loaded when it says so itself, once.
    if (made && (type === 'load' || type === 'error')) return;
    hub.listen('dom:' + type, world, (event) => listener(made || !isPage ? { ...event, target: node, currentTarget: node } : event), { own: made || !isPage, key: listener });
  };
  Node.prototype[LISTENED] = function (type, listener) {
    hears(this, type, (event) => { if (this[STATE].deaf?.has(listener) !== true) call(listener, this, event); });
  };
  const forget = Target.prototype.removeEventListener;
  Node.prototype.removeEventListener = function removeEventListener(type, listener) {
    (this[STATE].deaf ??= new Set()).add(listener);
    apply(forget, this, [type, listener]);
  };

  // A new element, made by a script.
  const make = (tag) => {
    const node = new Element();
    let own = '';
    node[STATE] = { made: true, attributes: Object.create(null), children: [], value: '', text: () => own || node[STATE].children.map((one) => one.textContent).join(''), write: (given) => { own = text(given); node[STATE].marked = is(/</, own); } };
    node.tagName = String(tag).toUpperCase();
    node.name = node.id = '';
    node.type = node.tagName === 'INPUT' ? 'text' : '';
    return node;
  };
  const words = (given = isPage ? c.mail : '') => {
    const node = new Node();
    let own = text(given);
    Object.assign(node, { nodeType: 3, nodeName: '#text' });
    node[STATE] = { made: false, children: [], text: () => own, write: (other) => { own = text(other); } };
    Object.defineProperty(node, 'children', { value: list() });
    return node;
  };
  // The text in an element of the page.
  const word = (node) => {
    const made = words();
    made[STATE].parent = node;
    return made;
  };
  // What was taken out of the page is not found again, so that whoever empties it comes to an end.
  const there = (node) => (node[STATE].gone ? list() : list(node));
  // Code that a script puts into the page as an element.
  const adopt = (parent, node) => {
    if (!node || !node[STATE]) return;
    // Nothing stands in two places, or within itself.
    for (let at = parent; at?.[STATE]; at = at[STATE].parent) if (at === node) return;
    if (node.tagName === FRAGMENT) {
      for (const one of node[STATE].children.splice(0)) adopt(parent, one);
      return;
    }
    const { parent: before } = node[STATE];
    if (before?.[STATE]) before[STATE].children = before[STATE].children.filter((one) => one !== node);
    [node[STATE].parent, node[STATE].gone] = [parent, false];
    parent[STATE]?.children?.push(node);
    if (node.tagName !== 'SCRIPT' || node[STATE].ran) return;
    node[STATE].ran = true;
    const { src } = node;
    const into = isPage ? 'main' : world;
    const own = ownPath(absolute(src));
    if (!src) {
      code('script-element', node.textContent, into);
      hub.run(into, node.textContent);
    } else if (own !== undefined) hub.runFile(into, own);
    else if (foreign(src)) code('script-element', absolute(src), into);
    else if (is(/^(blob|data):/, src)) hub.run(into, src.replace(/^blob:|^data:[^,]*,/, ''));
    hub.later(() => fire(node, 'load', { type: 'load', target: node }), 1, world);
  };

  // The page's elements, by selector.
  const attachment = scene.origin + '/mail/u/0/?ui=2&view=att&disp=safe';
  const elements = new Map();
  const find = (selector, near, blank = false) => {
    const kind = text(selector) || 'div';
    const known = blank ? undefined : written(kind)[0];
    if (known) return known;
    const key = blank ? 'own ' + kind : kind;
    if (elements.has(key)) return elements.get(key);
    const secret = is(/passw|pwd|pass\b|\bpw\b/i, kind), otp = is(/otp|code|2fa|totp|\bpin\b|verif|challenge/i, kind);
    const user = is(/e?mail|user|login|identifier|\bid\b|\bid=/i, kind) && is(/input|name=|^#/i, kind);
    const typed = secret ? c.password : otp ? c.otp : user ? c.user : c.field;
    const node = new Element();
    const shown = isPage && !blank;
    let own = shown ? c.mail : '';
    node[STATE] = { made: blank, attributes: Object.create(null), children: [], value: shown ? typed : secret ? c.own : '', text: () => own, write: (given) => { own = text(given); } };
    const tag = search(/^(input|textarea|form|iframe|a|img|button|select|body|head|html|table|tr|td|video|canvas|ul|li|p|h[1-6]|span)(?![\w-])/i, kind.split(/[\s>]+/).at(-1))?.[1];
    node.tagName = (tag ?? (secret || otp || user ? 'input' : 'div')).toUpperCase();
    node.type = secret ? 'password' : node.tagName === 'FORM' ? '' : user ? 'email' : 'text';
    node.name = secret ? 'password' : otp ? 'code' : user ? 'username' : 'field';
    node.id = search(/#([\w-]+)$/, kind)?.[1] ?? '';
    elements.set(key, node);
    return node;
  };

  // A page of the extension's own is what its file says, and what its scripts have added to it.
  const element = ({ tag, attributes, text: own, children }, parent) => {
    const node = tag === undefined ? words(own) : make(tag);
    const state = node[STATE];
    state.parent = parent;
    if (tag === undefined) return node;
    for (const [name, value] of Object.entries(attributes)) state.attributes[name] = value;
    [node.id, node.name, node.className] = [attributes.id ?? '', attributes.name ?? '', attributes.class ?? ''];
    node.type = attributes.type?.toLowerCase() ?? (node.tagName === 'BUTTON' ? 'submit' : node.type);
    state.children = children.map((one) => element(one, node));
    state.value = attributes.value ?? (node.type === 'password' ? c.own : node.tagName === 'SELECT' ? node.children[0]?.value ?? '' : '');
    // A form has its fields by their names.
    if (node.tagName === 'FORM') for (const field of below(state.children)) for (const name of [field.name, field.id]) if (name && FIELDS.has(field.tagName) && !(name in node)) node[name] = field;
    return node;
  };
  // Elements that are written as text.
  const drawnFrom = (given, parent) => (is(/<[a-z]/i, text(given)) ? hub.markup(text(given)).map((one) => element(one, parent)) : []);
  let drawn = null;
  const path = isPage ? undefined : hub.pages[world]?.path;
  const own = path && hub.elements(path);
  if (own) {
    drawn = make('html');
    const body = make('body');
    drawn[STATE].children = [make('head'), body];
    body[STATE].children = own.map((one) => element(one, body));
    for (const part of drawn[STATE].children) part[STATE].parent = drawn;
  }
  const written = (selector) => (drawn ? [drawn, ...below(drawn[STATE].children)].filter((one) => selects(one, selector)) : []);

  const observers = [];
  class MutationObserver {
    constructor(seen) { this.seen = seen; }
    observe() {
      observers.push(this);
      hub.later(() => this.tell(), 10, world);
    }
    tell() {
      if (!observers.includes(this)) return;
      const record = { type: 'childList', addedNodes: list(find('div.message', null)), removedNodes: list(), target: find('body', null), attributeName: null, oldValue: null };
      hub.later(() => this.seen([record], this), 0, world);
    }
    disconnect() { if (observers.includes(this)) observers.splice(observers.indexOf(this), 1); }
    takeRecords() { return []; }
  }
  define('MutationObserver', MutationObserver);
  define('IntersectionObserver', class IntersectionObserver {
    constructor(seen) { this.seen = seen; }
    observe(node) { hub.later(() => this.seen([{ isIntersecting: true, target: node, intersectionRatio: 1 }], this), 10, world); }
    unobserve() {}
    disconnect() {}
  });
  for (const name of ['ResizeObserver', 'PerformanceObserver', 'ReportingObserver']) define(name, class { observe() {} disconnect() {} unobserve() {} });

  const happening = (type, { target, key, data } = {}) => {
    const at = target ?? (page ? find(type === 'submit' ? 'form' : is(KEYED, type) ? 'input[type=password]' : 'div', null) : null);
    const pressed = key ?? 'Enter';
    return {
      type, target: at, currentTarget: at, srcElement: at, isTrusted: true, bubbles: true, cancelable: true, defaultPrevented: false, timeStamp: 1, key: pressed, code: 'Key' + pressed.toUpperCase(), keyCode: pressed.charCodeAt(0), which: pressed.charCodeAt(0), charCode: pressed.charCodeAt(0), data: data ?? (type === 'message' ? {} : null), button: 0, clientX: 1, clientY: 1, detail: 1, relatedTarget: null, submitter: null,
      clipboardData: { getData: () => c.clipboard, setData() {}, items: [], types: ['text/plain'], files: [] }, dataTransfer: { getData: () => '', files: [], items: [] }, inputType: 'insertText', ctrlKey: false, shiftKey: false, altKey: false, metaKey: false,
      preventDefault() {}, stopPropagation() {}, stopImmediatePropagation() {}, composedPath: () => [at], origin: scene.origin, source: front,
    };
  };

  if (world === 'background' && hub.worker) {
    hub.dom[world] = { happening: (type) => ({ type, waitUntil() {}, respondWith() {}, isTrusted: true }), change() {} };
    return;
  }

  const selected = () => ({ toString: () => (isPage ? c.selection : ''), rangeCount: isPage ? 1 : 0, isCollapsed: !isPage, type: isPage ? 'Range' : 'None', anchorNode: isPage ? words() : null, focusNode: isPage ? words() : null, getRangeAt: () => range(), removeAllRanges() {}, addRange() {}, [BODY]: () => c.selection });
  const range = () => ({ toString: () => (isPage ? c.selection : ''), cloneContents: () => make('div'), selectNodeContents() {}, selectNode() {}, setStart() {}, setEnd() {}, collapse() {}, insertNode() {}, deleteContents() {}, getBoundingClientRect: () => ({ top: 0, left: 0, width: 1, height: 1 }), commonAncestorContainer: find('div', null), startContainer: words(), createContextualFragment: () => make('div') });
  const walker = () => {
    let left = 3;
    const node = words();
    return { currentNode: node, nextNode: () => (left-- > 0 ? node : null), parentNode: () => null, firstChild: () => node, root: node };
  };
  class Document extends Element {
    get nodeType() { return 9; }
    get location() { return front.location; }
    set location(url) { place('navigation')(url); }
    get cookie() { return isPage ? scene.cookies.filter((one) => ('.' + scene.site).endsWith(one.domain)).map((one) => one.name + '=' + one.value).join('; ') : ''; }
    set cookie(_) {}
    get childNodes() { return list(this.documentElement); }
    get children() { return list(this.documentElement); }
    get body() { return find('body', this); }
    get head() { return find('head', this); }
    get documentElement() { return find('html', this); }
    get scrollingElement() { return find('html', this); }
    get activeElement() { return find('input[type=password]', this); }
    querySelectorAll(selector) {
      const found = written(selector);
      return found.length ? list(...found) : there(find(selector, this));
    }
    get forms() { return this.querySelectorAll('form'); }
    get links() { return list(find('a', this)); }
    get images() { return list(find('img', this)); }
    get scripts() { return list(find('script', this)); }
    get all() { return list(find('html', this)); }
    get currentScript() {
      // A content script is none of the page's.
      if (world === 'page') return null;
      const script = make('script');
      script[STATE].attributes.src = absolute('script.js');
      return script;
    }
    get defaultView() { return front; }
    createElement(tag) { return make(tag); }
    createElementNS(_, tag) { return make(tag); }
    createTextNode(given) { return words(given); }
    createComment(given) { return words(given); }
    createDocumentFragment() { return make(FRAGMENT); }
    createEvent() { return { initEvent(type) { this.type = type; }, initCustomEvent(type, _, __, detail) { this.type = type; this.detail = detail; } }; }
    createRange() { return range(); }
    createTreeWalker() { return walker(); }
    createNodeIterator() { return walker(); }
    getElementById(id) { return there(find('#' + id, this))[0] ?? null; }
    getElementsByName(name) { return list(find('input[name=' + name + ']', this)); }
    elementFromPoint() { return find('div', this); }
    elementsFromPoint() { return list(find('div', this)); }
    evaluate() {
      const node = find('div', this);
      let left = 1;
      return { singleNodeValue: node, stringValue: isPage ? c.mail : '', snapshotLength: 1, snapshotItem: () => node, iterateNext: () => (left-- > 0 ? node : null) };
    }
    getSelection() { return selected(); }
    hasFocus() { return true; }
    execCommand() { return true; }
    queryCommandSupported() { return true; }
    write(...given) { given.forEach(markup); }
    writeln(...given) { given.forEach(markup); }
    open() { return this; }
    close() {}
    adoptNode(node) { return node; }
    importNode(node) { return node; }
    exitFullscreen() { return Promise.resolve(); }
  }
  // A document beside the page, for scripts to try things in.
  const blank = () => {
    const other = new Document();
    const [html, head, body] = ['html', 'head', 'body'].map(make);
    html.append(head, body);
    other[STATE] = { made: true, attributes: Object.create(null), children: [html], value: '', text: () => html.textContent, write() {} };
    const querySelectorAll = (selector) => list(...[html, ...below(html[STATE].children)].filter((one) => selects(one, selector)));
    const getElementById = (id) => querySelectorAll('#' + id)[0] ?? null;
    for (const [name, value] of Object.entries({ documentElement: html, head, body, querySelectorAll, getElementById })) Object.defineProperty(other, name, { value, configurable: true });
    return other;
  };
  const page = new Document();
  // No canary: code that tells titles is no reader of mails.
  let title = isPage ? scene.title : '';
  page[STATE] = { made: false, attributes: Object.create(null), children: [], value: '', text: () => (isPage ? c.mail : ''), write() {} };
  Object.assign(page, { tagName: undefined, readyState: 'complete', URL: base, documentURI: base, baseURI: base, domain: scene.site, referrer: '', characterSet: 'UTF-8', charset: 'UTF-8', contentType: 'text/html', visibilityState: 'visible', compatMode: 'CSS1Compat', designMode: 'off', styleSheets: [], adoptedStyleSheets: [], fonts: ghost(), implementation: { createHTMLDocument: blank, hasFeature: () => true }, lastModified: '01/15/2026 09:00:00', dir: '', fullscreenElement: null });
  Object.defineProperty(page, 'title', { get: () => title, set: (given) => { title = text(given); } });
  page.dispatchEvent = (event) => { hub.windowEvent(event?.type, event, world); return true; };
  define('document', page);

  const kind = (...tags) => class extends Element { static [Symbol.hasInstance](node) { return tags.length ? tags.includes(node?.tagName) : Boolean(node?.[STATE]) && node.nodeType === 1; } };
  const kinds = { HTMLInputElement: ['INPUT'], HTMLTextAreaElement: ['TEXTAREA'], HTMLFormElement: ['FORM'], HTMLAnchorElement: ['A'], HTMLImageElement: ['IMG'], HTMLIFrameElement: ['IFRAME'], HTMLScriptElement: ['SCRIPT'], HTMLButtonElement: ['BUTTON'], HTMLSelectElement: ['SELECT'], HTMLVideoElement: ['VIDEO'], HTMLCanvasElement: ['CANVAS'], HTMLBodyElement: ['BODY'], SVGElement: ['SVG'], HTMLMediaElement: ['VIDEO', 'AUDIO'], HTMLAudioElement: ['AUDIO'], HTMLLinkElement: ['LINK'], HTMLDivElement: ['DIV'], HTMLSpanElement: ['SPAN'], HTMLParagraphElement: ['P'], HTMLHeadingElement: ['H1', 'H2', 'H3', 'H4', 'H5', 'H6'], HTMLUListElement: ['UL'], HTMLOListElement: ['OL'], HTMLLIElement: ['LI'], HTMLLabelElement: ['LABEL'], HTMLOptionElement: ['OPTION'], HTMLTableElement: ['TABLE'], HTMLTableRowElement: ['TR'], HTMLTableCellElement: ['TD', 'TH'], HTMLTemplateElement: ['TEMPLATE'], HTMLStyleElement: ['STYLE'], HTMLMetaElement: ['META'], HTMLHeadElement: ['HEAD'], HTMLHtmlElement: ['HTML'], HTMLDialogElement: ['DIALOG'], HTMLDetailsElement: ['DETAILS'], HTMLFieldSetElement: ['FIELDSET'], HTMLEmbedElement: ['EMBED'], HTMLObjectElement: ['OBJECT'], HTMLFrameElement: ['FRAME'], HTMLSlotElement: ['SLOT'], HTMLUnknownElement: ['UNKNOWN'], SVGSVGElement: ['SVG'], SVGScriptElement: ['SVGSCRIPT'], MathMLElement: ['MATH'] };
  for (const [name, tags] of Object.entries(kinds)) define(name, kind(...tags));
  for (const [name, value] of Object.entries({ Node, Element, HTMLElement: Element, Document, HTMLDocument: Document, Text: Node, CharacterData: Node, NodeList: List, HTMLCollection: List, ShadowRoot: Element, DocumentFragment: Element, Window: front.Object })) define(name, value);
  Object.assign(Node, { ELEMENT_NODE: 1, TEXT_NODE: 3, DOCUMENT_NODE: 9 });
  kit.nodes = { make, list, place, selected };
  hub.dom[world] = { happening, change: () => observers.slice().forEach((one) => one.tell()) };
})
