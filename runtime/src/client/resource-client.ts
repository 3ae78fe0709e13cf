import type { Json, JsonObject, KubeObject } from '@river/crds';
import type { ApiClient, Query } from './api-client.ts';
import { type ResourceRef, resourcePath } from './resource-path.ts';
import type { WatchEvent } from './watch-frames.ts';

export type { ResourceRef } from './resource-path.ts';

export interface CallOptions {
  signal?: AbortSignal;
  timeoutMs?: number;
}
export interface InNamespace extends CallOptions {
  /** Where the object itself does not say. */
  namespace?: string;
}
export interface Selection extends InNamespace {
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
}
export interface ListOptions extends Selection {
  limit?: number;
  continue?: string;
  resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}
export interface WatchOptions extends Selection {
  allowWatchBookmarks?: boolean;
  sendInitialEvents?: boolean;
  timeoutSeconds?: number;
  idleMs?: number;
}
export interface WriteOptions extends InNamespace {
  fieldManager?: string;
  dryRun?: boolean;
  fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  subresource?: string;
}
export interface ApplyOptions extends WriteOptions {
  fieldManager: string;
  /** Take fields from other managers instead of failing with a conflict. */
  force?: boolean;
}
export interface PatchOptions extends WriteOptions {
  type: 'json' | 'merge' | 'strategic';
}
export interface DeleteOptions extends InNamespace {
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: boolean;
}

