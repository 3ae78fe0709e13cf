import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../../..');
const parts = ['crds', 'runtime', 'apiserver', 'controllers', 'node-agent', 'simulator', 'deploy', 'package.json'];

/** Every planted bug: a patch against what is there. */
export const patches = (): string[] => globSync('simulator/planted/*.patch', { cwd: root }).sort();

/** A copy of the sources with one bug in it; the libraries are those of the checkout. */
export function plant(patch: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'river-planted-'));
  for (const part of parts)
    cpSync(join(root, part), join(copy, part), { recursive: true, filter: (path) => !path.endsWith('node_modules') });
  const libraries = join(copy, 'node_modules');
  mkdirSync(join(libraries, '@river'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@river') symlinkSync(join(root, 'node_modules', name), join(libraries, name));
  for (const part of parts.filter((name) => !name.includes('.') && name !== 'deploy'))
    symlinkSync(join(copy, part), join(libraries, '@river', part));
  execFileSync('git', ['apply', '--whitespace=nowarn', join(root, patch)], { cwd: copy, stdio: 'pipe' });
  return copy;
}
