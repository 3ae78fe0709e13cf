import type { CustomResourceDefinition, KubeObject } from '@river/crds';
import type { Revocations } from '@river/runtime';
import { type Clock, type KeyPair, type Logger, type Random, sleep } from '@river/runtime';
import { inOrder } from './admission/admission.ts';
import { policyAdmission } from './admission/policy-admission.ts';
import { revocations as revocationsOf } from './authentication/revoked-certificates.ts';
import { guardRights } from './authorization/guard-rights.ts';
import { type Rights, rights as rightsOf } from './authorization/rights.ts';
import { runAggregation } from './authorization/run-aggregation.ts';
import { startFeed } from './cache/feed.ts';
import { guardCertificates } from './certificates/guard-certificates.ts';
import { runSigner } from './certificates/run-signer.ts';
import { tidyCertificates } from './certificates/tidy-certificates.ts';
import { runDefinitions } from './definition/run-definitions.ts';
import { runGarbage } from './garbage/run-garbage.ts';
import { serveBuiltIns } from './kubernetes/serve-built-ins.ts';
import { limits as usualLimits } from './limits.ts';
import { runNamespaces } from './namespace/run-namespaces.ts';
import { registry as makeRegistry } from './registry/registry.ts';
import { seed } from './seed/seed.ts';
import type { Store } from './store/store.ts';
import { compactHistory } from './upkeep/compact-history.ts';
import { expireEvents } from './upkeep/expire-events.ts';
import { type WatchHub, watchHub } from './watch/watch-hub.ts';
import type { LoopDeps } from './write/loop-deps.ts';

export interface CoreOptions {
  store: Store;
  /** Kinds that must be served before the first request: their definitions. */
  definitions: readonly CustomResourceDefinition[];
  /** Policies, and their bindings, that hold from the first request on. */
  policies: readonly KubeObject[];
  clock: Clock;
  random: Random;
  log: Logger;
  newUid: () => string;
  /** The random end of a generated name. */
  nameSuffix: () => string;
  /** Signs the clients whose requests are approved; without it nothing is signed. */
  authority?: KeyPair | undefined;
  limits?: Pick<
    typeof usualLimits,
    'history' | 'primeRevisions' | 'feedPageSize' | 'feedRetryMs' | 'watcher' | 'watchCoalesceMs' | 'watchTurnMs' | 'shedMs' | 'bookmarkMs'
  >;
}

/** Everything of an API server but HTTP: what reads, writes and watches, and the loops that keep its promises. */
export interface Core extends LoopDeps {
  hub: WatchHub;
  rights: Rights;
  revocations: Revocations;
  /** Ends the watches and the loops. */
  stop(): void;
  /** Resolves when nothing will touch the store any more; to be called after {@link stop}, before the store is closed. */
  close(): Promise<void>;
}

export async function startCore(options: CoreOptions): Promise<Core> {
  const { store, clock, random, log, newUid, nameSuffix, limits = usualLimits } = options;
  const end = new AbortController();
  const { signal } = end;
  const feed = await startFeed({
    store,
    clock,
    history: limits.history,
    primeRevisions: limits.primeRevisions,
    pageSize: limits.feedPageSize,
    retryMs: limits.feedRetryMs,
    signal,
    onTrouble: (error) => log.warn('the feed from the store was interrupted', { error }),
  });
  const registry = makeRegistry({ feed, builtIns: serveBuiltIns(feed) });
  const hub = watchHub({ store, feed, clock, limits: limits.watcher, coalesceMs: limits.watchCoalesceMs, turnMs: limits.watchTurnMs });
  registry.onRetire(hub.endKind);
  const rights = rightsOf(feed);
  const revocations = revocationsOf(feed);
  const now = () => new Date(clock.wallMs());
  const guards = [guardRights(rights), guardCertificates({ feed, rights, revocations, now })];
  const admission = inOrder(...guards, policyAdmission({ feed, registry, rights }));
  const deps: LoopDeps = { store, feed, registry, admission, clock, random, log, signal, now, newUid, nameSuffix };
  runDefinitions(deps);
  await seed(deps, options);
  runNamespaces(deps);
  runAggregation(deps);
  runGarbage(deps);
  runSigner(deps, { authority: options.authority, revocations });
  const upkeep = [
    compactHistory(deps),
    expireEvents(deps),
    tidyCertificates(deps),
    every(clock, signal, limits.bookmarkMs, hub.bookmarkAll),
    every(clock, signal, limits.shedMs, hub.shed),
  ];
  return {
    ...deps,
    hub,
    rights,
    revocations,
    stop() {
      end.abort();
      hub.endAll();
    },
    async close() {
      await Promise.all(upkeep);
      feed.close();
    },
  };
}

async function every(clock: Clock, signal: AbortSignal, everyMs: number, act: () => void): Promise<void> {
  while (!signal.aborted) {
    await sleep(clock, everyMs, signal).catch(() => undefined);
    if (!signal.aborted) act();
  }
}
