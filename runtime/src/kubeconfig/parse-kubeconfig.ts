import { dirname, resolve } from 'node:path';
import { isObject, type JsonObject } from '@river/crds';
import { KubeconfigError } from './kubeconfig-error.ts';

/** A named part of a kubeconfig, with the file it came from: relative paths inside it are relative to that file. */
export interface Entry {
  name: string;
  file: string;
  body: JsonObject;
}

export interface Kubeconfig {
  currentContext?: string;
  clusters: Map<string, Entry>;
  users: Map<string, Entry>;
  contexts: Map<string, Entry>;
}

const emptyKubeconfig = (): Kubeconfig => ({ clusters: new Map(), users: new Map(), contexts: new Map() });

/** Reads one file's text. JSON is YAML too, and parsing it as JSON spares a short command the YAML library. */
export async function parseKubeconfig(text: string, file: string): Promise<Kubeconfig> {
  const document = await parseDocument(text, file);
  if (document === null || document === undefined) return emptyKubeconfig();
  if (!isObject(document))
    throw new KubeconfigError(`${file}: a kubeconfig is a mapping with clusters, users and contexts; this is something else`);
  const current = document['current-context'];
  return {
    ...(typeof current === 'string' && current !== '' && { currentContext: current }),
    clusters: entriesOf(document, 'clusters', 'cluster', file),
    users: entriesOf(document, 'users', 'user', file),
    contexts: entriesOf(document, 'contexts', 'context', file),
  };
}

/** The first to say something wins, as kubectl merges the files of KUBECONFIG. */
export function mergeKubeconfigs(configs: readonly Kubeconfig[]): Kubeconfig {
  const merged = emptyKubeconfig();
  for (const config of configs) {
    if (merged.currentContext === undefined && config.currentContext !== undefined) merged.currentContext = config.currentContext;
    for (const part of ['clusters', 'users', 'contexts'] as const)
      for (const [name, entry] of config[part]) if (!merged[part].has(name)) merged[part].set(name, entry);
  }
  return merged;
}

/** A string field; absent and empty are the same, as in kubectl. */
export function textOf(entry: Entry, key: string): string | undefined {
  const value = entry.body[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new KubeconfigError(`${entry.file}: ${key} of "${entry.name}" must be a string`);
}

export const pathOf = (entry: Entry, key: string): string | undefined => {
  const path = textOf(entry, key);
  return path === undefined ? undefined : resolve(dirname(entry.file), path);
};

async function parseDocument(text: string, file: string): Promise<unknown> {
  if (text.trimStart().startsWith('{')) {
    try {
      return JSON.parse(text);
    } catch {
      // YAML's flow style starts with a brace too.
    }
  }
  const { parse } = await import('yaml');
  try {
    return parse(text);
  } catch (cause) {
    const [reason] = String(cause instanceof Error ? cause.message : cause).split('\n');
    throw new KubeconfigError(`${file}: not readable as YAML: ${reason}`, { cause });
  }
}

function entriesOf(document: JsonObject, list: string, part: string, file: string): Map<string, Entry> {
  const items = document[list] ?? [];
  if (!Array.isArray(items)) throw new KubeconfigError(`${file}: ${list} must be a list`);
  const entries = new Map<string, Entry>();
  for (const [at, item] of items.entries()) {
    if (!isObject(item) || typeof item.name !== 'string') throw new KubeconfigError(`${file}: ${list}[${at}] has no name`);
    const body = item[part] ?? {};
    if (!isObject(body)) throw new KubeconfigError(`${file}: ${list}[${at}].${part} must be a mapping`);
    if (!entries.has(item.name)) entries.set(item.name, { name: item.name, file, body });
  }
  return entries;
}
