// What all worlds of one extension share: listeners, messages, timers on a clock of their own, storage, and the way out for
// reports. Made once, before any world, backstage; the natives are handed in and are nowhere else to be had.
((native, setup) => {
  'use strict';
  const { stringify } = JSON;
  const { apply } = Reflect;
  const QUEUE_LIMIT = 20000, LISTENERS_LIMIT = 5000, ROUNDS = 4;
  // Timers that are set by what a timer began, one after the other, before each waits twice as long as the one before: who asks
  // ten times a second asks all day, and is heard in the first seconds, the first hour and on the last day.
  const TURNS = 24;
  // Worlds that stand inside a web page, in the order in which they were furnished.
  const inPage = (world) => world === 'page' || world === 'main';

  // What is due: a heap, the soonest on top; what is due at once in the order in which it was asked for.
  const queue = [];
  let orders = 0;
  const sooner = (one, other) => one.at < other.at || (one.at === other.at && one.order < other.order);
  const put = (task) => {
    let at = queue.length;
    queue[at] = task;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!sooner(task, queue[above])) break;
      queue[at] = queue[above];
      at = above;
    }
    queue[at] = task;
  };
  const take = () => {
    const first = queue[0], last = queue.pop();
    if (!queue.length) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= queue.length) break;
      if (below + 1 < queue.length && sooner(queue[below + 1], queue[below])) below++;
      if (!sooner(queue[below], last)) break;
      queue[at] = queue[below];
      at = below;
    }
    queue[at] = last;
    return first;
  };
  let clock = 0;
  let timers = 0;
  const cancelled = new Set();
  // Who listens, by what they listen for: most of what happens concerns nobody.
  const listeners = new Map();
  let listening = 0;

  const hub = {
    id: setup.id,
    manifest: setup.manifest,
    worker: setup.worker,
    permissions: new Set(setup.permissions),
    pages: setup.pages,
    // Whether nothing but a press on the extension's icon opens the popup.
    popupByClick: setup.popupByClick === true,
    stored: {},
    globals: {},
    // How each world reads JSON: what a message carries is made of the objects of the world that it comes to.
    parsers: {},
    dom: {},
    // Whether what runs now was begun by a click on something of the extension's own: a button that it made, its icon, its
    // menu. What a click begins carries on the mark; what it merely winds up for later does not.
    asked: false,
    // How many timers, one set by the other, have led to what runs now.
    turns: 0,
    // Whether the page itself, not the extension, makes the request that is being made.
    pageAsks: false,

    report: (kind, data) => native.report(kind, stringify({ at: clock, ...data }) ?? '{}'),
    now: () => clock,
    grown: native.grown,
    run: (world, code) => native.run(world, String(code)),
    call: (world, code, given) => native.call(world, code, given),
    runFile: (world, file) => native.file(world, String(file)),
    openPage(world, page) {
      hub.pages[world] ??= { path: String(page).replace(/^[./]+|[?#].*$/g, '') };
      native.page(world, String(page));
    },
    elements: (page) => native.elements(String(page)),
    markup: (given) => native.markup(String(given)),
    read: (file) => native.read(String(file)),
    clone(value, world) {
      try {
        const text = stringify(value);
        return text === undefined ? value : apply(hub.parsers[world], undefined, [text]);
      } catch {
        return value;
      }
    },

    later(task, wait, world, asked = hub.asked && !(Number(wait) > 1000), turns = hub.turns) {
      if (queue.length >= QUEUE_LIMIT) return;
      put({ at: clock + Math.max(0, Number(wait) || 0), order: orders++, task, world, asked, turns });
    },
    timer(then, wait, given, world, again) {
      const id = ++timers;
      let rounds = 0;
      const task = () => {
        if (cancelled.has(id)) return;
        if (typeof then === 'string') {
          hub.report('code', { how: 'timer-string', text: then, world });
          hub.run(world, then);
        } else if (typeof then === 'function') then(...given);
        if (again && ++rounds < ROUNDS) hub.later(task, Math.max(1, Number(wait) || 0), world);
      };
      const turns = hub.turns + 1, late = turns > TURNS ? Math.max(1, Number(wait) || 0) * 2 ** (turns - TURNS) : wait;
      hub.later(task, late, world, hub.asked && !(Number(wait) > 1000), turns);
      return id;
    },
    cancel(id) {
      cancelled.add(id);
    },

    // `own`: on something that the extension made itself. `urls`: of which requests it wants to hear.
    listen(path, world, listener, { own = false, urls = null, key = listener } = {}) {
      if (listening >= LISTENERS_LIMIT || typeof listener !== 'function') return;
      listening++;
      const one = { world, listener, own, urls, key };
      if (listeners.has(path)) listeners.get(path).push(one);
      else listeners.set(path, [one]);
    },
    unlisten(path, world, key) {
      const all = listeners.get(path) ?? [];
      const rest = all.filter((one) => one.world !== world || one.key !== key);
      listening -= all.length - rest.length;
      listeners.set(path, rest);
    },
    // Calls those who listen, one after the other; `near` says in which worlds.
    fire(path, given, { near = () => true, asked, url } = {}) {
      const wants = (one) => !url || !one.urls || one.urls.some((pattern) => pattern.test(url));
      hub.tell(path, (one) => near(one.world) && wants(one), (one) => one.listener(...given), asked);
    },
    // As long as scripts are still to run, who listens is asked when they have.
    settled: false,
    tell(path, wanted, how, asked = hub.asked) {
      if (hub.settled && !listeners.has(path)) return;
      const all = () => {
        for (const one of hub.heard(path).filter(wanted)) hub.later(() => how(one), 0, one.world, asked);
      };
      if (hub.settled) all();
      else hub.later(all, 0, '', asked);
    },
    // An event of the page's window: the page's own scripts and the content scripts both hear it.
    windowEvent(type, event, world) {
      const near = inPage(world) ? inPage : (other) => other === world;
      hub.tell('dom:' + type, (one) => near(one.world), (one) => {
        const itself = hub.globals[one.world];
        one.listener({ ...event, type, source: itself, target: itself, currentTarget: itself });
      });
    },
    // A message to all who listen in the worlds that `near` names; the first answer counts.
    message(path, from, near, message, sender, callback) {
      let done = null;
      const promise = new Promise((resolve) => { done = resolve; });
      let answered = false;
      const respond = (value) => {
        if (answered) return;
        answered = true;
        const copy = hub.clone(value, from);
        if (callback) hub.later(() => callback(copy), 0, from);
        done(copy);
      };
      hub.tell(path, (one) => one.world !== from && near(one.world), (one) => {
        const back = one.listener(hub.clone(message, one.world), sender, respond);
        if (back && typeof back.then === 'function') back.then(respond);
      });
      hub.later(() => respond(undefined), 5000, from);
      return promise;
    },

    // Runs what is due next; false where nothing is left until then.
    step(until) {
      if (!queue.length || queue[0].at > until) return false;
      const next = take();
      clock = Math.max(clock, next.at);
      hub.asked = next.asked;
      hub.turns = next.turns;
      next.task();
      return true;
    },
  };
  hub.inPage = inPage;
  hub.heard = (path) => listeners.get(path) ?? [];
  return hub;
})
