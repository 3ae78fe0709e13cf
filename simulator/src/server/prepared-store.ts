import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createObject, memoryStore, type Store, startCore, limits as usualLimits } from '@river/apiserver/core';
import type { KubeObject } from '@river/crds';
import { riverDefinitions } from '@river/crds/definitions';
import { type Clock, type Logger, manualClock, type Random, silentLogger } from '@river/runtime';
import { parseAllDocuments } from 'yaml';
import { targetOf } from './answer.ts';

/** The namespace in which everything is. */
export const home = 'lab';

const kinds = new Set(['Task', 'TaskSet', 'Placement', 'Approval', 'Node', 'Queue']);
const folder = join(import.meta.dirname, '../../../deploy/policies');

/** Those that judge what River's programs write. */
const isAboutPrograms = (file: string): boolean => /^(node-own|placement-|task-fixed).*\.yaml$/.test(file);

const hourMs = 3_600_000;
/** What only looks at the time does so rarely: nothing here grows for so long that it would matter. */
const limits = { ...usualLimits, shedMs: hourMs };

export interface CoreDeps {
  store: Store;
  clock: Clock;
  random: Random;
  newUid: () => string;
  log: Logger;
}

export interface Prepared {
  /** A store in which everything stands that a server puts there when it first starts. */
  store(): Promise<Store>;
  startCore(deps: CoreDeps): ReturnType<typeof startCore>;
}

/** Makes once what every run begins with. */
export async function prepare(): Promise<Prepared> {
  const definitions = riverDefinitions.filter(({ spec }) => kinds.has(spec.names.kind));
  const policies = readdirSync(folder)
    .filter(isAboutPrograms)
    .sort()
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document) => document.toJS() as KubeObject));
  const start = (deps: CoreDeps) => startCore({ ...deps, definitions, policies, nameSuffix: () => deps.newUid().slice(0, 5), limits });
  let uids = 0;
  const store = memoryStore();
  const first = { store, clock: manualClock(), random: () => 0.5, newUid: () => `seeded-${++uids}`, log: silentLogger };
  const core = await start(first);
  await createNamespace(core);
  core.stop();
  await core.close();
  const { entries } = await store.list('');
  const writes = entries.map(({ key, value }) => ({ key, value }));
  return {
    async store() {
      const fresh = memoryStore();
      await fresh.txn([], writes);
      return fresh;
    },
    startCore: start,
  };
}

async function createNamespace(core: Awaited<ReturnType<typeof startCore>>): Promise<void> {
  const target = targetOf(core, { group: '', version: 'v1', plural: 'namespaces', namespaced: false });
  const object: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: home } };
  const requester = { username: 'people', uid: '', groups: ['system:masters'], extra: {} };
  const options = { requester, fieldManager: 'people', fieldValidation: 'Strict', isDryRun: false, warnings: [] } as const;
  await createObject(core, { target, namespace: '', sent: { object, duplicates: [] }, options: { ...options, warnings: [] } });
}
