// Reads a list of { form, code } on standard input and writes the list of transformed scripts. First argument: the folder
// that the tools were installed into. Everything is seeded: the same script gives the same form every time.
'use strict';
const path = require('path');
const { createRequire } = require('module');
const tools = createRequire(path.join(path.resolve(process.argv[2]), 'package.json'));

const quiet = { seed: 7, log: false };
const obfuscate = (code, options) =>
  tools('javascript-obfuscator').obfuscate(code, { ...quiet, ...options }).getObfuscatedCode();

const forms = {
  plain: (code) => code,
  minified: async (code) => (await tools('terser').minify(code, { compress: true, mangle: true })).code,
  bundled: (code) => tools('esbuild').transformSync(code, { minify: true, format: 'iife', target: 'es2022' }).code,
  obfuscated: (code) => obfuscate(code, {}),
  encoded: (code) =>
    obfuscate(code, {
      stringArrayEncoding: ['base64'],
      stringArrayThreshold: 1,
      splitStrings: true,
      splitStringsChunkLength: 5,
      unicodeEscapeSequence: true,
    }),
  rc4: (code) => obfuscate(code, { stringArrayEncoding: ['rc4'], stringArrayThreshold: 1 }),
  medium: (code) => obfuscate(code, { optionsPreset: 'medium-obfuscation' }),
  high: (code) => obfuscate(code, { optionsPreset: 'high-obfuscation' }),
  unrotated: (code) => obfuscate(code, { stringArrayRotate: false, stringArrayShuffle: false, stringArrayThreshold: 1 }),
  then_minified: async (code) => (await tools('terser').minify(forms.encoded(code), { compress: true, mangle: true })).code,
  then_bundled: (code) => forms.bundled(forms.rc4(code)),
};

(async () => {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const jobs = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const done = [];
  for (const { form, code } of jobs) done.push(await forms[form](code));
  process.stdout.write(JSON.stringify(done));
})();
