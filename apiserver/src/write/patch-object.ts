import { ApiError, isObject, type Json, type JsonObject, type KubeObject } from '@river/crds';
import { applyConfiguration } from '../apply/apply-configuration.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import { fieldValidation } from '../decode/field-validation.ts';
import { asJson, asObject, cloneObject } from '../object/encode.ts';
import { objectKey } from '../object/object-key.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge-patch.ts';
import { strategicMergePatch } from '../patch/strategic-merge-patch.ts';
import { currentObject } from '../read/present.ts';
import type { Target } from '../registry/served-kind.ts';
import { changeObject, type Step } from './change-object.ts';
import { newObject, requireNamespace } from './create-object.ts';
import { requireKind, shape } from './prepare-object.ts';
import { modified, notFound } from './refusals.ts';
import { replaceObject, type Subresource } from './update-object.ts';
import type { WriteDeps, WriteOptions, Written } from './write-context.ts';

export type PatchKind = 'json' | 'merge' | 'strategic' | 'apply';

export interface Patch {
  target: Target;
  namespace: string;
  name: string;
  subresource: Subresource;
  how: PatchKind;
  body: Json;
  duplicates: readonly string[];
  force: boolean;
  options: WriteOptions;
}

/** A PATCH of any of the four types. Only an apply may create the object. */
export function patchObject(deps: WriteDeps, patch: Patch): Promise<Written> {
  const { target, namespace, name, options } = patch;
  const decide = patch.how === 'apply' ? decideApply(deps, patch) : decidePatch(deps, patch);
  return changeObject(deps, {
    kind: target.kind,
    namespace,
    name,
    key: objectKey(target.kind.prefix, namespace, name),
    options,
    decide,
  });
}

const decidePatch =
  (deps: WriteDeps, patch: Patch) =>
  async (current: CachedObject | undefined): Promise<Step> => {
    const { target, name, options, duplicates } = patch;
    if (!current) throw notFound(target, name);
    const old = currentObject(current, target.version, target.kind.cache);
    const next = patched(patch, asJson(old));
    requirePatchable(target, old, next);
    shape(target, { object: next, duplicates }, options);
    return replaceObject(deps, patch, current, next);
  };

function patched({ how, body, target }: Patch, old: JsonObject): KubeObject {
  const result =
    how === 'json'
      ? jsonPatch(old, body)
      : how === 'merge'
        ? mergePatch(old, body)
        : strategicMergePatch(old, body, target.version.structural);
  if (!isObject(result) || !isObject(result.metadata)) throw new ApiError('BadRequest', 'the patch leaves no object with metadata behind');
  return asObject(result);
}

function requirePatchable(target: Target, old: KubeObject, next: KubeObject): void {
  const { metadata } = next;
  if (next.apiVersion !== old.apiVersion || next.kind !== old.kind) requireKind(target, next);
  if (metadata.name !== old.metadata.name) {
    throw new ApiError('BadRequest', `the name of the object (${metadata.name}) does not match the name on the URL (${old.metadata.name})`);
  }
  if (metadata.resourceVersion && metadata.resourceVersion !== old.metadata.resourceVersion) throw modified(target, old.metadata.name);
}

const decideApply =
  (deps: WriteDeps, patch: Patch) =>
  async (current: CachedObject | undefined): Promise<Step> => {
    const { target, namespace, name, subresource, options, force } = patch;
    const config = applied(patch);
    const live = current && currentObject(current, target.version, target.kind.cache);
    if (!live && subresource !== '') throw notFound(target, name);
    if (!live && config.metadata.uid) throw uidOfNothing(target, config);
    if (live && config.metadata.resourceVersion && config.metadata.resourceVersion !== live.metadata.resourceVersion)
      throw modified(target, name);
    options.warnings.push(...fieldValidation(options.fieldValidation, { unknown: [], duplicates: patch.duplicates }));
    const result = applyConfiguration({
      live,
      config: asJson(config),
      manager: options.fieldManager,
      force,
      apiVersion: target.version.apiVersion,
      subresource: subresource === 'finalize' ? '' : subresource,
      hasStatus: target.version.info.hasStatus,
      schema: target.version.structural,
      now: deps.now(),
    });
    const next = cloneObject(result.object);
    target.version.schema.applyDefaults(asJson(next));
    if (!current) return newObject(deps, target, namespace, next, options, result.managedFields);
    return replaceObject(deps, { ...patch, managedFields: result.managedFields }, current, next);
  };

function applied({ body, target, namespace, name }: Patch): KubeObject {
  if (!isObject(body)) throw new ApiError('BadRequest', 'the applied configuration must be an object');
  const config = cloneObject(asObject(body));
  requireKind(target, config);
  if (!isObject(config.metadata ?? {})) throw new ApiError('BadRequest', 'metadata must be an object');
  config.metadata = { ...config.metadata, name: config.metadata?.name ?? name };
  if (config.metadata.name !== name) {
    throw new ApiError('BadRequest', `the name of the object (${config.metadata.name}) does not match the name on the URL (${name})`);
  }
  requireNamespace(target, namespace, config);
  if (namespace !== '' && target.kind.isNamespaced) config.metadata.namespace = namespace;
  return config;
}

const uidOfNothing = (target: Target, { metadata }: KubeObject): ApiError =>
  new ApiError('Conflict', `uid mismatch: the provided object specified uid ${metadata.uid}, and no existing object was found`, {
    details: { name: metadata.name, group: target.kind.group, kind: target.kind.plural },
  });
