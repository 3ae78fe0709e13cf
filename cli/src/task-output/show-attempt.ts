import { ApiError } from '@river/crds';
import {
  type ApiClient,
  frameReader,
  type OutputPosition,
  type OutputQuery,
  outputPosition,
  type Query,
  sleep,
  systemClock,
  TransportError,
} from '@river/runtime';
import type { Context } from '../command/context.ts';
import { findGateways } from './find-gateways.ts';
import type { OutputWriter } from './output-writer.ts';

export interface ShownAttempt {
  context: Pick<Context, 'client' | 'clientAt' | 'note'>;
  namespace: string;
  task: string;
  attempt: number;
  query: OutputQuery;
  /** How long it is tried to begin, while what is needed for that is away. Default: not again. */
  patienceMs?: number;
  writer: OutputWriter;
}

/** Longer than the silences that a gateway and a node allow each other: after it the connection is dead. */
const idleMs = 30_000;
/** How long a stream that was cut is tried to be taken up again; one that has lasted this long, or said something new, was taken up. */
const resumeMs = 120_000;
const lastingMs = 10_000;
const pauseMs = { first: 200, most: 3_000 };

/**
 * Shows what one attempt of a Task has written; with `follow`, until it has ended. A stream that is cut goes on where it was: each line is
 * shown once. @throws ApiError, TransportError when it cannot be shown, or not to its end
 */
export async function showAttempt(shown: ShownAttempt): Promise<void> {
  const { patienceMs = 0, task } = shown;
  const position = outputPosition(shown.query);
  const { note } = shown.context;
  let lostMs: number | undefined = systemClock.monotonicMs();
  let triesForMs = patienceMs;
  let isCut = false;
  for (let waitMs = pauseMs.first; ; waitMs = Math.min(waitMs * 2, pauseMs.most)) {
    let beganMs: number | undefined;
    const good = () => {
      [lostMs, isCut, waitMs] = [undefined, false, pauseMs.first];
    };
    const onBegin = () => {
      beganMs = systemClock.monotonicMs();
      triesForMs = resumeMs;
    };
    try {
      await readOnce(shown, position, { onBegin, onLines: good });
      return;
    } catch (error) {
      const nowMs = systemClock.monotonicMs();
      if (beganMs !== undefined && nowMs - beganMs >= lastingMs) good();
      if (!mayPass(error) || nowMs - (lostMs ?? nowMs) >= triesForMs) throw error;
      if (!isCut && beganMs !== undefined) note(`the output of ${task} was cut off (${wordsOf(error)}): going on where it was`);
      isCut ||= beganMs !== undefined;
      lostMs ??= nowMs;
    }
    await sleep(systemClock, waitMs);
  }
}

const passing: readonly string[] = ['ServiceUnavailable', 'Timeout', 'ServerTimeout', 'InternalError', 'TooManyRequests'];

/** A gateway, a node or the API server that is away may come back. */
const mayPass = (error: unknown): boolean =>
  TransportError.is(error) ? error.reason !== 'Untrusted' : ApiError.is(error) && passing.includes(error.reason);

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** One request, at the first gateway that can be reached. */
async function readOnce(
  shown: ShownAttempt,
  position: OutputPosition,
  { onBegin, onLines }: { onBegin(): void; onLines(): void },
): Promise<void> {
  const { context, writer } = shown;
  const gateways = await findGateways(await context.client());
  for (const [at, gateway] of gateways.entries()) {
    let isReached = false;
    try {
      const reader = frameReader();
      const isNew = position.reading();
      for await (const chunk of downloadOf(await context.clientAt(gateway), shown, position.query())) {
        if (!isReached) onBegin();
        isReached = true;
        const lines = reader.read(chunk).filter(isNew);
        if (lines.length === 0) continue;
        onLines();
        await writer.write(lines);
      }
      if (!reader.isAtEnd)
        throw new TransportError('Truncated', `${gateway}: the output ended in the middle of a line`, { mayHaveHappened: true });
      return;
    } catch (error) {
      if (isReached || !TransportError.is(error) || at === gateways.length - 1) throw error;
    }
  }
}

function downloadOf(gateway: ApiClient, { namespace, task, attempt }: ShownAttempt, query: OutputQuery): AsyncIterable<Buffer> {
  const asked: Query = {
    attempt,
    follow: query.follow,
    tail: query.tail,
    // Before 1970 is the same as all.
    sinceNs: query.sinceNs === undefined || query.sinceNs < 0n ? undefined : String(query.sinceNs),
    stream: query.streams,
  };
  const path = `/v1/namespaces/${encodeURIComponent(namespace)}/tasks/${encodeURIComponent(task)}/log`;
  return gateway.download({ path, query: asked, idleMs });
}
