import { existsSync } from 'node:fs';
import type { DataDir } from './data-dir.ts';
import { isAlive } from './process-identity.ts';
import { stopProcess } from './stop-process.ts';
import { UpError } from './up-error.ts';
import { takeUpLock } from './up-lock.ts';
import { readUpState, removeUpState } from './up-state.ts';
import { waitUntil } from './wait-until.ts';

/** An `up` waits about this long for its controllers and its server, so it gets a little more. */
const upGraceMs = 35_000;
const serverGraceMs = 20_000;

/** Stops what runs on this data, also a server whose `up` was killed. Fine when nothing runs. */
export const runDown = async (dir: DataDir, say: (line: string) => void): Promise<number> => {
  if (!existsSync(dir.root)) {
    say(`nothing runs on ${dir.root}: there is no such folder`);
    return 0;
  }
  const seen = await waitUntil(() => {
    const state = readUpState(dir.state);
    return state && isAlive(state.up) ? state : takeUpLock(dir.lock);
  }, 10_000);
  if (!seen) throw new UpError(`an \`up\` holds ${dir.lock} but has not said who it is: try again`);
  if ('up' in seen && (await stopProcess(seen.up, upGraceMs)) === 'ended') {
    say('stopped');
    return 0;
  }
  const lock = 'release' in seen ? seen : takeUpLock(dir.lock);
  if (!lock) throw new UpError(`another \`up\` has just been started on ${dir.root}: try again`);
  try {
    const { server, controllers, gateway, agent } = readUpState(dir.state) ?? {};
    if (agent) await stopProcess(agent, serverGraceMs);
    if (gateway) await stopProcess(gateway, serverGraceMs);
    if (controllers) await stopProcess(controllers, serverGraceMs);
    const how = server ? await stopProcess(server, serverGraceMs) : 'gone already';
    removeUpState(dir.state);
    say(how === 'gone already' ? `nothing runs on ${dir.root}` : `stopped the API server that an earlier \`up\` left behind`);
    return 0;
  } finally {
    lock.release();
  }
};
