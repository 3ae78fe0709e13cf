import type { Cause, Json, JsonObject, StructuralSchema } from '@river/crds';
import { equalJson } from '../json/plain-json.ts';
import { type ApplyDefaults, compileDefaults } from './apply-defaults.ts';
import { allOf, type Check, fail, found, startRun } from './check.ts';
import { combinedChecks } from './check-combined.ts';
import { embeddedCheck } from './check-embedded.ts';
import { listChecks } from './check-list.ts';
import { objectChecks } from './check-object.ts';
import { enumCheck, numberChecks, stringChecks } from './check-scalar.ts';
import { typeInvalid } from './field-causes.ts';
import { objectMetaSchema } from './object-meta-schema.ts';
import { compilePrune, type Prune } from './prune.ts';

/** A structural schema, made ready once for every object of its kind. The schema must have passed `checkCrd`. */
export interface CompiledSchema {
  /** Removes unknown fields in place; gives their paths. */
  prune: Prune;
  /** Fills in defaults in place, where the parent exists. */
  applyDefaults: ApplyDefaults;
  /** What is wrong with an object. With `old`, parts that are as they were are not held against it. */
  validate(object: JsonObject, old?: JsonObject): Cause[];
}

type Kind = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object';

const kindOf = (value: Json): Kind => {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
      return Number.isInteger(value) ? 'integer' : 'number';
    case 'boolean':
      return 'boolean';
    default:
      return value === null ? 'null' : Array.isArray(value) ? 'array' : 'object';
  }
};

const typesOf = (schema: StructuralSchema): Kind[] => {
  if (schema['x-kubernetes-int-or-string']) return ['integer', 'string'];
  return schema.type === undefined ? [] : [schema.type];
};

const typeCheck = (schema: StructuralSchema): ((kind: Kind) => Check | undefined) => {
  const types = typesOf(schema);
  if (types.length === 0) return () => undefined;
  const allowed = new Set<Kind>(types);
  if (allowed.has('number')) allowed.add('integer');
  if (schema.nullable) allowed.add('null');
  const wrong = (kind: Kind): Check => {
    return (_value, _old, run) =>
      fail(run, (field) => typeInvalid(field, kind, `${field} in body must be of type ${types.join(',')}: "${kind}"`));
  };
  return (kind) => (allowed.has(kind) ? undefined : wrong(kind));
};

/** What the schema says of values of each kind. */
const checksByKind = (schema: StructuralSchema): Record<Kind, Check | undefined> => {
  const any = combinedChecks(schema, compileCheck);
  const last = schema.enum ? [enumCheck(schema.enum)] : [];
  const itemCheck = schema.items && compileCheck(schema.items);
  const numbers = numberChecks(schema);
  const own: Record<Kind, Check[]> = {
    null: [],
    boolean: any,
    integer: [...any, ...numbers],
    number: [...any, ...numbers],
    string: [...any, ...stringChecks(schema)],
    array: [...any, ...listChecks(schema, itemCheck)],
    object: [
      ...any,
      ...objectChecks(schema, compileCheck),
      ...(schema['x-kubernetes-embedded-resource'] ? [embeddedCheck(compileCheck(objectMetaSchema))] : []),
    ],
  };
  const wrongType = typeCheck(schema);
  const of = (kind: Kind): Check | undefined => wrongType(kind) ?? allOf([...own[kind], ...last]);
  return {
    null: of('null'),
    boolean: of('boolean'),
    integer: of('integer'),
    number: of('number'),
    string: of('string'),
    array: of('array'),
    object: of('object'),
  };
};

const compileCheck = (schema: StructuralSchema): Check | undefined => {
  const checks = checksByKind(schema);
  if (Object.values(checks).every((check) => check === undefined)) return undefined;
  return (value, old, run) => {
    const check = checks[kindOf(value)];
    if (check && !(old !== undefined && equalJson(value, old))) check(value, old, run);
  };
};

/** Nearly every object is valid, and then what it was before is never looked at. */
const compileValidate = (schema: StructuralSchema): CompiledSchema['validate'] => {
  const check = compileCheck(schema);
  return (object, old) => {
    const run = startRun();
    check?.(object, undefined, run);
    if (old === undefined || run.causes.length === 0) return found(run);
    const again = startRun();
    check?.(object, old, again);
    return found({ ...again, lasting: run.lasting });
  };
};

export const compileSchema = (schema: StructuralSchema): CompiledSchema => ({
  prune: compilePrune(schema),
  applyDefaults: compileDefaults(schema),
  validate: compileValidate(schema),
});
