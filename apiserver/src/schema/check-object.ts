import { isObject, type Json, type JsonObject, type StructuralSchema } from '@river/crds';
import { type Check, fail, failAt, isFull } from './check.ts';
import { invalidValue, required, tooMany } from './field-causes.ts';

const sizeCheck = ({ minProperties, maxProperties }: StructuralSchema): Check | undefined => {
  if (minProperties === undefined && maxProperties === undefined) return undefined;
  return (value, _old, run) => {
    const size = Object.keys(value as JsonObject).length;
    if (minProperties !== undefined && size < minProperties) {
      fail(run, (field) => invalidValue(field, size, `${field} in body should have at least ${minProperties} properties`));
    }
    if (maxProperties !== undefined && size > maxProperties) fail(run, (field) => tooMany(field, size, maxProperties));
  };
};

const requiredCheck = (names: readonly string[]): Check => {
  return (value, _old, run) => {
    for (const name of names) if (!Object.hasOwn(value as JsonObject, name)) failAt(run, name, required);
  };
};

const fieldOf = (old: Json | undefined, key: string): Json | undefined => (isObject(old) && Object.hasOwn(old, key) ? old[key] : undefined);

const fieldsCheck = (known: ReadonlyMap<string, Check | undefined>, other: Check | undefined): Check => {
  return (value, old, run) => {
    const object = value as JsonObject;
    for (const key in object) {
      const check = known.has(key) ? known.get(key) : other;
      const field = object[key];
      if (!check || field === undefined) continue;
      run.path.push(key);
      check(field, old === undefined ? undefined : fieldOf(old, key), run);
      run.path.pop();
      if (isFull(run)) return;
    }
  };
};

export const objectChecks = (schema: StructuralSchema, compile: (schema: StructuralSchema) => Check | undefined): Check[] => {
  const checks: Check[] = [];
  const size = sizeCheck(schema);
  if (size) checks.push(size);
  if (schema.required && schema.required.length > 0) checks.push(requiredCheck(schema.required));
  const known = new Map(Object.entries(schema.properties ?? {}).map(([key, property]) => [key, compile(property)]));
  const other = typeof schema.additionalProperties === 'object' ? compile(schema.additionalProperties) : undefined;
  if (other || [...known.values()].some((check) => check !== undefined)) checks.push(fieldsCheck(known, other));
  return checks;
};
