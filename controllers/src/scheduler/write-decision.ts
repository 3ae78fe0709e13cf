import { ApiError, type JsonObject } from '@river/crds';
import type { Placement } from '@river/crds/kinds';
import { type Logger, type ResourceClient, TransportError } from '@river/runtime';
import { bindingPatch, boundAs, evictionPatch } from './binding-patch.ts';
import { inParallel } from './in-parallel.ts';
import type { PlacementBook } from './placement-book.ts';
import { keyOf } from './read-placement.ts';
import type { Binding, Decision, Eviction } from './snapshot.ts';

export interface WritingDeps {
  placements: Pick<ResourceClient<Placement>, 'get' | 'patch'>;
  book: PlacementBook;
  log: Logger;
  signal: AbortSignal;
}

export interface Written {
  bound: number;
  evicted: number;
  /** Writes that were refused or of which nothing is known: another pass is due. */
  failed: number;
}

const fieldManager = 'river-scheduler';
const inFlight = 32;
const mostTold = 3;

/** Whether nobody knows if the server did it. */
const isUnknown = (error: unknown): boolean =>
  error instanceof TransportError ? error.mayHaveHappened : !(error instanceof ApiError) || error.code >= 500;

/** Writes a decision, each part only if its placement is still the one that was decided about. Stops when told. */
export async function writeDecision(deps: WritingDeps, decision: Pick<Decision, 'bindings' | 'evictions'>): Promise<Written> {
  const written: Written = { bound: 0, evicted: 0, failed: 0 };
  const { book, log, signal } = deps;

  const fail = (placement: Placement, error: unknown, supposed: Placement | undefined) => {
    written.failed++;
    if (supposed && isUnknown(error)) book.suppose(supposed);
    // Somebody else was quicker: the next pass decides anew, about what is there then.
    if (ApiError.is(error, 'Conflict') || ApiError.is(error, 'NotFound')) return;
    // One cause often stops all of them: a few lines tell it.
    if (written.failed <= mostTold) log.warn('a decision could not be written', { placement: keyOf(placement), error });
  };
  const write = async (
    key: string,
    patchOf: (placement: Placement) => JsonObject,
    as?: (placement: Placement) => Placement,
  ): Promise<boolean> => {
    const placement = book.get(key);
    if (!placement || signal.aborted) return false;
    try {
      book.answered(await patch(deps, placement, patchOf(placement)));
      return true;
    } catch (error) {
      fail(placement, error, as?.(placement));
      return false;
    }
  };
  await inParallel<Eviction>(decision.evictions, inFlight, async (eviction) => {
    if (await write(eviction.key, (placement) => evictionPatch(placement, eviction))) written.evicted++;
  });
  await inParallel<Binding>(decision.bindings, inFlight, async (binding) => {
    const isDone = await write(
      binding.key,
      (placement) => bindingPatch(placement, binding),
      (placement) => boundAs(placement, binding),
    );
    if (isDone) written.bound++;
  });
  return written;
}

const patch = ({ placements, signal }: WritingDeps, { metadata }: Placement, body: JsonObject): Promise<Placement> =>
  placements.patch(metadata.name, body, { type: 'merge', namespace: metadata.namespace ?? '', fieldManager, signal });

/**
 * Finds out about writes of which nobody knew whether they were done: the same binding is written again, which does nothing twice,
 * since it is good for one revision only; if that is past, the server is asked what it has.
 */
export async function settleSupposed(deps: WritingDeps): Promise<void> {
  const { book, placements, signal } = deps;
  await inParallel(book.supposed(), inFlight, async (supposed) => {
    const { metadata, spec } = supposed;
    const { nodeName, epoch, gpus, cpuset, numaNode } = spec;
    const again = JSON.parse(JSON.stringify({ nodeName, epoch, gpus, cpuset, numaNode }));
    const version = { uid: metadata.uid ?? '', resourceVersion: metadata.resourceVersion ?? '' };
    try {
      book.answered(await patch(deps, supposed, { metadata: version, spec: again }));
    } catch (error) {
      if (isUnknown(error) || (error instanceof TransportError && !error.mayHaveHappened)) throw error;
      if (ApiError.is(error, 'NotFound')) return book.drop(supposed);
      const found = await placements.get(metadata.name, { namespace: metadata.namespace ?? '', signal });
      book.forget(keyOf(supposed));
      book.answered(found);
    }
  });
}
