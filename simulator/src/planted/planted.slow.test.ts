import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, it } from 'node:test';
import { patches, plant } from './plant.ts';

const mostSeeds = 2_000;

describe('a planted bug is found within the seeds that are played for each change', () => {
  for (const patch of patches())
    it(basename(patch, '.patch'), (t) => {
      const copy = plant(patch);
      const { stdout, status } = spawnSync(process.execPath, ['simulator/src/main.ts', '--seeds', String(mostSeeds)], {
        cwd: copy,
        encoding: 'utf8',
      });
      rmSync(copy, { recursive: true, force: true });
      const [, what] = /^seed \d+ FAILED: (.*)$/m.exec(stdout) ?? [];
      const [, seeds] = /^(\d+) seeds, /m.exec(stdout) ?? [];
      t.diagnostic(`found after ${seeds} seeds: ${what}`);
      assert.equal(status, 1, `not found in ${seeds} seeds`);
      assert.doesNotMatch(what ?? 'the simulator itself fails', /this run shows too little|the simulator itself fails/);
    });
});
