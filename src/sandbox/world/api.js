// The browser's interfaces for extensions, by the permissions that the extension has. What is not known answers with something
// empty; what is asked for is reported.
((kit) => {
  'use strict';
  const { hub, world, scene, btoa, text, sink, code, define, native, ghost, answer, extension, isPage, is, search } = kit;
  if (world === 'main') return;
  const c = scene.canary;
  const hooked = new Map();
  const EVENT = /^on[A-Z]/, CONSTANT = /^[A-Z][A-Z_0-9]*$/, LISTING = /\.(getAll|search|query|getRegisteredContentScripts|getDynamicRules|getScripts)$/;
  const patterns = (urls) => (Array.isArray(urls) && urls.length && !urls.includes('<all_urls>') ? urls.map((one) => new RegExp('^' + String(one).replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace('*://', 'https?://').replace('://*\\.', '://(?:[^/]*\\.)?').replace(/\*/g, '.*') + '$')) : null);
  const event = (path) => {
    if (!hooked.has(path)) {
      const listeners = new Set();
      hooked.set(path, {
        addListener(listener, filter) {
          hub.report('listens', { path, world });
          listeners.add(listener);
          const hosts = filter?.url?.map((one) => one.hostEquals ?? one.hostSuffix ?? one.hostContains ?? one.urlPrefix ?? one.urlContains).filter(Boolean);
          const urls = hosts?.length ? hosts.map((host) => new RegExp(String(host).replace(/[.+?^${}()|[\]\\]/g, '\\$&'))) : patterns(filter?.urls);
          hub.listen(path, world, listener, { urls });
        },
        removeListener(listener) { listeners.delete(listener); hub.unlisten(path, world, listener); },
        hasListener: (listener) => listeners.has(listener),
        hasListeners: () => listeners.size > 0,
        addRules() {},
        removeRules() {},
        dispatch() {},
      });
    }
    return hooked.get(path);
  };

  const tab = () => ({ id: 1, index: 0, windowId: 1, active: true, highlighted: true, pinned: false, status: 'complete', url: scene.url, title: scene.title, incognito: false, favIconUrl: '', width: 1280, height: 900 });
  const sender = () => ({ id: hub.id, origin: isPage ? scene.origin : extension, url: isPage ? scene.url : extension + '/', ...(isPage ? { tab: tab(), frameId: 0 } : {}) });
  const inExtension = (other) => !hub.inPage(other);
  const inTab = (other) => other === 'page';
  const identity = (domain) => scene.cookies.some((one) => one.domain.endsWith(domain) || domain.endsWith(one.domain.replace(/^\./, '')));
  const cookies = (wanted = {}) => {
    const domain = wanted.domain ?? search(/^[a-z]+:\/\/([^/:]+)/i, wanted.url ?? '')?.[1];
    const whole = (one) => ({ hostOnly: false, path: '/', secure: true, httpOnly: true, session: true, storeId: '0', sameSite: 'lax', ...one, ...(wanted.name ? { name: wanted.name } : {}) });
    if (!domain || typeof domain !== 'string' || domain.includes(c.server)) return [...scene.cookies, { domain: '.site.example', name: 'session', value: c.session }].map(whole);
    return [whole({ domain, name: 'SID', value: identity(domain) ? c.cookie : c.session })];
  };
  const store = (area) => {
    const data = (hub.stored[area] ??= Object.create(null));
    const path = 'storage.onChanged';
    const pick = (keys) => {
      if (keys === null || keys === undefined || typeof keys === 'function') return { ...data };
      const wanted = typeof keys === 'string' ? [keys] : Array.isArray(keys) ? keys : Object.keys(keys);
      const found = typeof keys === 'object' && !Array.isArray(keys) ? { ...keys } : {};
      for (const key of wanted) if (key in data) found[key] = data[key];
      return found;
    };
    const changed = (changes) => {
      hub.fire(path, [changes, area]);
      hub.fire('storage.' + area + '.onChanged', [changes]);
    };
    return {
      get: (...given) => answer(given, hub.clone(pick(given[0]), world)),
      getKeys: (...given) => answer(given, Object.keys(data)),
      set(...given) {
        const changes = {};
        for (const [key, value] of Object.entries(hub.clone(given[0], world) ?? {})) {
          changes[key] = { oldValue: data[key], newValue: value };
          data[key] = value;
        }
        changed(changes);
        return answer(given);
      },
      remove(...given) {
        for (const key of [].concat(given[0])) delete data[key];
        return answer(given);
      },
      clear(...given) {
        for (const key of Object.keys(data)) delete data[key];
        return answer(given);
      },
      getBytesInUse: (...given) => answer(given, 0),
      setAccessLevel: (...given) => answer(given),
      onChanged: event('storage.' + area + '.onChanged'),
      QUOTA_BYTES: 5242880,
    };
  };

  // One end of a port. What comes in at this end is told to those who listen at it.
  const port = (name, at) => {
    const heard = { message: [], disconnect: [] };
    const listening = (kind) => ({ addListener: (listener) => heard[kind].push(listener), removeListener(listener) { heard[kind] = heard[kind].filter((one) => one !== listener); }, hasListener: (listener) => heard[kind].includes(listener) });
    const end = { name, sender: sender(), other: null, onMessage: listening('message'), onDisconnect: listening('disconnect') };
    // What is sent before anybody listens waits until those who were told of the port have had their turn.
    const tell = (kind, ...given) => hub.later(() => heard[kind].forEach((listener) => listener(...given, end)), 1, at);
    Object.defineProperties(end, { tell: { value: tell }, at: { value: at } });
    end.postMessage = (message) => { end.other?.tell('message', hub.clone(message, end.other.at)); };
    end.disconnect = () => { end.other?.tell('disconnect'); };
    return end;
  };
  const connect = (near) => (...given) => {
    const name = given.find((one) => one && typeof one === 'object')?.name ?? '';
    const here = port(name, world), there = port(name, near === inTab ? 'page' : 'background');
    [here.other, there.other] = [there, here];
    hub.fire('runtime.onConnect', [there], { near: (other) => other !== world && near(other) });
    return here;
  };
  const nativePort = (name) => {
    const end = port(text(name), world);
    end.postMessage = (message) => sink('native', text(name), message);
    hub.later(() => end.tell('message', { ok: true }), 1000, world);
    return end;
  };

  const inject = (...given) => {
    const details = given.find((one) => one && typeof one === 'object') ?? {};
    const into = details.world === 'MAIN' ? 'main' : 'page';
    const results = [];
    const give = (result) => results.push({ frameId: 0, documentId: '1', result: hub.clone(result, world) });
    const func = details.func ?? details.function;
    if (typeof func === 'function') {
      const args = (details.args ?? []).map((one) => JSON.stringify(one) ?? 'undefined').join(',');
      give(hub.call(into, Function.prototype.toString.call(func), args));
    }
    if (details.code !== undefined) {
      code('execute-script', details.code, into);
      give(hub.run(into, text(details.code)));
    }
    for (const file of [].concat(details.files ?? details.file ?? [])) {
      hub.runFile(into, file);
      give(null);
    }
    return { given, results };
  };
  const registered = (...given) => {
    for (const script of [].concat(given[0] ?? [])) {
      const into = script.world === 'MAIN' ? 'main' : 'page';
      for (const one of [].concat(script.js ?? [])) {
        if (typeof one === 'string' || one?.file) hub.runFile(into, one.file ?? one);
        else if (one?.code !== undefined) {
          code('execute-script', one.code, into);
          hub.run(into, text(one.code));
        }
      }
    }
    return answer(given);
  };
  const navigated = (result) => (...given) => {
    const change = given.find((one) => one && typeof one === 'object') ?? {};
    if (change.url !== undefined) {
      const url = [].concat(change.url)[0];
      if (is(/^(https?|ftp):/i, text(url))) sink('navigation', url);
    }
    hub.fire('tabs.onCreated', [{ ...tab(), url: text(change.url) }]);
    return answer(given, result());
  };
  const alarms = Object.create(null);
  const visit = () => ({ id: '1', url: 'https://site.example/' + c.history, title: c.history, visitCount: 3, typedCount: 1, lastVisitTime: 1 });
  const bookmark = () => ({ id: '2', parentId: '1', index: 0, title: c.bookmark, url: 'https://site.example/' + c.bookmark });
  const commands = {
    'Network.getResponseBody': () => ({ body: c.network, base64Encoded: false }), 'Fetch.getResponseBody': () => ({ body: c.network, base64Encoded: false }), 'Network.getRequestPostData': () => ({ postData: c.network }),
    'Network.getAllCookies': () => ({ cookies: cookies() }), 'Network.getCookies': () => ({ cookies: cookies() }), 'Storage.getCookies': () => ({ cookies: cookies() }),
    'Runtime.evaluate': () => ({ result: { type: 'string', value: c.page } }), 'Runtime.callFunctionOn': () => ({ result: { value: c.page } }), 'DOM.getOuterHTML': () => ({ outerHTML: c.page }), 'DOMSnapshot.captureSnapshot': () => ({ strings: [c.page] }),
    'Page.captureScreenshot': () => ({ data: btoa(c.screen) }), 'Page.printToPDF': () => ({ data: btoa(c.screen) }), 'Page.captureSnapshot': () => ({ data: c.screen }), 'DOM.getDocument': () => ({ root: { nodeId: 1 } }),
  };
  const url = (path) => extension + '/' + text(path).replace(/^\//, '');
  // What has an answer of its own: values, and functions of what they were given.
  const known = {
    'runtime.id': hub.id,
    'runtime.lastError': undefined,
    'runtime.getURL': url,
    'extension.getURL': url,
    'runtime.getManifest': () => hub.clone(hub.manifest, world),
    'runtime.getPlatformInfo': (...given) => answer(given, { os: 'win', arch: 'x86-64', nacl_arch: 'x86-64' }),
    'runtime.getContexts': (...given) => answer(given, []),
    'runtime.reload': () => undefined,
    'runtime.sendMessage': (...given) => {
      const foreign = typeof given[0] === 'string' && is(/^[a-p]{32}$/, given[0]) && given.length > 1 && typeof given[1] !== 'function';
      if (foreign && given[0] !== hub.id) {
        sink('other-extension', given[0], given[1]);
        return answer(given);
      }
      const callback = typeof given.at(-1) === 'function' ? given.at(-1) : undefined;
      return hub.message('runtime.onMessage', world, inExtension, given[foreign ? 1 : 0], sender(), callback);
    },
    'extension.sendMessage': (...given) => known['runtime.sendMessage'](...given),
    'extension.sendRequest': (...given) => known['runtime.sendMessage'](...given),
    'tabs.sendMessage': (...given) => hub.message('runtime.onMessage', world, inTab, given[1], sender(), typeof given.at(-1) === 'function' ? given.at(-1) : undefined),
    'runtime.connect': connect(inExtension),
    'extension.connect': connect(inExtension),
    'tabs.connect': connect(inTab),
    'runtime.connectNative': nativePort,
    'runtime.sendNativeMessage': (...given) => {
      sink('native', given[0], given[1]);
      return answer(given, { ok: true });
    },
    'runtime.setUninstallURL': (...given) => {
      if (given[0]) sink('uninstall-address', given[0]);
      return answer(given);
    },
    'runtime.getBackgroundPage': (...given) => answer(given, hub.globals.background),
    'extension.getBackgroundPage': () => hub.globals.background,
    'extension.getViews': () => [hub.globals.popup ?? hub.globals.background],
    'storage.local': store('local'),
    'storage.sync': store('sync'),
    'storage.session': store('session'),
    'storage.managed': store('managed'),
    'tabs.query': (...given) => answer(given, [tab()]),
    'tabs.get': (...given) => answer(given, tab()),
    'tabs.getCurrent': (...given) => answer(given, tab()),
    'tabs.getSelected': (...given) => answer(given, tab()),
    'tabs.getAllInWindow': (...given) => answer(given, [tab()]),
    'tabs.create': navigated(tab),
    'tabs.update': navigated(tab),
    'tabs.detectLanguage': (...given) => answer(given, 'en'),
    'windows.create': navigated(() => ({ id: 1, tabs: [tab()] })),
    'windows.getCurrent': (...given) => answer(given, { id: 1, focused: true, type: 'normal', tabs: [tab()] }),
    'windows.getLastFocused': (...given) => answer(given, { id: 1, focused: true, type: 'normal', tabs: [tab()] }),
    'windows.getAll': (...given) => answer(given, [{ id: 1, focused: true, type: 'normal', tabs: [tab()] }]),
    'windows.get': (...given) => answer(given, { id: 1, focused: true, type: 'normal', tabs: [tab()] }),
    'tabs.executeScript': (...given) => {
      const { results } = inject(...given);
      return answer(given, results.map((one) => one.result));
    },
    'scripting.executeScript': (...given) => answer(given, inject(...given).results),
    'scripting.registerContentScripts': registered,
    'userScripts.register': registered,
    'userScripts.update': registered,
    'tabs.captureVisibleTab': (...given) => answer(given, 'data:image/png;base64,' + btoa(c.screen)),
    'pageCapture.saveAsMHTML': (...given) => answer(given, new Blob([c.screen])),
    'desktopCapture.chooseDesktopMedia': (...given) => answer(given, c.screen),
    'tabCapture.getMediaStreamId': (...given) => answer(given, c.screen),
    'cookies.getAll': (...given) => answer(given, cookies(given[0])),
    'cookies.get': (...given) => answer(given, cookies(given[0])[0]),
    'cookies.getAllCookieStores': (...given) => answer(given, [{ id: '0', tabIds: [1] }]),
    'history.search': (...given) => answer(given, [visit()]),
    'history.getVisits': (...given) => answer(given, [visit()]),
    'topSites.get': (...given) => answer(given, [visit()]),
    'sessions.getRecentlyClosed': (...given) => answer(given, [{ lastModified: 1, tab: { ...tab(), ...visit() } }]),
    'bookmarks.getTree': (...given) => answer(given, [{ id: '0', title: '', children: [{ id: '1', title: 'Bookmarks bar', children: [bookmark()] }] }]),
    'bookmarks.search': (...given) => answer(given, [bookmark()]),
    'bookmarks.getRecent': (...given) => answer(given, [bookmark()]),
    'bookmarks.getChildren': (...given) => answer(given, [bookmark()]),
    'identity.getAuthToken': (...given) => answer(given, c.identity),
    'identity.getProfileUserInfo': (...given) => answer(given, { email: c.identity, id: '1' }),
    'identity.getRedirectURL': (path = '') => 'https://' + hub.id + '.chromiumapp.org/' + path,
    'identity.launchWebAuthFlow': (...given) => answer(given, 'https://' + hub.id + '.chromiumapp.org/#access_token=' + c.identity),
    'downloads.download': (...given) => {
      const { url: from, body, headers } = given[0] ?? {};
      if (is(/^https?:/i, text(from))) sink('download', from, body, headers);
      return answer(given, 1);
    },
    'debugger.sendCommand': (...given) => answer(given, commands[given[1]]?.() ?? {}),
    'debugger.getTargets': (...given) => answer(given, [{ id: '1', tabId: 1, type: 'page', url: scene.url, title: scene.title, attached: false }]),
    'permissions.contains': (...given) => answer(given, true),
    'permissions.request': (...given) => answer(given, true),
    'permissions.getAll': (...given) => answer(given, { permissions: [...hub.permissions], origins: [] }),
    'management.getAll': (...given) => answer(given, [{ id: 'p'.repeat(32), name: 'Other', enabled: true, type: 'extension', installType: 'normal', permissions: [] }]),
    'management.getSelf': (...given) => answer(given, { id: hub.id, installType: 'normal', enabled: true, type: 'extension' }),
    'i18n.getMessage': (name) => String(name),
    'i18n.getUILanguage': () => 'en',
    'i18n.getAcceptLanguages': (...given) => answer(given, ['en']),
    'i18n.detectLanguage': (...given) => answer(given, { isReliable: true, languages: [{ language: 'en', percentage: 100 }] }),
    'alarms.create': (...given) => {
      const name = typeof given[0] === 'string' ? given[0] : '';
      const info = given.find((one) => one && typeof one === 'object') ?? {};
      const period = info.periodInMinutes, first = info.delayInMinutes ?? (info.when ? 1 : period ?? 1);
      const alarm = (alarms[name] = { name, scheduledTime: 0, periodInMinutes: period });
      const ring = (left) => {
        if (alarms[name] !== alarm) return;
        hub.fire('alarms.onAlarm', [{ ...alarm }]);
        if (period && left > 0) hub.later(() => ring(left - 1), period * 60000, world, false);
      };
      hub.later(() => ring(3), first * 60000, world, false);
      return answer(given);
    },
    'alarms.get': (...given) => answer(given, alarms[typeof given[0] === 'string' ? given[0] : '']),
    'alarms.getAll': (...given) => answer(given, Object.values(alarms)),
    'alarms.clear': (...given) => answer(given, delete alarms[typeof given[0] === 'string' ? given[0] : '']),
    'devtools.inspectedWindow.tabId': 1,
    'devtools.inspectedWindow.eval': (...given) => {
      const result = hub.run('main', text(given[0]));
      const then = given.find((one) => typeof one === 'function');
      if (then) hub.later(() => then(result === undefined ? c.page : result, undefined), 0, world);
      return undefined;
    },
    'devtools.network.getHAR': (...given) => answer(given, { entries: [{ request: { url: scene.requests[0], method: 'POST', headers: [{ name: 'Cookie', value: c.header }] }, response: { status: 200, headers: [], content: { text: c.network } } }] }),
    'devtools.panels.create': (...given) => answer(given, { onShown: event('devtools.panels.onShown'), onHidden: event('devtools.panels.onHidden'), createStatusBarButton: () => ({ onClicked: event('button') }) }),
    'devtools.panels.elements.createSidebarPane': (...given) => answer(given, ghost()),
    'devtools.panels.themeName': 'default',
    'contextMenus.create': (...given) => {
      const { onclick } = given[0] ?? {};
      if (typeof onclick === 'function') hub.listen('contextMenus.onClicked', world, onclick);
      return answer(given, given[0]?.id ?? 1);
    },
    'action.getBadgeText': (...given) => answer(given, ''),
    'offscreen.hasDocument': (...given) => answer(given, false),
    'offscreen.createDocument': (...given) => {
      hub.openPage('offscreen', text(given[0]?.url));
      return answer(given);
    },
    'proxy.settings': { get: (...given) => answer(given, { value: { mode: 'system' }, levelOfControl: 'controllable_by_this_extension' }), set: (...given) => answer(given), clear: (...given) => answer(given), onChange: event('proxy.settings.onChange') },
    'gcm.send': (...given) => {
      sink('push', given[0]?.destinationId, given[0]?.data);
      return answer(given, '1');
    },
    'dns.resolve': (...given) => {
      sink('dns', 'dns://' + text(given[0]), given[0]);
      return answer(given, { address: '192.0.2.1', resultCode: 0 });
    },
  };

  // Namespaces that everybody has; the rest needs a permission of the same name.
  const OPEN = new Set(['runtime', 'extension', 'i18n', 'tabs', 'windows', 'permissions', 'commands', 'omnibox', 'devtools', 'csi', 'loadTimes', 'app', 'action', 'browserAction', 'pageAction', 'management', 'types', 'dom', 'test', 'extensionTypes', 'instanceID']);
  const IN_PAGE = new Set(['runtime', 'extension', 'i18n', 'storage', 'dom', 'csi', 'loadTimes', 'app']);
  const has = (name) => (isPage ? IN_PAGE.has(name) && (name !== 'storage' || hub.permissions.has(name)) : OPEN.has(name) || hub.permissions.has(name) || (name === 'contextMenus' && hub.permissions.has('menus')));
  const api = (path) => {
    const made = {};
    // The root and its namespaces are objects; what is in them may be called.
    return new Proxy(path.includes('.') ? native(() => {}) : {}, {
      get(target, key) {
        if (typeof key === 'symbol' || key === 'then') return undefined;
        if (typeof target === 'function' && key in target && key !== 'name' && key !== 'length') return target[key];
        if (key in made) return made[key];
        const full = path ? path + '.' + key : key;
        if (!path && (!has(key) || (key === 'devtools' && world !== 'devtools'))) return undefined;
        if (full in known) {
          const value = known[full];
          if (typeof value !== 'function') return value;
          return (made[key] = native((...given) => { hub.report('call', { path: full, world }); return value(...given); }));
        }
        if (is(EVENT, key)) return event(full);
        if (key === 'toString') return () => '[object Object]';
        // Names in capitals are constants.
        return (made[key] = is(CONSTANT, key) ? key.toLowerCase() : api(full));
      },
      set(_, key, value) { made[key] = value; return true; },
      has: (_, key) => Boolean(path) || has(key),
      apply(_, __, given) {
        hub.report('call', { path, world });
        return answer(given, is(LISTING, path) ? [] : {});
      },
    });
  };
  const root = api('');
  define('chrome', root);
  define('browser', root);
})
