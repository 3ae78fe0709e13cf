import { createHash } from 'node:crypto';
import type { Timeline } from './time/timeline.ts';

/** What happened, a line each: the newest lines, and a digest of all of them. */
export interface Trace {
  tell(line: string): void;
  readonly lines: number;
  last(): readonly string[];
  digest(): string;
}

const kept = 60;

export function trace(timeline: Pick<Timeline, 'nowMs'>, onLine?: (line: string) => void): Trace {
  const hash = createHash('sha256');
  const newest: string[] = [];
  let lines = 0;
  return {
    tell(text) {
      const line = `${timeline.nowMs.toFixed(3).padStart(11)} ${text}`;
      lines++;
      newest.push(line);
      if (newest.length > kept) newest.shift();
      hash.update(line);
      hash.update('\n');
      onLine?.(line);
    },
    get lines() {
      return lines;
    },
    last: () => newest,
    digest: () => hash.copy().digest('hex').slice(0, 16),
  };
}
