import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Our packages do nothing when imported, so what a command does not use (schemas and their library) is left out of it. */
const dropUnused: Plugin = {
  name: 'drop-unused',
  setup: ({ onResolve, resolve }) => {
    onResolve({ filter: /^(\.|@river\/)/ }, async ({ path, ...at }) => {
      if (at.pluginData === 'seen' || at.importer.includes('node_modules')) return undefined;
      const found = await resolve(path, { ...at, pluginData: 'seen' });
      return { ...found, sideEffects: false };
    });
  },
};

/** The entry only turns the compile cache on; what is to be cached must be a file of its own. */
const mainApart: Plugin = {
  name: 'main-apart',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: './main.js', external: true }));
  },
};

const requireShim = "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";
const { version } = JSON.parse(readFileSync(here('../package.json'), 'utf8'));

/** Bundles riverctl into cli/dist: the entry, and one file for all commands. Loading a dozen small files takes longer than a large one from the cache. */
const dist = here('../dist');
mkdirSync(dist, { recursive: true });
rmSync(`${dist}/.built`, { force: true });
const started = new Date();
const { metafile } = await build({
  metafile: true,
  absWorkingDir: dist,
  entryPoints: [here('./riverctl.ts'), here('./main.ts')],
  outdir: dist,
  bundle: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  minify: true,
  legalComments: 'none',
  banner: { js: requireShim },
  // The ES modules of yaml: of its CommonJS files nothing can be left out.
  alias: { yaml: here('../../node_modules/yaml/browser/index.js') },
  define: { RIVER_VERSION: JSON.stringify(version) },
  plugins: [mainApart, dropUnused],
  logLevel: 'warning',
});
const made = new Set(Object.keys(metafile.outputs));
for (const name of readdirSync(dist)) if (!made.has(name)) rmSync(`${dist}/${name}`);
// As old as the build's start: a source that was saved meanwhile is newer than this, and the next call builds again.
writeFileSync(`${dist}/.built`, '');
utimesSync(`${dist}/.built`, started, started);
