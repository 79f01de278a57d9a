// The few names of a browser that decoding code uses, and nothing that it could act on: the world of a decoder, and the beginning
// of every other. `created` hears of code that a script wants to run later.
((front, created) => {
  'use strict';
  const hidden = (name, value) =>
    Object.defineProperty(front, name, { value, writable: true, configurable: true, enumerable: false });
  for (const name of ['window', 'self', 'top', 'parent', 'frames', 'global']) hidden(name, front);

  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  hidden('atob', function atob(text) {
    const clean = String(text).replace(/[\t\n\f\r ]/g, '').replace(/={1,2}$/, '');
    if (clean.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(clean)) throw new Error('InvalidCharacterError');
    const pieces = [];
    let bits = 0, count = 0;
    for (let i = 0; i < clean.length; i++) {
      bits = ((bits << 6) | alphabet.indexOf(clean[i])) & 0xffffff;
      count += 6;
      if (count >= 8) {
        count -= 8;
        pieces.push(String.fromCharCode((bits >> count) & 255));
      }
    }
    return pieces.join('');
  });
  hidden('btoa', function btoa(text) {
    const bytes = String(text);
    const pieces = [];
    for (let i = 0; i < bytes.length; i += 3) {
      const a = bytes.charCodeAt(i), b = bytes.charCodeAt(i + 1), c = bytes.charCodeAt(i + 2);
      if (a > 255 || b > 255 || c > 255) throw new Error('InvalidCharacterError');
      pieces.push(alphabet[a >> 2], alphabet[((a & 3) << 4) | (b >> 4)],
        i + 1 < bytes.length ? alphabet[((b & 15) << 2) | (c >> 6)] : '=', i + 2 < bytes.length ? alphabet[c & 63] : '=');
    }
    return pieces.join('');
  });

  // The same sequence in every run.
  let state = 0x2545f491;
  front.Math.random = function random() {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };

  const timer = (code) => {
    if (typeof code === 'string') created(code);
    return 1;
  };
  hidden('setTimeout', function setTimeout(code) { return timer(code); });
  hidden('setInterval', function setInterval(code) { return timer(code); });
  hidden('clearTimeout', function clearTimeout() {});
  hidden('clearInterval', function clearInterval() {});

  const silent = {};
  for (const name of ['log', 'warn', 'info', 'error', 'debug', 'table', 'trace', 'dir', 'exception']) silent[name] = () => {};
  hidden('console', silent);

  hidden('TextDecoder', class TextDecoder {
    decode(bytes) {
      const view = ArrayBuffer.isView(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes ?? []);
      const pieces = [];
      for (const byte of view) pieces.push('%', (byte + 256).toString(16).slice(1));
      try {
        return decodeURIComponent(pieces.join(''));
      } catch {
        return Array.from(view, (byte) => String.fromCharCode(byte)).join('');
      }
    }
  });
  hidden('TextEncoder', class TextEncoder {
    encode(text = '') {
      const bytes = [];
      const escaped = encodeURIComponent(String(text));
      for (let i = 0; i < escaped.length; i++) {
        if (escaped[i] === '%') {
          bytes.push(parseInt(escaped.slice(i + 1, i + 3), 16));
          i += 2;
        } else bytes.push(escaped.charCodeAt(i));
      }
      return new Uint8Array(bytes);
    }
  });
})
