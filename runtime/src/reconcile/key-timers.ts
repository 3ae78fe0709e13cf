import type { Clock } from '../clock/clock.ts';

/** One timer for each key: the earliest that was set since it last fired. */
export interface KeyTimers {
  set(key: string, atMs: number): void;
  drop(key: string): void;
  clear(): void;
}

export function keyTimers(clock: Clock, fire: (key: string) => void): KeyTimers {
  const timers = new Map<string, { atMs: number; cancel: () => void }>();
  const drop = (key: string) => {
    timers.get(key)?.cancel();
    timers.delete(key);
  };
  return {
    drop,
    set(key, atMs) {
      const held = timers.get(key);
      if (held && held.atMs <= atMs) return;
      drop(key);
      const ring = () => {
        timers.delete(key);
        fire(key);
      };
      timers.set(key, { atMs, cancel: clock.after(atMs - clock.monotonicMs(), ring) });
    },
    clear() {
      for (const key of [...timers.keys()]) drop(key);
    },
  };
}
