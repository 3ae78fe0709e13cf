import { dlopen } from 'node:ffi';
import { parentPort } from 'node:worker_threads';

/** Asks the C library to give back to the system what it keeps of freed memory; says whether it knows how to. */
const trim = (): boolean => {
  try {
    const { functions } = dlopen(null, { malloc_trim: { arguments: ['u64'], return: 'i32' } });
    functions.malloc_trim(0n);
    return true;
  } catch {
    // Only glibc has it.
    return false;
  }
};

parentPort?.postMessage(trim());
