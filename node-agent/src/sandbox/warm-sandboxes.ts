import type { Sandbox } from './sandbox-engine.ts';
import type { SandboxPoolDeps } from './sandbox-pool.ts';

/** Sandboxes that nobody has used yet, made one after the other in the background. */
export function warmSandboxes({ engine, warm: wanted, log, signal }: SandboxPoolDeps) {
  const ready: Sandbox[] = [];
  let isFilling = false;
  let making = 0;
  const make = async () => {
    making++;
    try {
      return await engine.make(signal);
    } finally {
      making--;
    }
  };
  const fill = async () => {
    if (isFilling) return;
    isFilling = true;
    try {
      while (ready.length < wanted && !signal.aborted) ready.push(await make());
    } catch (error) {
      if (!signal.aborted) log.warn('a sandbox could not be made ready', { error });
    }
    isFilling = false;
  };
  return {
    make,
    pop: () => ready.pop(),
    /** Never fails: what is missing now is made up for at the next time. */
    fill: () => void fill(),
    ids: () => ready.map(({ id }) => id),
    /** One that is being made is in no list yet. */
    isMaking: () => making > 0,
  };
}
