import type { Json, JsonObject, KubeObject } from '@river/crds';
import { UsageError } from '../command/usage-error.ts';
import { renderTemplate } from './json-path.ts';

/** `-o` of commands that print objects; `table` and `wide` are the server's columns. */
export type OutputFormat = { kind: 'table' | 'wide' | 'yaml' | 'json' | 'name' } | { kind: 'jsonpath'; template: string };

export const parseOutput = (text: string | undefined, isJson: boolean): OutputFormat => {
  if (text === undefined) return { kind: isJson ? 'json' : 'table' };
  if (text === 'wide' || text === 'yaml' || text === 'json' || text === 'name') return { kind: text };
  const [, template] = /^jsonpath=([\s\S]+)$/.exec(text) ?? [];
  if (template !== undefined) return { kind: 'jsonpath', template };
  throw new UsageError(`-o must be wide, yaml, json, name or jsonpath=TEMPLATE, not "${text}"`);
};

const withoutManagedFields = (object: KubeObject): KubeObject => {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
};

export const toYaml = async (value: unknown): Promise<string> => {
  const { stringify } = await import('yaml');
  return stringify(value, { version: '1.1', lineWidth: 0, indentSeq: false, aliasDuplicateObjects: false });
};

/** What kubectl prints: the object itself when one was asked for by name, else a List. */
const asDocument = (objects: readonly KubeObject[], isSingle: boolean): Json => {
  const items = objects.map((object) => withoutManagedFields(object) as unknown as JsonObject);
  const [only] = items;
  if (isSingle && only) return only;
  return { apiVersion: 'v1', kind: 'List', items, metadata: { resourceVersion: '' } };
};

export const renderObjects = async (
  format: OutputFormat,
  objects: readonly KubeObject[],
  isSingle: boolean,
  nameOf: (object: KubeObject) => string,
): Promise<string> => {
  if (format.kind === 'name') return objects.map((object) => `${nameOf(object)}\n`).join('');
  const document = asDocument(objects, isSingle);
  if (format.kind === 'jsonpath') return `${renderTemplate(format.template, document)}\n`;
  return format.kind === 'yaml' ? toYaml(document) : `${JSON.stringify(document, null, 2)}\n`;
};
