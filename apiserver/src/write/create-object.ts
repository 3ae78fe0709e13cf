import { ApiError, type KubeObject } from '@river/crds';
import type { Beside } from '../admission/admission.ts';
import { trackUpdate } from '../apply/track-update.ts';
import { cloneObject } from '../object/encode.ts';
import { objectKey } from '../object/object-key.ts';
import { qualifiedName, type Target } from '../registry/served-kind.ts';
import { changeObject, type Step } from './change-object.ts';
import { liveDefinition } from './live-definition.ts';
import { liveNamespace } from './live-namespace.ts';
import { assumeKind, dropEmptied, type Sent, shape, validate } from './prepare-object.ts';
import { timestamp, type WriteDeps, type WriteOptions, type Written } from './write-context.ts';

const maxGeneratedBase = 58;
const generatedNameTries = 8;

export interface Creation {
  target: Target;
  namespace: string;
  sent: Sent;
  options: WriteOptions;
}

const alreadyExists = (target: Target, name: string): ApiError =>
  new ApiError('AlreadyExists', `${qualifiedName(target.kind)} "${name}" already exists`, {
    details: { name, group: target.kind.group, kind: target.kind.plural },
  });

/** A POST: the object must not be there yet. */
export async function createObject(deps: WriteDeps, creation: Creation): Promise<Written> {
  const { target, namespace, sent } = creation;
  assumeKind(target, sent.object);
  requireNamespace(target, namespace, sent.object);
  const { metadata } = sent.object;
  if (metadata.resourceVersion) throw new ApiError('BadRequest', 'resourceVersion should not be set on objects to be created');
  shape(target, sent, creation.options);
  if (metadata.name) return insert(deps, creation, sent.object);
  for (let tries = 1; ; tries++) {
    if (metadata.generateName) metadata.name = metadata.generateName.slice(0, maxGeneratedBase) + deps.nameSuffix();
    try {
      return await insert(deps, creation, sent.object);
    } catch (error) {
      if (!metadata.generateName || !ApiError.is(error, 'AlreadyExists') || tries === generatedNameTries) throw error;
    }
  }
}

function insert(deps: WriteDeps, { target, namespace, options }: Creation, object: KubeObject): Promise<Written> {
  const name = object.metadata.name ?? '';
  const key = objectKey(target.kind.prefix, namespace, name);
  return changeObject(deps, {
    kind: target.kind,
    namespace,
    name,
    key,
    options,
    decide: async (current) => {
      if (current) throw alreadyExists(target, name);
      return newObject(deps, target, namespace, cloneObject(object), options);
    },
  });
}

/** The step that makes a new object, also for an update or an apply to a name that does not exist. */
export async function newObject(
  deps: WriteDeps,
  target: Target,
  namespace: string,
  object: KubeObject,
  options: WriteOptions,
  managedFields?: KubeObject['metadata']['managedFields'],
): Promise<Step> {
  const { kind, version } = target;
  options.mayCreate?.();
  const also = liveDefinition(deps, kind);
  const now = timestamp(deps.now());
  if (version.info.hasStatus) delete object.status;
  stamp(object, { namespace, uid: deps.newUid(), now });
  dropEmptied(object);
  if (kind.rules.hasGeneration) object.metadata.generation = 1;
  object.metadata.managedFields =
    managedFields ??
    trackUpdate({
      live: undefined,
      updated: object,
      manager: options.fieldManager,
      apiVersion: version.apiVersion,
      subresource: '',
      hasStatus: version.info.hasStatus,
      schema: version.structural,
      now: deps.now(),
    });
  kind.rules.complete(object, undefined);
  validate(target, object, undefined);
  if (kind.isNamespaced) also.push(await liveNamespace(deps, namespace, kind));
  const beside: Beside[] = [];
  deps.admission.admit({ operation: 'CREATE', target, subresource: '', namespace, object, oldObject: undefined, options, beside });
  also.push(...beside.map(({ key, revision }) => ({ key, revision })));
  const writes = beside.flatMap(({ key, value }) => (value ? [{ key, value }] : []));
  return { do: 'put', object: version.toStorage(object), also, beside: writes };
}

function stamp({ metadata }: KubeObject, given: { namespace: string; uid: string; now: string }): void {
  if (given.namespace !== '') metadata.namespace = given.namespace;
  else delete metadata.namespace;
  metadata.uid = given.uid;
  metadata.creationTimestamp = given.now;
  delete metadata.generation;
  delete metadata.resourceVersion;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
}

/** The namespace in the body, when given, must be the one in the address. */
export function requireNamespace({ kind }: Target, namespace: string, { metadata }: KubeObject): void {
  if (!kind.isNamespaced || !metadata.namespace || metadata.namespace === namespace) return;
  throw new ApiError(
    'BadRequest',
    `the namespace of the provided object does not match the namespace sent on the request: "${metadata.namespace}" is not "${namespace}"`,
  );
}
