import {
  type Core,
  createObject,
  deleteObject,
  getObject,
  listObjects,
  patchObject,
  presentBytes,
  type Requester,
  type Subresource,
  type Target,
  updateObject,
  type WriteOptions,
} from '@river/apiserver/core';
import { ApiError, type JsonObject, type KubeObject } from '@river/crds';
import type { ResourceRef } from '@river/runtime';

/** One request, as it is when it has reached the server. */
export interface Asked {
  verb: 'get' | 'list' | 'create' | 'update' | 'patch' | 'delete';
  ref: ResourceRef;
  namespace: string;
  name: string;
  subresource: Subresource;
  fieldSelector?: string | undefined;
  fieldManager: string;
  /** JSON. */
  body: string;
  requester: Requester;
}

export function targetOf(core: Pick<Core, 'registry'>, { group, version, plural }: ResourceRef): Target {
  const target = core.registry.find(group, version, plural);
  if (!target) throw new ApiError('NotFound', `${plural} are not served here`);
  return target;
}

/** What the server's HTTP does between a request and the core, without HTTP: the answer's JSON. @throws ApiError */
export async function answer(core: Core, asked: Asked): Promise<string> {
  const { verb, namespace, name, subresource, requester, fieldManager } = asked;
  const target = targetOf(core, asked.ref);
  const options: WriteOptions = { requester, fieldManager, fieldValidation: 'Strict', isDryRun: false, warnings: [] };
  const shown = (object: Parameters<typeof presentBytes>[0]) => presentBytes(object, target.version, target.kind.cache).toString('utf8');
  const at = { target, namespace, name, options };
  switch (verb) {
    case 'get':
      return shown(await getObject(core, target, namespace, name));
    case 'list': {
      const { objects, revision } = await listObjects(core, target, namespace, { fieldSelector: asked.fieldSelector });
      return `{"metadata":{"resourceVersion":"${revision}"},"items":[${objects.map(shown).join(',')}]}`;
    }
    case 'create':
      return shown((await createObject(core, { ...at, sent: { object: read<KubeObject>(asked), duplicates: [] } })).object);
    case 'update':
      return shown((await updateObject(core, { ...at, subresource, sent: { object: read<KubeObject>(asked), duplicates: [] } })).object);
    case 'patch': {
      const body = read<JsonObject>(asked);
      return shown((await patchObject(core, { ...at, subresource, how: 'merge', body, duplicates: [], force: false })).object);
    }
    case 'delete':
      return shown((await deleteObject(core, { ...at, deleteOptions: read(asked) })).object);
  }
}

/** The programs send what their types say; the server's schemas judge it. */
const read = <T>({ body }: Asked): T => JSON.parse(body) as T;
