import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { makeDataFolder } from './make-data-folder.ts';
import { UpError } from './up-error.ts';

it('a data folder is for its owner only, and none is used that others may change', () => {
  const dir = mkdtempSync(join(tmpdir(), 'river-folder-'));
  try {
    const made = join(dir, 'a', 'b');
    makeDataFolder(made);
    assert.equal(statSync(made).mode & 0o777, 0o700);
    for (const mode of [0o777, 0o770, 0o702, 0o1777]) {
      chmodSync(made, mode);
      assert.throws(
        () => makeDataFolder(made),
        (error) => error instanceof UpError && /may be changed by others.*chmod 700/.test(error.message),
      );
    }
    for (const mode of [0o700, 0o755]) {
      chmodSync(made, mode);
      makeDataFolder(made);
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
