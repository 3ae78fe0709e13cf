import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivateFile } from '@river/runtime';

/** By which an agent knows its lease again, over restarts; an agent of the same name with another folder is another. */
export function holderIdentity(dir: string, node: string): string {
  const file = join(dir, 'lease-holder');
  if (!existsSync(file)) writePrivateFile(file, randomBytes(8).toString('hex'));
  return `${node}_${readFileSync(file, 'utf8').trim()}`;
}
