import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { it } from 'node:test';
import { patches, root } from './plant.ts';

it('has at least ten bugs to plant, and each can still be planted', () => {
  const all = patches();
  assert.ok(all.length >= 10, `there are ${all.length}`);
  for (const patch of all) execFileSync('git', ['apply', '--check', patch], { cwd: root, stdio: 'pipe' });
});
