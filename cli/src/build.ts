import { readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const requireShim = "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";
const { version } = JSON.parse(readFileSync(here('../package.json'), 'utf8'));

/** Bundles riverctl into cli/dist: the entry, and a chunk for each command and for what several share. */
const dist = here('../dist');
rmSync(`${dist}/.built`, { force: true });
const started = new Date();
await build({
  entryPoints: [here('./riverctl.ts')],
  outdir: dist,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node26',
  format: 'esm',
  minify: true,
  legalComments: 'none',
  banner: { js: requireShim },
  define: { RIVER_VERSION: JSON.stringify(version) },
  plugins: [dropUnused],
  logLevel: 'warning',
});
writeFileSync(`${dist}/.built`, `${started.toISOString()}\n`);
