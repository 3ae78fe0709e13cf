import { auditFileName, type ChainHead, type Clock, sealLine } from '@river/runtime';
import type { LogFile } from './open-folder.ts';

/** Lines that go out in one write. */
export interface Batch {
  /** The file that begins with it. */
  opens?: LogFile;
  lines: string[];
  /** What is left to be written, once that has begun: then it takes no more lines. */
  rest?: Buffer;
  /** Its last line. */
  head: ChainHead;
  waiting: Waiting[];
}

export interface Waiting {
  done(): void;
  failed(): void;
}

/** Lines that are sealed, in order, and not written yet. */
export interface ChainedLines {
  add(fields: string): Batch;
  first(): Batch | undefined;
  /** The first is written. */
  shift(): void;
  /** Nobody waits for any of them any more. */
  giveUp(): void;
  bytes(): number;
}

export interface ChainedLinesDeps {
  head: ChainHead;
  /** The file that is gone on with. */
  current: LogFile | undefined;
  limits: { fileBytes: number; fileMs: number };
  clock: Pick<Clock, 'wallMs'>;
}

/** Ties each line to the one before, and says where a new file begins. */
export function chainedLines({ head: start, current: from, limits, clock }: ChainedLinesDeps): ChainedLines {
  const batches: Batch[] = [];
  let head = start;
  let current = from;
  let bytes = 0;

  const seal = (fields: string): Batch => {
    const sealed = sealLine(head, fields);
    head = sealed.head;
    const last = batches.at(-1);
    const batch = last && !last.rest ? last : { lines: [], waiting: [], head };
    if (batch !== last) batches.push(batch);
    batch.lines.push(sealed.line);
    batch.head = head;
    bytes += sealed.line.length;
    if (current) current.bytes += sealed.line.length;
    return batch;
  };
  const begin = () => {
    const after = current ? `,"after":"${current.name}"` : '';
    current = { name: auditFileName(head.seq + 1), bytes: 0, before: head, sinceMs: clock.wallMs() };
    batches.push({ opens: current, lines: [], waiting: [], head });
    seal(event(clock, 'file') + after);
  };
  return {
    add(fields) {
      const isOver = !current || current.bytes + fields.length > limits.fileBytes || clock.wallMs() - current.sinceMs > limits.fileMs;
      if (isOver) begin();
      return seal(fields);
    },
    first: () => batches[0],
    shift() {
      bytes -= batches.shift()?.lines.reduce((sum, { length }) => sum + length, 0) ?? 0;
    },
    giveUp() {
      for (const batch of batches) for (const { failed } of batch.waiting.splice(0)) failed();
    },
    bytes: () => bytes,
  };
}

/** How every line begins that is about no request. */
export const event = (clock: Pick<Clock, 'wallMs'>, name: string): string =>
  `"time":"${new Date(clock.wallMs()).toISOString()}","event":"${name}"`;
