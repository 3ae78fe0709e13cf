import { isObject, type Json, type JsonObject, type StructuralSchema } from '@river/crds';
import { cloneJson, put } from '../json/plain-json.ts';

/** Fills in what the schema has defaults for, in place, where the parent exists. */
export type ApplyDefaults = (object: JsonObject) => void;

type Fill = (value: Json) => void;

interface Rule {
  /** What stands for a null here: undefined when null is a value like any other. */
  onNull: (() => Json | undefined) | undefined;
  fill: Fill | undefined;
}

/** A default of null is none, as in Kubernetes. */
const hasDefault = (schema: StructuralSchema): boolean => schema.default !== undefined && schema.default !== null;

/** A default that is a scalar needs no copy. */
const copies = (schema: StructuralSchema): (() => Json | undefined) => {
  const value = hasDefault(schema) ? schema.default : undefined;
  return typeof value === 'object' && value !== null ? () => cloneJson(value) : () => value;
};

const ruleOf = (schema: StructuralSchema): Rule => ({
  onNull: schema.nullable === true ? undefined : copies(schema),
  fill: compileFill(schema),
});

/** Null where null is not allowed is as good as absent: the default takes its place, or nothing does. */
const settleField = (object: JsonObject, key: string, rule: Rule): void => {
  let value = object[key];
  if (value === null) {
    if (!rule.onNull) return;
    value = rule.onNull();
    if (value === undefined) {
      delete object[key];
      return;
    }
    put(object, key, value);
  }
  if (rule.fill && typeof value === 'object' && value !== null) rule.fill(value);
};

const compileFields = (schema: StructuralSchema): ((object: JsonObject) => void) | undefined => {
  const properties = Object.entries(schema.properties ?? {});
  const known = new Map(properties.map(([key, property]) => [key, ruleOf(property)]));
  const missing = properties.filter(([, property]) => hasDefault(property)).map(([key, property]) => ({ key, copy: copies(property) }));
  const values = typeof schema.additionalProperties === 'object' ? ruleOf(schema.additionalProperties) : undefined;
  if (known.size === 0 && !values) return undefined;
  return (object) => {
    for (const { key, copy } of missing) if (!Object.hasOwn(object, key)) put(object, key, copy() as Json);
    for (const key in object) {
      if (typeof object[key] !== 'object') continue;
      const rule = known.get(key) ?? values;
      if (rule) settleField(object, key, rule);
    }
  };
};

const compileItems = (schema: StructuralSchema): ((items: Json[]) => void) | undefined => {
  if (!schema.items) return undefined;
  const { onNull, fill } = ruleOf(schema.items);
  if (!hasDefault(schema.items) && !fill) return undefined;
  return (items) => {
    for (let at = 0; at < items.length; at++) {
      let item = items[at] as Json;
      if (item === null && onNull) {
        item = onNull() ?? null;
        items[at] = item;
      }
      if (fill && typeof item === 'object' && item !== null) fill(item);
    }
  };
};

const compileFill = (schema: StructuralSchema): Fill | undefined => {
  const fields = compileFields(schema);
  const items = compileItems(schema);
  if (!fields && !items) return undefined;
  return (value) => {
    if (Array.isArray(value)) items?.(value);
    else if (isObject(value)) fields?.(value);
  };
};

export const compileDefaults = (schema: StructuralSchema): ApplyDefaults => {
  const fill = compileFill(schema);
  return (object) => fill?.(object);
};
