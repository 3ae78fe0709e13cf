import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
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

/**
 * Files of their own: the commands, since the entry only turns the compile cache on and what is to be cached must be apart from it; and the
 * deciders with the schemas of all kinds, which one command needs and the others would only have to load.
 */
const apart: Plugin = {
  name: 'apart',
  setup: ({ onResolve }) => {
    onResolve({ filter: /\/(main|deciders)\.ts$/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: `./${basename(path, '.ts')}.js`, external: true },
    );
  },
};

const requireShim = "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";
const { version } = JSON.parse(readFileSync(here('../package.json'), 'utf8'));

/** Bundles riverctl into cli/dist: the entry, and one file for nearly all commands. Loading a dozen small files takes longer than a large one from the cache. */
const dist = here('../dist');
mkdirSync(dist, { recursive: true });
rmSync(`${dist}/.built`, { force: true });
const started = new Date();
const { metafile } = await build({
  metafile: true,
  absWorkingDir: dist,
  entryPoints: [here('./riverctl.ts'), here('./main.ts'), here('./simulate/deciders.ts')],
  entryNames: '[name]',
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
  plugins: [apart, dropUnused],
  logLevel: 'warning',
});
const made = new Set(Object.keys(metafile.outputs));
for (const name of readdirSync(dist)) if (!made.has(name)) rmSync(`${dist}/${name}`);
// As old as the build's start: a source that was saved meanwhile is newer than this, and the next call builds again.
writeFileSync(`${dist}/.built`, '');
utimesSync(`${dist}/.built`, started, started);
