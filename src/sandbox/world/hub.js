// What all worlds of one extension share: listeners, messages, timers on a clock of their own, storage, and the way out for
// reports. Made once, before any world; the natives are handed in and are nowhere else to be had.
((native, setup) => {
  'use strict';
  const { stringify } = JSON;
  const queue = [];
  let clock = 0, order = 0, timers = 0;
  const cancelled = new Set();
  const listeners = [];
  const hub = {
    id: setup.id, manifest: setup.manifest, worker: setup.worker, stored: {}, happening: {}, element: {}, globals: {}, Bytes: ArrayBuffer,
    report: (kind, data) => native.report(kind, stringify(data) ?? '{}'),
    now: () => clock,
    run: (world, code) => native.run(world, String(code)),
    runFile: (world, file) => native.file(world, String(file)),
    // A command server's usual words: a list, switches, an address. Nothing that anybody was promised.
    reply: (url) => stringify({ status: 'ok', ok: true, result: 'ok', enabled: true, active: true, switch: 'on', mode: 'on', interval: 60, list: ['mail@victim.example'], domains: ['victim.example'], cmd: 'run', url: 'https://next.invalid/collect', server: 'https://next.invalid/collect', host: 'next.invalid', data: [] }),
    // Whether what runs now was begun by a click on something of the extension's own: a button that it made, its icon, its menu.
    // What a click begins carries on the mark; what it merely winds up for later does not.
    asked: false,
    later(task, wait, world, asked = hub.asked && !(Number(wait) > 1000)) { if (queue.length < 20000) queue.push({ at: clock + Math.max(0, Number(wait) || 0), order: order++, task, world, asked }); },
    timer(then, wait, given, world, again) {
      const id = ++timers;
      let rounds = 0;
      const task = () => {
        if (cancelled.has(id)) return;
        if (typeof then === 'string') { hub.report('code', { text: then, world }); hub.run(world, then); } else if (typeof then === 'function') then(...given);
        if (again && ++rounds < 4) hub.later(task, Math.max(1, Number(wait) || 0), world);
      };
      hub.later(task, wait, world);
      return id;
    },
    cancel: (id) => { cancelled.add(id); },
    resolved: (value, world, Kind) => new Kind((done) => hub.later(() => done(value), 0, world)),
    listen: (path, world, listener, own) => { if (listeners.length < 5000 && typeof listener === 'function') listeners.push({ path, world, listener, own }); },
    typed: (type, world, listener, own) => hub.listen('dom:' + type, world, listener, own || (world !== 'page' && world !== 'main')),
    fire(path, given, from, asked) { for (const one of listeners.filter((one) => one.path === path && one.world !== from)) hub.later(() => one.listener(...given), 0, one.world, asked); },
    windowEvent(event, world) { const near = world === 'page' ? 'main' : 'page'; for (const one of listeners.filter((one) => one.path === 'dom:' + event?.type && (one.world === world || one.world === near))) hub.later(() => one.listener({ ...event, source: hub.globals[one.world], currentTarget: hub.globals[one.world] }), 0, one.world); },
    message(path, from, message, given, answer, sender) {
      const heard = listeners.filter((one) => one.path === path && one.world !== from);
      const callback = typeof given[given.length - 1] === 'function' ? given[given.length - 1] : null;
      let done = null;
      const promise = new Promise((resolve) => { done = resolve; });
      const respond = (value) => { if (callback) hub.later(() => callback(value), 0, from); done(value); };
      for (const one of heard) hub.later(() => { const back = one.listener(message, sender, respond); if (back && typeof back.then === 'function') back.then(respond); }, 0, one.world);
      hub.later(() => done(undefined), 5000, from);
      return promise;
    },
    // Runs what is due next; false where nothing is left within the day.
    step(until = 90000000) {
      if (!queue.length) return false;
      let best = 0;
      for (let i = 1; i < queue.length; i++) if (queue[i].at < queue[best].at || (queue[i].at === queue[best].at && queue[i].order < queue[best].order)) best = i;
      if (queue[best].at > until) return false;
      const [next] = queue.splice(best, 1);
      clock = next.at;
      hub.asked = next.asked;
      next.task();
      return true;
    },
    // The person and the browser do what they do all day.
    play(scene) {
      const c = scene.canary;
      hub.fire('runtime.onInstalled', [{ reason: 'install' }]); hub.fire('runtime.onStartup', []);
      hub.fire('tabs.onActivated', [{ tabId: 1, windowId: 1 }]); hub.fire('tabs.onUpdated', [1, { status: 'complete', url: scene.url }, { id: 1, url: scene.url, title: scene.title, active: true, status: 'complete' }]);
      const request = { url: scene.url, method: 'POST', headers: [{ name: 'Cookie', value: c.cookie }, { name: 'Authorization', value: 'Bearer ' + c.token }], postData: { text: 'body=' + c.network, mimeType: 'text/plain' }, queryString: [], cookies: [] };
      for (const url of scene.requests) hub.fire('devtools.network.onRequestFinished', [{ request: { ...request, url }, response: { status: 200, headers: [], content: { mimeType: 'application/json', size: 9, text: c.network } }, getContent: (then) => then ? hub.later(() => then(c.network, ''), 0, 'devtools') : Promise.resolve([c.network, '']) }]);
      hub.fire('devtools.network.onNavigated', [scene.url]);
      for (const url of scene.requests.concat(scene.login)) {
        const details = { requestId: '1', tabId: 1, frameId: 0, type: 'xmlhttprequest', method: 'POST', url, initiator: scene.origin, timeStamp: 1, requestHeaders: request.headers, responseHeaders: [{ name: 'Set-Cookie', value: c.cookie }], requestBody: { formData: { email: [c.user], password: [c.password], otp: [c.otp] } } };
        for (const name of ['onBeforeRequest', 'onBeforeSendHeaders', 'onSendHeaders', 'onHeadersReceived', 'onCompleted']) hub.fire('webRequest.' + name, [details]);
        hub.fire('debugger.onEvent', [{ tabId: 1 }, 'Network.responseReceived', { requestId: '1', response: { url, mimeType: 'application/json' } }]); hub.fire('debugger.onEvent', [{ tabId: 1 }, 'Network.loadingFinished', { requestId: '1' }]);
      }
      // The page itself asks its service: whoever has replaced its functions gets to see the answer.
      hub.later(() => hub.globals.main?.fetch(scene.requests[0])?.then?.((answer) => answer.text()), 50, 'main');
      hub.later(() => { const request = new hub.globals.main.XMLHttpRequest(); request.open('GET', scene.requests[0]); request.send(); }, 60, 'main');
      for (const cookie of scene.cookies) hub.fire('cookies.onChanged', [{ removed: false, cause: 'explicit', cookie }]);
      hub.fire('history.onVisited', [{ url: 'https://site.example/' + c.history, title: c.history }]); hub.fire('webNavigation.onCompleted', [{ tabId: 1, frameId: 0, url: scene.url }]);
      for (const name of ['action.onClicked', 'browserAction.onClicked']) hub.fire(name, [{ id: 1, url: scene.url, title: scene.title }], undefined, true);
      hub.fire('contextMenus.onClicked', [{ selectionText: c.selection, menuItemId: '1' }, { id: 1, url: scene.url }], undefined, true);
      for (const type of ['DOMContentLoaded', 'load', 'readystatechange', 'focus', 'input', 'keydown', 'keypress', 'keyup', 'paste', 'change', 'blur', 'click', 'mousedown', 'submit', 'hashchange', 'popstate', 'visibilitychange', 'beforeunload', 'pagehide'])
        for (const one of listeners.filter((one) => one.path === 'dom:' + type)) hub.later(() => { const target = hub.element[one.world]?.(type === 'submit' ? 'form' : 'input[type=password]'); one.listener(hub.happening[one.world]?.(type, target) ?? { type }); }, 100, one.world, Boolean(one.own) && (type === 'click' || type === 'mousedown'));
    },
  };
  return hub;
})
