import { readFileSync, rmSync } from 'node:fs';
import { writePrivateFile } from '@river/runtime';
import type { ProcessIdentity } from './process-identity.ts';
import { UpError } from './up-error.ts';

/** What a running `up` says of itself in DIR/run/up.json, for `down`, `status` and the next `up`. */
export interface UpState {
  up: ProcessIdentity;
  server?: ProcessIdentity;
  controllers?: ProcessIdentity;
  gateway?: ProcessIdentity;
  /** The guard, which keeps the agent. */
  agent?: ProcessIdentity;
  store: string;
  bind: string;
  apiPort: number;
  gatewayPort?: number;
  /** Set once the server serves. */
  url?: string;
  startedAt: string;
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** Undefined when no `up` has left one. The file is ours and written atomically, so that it is read as it is. */
export const readUpState = (path: string): UpState | undefined => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as UpState;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new UpError(`${path} cannot be read: remove it when no \`river up\` runs`, { cause: error });
  }
};

export const writeUpState = (path: string, state: UpState): void => writePrivateFile(path, `${JSON.stringify(state, null, 2)}\n`);

export const removeUpState = (path: string): void => rmSync(path, { force: true });
