import { auditFileName, type ChainHead, type Clock, sealLine } from '@river/runtime';
import type { LogFile } from './open-folder.ts';
import { atEndOfTurn } from './turns.ts';

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

/** The JSON members of a line, without braces. */
export type Fields = string | (() => string);

/**
 * Lines in their order that are not written yet. They are put into words and sealed at the end of the turn, or when they are looked for:
 * for many at once that takes a fraction of what it takes for each between other work.
 */
export interface ChainedLines {
  add(fields: Fields, waiting?: Waiting): void;
  first(): Batch | undefined;
  /** The first is written. */
  shift(): void;
  /** Nobody waits for any of them any more. */
  giveUp(): void;
  /** Of those that are sealed. */
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
  const taken: { fields: Fields; waiting: Waiting | undefined }[] = [];
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
  const sealTaken = () => {
    for (const { fields, waiting } of taken.splice(0)) {
      const words = typeof fields === 'string' ? fields : fields();
      const isOver = !current || current.bytes + words.length > limits.fileBytes || clock.wallMs() - current.sinceMs > limits.fileMs;
      if (isOver) begin();
      const batch = seal(words);
      if (waiting) batch.waiting.push(waiting);
    }
  };
  const sealSoon = atEndOfTurn(sealTaken);
  return {
    add(fields, waiting) {
      taken.push({ fields, waiting });
      sealSoon();
    },
    first() {
      sealTaken();
      return batches[0];
    },
    shift() {
      bytes -= batches.shift()?.lines.reduce((sum, { length }) => sum + length, 0) ?? 0;
    },
    giveUp() {
      sealTaken();
      for (const batch of batches) for (const { failed } of batch.waiting.splice(0)) failed();
    },
    bytes: () => bytes,
  };
}

/** How every line begins. */
export const event = (clock: Pick<Clock, 'wallMs'>, name: string): string => `"time":"${isoTime(clock.wallMs())}","event":"${name}"`;

/** The second of the last line, as text up to its milliseconds: most lines are of the same one. */
let second = { at: Number.NaN, text: '' };

function isoTime(ms: number): string {
  const at = Math.floor(ms / 1000);
  if (at !== second.at) second = { at, text: new Date(at * 1000).toISOString().slice(0, -4) };
  return `${second.text}${String(ms - at * 1000).padStart(3, '0')}Z`;
}
