import { randomBytes, randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { riverDefinitions } from '@river/crds/definitions';
import { type Clock, inFlight, type KeyPair, type Logger, listen, type Random } from '@river/runtime';
import { type AuditOptions, startAudit } from './audit/start-audit.ts';
import type { Authenticate } from './authentication/authenticate.ts';
import type { Identity } from './authentication/identity.ts';
import { yamlReader } from './decode/yaml-reader.ts';
import type { SecretEncryption } from './encryption/secret-encryption.ts';
import { documents } from './http/documents.ts';
import { handleRequest } from './http/handle-request.ts';
import { heavyLane } from './http/heavy-lane.ts';

import { serverMetrics } from './http/metrics.ts';
import { oneByOne } from './http/one-by-one.ts';
import { rejudging } from './http/rejudging.ts';
import type { ResourceDeps } from './http/resource-context.ts';
import { sendBackup } from './http/send-backup.ts';
import { sendKeyReport } from './http/send-key-report.ts';
import { serveTokenRequest } from './kubernetes/serve-built-ins.ts';
import { limits } from './limits.ts';
import { readPolicies } from './seed/read-policies.ts';
import { type Core, startCore } from './start-core.ts';
import { busyShare, returnMemory, saveMemory, trim } from './upkeep/return-memory.ts';

export interface ApiServerOptions {
  /** The store, and what keeps its Secrets sealed. */
  encryption: SecretEncryption;
  bind: string;
  port: number;
  cert: Buffer;
  key: Buffer;
  /** Those of whom clients are asked for a certificate, PEM. */
  authorities: readonly string[];
  /** Some ways to tell who somebody is need what the server keeps. */
  identify: (core: Core) => Identity;
  /** A folder of policies that shall hold. */
  policies: string | undefined;
  /** By which clients are known, PEM. */
  clientAuthorities: string | undefined;
  /** Signs clients whose requests are approved. */
  clientAuthority: KeyPair | undefined;
  /** Where the audit log is written; undefined: nowhere. */
  audit: AuditOptions | undefined;
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
  const { encryption, clock, random, log } = options;
  const { store } = encryption;
  const yaml = yamlReader();
  const policies = options.policies === undefined ? [] : await readPolicies(options.policies, yaml);
  const own = { definitions: riverDefinitions, policies, authority: options.clientAuthority };
  const core = await startCore({ ...own, store, clock, random, log, newUid: randomUUID, nameSuffix });
  const { authenticate, tokens, accounts } = options.identify(core);
  const resources: ResourceDeps = {
    ...core,
    tokens,
    accounts,
    tokenRequest: serveTokenRequest(core.feed),
    rejudging: rejudging({ ...core, everyMs: limits.rejudgeMs }),
    yaml,
    maxBodyBytes: limits.bodyBytes,
    heavy: heavyLane(limits.heavy, clock),
    ownTurn: oneByOne(),
    watchDrainDeadlineMs: limits.watchDrainDeadlineMs,
    watchSeconds: () => limits.watchSeconds * (1 + random()),
  };
  const server = await serve(options, resources, core, authenticate);
  const sealing = encryption.run(core.signal);
  void returnMemory({
    clock,
    signal: core.signal,
    residentBytes: process.memoryUsage.rss,
    busyShare: busyShare(),
    connections: server.connections,
    saveMemory,
    trim,
  });
  return {
    url: server.url,
    async close() {
      core.stop();
      await server.close();
      await core.close();
      await sealing;
      await yaml.close();
      await store.close();
    },
  };
}

async function serve(options: ApiServerOptions, resources: ResourceDeps, core: Core, authenticate: Authenticate) {
  const { signal } = core;
  const { feed, hub, registry } = resources;
  const audit =
    options.audit && (await startAudit({ ...options, options: options.audit, limits: limits.audit, registry, newId: randomUUID }));
  const metrics = serverMetrics({
    watchers: hub.count,
    revision: feed.revision,
    unreadableSecrets: options.encryption.store.unreadable,
    auditHead: audit?.head,
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
      auditHead: audit?.head,
      accounts: resources.accounts,
      authority: options.clientAuthorities,
    }),
    backup: sendBackup({
      store: options.encryption.kept,
      secrets: options.encryption.isOn ? 'sealed' : 'clear',
      signal,
      backups: inFlight(limits.backups, 'backups'),
      drainDeadlineMs: limits.watchDrainDeadlineMs,
    }),
    authenticate,
    keyReport: sendKeyReport({ report: options.encryption.report, signal }),
    requests: inFlight(limits.requests, 'requests'),
    watches: inFlight(limits.watches, 'watches'),
    metrics,
    audit,
    log: options.log,
    clock: options.clock,
    responseMs: limits.responseMs,
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
    connections: promisify(server.getConnections.bind(server)),
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        setTimeout(() => server.closeAllConnections(), limits.shutdownMs).unref();
      });
      // What ended with its connection is told of first.
      await new Promise(setImmediate);
      await audit?.close();
    },
  };
}
