import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@river/runtime';
import type { LogFile } from './open-folder.ts';

interface Pruning {
  dir: string;
  files: LogFile[];
  keepBytes: number;
  tell(about: string): Promise<void>;
  log: Logger;
}

/** Removes the oldest files while there are too many bytes; a line says so before each is gone. */
export function pruning({ dir, files, keepBytes, tell, log }: Pruning): { start(): void; settled(): Promise<void> } {
  let running: Promise<void> | undefined;
  const bytes = () => files.reduce((sum, file) => sum + file.bytes, 0);
  const run = async () => {
    for (let [oldest, next] = files; oldest && next && bytes() > keepBytes; [oldest, next] = files) {
      const about = { file: oldest.name, bytes: oldest.bytes, lastSeq: next.before.seq, lastHash: next.before.hash };
      await tell(JSON.stringify(about).slice(1, -1));
      await rm(join(dir, oldest.name), { force: true });
      files.shift();
    }
  };
  return {
    start() {
      running ??= run()
        .catch((error) => log.warn('an old file of the audit log could not be removed', { dir, error }))
        .finally(() => {
          running = undefined;
        });
    },
    settled: () => running ?? Promise.resolve(),
  };
}