export interface ListPage<T> {
  items: T[];
  /** Of the whole list: where a watch may start. */
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

/** One kind, with the verbs that Kubernetes gives it. Without a namespace, list, watch and deleteCollection mean all of them. */
export interface ResourceClient<T extends KubeObject = KubeObject> {
  get(name: string, options?: InNamespace & { subresource?: string; resourceVersion?: string }): Promise<T>;
  list(options?: ListOptions): Promise<ListPage<T>>;
  /** Every page of a list, each asked for when the last has been used. */
  pages(options?: ListOptions): AsyncIterable<ListPage<T>>;
  create(object: T, options?: WriteOptions): Promise<T>;
  update(object: T, options?: WriteOptions): Promise<T>;
  updateStatus(object: T, options?: WriteOptions): Promise<T>;
  patch(name: string, patch: Json, options: PatchOptions): Promise<T>;
  /** Server-side apply: makes the object, or makes it say what is given. */
  apply(object: T, options: ApplyOptions): Promise<T>;
  /** The object as it is being deleted, or a Status when it is gone at once. */
  delete(name: string, options?: DeleteOptions): Promise<JsonObject>;
  deleteCollection(options?: DeleteOptions & Pick<ListOptions, 'labelSelector' | 'fieldSelector'>): Promise<JsonObject>;
  watch(options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
}

const contentTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};
const defaultPageSize = 500;

export function resourceClient<T extends KubeObject>(client: ApiClient, ref: ResourceRef): ResourceClient<T> {
  const collection = (options: InNamespace) => resourcePath(ref, { ...(options.namespace && { namespace: options.namespace }) });
  const path = (name: string, options: { namespace?: string; subresource?: string }) => resourcePath(ref, { ...options, name });
  const home = (object: T, options: InNamespace) => {
    const namespace = object.metadata.namespace ?? options.namespace;
    return namespace === undefined ? {} : { namespace };
  };
  const list = async (options: ListOptions = {}) =>
    toPage<T>(ref, await client.json({ method: 'GET', path: collection(options), query: listQuery(options), ...callOf(options) }));
  const put = (object: T, options: WriteOptions) => {
    const at = path(object.metadata.name, { ...home(object, options), ...(options.subresource && { subresource: options.subresource }) });
    return client.json<T>({ method: 'PUT', path: at, query: writeQuery(options), body: object, ...callOf(options) });
  };
  const patch = (name: string, body: Json | T, contentType: string, options: WriteOptions & { force?: boolean }) => {
    const query = { ...writeQuery(options), ...(options.force && { force: true }) };
    return client.json<T>({ method: 'PATCH', path: path(name, options), query, body, contentType, ...callOf(options) });
  };
  return {
    list,
    get: (name, options = {}) =>
      client.json<T>({ method: 'GET', path: path(name, options), query: { resourceVersion: options.resourceVersion }, ...callOf(options) }),
    async *pages(options = {}) {
      for (let next = options.continue; ; ) {
        const page = await list({ limit: defaultPageSize, ...options, ...(next && { continue: next }) });
        yield page;
        if (!page.continue) return;
        next = page.continue;
      }
    },
    create: (object, options = {}) => {
      const at = resourcePath(ref, home(object, options), true);
      return client.json<T>({ method: 'POST', path: at, query: writeQuery(options), body: object, ...callOf(options) });
    },
    update: (object, options = {}) => put(object, options),
    updateStatus: (object, options = {}) => put(object, { ...options, subresource: 'status' }),
    patch: (name, body, options) => patch(name, body, contentTypes[options.type], options),
    apply: (object, options) => patch(object.metadata.name, object, contentTypes.apply, { ...options, ...home(object, options) }),
    delete: (name, options = {}) =>
      client.json({ method: 'DELETE', path: path(name, options), body: deleteBody(options), ...callOf(options) }),
    deleteCollection: (options = {}) =>
      client.json({
        method: 'DELETE',
        path: collection(options),
        query: listQuery(options),
        body: deleteBody(options),
        ...callOf(options),
      }),
    watch: (options = {}) =>
      client.stream<T>({
        path: collection(options),
        query: { ...listQuery(options), ...watchQuery(options) },
        ...callOf(options),
        ...(options.idleMs !== undefined && { idleMs: options.idleMs }),
      }),
  };
}

const callOf = (options: CallOptions): CallOptions => ({
  ...(options.signal && { signal: options.signal }),
  ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
});

const listQuery = (options: ListOptions): Query => ({
  labelSelector: options.labelSelector || undefined,
  fieldSelector: options.fieldSelector || undefined,
  // A continue token says itself which version it goes on with; the server refuses both.
  resourceVersion: options.continue ? undefined : options.resourceVersion,
  resourceVersionMatch: options.continue ? undefined : options.resourceVersionMatch,
  limit: options.limit,
  continue: options.continue,
});

const watchQuery = (options: WatchOptions): Query => ({
  watch: true,
  allowWatchBookmarks: options.allowWatchBookmarks,
  sendInitialEvents: options.sendInitialEvents,
  // The server demands this one beside sendInitialEvents, and only there.
  resourceVersionMatch: options.sendInitialEvents === undefined ? undefined : 'NotOlderThan',
  timeoutSeconds: options.timeoutSeconds,
});

const writeQuery = (options: WriteOptions): Query => ({
  fieldManager: options.fieldManager,
  fieldValidation: options.fieldValidation,
  dryRun: options.dryRun ? 'All' : undefined,
});

const deleteBody = (options: DeleteOptions): JsonObject => ({
  apiVersion: 'v1',
  kind: 'DeleteOptions',
  ...(options.propagationPolicy && { propagationPolicy: options.propagationPolicy }),
  ...(options.gracePeriodSeconds !== undefined && { gracePeriodSeconds: options.gracePeriodSeconds }),
  ...(options.preconditions && { preconditions: { ...options.preconditions } }),
  ...(options.dryRun && { dryRun: ['All'] }),
});

interface RawList<T> {
  kind?: string;
  apiVersion?: string;
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
  items?: T[] | null;
}

/** Kubernetes leaves kind and apiVersion off the items of a built-in list; here every object says what it is. */
function toPage<T extends KubeObject>(ref: ResourceRef, raw: RawList<T>): ListPage<T> {
  const kind = ref.kind ?? raw.kind?.replace(/List$/, '');
  const apiVersion = ref.group ? `${ref.group}/${ref.version}` : ref.version;
  const items = (raw.items ?? []).map((item) => (item.kind || !kind ? item : { ...item, apiVersion, kind }));
  return {
    items,
    resourceVersion: raw.metadata.resourceVersion ?? '',
    ...(raw.metadata.continue && { continue: raw.metadata.continue }),
    ...(raw.metadata.remainingItemCount !== undefined && { remainingItemCount: raw.metadata.remainingItemCount }),
  };
}
