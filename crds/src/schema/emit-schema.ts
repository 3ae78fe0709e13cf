import { z } from 'zod';
import type { Json } from '../meta/json.ts';
import { extensionOf } from './extension.ts';
import { patternText, re2Refuses } from './re2-pattern.ts';
import { SchemaError } from './schema-error.ts';
import type { StructuralSchema } from './structural-schema.ts';

interface Place {
  path: string;
  /** The schemas that lead here, so that a recursive one is noticed. */
  above: readonly z.core.$ZodType[];
}

const insteadOf: Record<string, string> = {
  any: 'use anything() to keep unknown JSON on purpose',
  bigint: 'use z.int(), or a string with a pattern for more than 53 bits',
  catch: 'wrong input must be refused, not replaced: use .default()',
  custom: 'use cel() for a rule, anything() for unknown JSON',
  date: 'use dateTime()',
  file: 'use bytes()',
  intersection: 'write one z.object with all fields',
  lazy: 'a structural schema cannot recurse: use anyObject() for the inner part',
  map: 'use mapOf()',
  never: 'leave the field out',
  null: 'use .nullable() on the real type',
  pipe: 'parse the text where it is used; a transform cannot be served',
  record: 'use mapOf()',
  set: "use listOf(item, { type: 'set' })",
  template_literal: 'use z.string().regex()',
  transform: 'parse the text where it is used; a transform cannot be served',
  tuple: 'use a z.object with named fields, or listOf()',
  undefined: 'use .optional()',
  union: 'use optional siblings and cel(…, [exactlyOne(…)]), or intOrString()',
  unknown: 'use anything() to keep unknown JSON on purpose',
};

const refuse = (place: Place, what: string, instead: string): never => {
  throw new SchemaError(place.path, `${what} cannot be said in a structural schema: ${instead}`);
};

/** The schema that Kubernetes serves for a zod schema: what a person may write, with the defaults that the server fills in. */
export const emitSchema = (schema: z.core.$ZodType, path: string): StructuralSchema => emit(schema, { path, above: [] });

function emit(schema: z.core.$ZodType, place: Place): StructuralSchema {
  if (place.above.includes(schema)) refuse(place, 'a schema inside itself', insteadOf.lazy ?? '');
  const meta = z.globalRegistry.get(schema);
  if (meta?.id !== undefined) refuse(place, `the meta id "${meta.id}"`, 'nothing may be a $ref: share the schema as a constant');
  const { instead, also } = extensionOf(schema);
  const body = instead ?? emitBody(schema as z.core.$ZodTypes, { ...place, above: [...place.above, schema] });
  const rules = [...(body['x-kubernetes-validations'] ?? []), ...(also?.['x-kubernetes-validations'] ?? [])];
  return {
    ...body,
    ...also,
    ...(meta?.description !== undefined && { description: meta.description }),
    ...(rules.length > 0 && { 'x-kubernetes-validations': rules }),
  };
}

function emitBody(schema: z.core.$ZodTypes, place: Place): StructuralSchema {
  const def = schema._zod.def;
  switch (def.type) {
    case 'optional':
    case 'readonly':
      return emit(def.innerType, place);
    case 'nullable':
      return { ...emit(def.innerType, place), nullable: true };
    case 'default':
    case 'prefault':
      return { ...emit(def.innerType, place), default: def.defaultValue as Json };
    case 'string':
      return emitString(def, place);
    case 'number':
      return emitNumber(def, place);
    case 'boolean':
      return emitPlain(def, 'boolean', place);
    case 'enum':
      return emitChoice(Object.values(def.entries), place);
    case 'literal':
      return emitChoice(def.values, place);
    case 'array':
      return emitArray(def, place);
    case 'record':
      return emitRecord(def, place);
    case 'object':
      return emitObject(def, place);
    default:
      return refuse(place, `a zod ${def.type}`, insteadOf[def.type] ?? 'use a plainer type');
  }
}

/** Checks sit both on the schema itself (`z.int()`) and in its list (`.min(1)`). */
function checksOf(def: z.core.$ZodTypeDef): z.core.$ZodChecks['_zod']['def'][] {
  const listed = (def.checks ?? []).map((check) => check._zod.def);
  return ('check' in def ? [def, ...listed] : listed) as z.core.$ZodChecks['_zod']['def'][];
}

function refuseCheck(check: z.core.$ZodChecks['_zod']['def'], place: Place): never {
  if ((check.check as string) === 'custom') return refuse(place, 'a refine', 'use cel() so that the server checks it too');
  if (check.check === 'overwrite') return refuse(place, 'a rewriting check such as trim', 'use .regex() to refuse what would be rewritten');
  const format = 'format' in check ? ` "${check.format}"` : '';
  return refuse(place, `the check ${check.check}${format}`, 'use .regex() with a plain pattern');
}

