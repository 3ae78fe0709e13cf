import type { Cause, StructuralSchema } from '@river/crds';
import { checkCollections } from './check-collections.ts';
import { checkValueValidations } from './check-value-validations.ts';
import { compilePattern } from './compile-pattern.ts';
import { append, forbidden, invalidValue, mostCauses, notSupported, required } from './field-causes.ts';

export type Level = 'root' | 'item' | 'field';

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

const unsupported = ['$ref', 'definitions', 'dependencies', 'patternProperties', 'additionalItems', 'id'];

const emptyType: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

const patternFault = (pattern: string): string | undefined => {
  try {
    compilePattern(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

/** What holds for every schema, also for the parts of allOf and its like. */
export const checkKeywords = (schema: StructuralSchema, field: string): Cause[] => {
  const causes = unsupported.filter((key) => key in schema).map((key) => forbidden(`${field}.${key}`, `${key} is not supported`));
  if (schema.uniqueItems) {
    causes.push(forbidden(`${field}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'));
  }
  const fault = schema.pattern === undefined ? undefined : patternFault(schema.pattern);
  if (fault !== undefined) {
    causes.push(invalidValue(`${field}.pattern`, schema.pattern ?? '', `must be a valid regular expression, but isn't: ${fault}`));
  }
  for (const key of ['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'] as const) {
    const count = schema[key];
    if (count !== undefined && count < 0) causes.push(invalidValue(`${field}.${key}`, count, 'must be greater than or equal to 0'));
  }
  if (schema.multipleOf !== undefined && !(schema.multipleOf > 0)) {
    causes.push(invalidValue(`${field}.multipleOf`, schema.multipleOf, 'must be greater than 0'));
  }
  return causes;
};

const checkType = (schema: StructuralSchema, field: string, level: Level): Cause[] => {
  const at = `${field}.type`;
  const { type } = schema;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  if (type === undefined || (type as string) === '') {
    if (level !== 'root' && (preserves || isIntOrString)) return [];
    return [required(at, emptyType[level])];
  }
  if (!types.includes(type)) return [notSupported(at, type, types)];
  const causes: Cause[] = [];
  if (level === 'root' && type !== 'object') causes.push(invalidValue(at, type, 'must be object at the root'));
  if (isIntOrString) causes.push(invalidValue(at, type, 'must be empty if x-kubernetes-int-or-string is true'));
  if (preserves && type !== 'object') causes.push(invalidValue(at, type, 'must be object if x-kubernetes-preserve-unknown-fields is true'));
  return causes;
};

const checkEmbedded = (schema: StructuralSchema, field: string): Cause[] => {
  if (!schema['x-kubernetes-embedded-resource']) return [];
  const causes: Cause[] = [];
  if (schema.type !== 'object')
    causes.push(invalidValue(`${field}.type`, schema.type ?? '', 'must be object if x-kubernetes-embedded-resource is true'));
  if (!schema['x-kubernetes-preserve-unknown-fields'] && Object.keys(schema.properties ?? {}).length === 0) {
    const says = 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    causes.push(required(`${field}.properties`, says));
  }
  if (schema.additionalProperties !== undefined) {
    causes.push(forbidden(`${field}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'));
  }
  return causes;
};

const checkMetadata = (metadata: StructuralSchema, field: string): Cause[] => {
  const causes: Cause[] = [];
  if (metadata.type !== 'object') causes.push(invalidValue(`${field}.type`, metadata.type ?? '', 'must be object'));
  const others = Object.keys(metadata.properties ?? {}).filter((key) => key !== 'name' && key !== 'generateName');
  if (others.length > 0) {
    causes.push(
      forbidden(`${field}.properties`, 'must not specify anything other than name and generateName, but metadata is implicitly specified'),
    );
  }
  if (metadata.additionalProperties !== undefined) causes.push(forbidden(`${field}.additionalProperties`, 'must not be used'));
  if (metadata['x-kubernetes-preserve-unknown-fields'])
    causes.push(forbidden(`${field}.x-kubernetes-preserve-unknown-fields`, 'must not be used'));
  return causes;
};

/** The three parts that every resource has are the server's, whatever a schema wants to say of them. */
const checkIdentity = (schema: StructuralSchema, field: string, level: Level): Cause[] => {
  if (level !== 'root' && !schema['x-kubernetes-embedded-resource']) return [];
  const causes: Cause[] = [];
  for (const key of ['apiVersion', 'kind']) {
    const property = schema.properties?.[key];
    if (property && property.type !== 'string')
      causes.push(invalidValue(`${field}.properties[${key}].type`, property.type ?? '', 'must be string'));
  }
  const metadata = schema.properties?.metadata;
  return metadata ? [...causes, ...checkMetadata(metadata, `${field}.properties[metadata]`)] : causes;
};

const checkAdditional = (schema: StructuralSchema, field: string): Cause[] => {
  const at = `${field}.additionalProperties`;
  const { additionalProperties, type } = schema;
  if (additionalProperties === undefined) return [];
  if (additionalProperties === false) return [forbidden(at, 'additionalProperties cannot be set to false')];
  if (Object.keys(schema.properties ?? {}).length > 0) return [forbidden(at, 'additionalProperties and properties are mutual exclusive')];
  return type === undefined || type === 'object' ? [] : [forbidden(at, 'must not be used unless type is object')];
};

const checkChildren = (schema: StructuralSchema, field: string): Cause[] => {
  const causes: Cause[] = [];
  const properties = schema.properties ?? {};
  for (const key of Object.keys(properties)) {
    const property = properties[key];
    if (causes.length >= mostCauses) break;
    if (property) append(causes, checkStructural(property, `${field}.properties[${key}]`, 'field'));
  }
  if (typeof schema.additionalProperties === 'object') {
    append(causes, checkStructural(schema.additionalProperties, `${field}.additionalProperties`, 'field'));
  }
  if (schema.items) append(causes, checkStructural(schema.items, `${field}.items`, 'item'));
  else if (schema.type === 'array') causes.push(required(`${field}.items`, 'must be specified'));
  return causes;
};

/** Whether a schema is structural: says of every field what it is, once, outside of any condition. */
export const checkStructural = (schema: StructuralSchema, field: string, level: Level): Cause[] => [
  ...checkType(schema, field, level),
  ...(level === 'root' && schema.nullable ? [forbidden(`${field}.nullable`, 'nullable cannot be true at the root')] : []),
  ...checkKeywords(schema, field),
  ...checkEmbedded(schema, field),
  ...checkIdentity(schema, field, level),
  ...checkAdditional(schema, field),
  ...checkCollections(schema, field),
  ...checkValueValidations(schema, field, level),
  ...checkChildren(schema, field),
];
