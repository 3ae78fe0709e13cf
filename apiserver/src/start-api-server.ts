import { randomBytes, randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { riverDefinitions } from '@river/crds/definitions';
import { type Clock, type Logger, type Random, sleep } from '@river/runtime';
import { policyAdmission } from './admission/policy-admission.ts';
import { startFeed } from './cache/feed.ts';
import { yamlReader } from './decode/yaml-reader.ts';
import { runDefinitions } from './definition/definition-loop.ts';
import { runGarbage } from './garbage/garbage-loop.ts';
import type { Authenticate } from './http/authenticate.ts';
import { documents } from './http/documents.ts';
import { handleRequest } from './http/handle-request.ts';
import { inFlight } from './http/in-flight.ts';
import { listen } from './http/listen.ts';
import { serverMetrics } from './http/metrics.ts';
import type { ResourceDeps } from './http/resource-context.ts';
import { serveBuiltIns } from './kubernetes/built-in-kinds.ts';
import { limits } from './limits.ts';
import { runNamespaces } from './namespace/namespace-loop.ts';
import { registry as makeRegistry, type Registry } from './registry/registry.ts';
import { seed } from './seed/seed.ts';
import type { Store } from './store/store.ts';
import { compactHistory } from './upkeep/compact-history.ts';
import { expireEvents } from './upkeep/expire-events.ts';
import { watchHub } from './watch/watch-hub.ts';
import type { LoopDeps } from './write/loop-deps.ts';

export interface ApiServerOptions {
  store: Store;
  bind: string;
  port: number;
  cert: Buffer;
  key: Buffer;
  authenticate: Authenticate;
  version: string;
  clock: Clock;
  random: Random;
  log: Logger;
}

export interface ApiServer {
  url: string;
  /** Ends watches, lets requests finish for a moment, closes the store. */
  close(): Promise<void>;
}

const suffixAlphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;

/** No vowels and no digits that look like letters: a generated name should not say anything. */
const nameSuffix = (): string => Array.from(randomBytes(suffixLength), (byte) => suffixAlphabet[byte % suffixAlphabet.length]).join('');

/** Puts the parts of the API server together and serves. Resolves when it is ready for every request. */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, clock, random, log } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const feed = await startFeed({
    store,
    history: limits.history,
    primeRevisions: limits.primeRevisions,
    pageSize: limits.feedPageSize,
    retryDelay: () => sleep(clock, limits.feedRetryMs, signal).catch(() => undefined),
    onTrouble: (error) => log.warn('the feed from the store was interrupted', { error }),
  });
  const registry = makeRegistry({ feed, builtIns: serveBuiltIns(feed) });
  const hub = watchHub({ store, feed, limits: limits.watcher, nowMs: clock.monotonicMs, coalesceMs: limits.watchCoalesceMs });
  registry.onRetire(hub.endKind);
  const yaml = yamlReader();
  const resources: ResourceDeps & LoopDeps = {
    store,
    feed,
    registry,
    hub,
    yaml,
    clock,
    random,
    log,
    signal,
    admission: policyAdmission({ feed, registry }),
    now: () => new Date(clock.wallMs()),
    newUid: randomUUID,
    nameSuffix,
    maxBodyBytes: limits.bodyBytes,
    watchDrainDeadlineMs: limits.watchDrainDeadlineMs,
    watchSeconds: () => limits.watchSeconds * (1 + random()),
  };
  runDefinitions(resources);
  await seed(resources, riverDefinitions);
  runNamespaces(resources);
  runGarbage(resources);
  const upkeep = [compactHistory(resources), expireEvents(resources), bookmarks(clock, signal, hub.bookmarkAll)];
  const server = await serve(options, resources, registry, signal);
  return {
    url: server.url,
    async close() {
      stop.abort();
      hub.endAll();
      await server.close();
      await Promise.all(upkeep);
      feed.close();
      await yaml.close();
      await store.close();
    },
  };
}

async function bookmarks(clock: Clock, signal: AbortSignal, send: () => void): Promise<void> {
  while (!signal.aborted) {
    await sleep(clock, limits.bookmarkMs, signal).catch(() => undefined);
    if (!signal.aborted) send();
  }
}

async function serve(options: ApiServerOptions, resources: ResourceDeps & LoopDeps, registry: Registry, signal: AbortSignal) {
  const { feed, hub } = resources;
  const metrics = serverMetrics({
    watchers: hub.count,
    revision: feed.revision,
    objects: () =>
      [...registry.kinds()].map(({ group, plural, cache }) => ({
        resource: group === '' ? plural : `${plural}.${group}`,
        count: cache.size,
      })),
  });
  const deps = {
    resources,
    documents: documents({
      infos: registry.infos,
      build: { version: options.version },
      readiness: () => [
        { name: 'ping', isReady: true },
        { name: 'store', isReady: feed.isLive() },
        { name: 'shutdown', isReady: !signal.aborted },
      ],
      metrics: metrics.render,
    }),
    authenticate: options.authenticate,
    requests: inFlight(limits.requests, 'requests'),
    watches: inFlight(limits.watches, 'watches'),
    metrics,
    log: options.log,
    monotonicMs: () => performance.now(),
  };
  const server = await listen({
    ...options,
    limits: limits.connection,
    onRequest: (request, response) => void handleRequest(deps, request, response),
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  const host = options.bind.includes(':') ? `[${options.bind}]` : options.bind;
  return {
    url: `https://${host}:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), limits.shutdownMs).unref();
      }),
  };
}
