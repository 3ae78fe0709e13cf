import { humanAge, type Json, type PrinterColumn } from '@river/crds';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { builtInColumns } from './built-in-columns.ts';
import { asJson, type Column, column, nameColumn } from './column.ts';
import { compileJsonPath, type JsonPath } from './json-path.ts';

const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'The time since the object was created.',
};

/** The columns in which objects of the kind are shown: the kind's own after the name, or those that kubectl users know of a built-in kind. */
export function columnsFor(info: ResourceInfo): readonly Column[] {
  const builtIn = builtInColumns(info.group, info.kind);
  if (builtIn) return builtIn;
  const own = info.columns.length > 0 ? info.columns : [ageColumn];
  return [nameColumn(), ...own.map(printerColumn)];
}

function printerColumn({ name, type, jsonPath, description, format = '', priority = 0 }: PrinterColumn): Column {
  const path = compileJsonPath(jsonPath);
  return column(name, description ?? `The value at ${jsonPath}.`, cellReader(type, path), { type, format, priority });
}

function cellReader(type: PrinterColumn['type'], path: JsonPath): Column['cell'] {
  const read = cellOf[type];
  return (object, nowMs) => read(path(asJson(object))[0] ?? null, nowMs);
}

/** Only a string column shows what is not of its type; in the others that cell is empty. */
const cellOf: Record<PrinterColumn['type'], (value: Json, nowMs: number) => Json> = {
  string: (value) => (value === null || typeof value === 'string' ? value : JSON.stringify(value)),
  integer: (value) => (typeof value === 'number' ? Math.trunc(value) : null),
  number: (value) => (typeof value === 'number' ? value : null),
  boolean: (value) => (typeof value === 'boolean' ? value : null),
  date: (value, nowMs) => (typeof value === 'string' ? humanAge(value, nowMs) : null),
};
