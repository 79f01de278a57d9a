// Reads a list of { form, code } or { form, files } on standard input and writes the list of transformed scripts or files.
// First argument: the folder that the tools were installed into. Everything is seeded: the same script gives the same form
// every time.
'use strict';
const path = require('path');
const { createRequire } = require('module');
const tools = createRequire(path.join(path.resolve(process.argv[2]), 'package.json'));

const quiet = { seed: 7, log: false };
const obfuscate = (code, options) =>
  tools('javascript-obfuscator').obfuscate(code, { ...quiet, ...options }).getObfuscatedCode();

// As Babel and TypeScript write code for browsers that know neither classes nor promises: helpers in every file, functions
// that wait as machines of states.
const lower = (code) =>
  tools('@babel/core').transformSync(code, {
    presets: [[tools.resolve('@babel/preset-env'), { targets: 'ie 11', modules: false }]],
    sourceType: 'unambiguous',
    configFile: false,
    babelrc: false,
    compact: false,
  }).code;
const compile = (code) => {
  const { transpileModule, ScriptTarget, ModuleKind } = tools('typescript');
  const compilerOptions = { target: ScriptTarget.ES5, module: ModuleKind.ESNext, downlevelIteration: true, allowJs: true };
  return transpileModule(code, { compilerOptions }).outputText.replace(/^export \{\};\n/m, '');
};

const forms = {
  plain: (code) => code,
  minified: async (code) => (await tools('terser').minify(code, { compress: true, mangle: true })).code,
  bundled: (code) => tools('esbuild').transformSync(code, { minify: true, format: 'iife', target: 'es2022' }).code,
  lowered: lower,
  compiled: compile,
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
  lowered_and_minified: async (code) => (await tools('terser').minify(lower(code), { compress: true, mangle: true, toplevel: true })).code,
  then_bundled: (code) => forms.bundled(forms.rc4(code)),
};

// What `importScripts` loads shares its names with the script that loads it.
const shared = (files) =>
  Object.values(files)
    .flatMap((code) => [...code.matchAll(/importScripts\(([^)]*)\)/g)])
    .flatMap(([, list]) => [...list.matchAll(/["']([^"':]+)["']/g)].map(([, name]) => name));

// Whether a script loads modules while it runs: those stay files of their own.
const loads = (code) => /\bimport\(/.test(code);

// Modules of the extension that one of its scripts imports become part of that script.
async function bundle(files) {
  const outside = shared(files);
  const later = Object.values(files).some(loads);
  const inMemory = {
    name: 'memory',
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ path: wanted, importer, kind }) => {
        if (kind === 'entry-point') return { path: wanted, namespace: 'memory' };
        const found = path.posix.join(path.posix.dirname(importer), wanted);
        return found in files ? { path: found, namespace: 'memory' } : { path: wanted, external: true };
      });
      build.onLoad({ filter: /.*/, namespace: 'memory' }, ({ path: name }) => ({ contents: files[name], loader: 'js' }));
    },
  };
  const options = { bundle: true, write: false, minify: true, format: 'iife', target: 'es2022', plugins: [inMemory] };
  const bundled = {};
  for (const [name, code] of Object.entries(files)) {
    const module = /^export /m.test(code);
    if (!name.endsWith('.js') || outside.includes(name) || (module && later)) bundled[name] = code;
    else if (!module) {
      bundled[name] = (await tools('esbuild').build({ ...options, entryPoints: [name] })).outputFiles[0].text;
    }
  }
  return bundled;
}

// The same by webpack, where each module stays a function of a table. It takes an `import(...)` of what it does not know for a
// mistake: scripts with one are left alone.
async function pack(files) {
  const outside = shared(files);
  const later = Object.values(files).some(loads);
  const packed = {};
  for (const [name, code] of Object.entries(files)) {
    const module = /^export /m.test(code);
    if (!name.endsWith('.js') || outside.includes(name) || loads(code) || (module && later)) packed[name] = code;
    else if (!module) packed[name] = await packOne(files, name);
  }
  return packed;
}

async function packOne(files, name) {
  const { createFsFromVolume, Volume } = tools('memfs');
  const isOurs = (request) => path.posix.normalize(request) in files;
  const compiler = tools('webpack')({
    context: '/in',
    entry: './' + name,
    output: { path: '/out', filename: 'out.js' },
    mode: 'production',
    target: ['web', 'es2022'],
    devtool: false,
    performance: false,
    optimization: { concatenateModules: false },
    externals: ({ request }, known) => (isOurs(request) ? known() : known(null, 'import ' + request)),
  });
  compiler.inputFileSystem = createFsFromVolume(Volume.fromJSON(files, '/in'));
  compiler.outputFileSystem = createFsFromVolume(new Volume());
  const stats = await new Promise((done, failed) => compiler.run((error, stats) => (error ? failed(error) : done(stats))));
  if (stats.hasErrors()) throw new Error(name + ': ' + stats.toString({ all: false, errors: true }));
  return compiler.outputFileSystem.readFileSync('/out/out.js', 'utf8');
}

// A script that shares its names with nobody may have all of them shortened.
async function minify(files) {
  const alone = shared(files).length === 0;
  return each(files, async (code) => {
    const module = /^(import|export) /m.test(code);
    return (await tools('terser').minify(code, { compress: true, mangle: true, module, toplevel: module || alone })).code;
  });
}

async function each(files, change) {
  const changed = {};
  for (const [name, code] of Object.entries(files)) changed[name] = name.endsWith('.js') ? await change(code) : code;
  return changed;
}

const whole = { minified: minify, bundled: bundle, packed: pack };

(async () => {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const jobs = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const done = [];
  for (const { form, code, files } of jobs) {
    if (files === undefined) done.push(await forms[form](code));
    else done.push(await (whole[form] ?? ((all) => each(all, forms[form])))(files));
  }
  process.stdout.write(JSON.stringify(done));
})();
