import { ApiError, type Cause, type JsonObject, type KubeObject } from '@river/crds';
import { fieldValidation } from '../decode/field-validation.ts';
import { asJson } from '../object/encode.ts';
import type { Target } from '../registry/served-kind.ts';
import { dropNulls } from '../schema/drop-nulls.ts';
import { hideValues } from '../schema/hide-values.ts';
import { invalid } from '../schema/invalid.ts';
import { validateMetadata } from '../schema/validate-metadata.ts';
import type { WriteOptions } from './write-context.ts';

/** What a client sent, with what a strict reader would mind. */
export interface Sent {
  object: KubeObject;
  duplicates: readonly string[];
}

/** {@link requireKind}, for a body that is a whole object. Kubernetes' own kinds may leave out what their address says. */
export function assumeKind(target: Target, object: KubeObject): void {
  if (target.kind.rules.mayOmitKind) {
    object.apiVersion ||= target.version.apiVersion;
    object.kind ||= target.kind.kind;
  }
  requireKind(target, object);
}

/** The body must be of the kind that its address names. */
export function requireKind({ kind, version }: Target, object: KubeObject): void {
  if (object.apiVersion !== version.apiVersion || object.kind !== kind.kind) {
    const sent = `${object.apiVersion ?? ''}, Kind=${object.kind ?? ''}`;
    throw new ApiError('BadRequest', `the body is a ${sent}, but this address takes ${version.apiVersion}, Kind=${kind.kind}`);
  }
}

/** Removes what the schema does not know, says so as the client asked to be told, and fills in defaults. */
export function shape(
  { kind, version }: Target,
  { object, duplicates }: Sent,
  options: Pick<WriteOptions, 'fieldValidation' | 'warnings'>,
): void {
  dropMetadataNulls(object);
  if (kind.rules.dropsNulls) dropNulls(asJson(object), version.structural);
  const unknown = version.schema.prune(asJson(object));
  const about = { kind: version.info.kind, version: version.info.version };
  options.warnings.push(...fieldValidation(options.fieldValidation, { unknown, duplicates }, about));
  version.schema.applyDefaults(asJson(object));
}

/** Metadata is the same struct in every kind, and its zero times travel as null. */
function dropMetadataNulls({ metadata }: KubeObject): void {
  const fields = metadata as unknown as Record<string, unknown>;
  for (const [field, value] of Object.entries(fields)) if (value === null) delete fields[field];
}

const emptied = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** In metadata, a map or list that has been emptied and one that is not there are the same thing: it is not kept. */
export function dropEmptied({ metadata }: KubeObject): void {
  for (const field of emptied) {
    const value: unknown = metadata[field];
    if (value === null || (typeof value === 'object' && Object.keys(value).length === 0)) delete metadata[field];
  }
}

/** Everything that is wrong with an object, at once. */
export function validate({ kind, version }: Target, object: KubeObject, old: KubeObject | undefined): void {
  const causes: Cause[] = [
    ...validateMetadata(asJson(object).metadata as JsonObject, { namespaced: kind.isNamespaced, nameRule: kind.rules.nameRule }),
    ...hideValues(version.schema.validate(asJson(object), old && asJson(old)), kind.rules.secretFields),
  ];
  if (causes.length === 0)
    causes.push(...version.rules.validate(asJson(object), old && asJson(old)).causes, ...kind.rules.check(object, old));
  if (causes.length > 0) throw invalid({ group: kind.group, kind: kind.kind }, object.metadata.name, causes);
}
