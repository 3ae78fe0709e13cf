import { ApiError } from '@river/crds';
import type { ChainHead, Clock, Logger } from '@river/runtime';
import { type Batch, type ChainedLines, chainedLines, event, type Fields, type Waiting } from './chained-lines.ts';
import { logWriter } from './log-writer.ts';
import type { AuditFolder } from './open-folder.ts';
import { pruning } from './prune-files.ts';
import { draining, ticking } from './turns.ts';

/** A log that only grows, each line tied to the one before. Lines of one moment go out in one write. */
export interface AuditLog {
  /**
   * Adds a line; resolves once the system has it.
   * @throws ApiError ServiceUnavailable at once when no line was added; the promise is rejected with it when the line is still to be written
   */
  record(fields: Fields): Promise<void>;
  /** Adds a line about what was recorded before, for which there is always room. It goes out with the next ones, or soon. */
  follow(fields: Fields): void;
  /** Adds a line when there is room to spare. */
  offer(fields: Fields): boolean;
  /** Has `onTick` asked within a second. */
  tickSoon(): void;
  /** The last line that is written. */
  head(): ChainHead;
  /** Why lines cannot be written at the moment. */
  problem(): string | undefined;
  close(): Promise<void>;
}

export interface AuditLimits {
  fileBytes: number;
  fileMs: number;
  /** Of all files together. */
  keepBytes: number;
  /** Of lines that wait to be written. */
  waitingBytes: number;
  /** A write that takes longer counts as failed until it is done. */
  stallMs: number;
  retryMs: number;
  /** How long a line that nobody waits for may wait for company. */
  lingerMs: number;
  syncMs: number;
}

export interface AuditLogDeps {
  folder: AuditFolder;
  limits: AuditLimits;
  clock: Clock;
  log: Logger;
  /** What is to be said once a second, if anything. */
  onTick: () => string | undefined;
}

export function auditLog({ folder, limits, clock, log, onTick }: AuditLogDeps): AuditLog {
  const { dir, files } = folder;
  const lines = chainedLines({ head: folder.head, current: files.at(-1), limits, clock });
  const writer = logWriter(folder, () => prune.start());
  const health = healthOf(dir, log);
  let { head } = folder;
  let isOver = false;

  const failed = (why: string) => {
    health.failed(why);
    lines.giveUp();
  };
  const stalled = () => failed(`a write to ${dir} has not ended for ${limits.stallMs / 1000} s`);
  const put = async (batch: Batch): Promise<void> => {
    await writer.put(batch).finally(clock.after(limits.stallMs, stalled));
    lines.shift();
    ({ head } = batch);
    for (const { done } of batch.waiting) done();
  };
  const drain = draining({
    async run() {
      for (let batch = lines.first(); batch; batch = lines.first()) await put(batch);
      health.works();
    },
    isDue: () => lines.first() !== undefined,
    onFailure(error, again) {
      failed(inWords(error));
      clock.after(limits.retryMs, again);
    },
  });
  const tick = ticking(clock, limits.syncMs, () => {
    if (health.problem() !== undefined) return tick.soon();
    sayWhatIsDue();
    writer.sync().catch((error) => log.error('the audit log could not be made durable', { dir, error }));
  });
  const linger = ticking(clock, limits.lingerMs, drain);
  const add = (fields: Fields, waiting?: Waiting) => {
    lines.add(fields, waiting);
    linger.soon();
    tick.soon();
  };
  const sayWhatIsDue = () => {
    const fields = onTick();
    if (fields !== undefined) add(fields);
  };
  const prune = pruning({ dir, files, keepBytes: limits.keepBytes, tell: (about) => record(`${event(clock, 'removed')},${about}`), log });
  const { record, follow, offer } = entrances({ lines, add, drain, limits, problem: health.problem, isOver: () => isOver });
  return {
    record,
    follow,
    offer,
    tickSoon: tick.soon,
    head: () => head,
    problem: health.problem,
    async close() {
      await prune.settled();
      sayWhatIsDue();
      const last = health.problem() === undefined ? record(event(clock, 'stopped')) : undefined;
      isOver = true;
      tick.end();
      linger.end();
      await last;
      await writer.close();
      folder.release();
    },
  };
}

/** Says when lines cannot be written, and when they can again. */
function healthOf(dir: string, log: Logger) {
  let problem: string | undefined;
  return {
    problem: () => problem,
    failed(why: string) {
      if (problem === undefined) log.error('the audit log cannot be written: what it must tell of is refused', { dir, why });
      problem = why;
    },
    works() {
      if (problem !== undefined) log.info('the audit log is written again', { dir });
      problem = undefined;
    },
  };
}

interface EntranceDeps {
  lines: Pick<ChainedLines, 'bytes'>;
  add(fields: Fields, waiting?: Waiting): void;
  drain(): void;
  limits: Pick<AuditLimits, 'waitingBytes'>;
  problem(): string | undefined;
  isOver(): boolean;
}

/** The three ways for a line into the log: refused in time, always, or not at all. */
function entrances({ lines, add, drain, limits, problem, isOver }: EntranceDeps): Pick<AuditLog, 'record' | 'follow' | 'offer'> {
  return {
    record(fields) {
      const late = lines.bytes() > limits.waitingBytes ? `its disk is too slow, and ${lines.bytes()} bytes behind` : undefined;
      const why = isOver() ? 'it is closed' : (problem() ?? late);
      if (why !== undefined) throw refusal(why);
      return new Promise((resolve, reject) => {
        add(fields, { done: resolve, failed: () => reject(refusal(problem() ?? '')) });
        drain();
      });
    },
    follow(fields) {
      if (!isOver()) add(fields);
    },
    offer(fields) {
      const hasRoom = problem() === undefined && lines.bytes() <= limits.waitingBytes / 2;
      if (hasRoom) add(fields);
      return hasRoom;
    },
  };
}

const refusal = (why: string): ApiError =>
  new ApiError('ServiceUnavailable', `the audit log cannot be written (${why}), so nothing is done that it must tell of`, {
    details: { retryAfterSeconds: 1 },
  });

const inWords = (error: unknown): string => {
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return 'its disk is full';
  return error instanceof Error ? error.message : String(error);
};
