import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type JsonObject, type KubeObject } from '@river/crds';
import type { ScalarTag, Tags } from 'yaml';
import { UsageError } from '../command/usage-error.ts';

/** An object as a file says it, and where. */
export interface Document {
  object: KubeObject;
  /** `deploy/queue.yaml#2`, for messages. */
  source: string;
}

const isObjectFile = (name: string) => /\.(ya?ml|json)$/.test(name);

const filesUnder = (path: string, isRecursive: boolean): string[] =>
  readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = join(path, entry.name);
      if (entry.isDirectory()) return isRecursive ? filesUnder(inside, true) : [];
      return isObjectFile(entry.name) ? [inside] : [];
    });

const toFiles = (path: string, isRecursive: boolean): string[] => {
  try {
    return statSync(path).isDirectory() ? filesUnder(path, isRecursive) : [path];
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') throw new UsageError(`${path}: there is no such file`);
    if (cause instanceof Error && 'code' in cause && cause.code === 'EACCES') throw new UsageError(`${path}: this user may not read it`);
    throw cause;
  }
};

const checked = (value: JsonObject, source: string): KubeObject => {
  const { apiVersion, kind, metadata } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') throw new UsageError(`${source}: apiVersion and kind are needed`);
  const name = isObject(metadata) ? (metadata.name ?? metadata.generateName) : undefined;
  if (typeof name !== 'string' || name === '') throw new UsageError(`${source}: ${kind} has no metadata.name`);
  // The two lines above have checked what the type says; the server checks the rest.
  return value as unknown as KubeObject;
};

const flatten = (value: unknown, source: string): Document[] => {
  if (value === null || value === undefined) return [];
  if (!isObject(value)) throw new UsageError(`${source}: an object is needed, this is ${Array.isArray(value) ? 'a list' : typeof value}`);
  const isList = typeof value.kind === 'string' && value.kind.endsWith('List') && Array.isArray(value.items);
  if (isList && Array.isArray(value.items)) return value.items.flatMap((item, at) => flatten(item, `${source}[${at}]`));
  return [{ object: checked(value, source), source }];
};

/** Kubernetes' reader knows neither dates nor base 60: they stay text. */
const isKubernetesTag = (tag: Tags[number]): boolean =>
  typeof tag === 'string' || !(/:(timestamp|binary)$/.test(tag.tag) || ('format' in tag && tag.format === 'TIME'));

/** YAML 1.2's way to write a file mode, which Kubernetes takes too. */
const newOctal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^0o[0-7]+$/,
  resolve: (text) => Number.parseInt(text.slice(2), 8),
};

/** The first line of what the YAML library says; the others show the place. */
const inWords = ({ message, code }: { message: string; code?: string }): string =>
  `${message.split('\n')[0]?.replace(/:$/, '')}${code === 'TAB_AS_INDENT' ? ': use spaces' : ''}`;

/** Aliases that would unfold into millions of values are refused here. */
const toValue = (document: { toJS(): unknown }, where: string): unknown => {
  try {
    return document.toJS();
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new UsageError(`${where}: ${error.message}`, { cause: error });
  }
};

/**
 * The objects in a text: YAML or JSON, one or many documents, Lists opened up. Reads as Kubernetes does: YAML 1.1
 * (`yes` is true), dates stay text.
 */
export const parseDocuments = async (text: string, source: string): Promise<Document[]> => {
  const { parseAllDocuments } = await import('yaml');
  const documents = parseAllDocuments(text, {
    version: '1.1',
    merge: true,
    customTags: (tags) => [...tags.filter(isKubernetesTag), newOctal],
  });
  const list = Array.isArray(documents) ? documents : [];
  return list.flatMap((document, at) => {
    const where = list.length > 1 ? `${source}#${at + 1}` : source;
    const [problem] = document.errors;
    if (problem) throw new UsageError(`${where}: ${inWords(problem)}`);
    return flatten(toValue(document, where), where);
  });
};

const hint = (paths: readonly string[], isRecursive: boolean): string => {
  if (!paths.some((path) => path !== '-' && statSync(path).isDirectory())) return '';
  return ` (of a folder, what ends in .yaml, .yml or .json is read${isRecursive ? '' : ', and with -R what is below it'})`;
};

const decode = (bytes: Uint8Array, file: string): string => {
  const isText = isUtf8(bytes) && !bytes.includes(0);
  if (!isText) throw new UsageError(`${file}: this is no text: YAML or JSON in UTF-8 is needed`);
  return Buffer.from(bytes).toString('utf8');
};

/** Everything in the named files and folders; `-` is standard input. */
export const readDocuments = async (
  paths: readonly string[],
  { isRecursive, readStdin }: { isRecursive: boolean; readStdin(): Promise<string> },
): Promise<Document[]> => {
  const documents: Document[] = [];
  for (const path of paths) {
    if (path === '-') documents.push(...(await parseDocuments(await readStdin(), 'stdin')));
    else for (const file of toFiles(path, isRecursive)) documents.push(...(await parseDocuments(decode(readFileSync(file), file), file)));
  }
  if (documents.length === 0) throw new UsageError(`there are no objects in ${paths.join(', ')}${hint(paths, isRecursive)}`);
  return documents;
};
