import { ApiError, isFinalPhase } from '@river/crds';
import { type Clock, outputPosition, sleep } from '@river/runtime';
import { type Driver, DriverError } from '../driver/driver.ts';
import type { Container } from '../plan/work.ts';
import type { KeptOutput } from './keep-output.ts';
import type { OutputLine, OutputQuery } from './output-line.ts';

export interface ReadOutputDeps {
  driver: Pick<Driver, 'observe' | 'output'>;
  output: Pick<KeptOutput, 'has' | 'read'>;
  /** What the Placement of this uid says of where it stands; nothing when none such is bound to this node. */
  phaseOf(uid: string): { phase: string | undefined } | undefined;
  clock: Clock;
}

/** Where the output of a Placement is now. */
type Place = { at: 'kept' } | { at: 'container'; id: string; isOver: boolean } | { at: 'nowhere' };

const pauseMs = 200;
const mostFailures = 5;
const unknownMs = 5_000;

/**
 * The output of a Placement, wherever it is: in its container, or kept when that is gone. Who follows is led from the one to the other, and
 * sees each line once. @throws ApiError when there is nothing to read, DriverError when the engine does not give it
 */
export async function* readOutput(deps: ReadOutputDeps, uid: string, query: OutputQuery, signal: AbortSignal): AsyncGenerator<OutputLine> {
  const position = outputPosition(query);
  /** When it was first looked for in vain. */
  let sinceMs: number | undefined;
  for (let failures = 0; ; ) {
    const place = await find(deps, uid, signal);
    if (place.at === 'nowhere') {
      const nowMs = deps.clock.monotonicMs();
      sinceMs ??= nowMs;
      if (!mayCome(deps, uid, query, nowMs - sinceMs)) return;
    }
    let count = 0;
    try {
      const isNew = position.reading();
      for await (const line of open(deps, uid, place, position.query(), signal)) {
        if (!isNew(line)) continue;
        count++;
        yield line;
      }
      failures = 0;
      if (place.at === 'kept' || (place.at === 'container' && !query.follow)) return;
      // One that is over is read to its end when it was there before and after.
      if (place.at === 'container' && place.isOver && isSame(place, await find(deps, uid, signal))) return;
    } catch (error) {
      // A container can go while it is read: its output is kept by then.
      failures = count > 0 ? 1 : failures + 1;
      if (signal.aborted || failures >= mostFailures) throw error;
    }
    await sleep(deps.clock, pauseMs, signal);
  }
}

async function find({ driver, output }: ReadOutputDeps, uid: string, signal: AbortSignal): Promise<Place> {
  if (output.has(uid)) return { at: 'kept' };
  const [newest] = (await driver.observe(signal, uid)).sort((a, b) => b.epoch - a.epoch);
  if (newest) return { at: 'container', id: newest.id, isOver: isOver(newest) };
  // It may have been kept, and removed, between the two looks.
  return output.has(uid) ? { at: 'kept' } : { at: 'nowhere' };
}

const isOver = ({ state }: Container): boolean => state === 'exited';

const isSame = (one: Place, other: Place): boolean =>
  one.at === 'container' && other.at === 'container' && one.id === other.id && one.isOver === other.isOver;

function open(
  { driver, output }: ReadOutputDeps,
  uid: string,
  place: Place,
  query: OutputQuery,
  signal: AbortSignal,
): AsyncIterable<OutputLine> {
  const { follow, ...rest } = query;
  if (place.at === 'kept') return output.read(uid, rest);
  if (place.at === 'container') return driver.output(place.id, { ...rest, ...(follow && !place.isOver && { follow }) }, signal);
  return nothing();
}

async function* nothing(): AsyncGenerator<OutputLine> {}

/**
 * There is neither a container nor anything kept. Whether it is to come: false when it will not, and who follows has waited for it.
 * @throws ApiError at once when there is nothing to wait for
 */
function mayCome({ phaseOf }: ReadOutputDeps, uid: string, { follow = false }: OutputQuery, waitedMs: number): boolean {
  const known = phaseOf(uid);
  // A Placement can be heard of here a little later than elsewhere.
  if (!known && follow && waitedMs < unknownMs) return true;
  if (!known) throw new ApiError('NotFound', 'no such Placement is bound to this node');
  const { phase } = known;
  if (isFinalPhase(phase) && waitedMs > 0) return false;
  if (isFinalPhase(phase))
    throw new ApiError('NotFound', `there is no output: it ended (${phase}) before it wrote any, or what it wrote is not kept any more`);
  if (!follow) throw new ApiError('Conflict', `it has not started yet (${phase ?? 'Pending'}): wait for it with -f`);
  return true;
}

/** What is told to who asked, when the engine is at fault. */
export const asAnswer = (error: unknown): ApiError => {
  if (ApiError.is(error)) return error;
  return new ApiError(
    'ServiceUnavailable',
    error instanceof DriverError ? error.message : 'the node could not read the output: its log says more',
  );
};
