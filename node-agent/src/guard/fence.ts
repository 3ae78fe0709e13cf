import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Freezer } from './freezer.ts';

/** How long after the last renewal that reached the server was sent everything fenced must stand still. */
export const fenceMs = 20_000;

/** Milliseconds since the machine was started, sleep included: a machine that slept has been away, too. */
export function bootMs(root = '/'): number {
  const [, seconds] = /^([0-9]+\.[0-9]+) /.exec(readFileSync(join(root, 'proc/uptime'), 'utf8')) ?? [];
  if (seconds === undefined) throw new Error('/proc/uptime does not say how long the machine has been running');
  return Math.round(Number(seconds) * 1000);
}

export interface FenceDeps {
  nowMs: () => number;
  freezer: Pick<Freezer, 'freeze' | 'thaw'>;
}

/** Holds the deadline: frozen from the start until a renewal says otherwise, and whenever none came in time. */
export interface Fence {
  readonly isFrozen: boolean;
  /** A renewal that the server took was sent at that time. An old one, late on its way, thaws nothing. */
  renewed(sentMs: number): void;
  /** What was renewed counts for nothing any more: frozen until the next renewal. */
  expire(): void;
  /** To be called again and again. */
  check(): void;
}

export function fence({ nowMs, freezer }: FenceDeps): Fence {
  let deadlineMs = Number.NEGATIVE_INFINITY;
  let isFrozen = true;
  freezer.freeze();
  const check = () => {
    if (!isFrozen && nowMs() >= deadlineMs) {
      freezer.freeze();
      isFrozen = true;
    }
  };
  return {
    get isFrozen() {
      return isFrozen;
    },
    renewed(sentMs) {
      // What was sent later than now comes from another start of the machine.
      if (sentMs > nowMs()) return;
      deadlineMs = Math.max(deadlineMs, sentMs + fenceMs);
      if (isFrozen && nowMs() < deadlineMs) {
        freezer.thaw();
        isFrozen = false;
      }
      check();
    },
    expire() {
      deadlineMs = Number.NEGATIVE_INFINITY;
      check();
    },
    check,
  };
}
