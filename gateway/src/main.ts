import { join } from 'node:path';

/** A gateway, as a process. What V8 takes only at birth is given here: this process replaces itself by one that has it. */

/** Bytes pass through outside of V8's heap, which stays small; so does what it keeps in reserve. */
const flags = ['--max-semi-space-size=2', '--v8-pool-size=2', '--heap-growing-percent=50', '--disable-warning=ExperimentalWarning'];

const settings = {
  MALLOC_ARENA_MAX: '2',
  /** Sources are stripped of types once, not at every start. */
  NODE_COMPILE_CACHE: join(import.meta.dirname, '../../.cache/compile'),
};

const isSetUp = flags.every((flag) => process.execArgv.includes(flag));
if (isSetUp || !process.execve) await import('./serve.ts');
else process.execve(process.execPath, [process.execPath, ...flags, ...process.argv.slice(1)], { ...settings, ...process.env });
