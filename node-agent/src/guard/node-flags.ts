import { join } from 'node:path';

/** What V8 and malloc take only at birth. These programs do little at a time and live long, so less memory is worth more than speed. */
export const nodeFlags = [
  '--max-semi-space-size=2',
  '--heap-growing-percent=30',
  '--v8-pool-size=1',
  '--memory-reducer-delay-ms=2000',
  '--gc-memory-reducer-start-delay-ms=5000',
  '--optimize-for-size',
  '--disable-warning=ExperimentalWarning',
];

export const nodeSettings = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
  /** Sources are stripped of types once, not at every start. */
  NODE_COMPILE_CACHE: join(import.meta.dirname, '../../../.cache/compile'),
};
