import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isObject, type Json, type KubeObject } from '@river/crds';
import type { YamlReader } from '../decode/yaml-reader.ts';
import { asObject } from '../object/encode.ts';

const kinds: ReadonlySet<unknown> = new Set(['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding']);

/** The policies and bindings in the YAML files of a folder. @throws Error naming the file that cannot be used. */
export async function readPolicies(folder: string, yaml: YamlReader): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.yaml')) continue;
    const file = join(folder, name);
    for (const text of readFileSync(file, 'utf8').split(/^---$/m)) {
      const { json } = await yaml.read(text).catch((cause) => {
        throw new Error(`${file} is not YAML: ${cause instanceof Error ? cause.message : cause}`, { cause });
      });
      const document: Json = JSON.parse(json);
      if (!isPolicy(document)) throw new Error(`${file} holds something else than named ValidatingAdmissionPolicies and their bindings`);
      found.push(asObject(document));
    }
  }
  return found;
}

const isPolicy = (document: Json): document is { [key: string]: Json } =>
  isObject(document) && kinds.has(document.kind) && isObject(document.metadata) && typeof document.metadata.name === 'string';
