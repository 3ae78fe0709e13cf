import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Who may import whom: the arrows of docs/architecture.md. Tests and benches may import every package. */
const arrows: Record<string, readonly string[]> = {
  crds: [],
  runtime: ['crds'],
  apiserver: ['crds', 'runtime'],
  controllers: ['crds', 'runtime'],
  'node-agent': ['crds', 'runtime'],
  gateway: ['crds', 'runtime'],
  cli: ['crds', 'runtime', 'controllers'],
  simulator: ['crds', 'runtime', 'apiserver', 'controllers', 'node-agent'],
  e2e: ['crds', 'runtime', 'apiserver', 'controllers', 'node-agent', 'gateway', 'cli', 'simulator'],
  bench: ['crds', 'runtime', 'apiserver', 'controllers', 'node-agent', 'gateway', 'cli', 'e2e'],
};

/** The only files that may ask the machine for the time or for chance. */
const impure: Record<string, RegExp> = {
  'runtime/src/clock/system-clock.ts': /Date\.now/,
  'runtime/src/random/random.ts': /Math\.random/,
};

const sources = Object.keys(arrows)
  .flatMap((name) => globSync(`${name}/**/*.ts`, { cwd: root, exclude: (path) => path.endsWith('node_modules') }))
  .sort();
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const packageOf = (path: string) => path.split('/')[0] as string;
const isTest = (path: string) => /\.(test|contract)\.ts$|\/testing\/|^(e2e|bench)\//.test(path);

/** A package's front doors are what its package.json exports. */
const doorsOf = (name: string): string[] => Object.keys(JSON.parse(text(`${name}/package.json`)).exports ?? {});

/** Comments and strings do not call anything; what is left is code. */
const codeOf = (source: string) => source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');

/** A program has no index, since no one imports it; what tests and measures it may take its parts. */
const mayReachInto = (from: string, to: string) =>
  (from === 'e2e' || from === 'bench') && arrows[from]?.includes(to) === true && !existsSync(join(root, to, 'src/index.ts'));

const importPatterns = [/^(?:import|export)\b[^'";]*\bfrom\s+'([^'\n]+)'/gm, /^import\s+'([^'\n]+)'/gm, /\bimport\(\s*'([^'\n]+)'\s*\)/g];

const importsOf = (path: string): string[] => {
  const code = codeOf(text(path));
  return importPatterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] as string));
};

describe('the rooms of the house', () => {
  before(() => assert.ok(sources.length > 10, 'the sources were not found'));

  it('imports another package only along the arrows, and only through its index', () => {
    const wrong = sources.flatMap((path) => {
      const from = packageOf(path);
      return importsOf(path).flatMap((target) => {
        if (target.startsWith('.')) {
          const to = relative(root, resolve(root, dirname(path), target));
          return packageOf(to) === from || mayReachInto(from, packageOf(to))
            ? []
            : [`${path}: reaches into ${to}; import @river/${packageOf(to)} instead`];
        }
        const [, to, deep] = /^@river\/([^/]+)(\/.*)?$/.exec(target) ?? [];
        if (to === undefined) return [];
        if (deep && !doorsOf(to).includes(`.${deep}`)) return [`${path}: ${target} is not a door of @river/${to}`];
        return to === from || arrows[from]?.includes(to) ? [] : [`${path}: ${from} may not import ${to}`];
      });
    });
    assert.deepEqual(wrong, []);
  });

  it('imports only libraries that its package declares', () => {
    const shared = Object.keys(JSON.parse(text('package.json')).devDependencies);
    const wrong = sources.flatMap((path) => {
      const manifest = `${packageOf(path)}/package.json`;
      const own = existsSync(join(root, manifest)) ? Object.keys(JSON.parse(text(manifest)).dependencies ?? {}) : [];
      return importsOf(path)
        .filter((target) => !/^(\.|node:|@river\/)/.test(target))
        .map((target) =>
          target
            .split('/')
            .slice(0, target.startsWith('@') ? 2 : 1)
            .join('/'),
        )
        .filter((name) => !own.includes(name) && !(isTest(path) && shared.includes(name)))
        .map((name) => `${path}: ${name} is not in ${manifest}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('declares no library that nothing in the package imports', () => {
    const wrong = Object.keys(arrows).flatMap((name) => {
      const used = sources.filter((path) => packageOf(path) === name).flatMap(importsOf);
      return Object.keys(JSON.parse(text(`${name}/package.json`)).dependencies ?? {})
        .filter((library) => !used.some((target) => target === library || target.startsWith(`${library}/`)))
        .map((library) => `${name}: ${library}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('has no source file of more than 500 lines', () => {
    const long = sources.filter((path) => !isTest(path) && text(path).split('\n').length > 501);
    assert.deepEqual(long, []);
  });

  it('asks for the time and for chance in one file each', () => {
    const wrong = sources
      .filter((path) => !isTest(path))
      .filter((path) => /\b(Date\.now|Math\.random)\b/.test(codeOf(text(path)).replace(impure[path] ?? /$^/, '')));
    assert.deepEqual(wrong, []);
  });

  it('names no folder after a layer', () => {
    const names = new Set(sources.flatMap((path) => dirname(path).split('/')));
    const layers = ['utils', 'util', 'helpers', 'common', 'misc', 'lib', 'managers', 'models'].filter((name) => names.has(name));
    assert.deepEqual(layers, []);
  });
});

describe('the repository', () => {
  const registries = ['npmjs', 'yarnpkg', 'jsr', 'pypi', 'rubygems'].map((name) => `${name}\\.(org|com|io)`);
  const pattern = new RegExp(`\\b(${registries.join('|')})\\b`);

  it('names no package registry in any tracked file: whoever builds it chooses where packages come from', () => {
    const tracked = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '-z'], { cwd: root, encoding: 'utf8' })
      .split('\0')
      .filter(Boolean);
    const named = tracked.filter((path) => existsSync(join(root, path)) && pattern.test(text(path)));
    assert.deepEqual(named, []);
  });
});
