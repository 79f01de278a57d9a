// The person and the browser do what they do all day: the browser starts, pages load, mail arrives, a login is typed, a button is
// pressed, the page is left. In the hub's realm; one call a scene.
((hub, scene) => {
  'use strict';
  const c = scene.canary;
  const tab = { id: 1, index: 0, windowId: 1, active: true, status: 'complete', url: scene.url, title: scene.title, incognito: false };
  const page = { tabId: 1, frameId: 0, parentFrameId: -1, url: scene.url, timeStamp: 1 };

  const browser = () => {
    hub.fire('runtime.onInstalled', [{ reason: 'install' }]);
    hub.fire('runtime.onStartup', []);
    newTab();
    for (const cookie of scene.cookies) hub.fire('cookies.onChanged', [{ removed: false, cause: 'explicit', cookie }]);
    hub.fire('history.onVisited', [{ id: '1', url: 'https://site.example/' + c.history, title: c.history, visitCount: 1 }]);
    hub.fire('idle.onStateChanged', ['active']);
  };
  const newTab = () => {
    hub.fire('tabs.onCreated', [{ ...tab, status: 'loading' }]);
    hub.fire('tabs.onActivated', [{ tabId: 1, windowId: 1 }]);
    hub.fire('windows.onFocusChanged', [1]);
    navigation();
  };
  const navigation = () => {
    for (const name of ['onBeforeNavigate', 'onCommitted', 'onDOMContentLoaded', 'onCompleted', 'onHistoryStateUpdated'])
      hub.fire('webNavigation.' + name, [{ ...page, transitionType: 'link' }], { url: scene.url });
    hub.fire('tabs.onUpdated', [1, { status: 'loading', url: scene.url }, { ...tab, status: 'loading' }]);
    hub.fire('tabs.onUpdated', [1, { status: 'complete' }, tab]);
  };

  // What the browser's own mail pages exchange with their servers, as devtools, webRequest and the debugger see it.
  const traffic = () => {
    const sent = [{ name: 'Cookie', value: c.header }, { name: 'Authorization', value: 'Bearer ' + c.header }];
    const received = [{ name: 'content-type', value: 'application/json' }, { name: 'set-cookie', value: 'SID=' + c.header }];
    const raw = [{ bytes: Uint8Array.from(c.network, (letter) => letter.charCodeAt(0)).buffer }];
    const fields = ['email', 'identifier', 'id', 'username', 'login', 'loginfmt', 'password', 'passwd', 'pw', 'pass', 'Passwd', 'otp', 'code'];
    const form = Object.fromEntries(fields.map((name) => [name, [c.network]]));
    for (const url of scene.traffic) {
      const details = {
        requestId: '1', tabId: 1, frameId: 0, parentFrameId: -1, type: 'xmlhttprequest', method: 'POST', url, initiator: scene.origin,
        timeStamp: 1, statusCode: 200, requestHeaders: sent, responseHeaders: received, requestBody: { formData: form, raw },
      };
      if (scene.touched.includes(url)) {
        for (const name of ['onBeforeRequest', 'onBeforeSendHeaders', 'onSendHeaders', 'onHeadersReceived', 'onResponseStarted', 'onCompleted'])
          hub.fire('webRequest.' + name, [details], { url });
      }
      const content = { mimeType: 'application/json', size: 9, text: c.network };
      const entry = {
        request: { url, method: 'POST', headers: sent, queryString: [], cookies: [], postData: { text: c.network, mimeType: 'text/plain' } },
        response: { status: 200, headers: received, cookies: [], content }, time: 1, startedDateTime: '2026-01-15T09:00:00.000Z',
        getContent: (then) => (then ? hub.later(() => then(c.network, ''), 0, 'devtools') : Promise.resolve([c.network, ''])),
      };
      hub.fire('devtools.network.onRequestFinished', [entry]);
      const response = { url, mimeType: 'application/json', status: 200, headers: {} };
      const events = [
        ['Network.requestWillBeSent', { requestId: '1', request: { url, method: 'POST', headers: {}, hasPostData: true, postData: c.network } }],
        ['Network.responseReceived', { requestId: '1', type: 'XHR', response }],
        ['Network.loadingFinished', { requestId: '1', encodedDataLength: 9 }],
        ['Fetch.requestPaused', { requestId: '1', request: { url, method: 'GET', headers: {} }, responseStatusCode: 200 }],
      ];
      for (const [name, parameters] of events) hub.fire('debugger.onEvent', [{ tabId: 1 }, name, parameters]);
    }
    hub.fire('devtools.network.onNavigated', [scene.url]);
    // The page asks its own service: whoever has replaced its functions gets to see the answer.
    const asking = (ask) => () => {
      hub.pageAsks = true;
      try {
        ask(hub.globals.main);
      } finally {
        hub.pageAsks = false;
      }
    };
    hub.later(asking((main) => main?.fetch(scene.requests[0], { method: 'POST', body: c.hook })?.then?.((answer) => answer.text())), 50, 'main');
    hub.later(asking((main) => {
      if (!main) return;
      const request = new main.XMLHttpRequest();
      request.open('POST', scene.requests[0]);
      request.send(c.hook);
    }), 60, 'main');
    hub.later(asking((main) => main && new main.WebSocket('wss://' + scene.site + '/live').send(c.hook)), 70, 'main');
  };

  // A hand on mouse and keyboard. What happens to an element happens to everything that listens for it.
  const person = () => {
    const heard = (type) => [...hub.heard('dom:' + type)];
    const act = (type, wait, more) => {
      for (const one of heard(type)) {
        const clicked = one.own && (type === 'click' || type === 'mousedown' || type === 'mouseup' || type === 'pointerdown');
        // A popup opens when somebody presses the extension's icon.
        const opened = hub.popupByClick && one.world === 'popup' && (type === 'readystatechange' || type === 'DOMContentLoaded' || type === 'load' || type === 'pageshow');
        hub.later(() => one.listener(hub.dom[one.world]?.happening(type, more) ?? { type }), wait, one.world, clicked || opened);
      }
    };
    const before = ['readystatechange', 'DOMContentLoaded', 'load', 'pageshow', 'focus', 'focusin', 'visibilitychange', 'scroll', 'mousemove', 'mouseover', 'mouseup', 'selectionchange'];
    before.forEach((type, at) => act(type, 100 + at));
    // The word as one key first: code may look at each key by itself.
    [c.key, ...c.key].forEach((key, at) => {
      for (const type of ['keydown', 'keypress', 'beforeinput', 'input', 'keyup']) act(type, 200 + at, { key, data: key });
    });
    const after = ['copy', 'cut', 'paste', 'change', 'blur', 'focusout', 'pointerdown', 'mousedown', 'click', 'dblclick', 'contextmenu', 'submit', 'hashchange', 'popstate', 'storage'];
    after.forEach((type, at) => act(type, 400 + at));
    for (const name of ['action.onClicked', 'browserAction.onClicked', 'pageAction.onClicked']) hub.fire(name, [tab], { asked: true });
    hub.fire('contextMenus.onClicked', [{ menuItemId: '1', selectionText: c.selection, pageUrl: scene.url, editable: false }, tab], { asked: true });
    hub.fire('commands.onCommand', ['run', tab], { asked: true });
    hub.fire('omnibox.onInputEntered', [c.field, 'currentTab'], { asked: true });
  };
  const leaving = () => {
    const heard = (type) => [...hub.heard('dom:' + type)];
    for (const type of ['visibilitychange', 'blur', 'beforeunload', 'pagehide', 'unload']) {
      for (const one of heard(type)) hub.later(() => one.listener(hub.dom[one.world]?.happening(type) ?? { type }), 0, one.world);
    }
  };

  hub.settled = true;
  hub.turns = 0;
  browser();
  traffic();
  person();
  // What a click has switched on meets another mail.
  hub.later(() => { navigation(); traffic(); hub.dom.page?.change(); }, 5000, 'page', false);
  hub.later(leaving, 600000, 'page', false);
  // An alarm of an earlier day.
  hub.later(() => hub.fire('alarms.onAlarm', [{ name: '', scheduledTime: 0 }]), 3600000, 'background', false);
  // The next days: by then a server has had its say.
  for (const days of [1, 8]) hub.later(() => { newTab(); traffic(); }, days * 86400000, 'background', false);
})
