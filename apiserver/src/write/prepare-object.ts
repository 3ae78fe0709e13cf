import { ApiError, type Cause, type JsonObject, type KubeObject } from '@river/crds';
import { fieldValidation } from '../decode/field-validation.ts';
import { asJson } from '../object/encode.ts';
import type { ServedVersion, Target } from '../registry/served-kind.ts';
import { invalid } from '../schema/invalid.ts';
import { validateMetadata } from '../schema/validate-metadata.ts';
import type { WriteOptions } from './write-context.ts';

/** What a client sent, with what a strict reader would mind. */
export interface Sent {
  object: KubeObject;
  duplicates: readonly string[];
}

/** The body must be of the kind that its address names. */
export function requireKind({ kind, version }: Target, object: KubeObject): void {
  if (object.apiVersion !== version.apiVersion || object.kind !== kind.kind) {
    const sent = `${object.apiVersion ?? ''}, Kind=${object.kind ?? ''}`;
    throw new ApiError('BadRequest', `the body is a ${sent}, but this address takes ${version.apiVersion}, Kind=${kind.kind}`);
  }
}

/** Removes what the schema does not know, and says so as the client asked to be told. */
export function strip(
  version: ServedVersion,
  { object, duplicates }: Sent,
  options: Pick<WriteOptions, 'fieldValidation' | 'warnings'>,
): void {
  const unknown = version.schema.prune(asJson(object));
  const about = { kind: version.info.kind, version: version.info.version };
  options.warnings.push(...fieldValidation(options.fieldValidation, { unknown, duplicates }, about));
}

/** {@link strip}, and defaults filled in. */
export function shape(version: ServedVersion, sent: Sent, options: Pick<WriteOptions, 'fieldValidation' | 'warnings'>): void {
  strip(version, sent, options);
  version.schema.applyDefaults(asJson(sent.object));
}

/** Everything that is wrong with an object, at once. */
export function validate({ kind, version }: Target, object: KubeObject, old: KubeObject | undefined): void {
  const causes: Cause[] = [
    ...validateMetadata(asJson(object).metadata as JsonObject, { namespaced: kind.isNamespaced, nameRule: kind.rules.nameRule }),
    ...version.schema.validate(asJson(object), old && asJson(old)),
  ];
  if (causes.length === 0)
    causes.push(...version.rules.validate(asJson(object), old && asJson(old)).causes, ...kind.rules.check(object, old));
  if (causes.length > 0) throw invalid({ group: kind.group, kind: kind.kind }, object.metadata.name, causes);
}
