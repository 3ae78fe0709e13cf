import { type Cause, type CrdVersion, dns1035Label, type PrinterColumn, type StructuralSchema } from '@river/crds';
import { checkDefaults } from './check-defaults.ts';
import { checkStructural } from './check-structural.ts';
import { duplicate, invalidValue, notSupported, required, tooMany } from './field-causes.ts';
import { schemaShape } from './schema-shape.ts';
import { jsonPathFault, simplePath } from './simple-path.ts';

/** Judges the CEL rules of one version's schema; `field` is where the schema stands in the definition. */
export type CheckRules = (schema: StructuralSchema, field: string) => readonly Cause[];

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];
const columnFormats = ['int32', 'int64', 'float', 'double', 'byte', 'date', 'date-time', 'password'];
const mostSelectable = 8;

const checkColumn = (column: PrinterColumn, field: string): Cause[] => {
  const causes: Cause[] = [];
  if (column.name === '') causes.push(required(`${field}.name`));
  if (!columnTypes.includes(column.type)) causes.push(notSupported(`${field}.type`, column.type, columnTypes));
  if (column.format && !columnFormats.includes(column.format)) causes.push(notSupported(`${field}.format`, column.format, columnFormats));
  if (column.jsonPath === '') return [...causes, required(`${field}.jsonPath`)];
  const fault = jsonPathFault(column.jsonPath);
  if (fault !== undefined) causes.push(invalidValue(`${field}.jsonPath`, column.jsonPath, `is an invalid path: ${fault}`));
  return causes;
};

const checkScalePath = (path: string, field: string, roots: readonly string[]): Cause[] => {
  if (path === '') return [required(field)];
  const steps = simplePath(path);
  const isGood = steps !== undefined && steps.length > 1 && roots.includes(steps[0] ?? '') && !path.includes('[');
  const where = roots.map((root) => `.${root}`).join(' or ');
  return isGood ? [] : [invalidValue(field, path, `should be a json path under ${roots.length > 1 ? 'either ' : ''}${where}`)];
};

const checkSubresources = ({ subresources }: CrdVersion, field: string): Cause[] => {
  const scale = subresources?.scale;
  if (!scale) return [];
  const at = `${field}.subresources.scale`;
  const selector = scale.labelSelectorPath;
  return [
    ...checkScalePath(scale.specReplicasPath, `${at}.specReplicasPath`, ['spec']),
    ...checkScalePath(scale.statusReplicasPath, `${at}.statusReplicasPath`, ['status']),
    ...(selector ? checkScalePath(selector, `${at}.labelSelectorPath`, ['status', 'spec']) : []),
  ];
};

const schemaAt = (schema: StructuralSchema, steps: readonly string[]): StructuralSchema | undefined => {
  let at: StructuralSchema | undefined = schema;
  for (const step of steps) at = at?.properties && Object.hasOwn(at.properties, step) ? at.properties[step] : undefined;
  return at;
};

const selectableFault = (path: string, schema: StructuralSchema): string | undefined => {
  const steps = simplePath(path);
  if (!steps || path.includes('[')) return 'is an invalid path: must be a simple path such as .spec.field';
  if (steps[0] === 'metadata') return 'must not point to fields in metadata';
  const target = schemaAt(schema, steps);
  if (!target) return 'is an invalid path: does not refer to a valid field';
  if (target.type === 'string' || target.type === 'integer' || target.type === 'boolean') return undefined;
  return 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
};

const checkSelectable = (version: CrdVersion, schema: StructuralSchema, field: string): Cause[] => {
  const fields = version.selectableFields ?? [];
  const causes: Cause[] = fields.length > mostSelectable ? [tooMany(field, fields.length, mostSelectable)] : [];
  const seen = new Set<string>();
  for (const [at, { jsonPath }] of fields.entries()) {
    const where = `${field}[${at}].jsonPath`;
    const fault = jsonPath === '' ? undefined : selectableFault(jsonPath, schema);
    if (jsonPath === '') causes.push(required(where));
    else if (fault !== undefined) causes.push(invalidValue(where, jsonPath, fault));
    else if (seen.has(jsonPath)) causes.push(duplicate(where, jsonPath));
    seen.add(jsonPath);
  }
  return causes;
};

const checkDeprecation = (version: CrdVersion, field: string): Cause[] => {
  const warning = version.deprecationWarning ?? undefined;
  if (warning === undefined) return [];
  const at = `${field}.deprecationWarning`;
  if (!version.deprecated) return [invalidValue(at, warning, 'can only be set for deprecated versions')];
  if (warning === '') return [invalidValue(at, warning, 'must not be empty')];
  if (Buffer.byteLength(warning) > 256) return [invalidValue(at, warning, 'must be <= 256 UTF-8 bytes')];
  return /[^\P{C}\p{Cs}]/u.test(warning) ? [invalidValue(at, warning, 'must only contain printable UTF-8 characters')] : [];
};

const checkSchema = (version: CrdVersion, field: string, checkRules: CheckRules): Cause[] => {
  const at = `${field}.schema.openAPIV3Schema`;
  const schema = version.schema?.openAPIV3Schema;
  if (schema === undefined || schema === null) return [required(at, 'schemas are required')];
  const misshapen = schemaShape(schema as never, at);
  if (misshapen.length > 0) return misshapen;
  const structural = checkStructural(schema, at, 'root');
  const selectable = checkSelectable(version, schema, `${field}.selectableFields`);
  if (structural.length > 0) return [...structural, ...selectable];
  return [...checkDefaults(schema, at), ...selectable, ...checkRules(schema, at)];
};

/** Everything that must hold of one version of a definition. */
export const checkCrdVersion = (version: CrdVersion, field: string, checkRules: CheckRules): Cause[] => [
  ...dns1035Label(version.name).map((what) => invalidValue(`${field}.name`, version.name, what)),
  ...checkDeprecation(version, field),
  ...checkSchema(version, field, checkRules),
  ...checkSubresources(version, field),
  ...(version.additionalPrinterColumns ?? []).flatMap((column, at) => checkColumn(column, `${field}.additionalPrinterColumns[${at}]`)),
];
