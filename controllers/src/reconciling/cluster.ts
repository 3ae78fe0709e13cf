import type { KubeObject } from '@river/crds';
import { Lease, type ResourceDef } from '@river/crds/kinds';
import {
  type ApiClient,
  type Clock,
  type Indexes,
  type Informer,
  informer,
  type Logger,
  type Random,
  type ResourceRef,
} from '@river/runtime';
import type { View } from '../decide/decision.ts';
import { leadLease } from '../lead/lead-lease.ts';

/** A kind that is followed, and under what its objects are found. */
export interface Followed {
  kind: ResourceDef;
  indexes: Indexes<KubeObject>;
}

export function followed<T extends KubeObject>(kind: ResourceDef<T, unknown>, indexes: Indexes<T> = {}): Followed {
  // The indexes are only ever asked about objects of this kind.
  return { kind: kind as ResourceDef, indexes: indexes as unknown as Indexes<KubeObject> };
}

export interface ClusterOptions {
  client: Pick<ApiClient, 'resource'>;
  kinds: readonly Followed[];
  signal: AbortSignal;
  clock: Clock;
  random: Random;
  log: Logger;
}

export type OnChange = (object: KubeObject, previous: KubeObject | undefined, isGone: boolean) => void;

/** The caches of all kinds, as one view. */
export interface Cluster extends View {
  /** The cache of one kind. */
  informer<T extends KubeObject>(kind: ResourceDef<T, unknown>): Informer<T>;
  /** Tells what is there, then every change. Returns the way to stop. */
  follow(kind: ResourceDef, onChange: OnChange): () => void;
  /** Resolves when every kind has been listed once. */
  synced(): Promise<void>;
  /** Objects held, by kind. */
  sizes(): [kind: string, size: number][];
}

export const refOf = ({ group, version, plural, scope, kind }: ResourceDef): ResourceRef => ({
  group,
  version,
  plural,
  namespaced: scope === 'Namespaced',
  kind,
});

/** Who leads renews each second; when that is not heard for so long, other things may not be heard either. */
const longestGapMs = 5_000;

export function cluster({ client, kinds, ...shared }: ClusterOptions): Cluster {
  const { clock } = shared;
  const informers = new Map<string, Informer<KubeObject>>(
    kinds.map(({ kind, indexes }) => [kind.kind, informer({ client, resource: refOf(kind), indexes, ...shared })]),
  );
  const of = <T extends KubeObject>(kind: Pick<ResourceDef, 'kind'>): Informer<T> => {
    const found = informers.get(kind.kind);
    if (!found) throw new TypeError(`the kind ${kind.kind} is not followed here`);
    // An informer of a kind holds that kind.
    return found as unknown as Informer<T>;
  };
  const unbroken = listen(clock, informers.get(Lease.kind));
  return {
    get: (kind, name, namespace) => of<never>(kind).get(name, namespace),
    byIndex: (kind, index, value) => of<never>(kind).byIndex(index, value),
    seenAt: (object) => of(object).seenAt(object),
    get unbrokenSince() {
      return unbroken();
    },
    informer: (kind) => of(kind),
    follow: (kind, onChange) =>
      of(kind).subscribe({
        added: (object) => onChange(object, undefined, false),
        updated: (object, previous) => onChange(object, previous, false),
        deleted: (object) => onChange(object, undefined, true),
      }),
    async synced() {
      await Promise.all([...informers.values()].map((each) => each.synced()));
    },
    sizes: () => [...informers].map(([kind, { size }]) => [kind, size]),
  };
}

/** The leader's lease travels in the same watch as those of the nodes, so it shows that they would be heard. */
function listen(clock: Clock, leases: Informer<KubeObject> | undefined): () => number {
  let sinceMs = clock.monotonicMs();
  let heardMs = sinceMs;
  const isBroken = () => clock.monotonicMs() - heardMs > longestGapMs;
  const hear = ({ metadata }: KubeObject) => {
    if (metadata.name !== leadLease.name || metadata.namespace !== leadLease.namespace) return;
    if (isBroken()) sinceMs = clock.monotonicMs();
    heardMs = clock.monotonicMs();
  };
  leases?.subscribe({ added: hear, updated: hear });
  return () => (isBroken() ? clock.monotonicMs() : sinceMs);
}
