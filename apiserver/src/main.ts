import { join } from 'node:path';

/** One API server. What V8 and malloc take only at birth is given here: this process replaces itself by one that has it. */

/**
 * A small young generation costs a little time and saves a hundred megabytes; two threads are what V8 needs beside ours. And once a crowd
 * has left, V8 should look through its heap within seconds, not within a minute.
 */
const flags = [
  '--max-semi-space-size=4',
  '--heap-growing-percent=50',
  '--v8-pool-size=2',
  '--memory-reducer-delay-ms=2000',
  '--gc-memory-reducer-start-delay-ms=5000',
  // node:ffi and node:sqlite are used knowingly.
  '--disable-warning=ExperimentalWarning',
];

const settings = {
  /** One heap for each thread would keep what each has ever needed at once. */
  MALLOC_ARENA_MAX: '2',
  /** A connection's buffer for what it receives is as large as this, and hardly used: apart from others it takes only what is touched. */
  MALLOC_MMAP_THRESHOLD_: '65536',
  /** Sources are stripped of types once, not at every start. */
  NODE_COMPILE_CACHE: join(import.meta.dirname, '../../.cache/compile'),
};

const isSetUp = flags.every((flag) => process.execArgv.includes(flag));
if (isSetUp || !process.execve) await import('./serve.ts');
else process.execve(process.execPath, [process.execPath, ...flags, ...process.argv.slice(1)], { ...settings, ...process.env });