function emitPlain(def: z.core.$ZodTypeDef, type: 'boolean', place: Place): StructuralSchema {
  for (const check of checksOf(def)) refuseCheck(check, place);
  return { type };
}

function emitString(def: z.core.$ZodStringDef, place: Place): StructuralSchema {
  const out: StructuralSchema = { type: 'string' };
  for (const check of checksOf(def)) {
    if (check.check === 'min_length') out.minLength = check.minimum;
    else if (check.check === 'max_length') out.maxLength = check.maximum;
    else if (check.check === 'length_equals') out.minLength = out.maxLength = check.length;
    else if (check.check === 'string_format' && check.format === 'regex' && check.pattern) addPattern(out, check.pattern, place);
    else refuseCheck(check, place);
  }
  return out;
}

function addPattern(out: StructuralSchema, regex: RegExp, place: Place): void {
  const problem = re2Refuses(regex.source);
  if (problem !== undefined) refuse(place, `${problem} in the pattern ${regex}`, 'RE2 refuses it; say it with a plainer pattern or cel()');
  if (regex.flags !== '') refuse(place, `the flags of the pattern ${regex}`, 'spell them out in the pattern');
  if (out.pattern !== undefined) out.allOf = [...(out.allOf ?? []), { pattern: patternText(regex) }];
  else out.pattern = patternText(regex);
}

function emitNumber(def: z.core.$ZodNumberDef, place: Place): StructuralSchema {
  const out: StructuralSchema = { type: 'number' };
  for (const check of checksOf(def)) {
    if (check.check === 'number_format') Object.assign(out, formatOf(check.format));
    else if (check.check === 'greater_than') {
      out.minimum = Number(check.value);
      if (!check.inclusive) out.exclusiveMinimum = true;
    } else if (check.check === 'less_than') {
      out.maximum = Number(check.value);
      if (!check.inclusive) out.exclusiveMaximum = true;
    } else if (check.check === 'multiple_of') out.multipleOf = Number(check.value);
    else refuseCheck(check, place);
  }
  return out;
}

function formatOf(format: z.core.$ZodNumberFormats): StructuralSchema {
  if (format === 'safeint') return { type: 'integer', format: 'int64' };
  if (format === 'int32') return { type: 'integer', format: 'int32' };
  if (format === 'uint32') return { type: 'integer', format: 'int64', minimum: 0, maximum: 2 ** 32 - 1 };
  return { type: 'number', format: format === 'float32' ? 'float' : 'double' };
}

function emitChoice(values: readonly unknown[], place: Place): StructuralSchema {
  const types = new Set(values.map((value) => typeof value));
  const [type] = types;
  if (types.size !== 1) return refuse(place, 'a choice among values of several types', 'use strings');
  if (type === 'string') return { type: 'string', enum: values as string[] };
  if (type === 'boolean') return { type: 'boolean', enum: values as boolean[] };
  if (values.every(Number.isInteger)) return { type: 'integer', enum: values as number[] };
  return refuse(place, `a choice among values of type ${type}`, 'use strings');
}

function emitArray(def: z.core.$ZodArrayDef, place: Place): StructuralSchema {
  const out: StructuralSchema = { type: 'array', items: emit(def.element, { ...place, path: `${place.path}[]` }) };
  for (const check of checksOf(def)) {
    if (check.check === 'min_length') out.minItems = check.minimum;
    else if (check.check === 'max_length') out.maxItems = check.maximum;
    else if (check.check === 'length_equals') out.minItems = out.maxItems = check.length;
    else refuseCheck(check, place);
  }
  return out;
}

function emitRecord(def: z.core.$ZodRecordDef, place: Place): StructuralSchema {
  const key = def.keyType._zod.def;
  if (key.type !== 'string' || checksOf(key).length > 0)
    refuse(place, 'a map with chosen keys', 'use mapOf(), or a z.object with named fields');
  for (const check of checksOf(def)) refuseCheck(check, place);
  return { type: 'object', additionalProperties: emit(def.valueType, { ...place, path: `${place.path}.*` }) };
}

function emitObject(def: z.core.$ZodObjectDef, place: Place): StructuralSchema {
  if (def.catchall) refuse(place, 'a strict or loose object', 'use z.object: unknown fields are pruned; anyObject() keeps them');
  for (const check of checksOf(def)) refuseCheck(check, place);
  const properties: Record<string, StructuralSchema> = {};
  const required: string[] = [];
  for (const [name, field] of Object.entries(def.shape)) {
    properties[name] = emit(field, { ...place, path: `${place.path}.${name}` });
    if (field._zod.optin === undefined) required.push(name);
  }
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}
