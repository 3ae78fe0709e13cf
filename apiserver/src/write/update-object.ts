import { ApiError, type KubeObject } from '@river/crds';
import { trackUpdate } from '../apply/track-update.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import { equalJson } from '../json/plain-json.ts';
import { asJson, cloneObject } from '../object/encode.ts';
import { objectKey } from '../object/object-key.ts';
import { currentObject } from '../read/present.ts';
import { qualifiedName, type Target } from '../registry/served-kind.ts';
import { changeObject, type Step } from './change-object.ts';
import { newObject, requireNamespace } from './create-object.ts';
import { keepImmutable, nextGeneration, refuseNewFinalizers } from './keep-immutable.ts';
import { assumeKind, dropEmptied, type Sent, shape, validate } from './prepare-object.ts';
import { modified, notFound } from './refusals.ts';
import type { WriteDeps, WriteOptions, Written } from './write-context.ts';

export type Subresource = '' | 'status' | 'scale' | 'finalize' | 'approval';

export interface Update {
  target: Target;
  namespace: string;
  name: string;
  subresource: Subresource;
  sent: Sent;
  options: WriteOptions;
}

/** A PUT: the whole object is replaced, but for what its writer may not touch. */
export async function updateObject(deps: WriteDeps, update: Update): Promise<Written> {
  const { target, namespace, name, sent, options, subresource } = update;
  assumeKind(target, sent.object);
  requireNamespace(target, namespace, sent.object);
  requireName(sent.object, name);
  shape(target, sent, options);
  return changeObject(deps, {
    kind: target.kind,
    namespace,
    name,
    key: objectKey(target.kind.prefix, namespace, name),
    options,
    decide: async (current) => {
      const object = cloneObject(sent.object);
      if (!current) {
        if (!target.kind.rules.createsOnUpdate || subresource !== '' || object.metadata.uid) throw notFound(target, name);
        return newObject(deps, target, namespace, object, options);
      }
      requireRevision(target, current, object);
      return replaceObject(deps, { target, namespace, name, subresource, options }, current, object);
    },
  });
}

export type Replacement = Omit<Update, 'sent'> & { managedFields?: KubeObject['metadata']['managedFields'] };

/** The step from the object as it is to `next`: also the last part of every kind of patch. */
export async function replaceObject(deps: WriteDeps, replacement: Replacement, current: CachedObject, next: KubeObject): Promise<Step> {
  const { target, namespace, subresource, options } = replacement;
  const { kind, version } = target;
  const old = currentObject(current, version, kind.cache);
  keepImmutable(target, subresource, old, next);
  dropEmptied(next);
  const managedFields =
    replacement.managedFields ??
    trackUpdate({
      live: old,
      updated: next,
      manager: options.fieldManager,
      apiVersion: version.apiVersion,
      subresource: subresource === 'finalize' ? '' : subresource,
      hasStatus: version.info.hasStatus,
      schema: version.structural,
      now: deps.now(),
    });
  if (managedFields.length > 0) next.metadata.managedFields = managedFields;
  else delete next.metadata.managedFields;
  kind.rules.complete(next, old);
  if (kind.rules.hasGeneration) nextGeneration(target, old, next);
  if (isSame(old, next)) return { do: 'unchanged' };
  refuseNewFinalizers(target, old, next);
  validate(target, next, old);
  deps.admission.admit({ operation: 'UPDATE', target, subresource, namespace, object: next, oldObject: old, options });
  const isGone = next.metadata.deletionTimestamp !== undefined && !next.metadata.finalizers?.length && !kind.rules.isHeld(next);
  return { do: isGone ? 'delete' : 'put', object: version.toStorage(next) };
}

function isSame(old: KubeObject, next: KubeObject): boolean {
  return equalJson(withoutTimes(old), withoutTimes(next));
}

/** When only the time of a managed field differs, nothing was changed. */
function withoutTimes(object: KubeObject): ReturnType<typeof asJson> {
  const { managedFields, resourceVersion: _, ...metadata } = object.metadata;
  const fields = managedFields?.map(({ time: _time, ...entry }) => entry) ?? [];
  return asJson({ ...object, metadata: { ...metadata, managedFields: fields } });
}

function requireName({ metadata }: KubeObject, name: string): void {
  if (!metadata.name) throw new ApiError('BadRequest', 'name must be provided: metadata.name is empty');
  if (metadata.name === name) return;
  throw new ApiError('BadRequest', `the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
}

function requireRevision(target: Target, current: CachedObject, { metadata }: KubeObject): void {
  const { resourceVersion } = metadata;
  if (resourceVersion) {
    if (resourceVersion !== current.revision.toString()) throw modified(target, current.name);
    return;
  }
  if (target.kind.rules.allowsBlindUpdate) return;
  throw new ApiError(
    'Invalid',
    `${qualifiedName(target.kind)} "${current.name}" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update`,
    {
      details: {
        name: current.name,
        group: target.kind.group,
        kind: target.kind.kind,
        causes: [
          {
            reason: 'FieldValueInvalid',
            message: 'Invalid value: 0x0: must be specified for an update',
            field: 'metadata.resourceVersion',
          },
        ],
      },
    },
  );
}
