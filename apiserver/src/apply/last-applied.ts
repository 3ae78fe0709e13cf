import { isObject, type Json, type JsonObject } from '@river/crds';
import { nestsDeeper, own, put } from '../json/plain-json.ts';
import { maxDepth } from '../patch/json-patch.ts';
import { compare } from './compare.ts';
import { type FieldSet, minus } from './field-set.ts';
import { saidFields } from './owned-fields.ts';
import type { Shape } from './shape.ts';

/** The one manager whose applies take over from `kubectl apply` without `--server-side`. */
export const upgradingManager = 'kubectl';
const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
const maxAnnotationsBytes = 256 * 1024;

/**
 * Fields that client-side apply set and nobody has changed since: `kubectl apply --server-side` may take them from their owner
 * without a conflict, since it is the same person with the same tool.
 */
export function fieldsLastApplied(shape: Shape, live: JsonObject): FieldSet | undefined {
  const text = annotationsOf(live)[annotation];
  if (typeof text !== 'string' || text === '') return undefined;
  const applied = parseObject(text);
  if (!applied) return undefined;
  const delta = compare(shape, applied, live);
  const fields = saidFields(shape, applied);
  return delta ? minus(minus(fields, delta.changed), delta.removed) : fields;
}

/** Keeps the annotation of client-side apply true, where there is one, so that going back to it is safe. */
export function syncLastApplied(object: JsonObject, config: JsonObject): JsonObject {
  const annotations = annotationsOf(object);
  if (!own(annotations, annotation)) return object;
  const { [annotation]: _, ...others } = annotations;
  const text = `${JSON.stringify(sortedKeys(withoutAnnotation(config)))}\n`;
  const bytes = Object.entries(others).reduce(
    (sum, [key, value]) => sum + key.length + String(value).length,
    annotation.length + text.length,
  );
  const kept = bytes > maxAnnotationsBytes ? others : { ...annotations, [annotation]: text };
  return { ...object, metadata: { ...metadataOf(object), annotations: kept } };
}

function withoutAnnotation(config: JsonObject): JsonObject {
  const { annotations: _, ...metadata } = metadataOf(config);
  const { [annotation]: __, ...annotations } = annotationsOf(config);
  return { ...config, metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata };
}

function sortedKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortedKeys);
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value).sort()) put(result, key, sortedKeys(value[key] as Json)); // a key that was just listed has a value
  return result;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(text);
    return isObject(value) && !nestsDeeper(value, maxDepth) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function metadataOf(object: JsonObject): JsonObject {
  const metadata = object.metadata;
  return isObject(metadata) ? metadata : {};
}

function annotationsOf(object: JsonObject): JsonObject {
  const annotations = metadataOf(object).annotations;
  return isObject(annotations) ? annotations : {};
}
