import { ApiError, type KubeObject } from '@river/crds';
import { type ManualClock, manualClock, silentLogger } from '@river/runtime';
import type { CachedObject } from '../cache/cached-object.ts';
import { limits } from '../limits.ts';
import { asObject, decodeObject } from '../object/encode.ts';
import { getObject } from '../read/get-object.ts';
import { type Listed, type ListQuery, listObjects } from '../read/list-objects.ts';
import { presentBytes } from '../read/present.ts';
import type { Target } from '../registry/served-kind.ts';
import { type Core, type CoreOptions, startCore } from '../start-core.ts';
import { memoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import { watchFormatFor } from '../watch/watch-format-for.ts';
import type { WatchQuery } from '../watch/watch-hub.ts';
import { createObject } from '../write/create-object.ts';
import { type DeleteOptions, deleteObject } from '../write/delete-object.ts';
import { ownOptions } from '../write/edit-object.ts';
import { type Patch, patchObject } from '../write/patch-object.ts';
import { type Subresource, updateObject } from '../write/update-object.ts';
import type { WriteOptions, Written } from '../write/write-context.ts';
import { type MemoryWatcher, memoryWatcher } from './memory-watcher.ts';

/** A name such as `configmaps`, `widgets.example.com` or, where the version matters, `widgets.v2.example.com`. */
export type Resource = string;

type Options = Partial<WriteOptions>;

/** An API server without HTTP over a real store, with time that the test moves. */
export interface TestCore {
  core: Core;
  store: Store;
  clock: ManualClock;
  target(resource: Resource): Target;
  create(resource: Resource, object: JsonDraft, options?: Options): Promise<KubeObject>;
  update(resource: Resource, object: KubeObject, subresource?: Subresource, options?: Options): Promise<KubeObject>;
  patch(
    resource: Resource,
    at: string,
    patch: Partial<Omit<Patch, 'options'>> & Pick<Patch, 'body'> & { options?: Options },
  ): Promise<KubeObject>;
  remove(resource: Resource, at: string, deleteOptions?: DeleteOptions, options?: Options): Promise<Written>;
  get(resource: Resource, at: string, resourceVersion?: string): Promise<KubeObject>;
  /** Undefined when nothing is there. */
  find(resource: Resource, at: string): Promise<KubeObject | undefined>;
  list(resource: Resource, namespace?: string, query?: ListQuery): Promise<Listed & { items: KubeObject[]; names: string[] }>;
  watch(resource: Resource, namespace?: string, query?: Partial<WatchQuery>, watcher?: MemoryWatcher): Promise<MemoryWatcher>;
  /** Moves time on, a little at a time, until it holds; says what it waited for when it does not. */
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

type JsonDraft = Omit<KubeObject, 'apiVersion' | 'kind' | 'metadata'> & { metadata: Partial<KubeObject['metadata']> };

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const refusal = async (made: Promise<unknown>): Promise<ApiError> => {
  const answer: unknown = await made.catch((error: unknown) => error);
  if (ApiError.is(answer)) return answer;
  throw answer instanceof Error ? answer : new Error('nothing was refused');
};

let uids = 0;

export async function testCore(given: Partial<CoreOptions> & { clock?: ManualClock } = {}): Promise<TestCore> {
  const { clock = manualClock() } = given;
  const store = given.store ?? memoryStore();
  let suffixes = 0;
  const core = await startCore({
    store,
    definitions: [],
    policies: [],
    clock,
    random: () => 0.5,
    log: silentLogger,
    newUid: () => `uid-${++uids}`,
    nameSuffix: () => `g${++suffixes}`,
    limits,
    ...given,
  });
  const target = targetIn(core);
  return {
    core,
    store,
    clock,
    target,
    ...writes(core, target),
    ...reads(core, target),
    async until(what, holds) {
      for (let tries = 0; tries < 400; tries++) {
        if (await holds()) return;
        await turn();
        await turn();
        clock.advance(50);
      }
      throw new Error(`waited for ever for: ${what}`);
    },
    async close() {
      core.stop();
      await core.close();
      await store.close();
    },
  };
}

type FindTarget = (resource: Resource) => Target;

const targetIn =
  (core: Core): FindTarget =>
  (resource) => {
    const [plural = '', ...rest] = resource.split('.');
    const isVersioned = /^v\d/.test(rest[0] ?? '');
    const group = (isVersioned ? rest.slice(1) : rest).join('.');
    const kind = [...core.registry.kinds()].find((served) => served.plural === plural && served.group === group);
    const version = kind && (isVersioned ? kind.versions.get(rest[0] ?? '') : kind.storage);
    if (!kind || !version) throw new Error(`${resource} is not served`);
    return { kind, version };
  };

const optionsOf = (options: Options = {}): WriteOptions => ({ ...ownOptions('test'), fieldValidation: 'Strict', ...options });

const shown = ({ kind, version }: Target, object: CachedObject): KubeObject => decodeObject(presentBytes(object, version, kind.cache));

function place(at: string): { namespace: string; name: string } {
  const [first = '', second] = at.split('/');
  return second === undefined ? { namespace: '', name: first } : { namespace: first, name: second };
}

function writes(core: Core, target: FindTarget): Pick<TestCore, 'create' | 'update' | 'patch' | 'remove'> {
  const sentAt = ({ kind, version }: Target, object: JsonDraft) => ({
    object: asObject(JSON.parse(JSON.stringify({ apiVersion: version.apiVersion, kind: kind.kind, ...object }))),
    duplicates: [],
  });
  return {
    async create(resource, draft, options) {
      const at = target(resource);
      const namespace = draft.metadata.namespace ?? '';
      const made = await createObject(core, { target: at, namespace, sent: sentAt(at, draft), options: optionsOf(options) });
      return shown(at, made.object);
    },
    async update(resource, object, subresource = '', options = {}) {
      const at = target(resource);
      const { name, namespace = '' } = object.metadata;
      const sent = sentAt(at, object);
      const made = await updateObject(core, { target: at, namespace, name, subresource, sent, options: optionsOf(options) });
      return shown(at, made.object);
    },
    async patch(resource, where, { options, ...patch }) {
      const at = target(resource);
      const usual = { subresource: '', how: 'merge', duplicates: [], force: false } as const;
      const made = await patchObject(core, { ...usual, ...patch, target: at, ...place(where), options: optionsOf(options) });
      return shown(at, made.object);
    },
    remove: (resource, where, deleteOptions = {}, options = {}) =>
      deleteObject(core, { target: target(resource), ...place(where), deleteOptions, options: optionsOf(options) }),
  };
}

function reads(core: Core, target: FindTarget): Pick<TestCore, 'get' | 'find' | 'list' | 'watch'> {
  const get: TestCore['get'] = async (resource, where, resourceVersion) => {
    const at = target(resource);
    const { namespace, name } = place(where);
    return shown(at, await getObject(core, at, namespace, name, resourceVersion));
  };
  return {
    get,
    find: (resource, where) =>
      get(resource, where).catch((error) => {
        if (ApiError.is(error, 'NotFound')) return undefined;
        throw error;
      }),
    async list(resource, namespace = '', query = {}) {
      const at = target(resource);
      const listed = await listObjects(core, at, namespace, query);
      return { ...listed, items: listed.objects.map((object) => shown(at, object)), names: listed.objects.map(({ name }) => name) };
    },
    async watch(resource, namespace = '', query = {}, watcher = memoryWatcher()) {
      const at = target(resource);
      const format = watchFormatFor({ version: at.version, cache: at.kind.cache }, { as: 'object', version: 'v1' }, 'Object', () => 0);
      await core.hub.watch({ target: at, namespace, query: { allowWatchBookmarks: false, ...query }, format, open: () => watcher });
      return watcher;
    },
  };
}
