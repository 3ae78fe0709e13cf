import { isObject, type Json, type JsonObject } from '@river/crds';

/** What stands for a value that nobody may read. */
export const hidden = '[redacted]';

/** Some part of all that is hidden, however it is written. */
const suspicious = /token|passw|passphrase|secret|credential|key|:\/\/|\\[u/]/i;
const secretName = /(token|passw(or)?d|passphrase|secret|credentials?|(api|private|access)[_-]?key)s?$/i;
/** Of Secrets all else is hidden, so that a misspelt `data` tells nothing either. */
const plainFields = new Set(['apiVersion', 'kind', 'type', 'immutable']);
const plainMetadata = new Set(['name', 'generateName', 'namespace', 'uid', 'resourceVersion', 'labels', 'annotations', 'finalizers']);
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const credentialsInUrl = /:\/\/[^/@\s"]+@/g;
/** Deeper than any body that is read. */
const maxDepth = 200;

/**
 * A body as it may be kept for years: without values of Secrets (also one inside of something else), without texts whose names say that they
 * are secret, without credentials in addresses. Gives back what it was given where there is nothing to hide.
 */
export const redact = (body: Json, isSecret: boolean): Json => (isSecret ? hideSecret(body, 0) : hide(body, 0));

/** Whether there may be something to hide in a body of which this is the JSON text. */
export const mayHide = (text: string): boolean => suspicious.test(text);

function hide(value: Json, depth: number): Json {
  if (typeof value === 'string') return hideInText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > maxDepth) return hidden;
  if (Array.isArray(value)) return mapped(value, (item) => hide(item, depth + 1));
  if (value.kind === 'Secret') return hideSecret(value, depth);
  return hideMembers(value, depth);
}

function hideMembers(value: JsonObject, depth: number): JsonObject {
  // An entry of an environment, or a step of a JSON patch, says in one member what the other is.
  const named = namesSecret(value.name) || namesSecret(value.path);
  let changed: JsonObject | undefined;
  for (const key in value) {
    const member = value[key] ?? null;
    const next = isSecretKey(key) || (named && key === 'value') ? hideTexts(member, depth + 1) : hide(member, depth + 1);
    if (next !== member) changed = { ...(changed ?? value), [key]: next };
  }
  return changed ?? value;
}

/** Texts are hidden; what an object refers to is not. */
function hideTexts(value: Json, depth: number): Json {
  if (typeof value === 'string' || typeof value === 'number') return hidden;
  return Array.isArray(value) ? mapped(value, (item) => hideTexts(item, depth + 1)) : hide(value, depth);
}

function hideSecret(value: Json, depth: number): Json {
  // The steps of a JSON patch.
  if (Array.isArray(value)) return value.map((step) => (isObject(step) ? only(step, new Set(['op', 'path', 'from'])) : hidden));
  if (!isObject(value)) return hidden;
  if (Array.isArray(value.items)) return { ...only(value, plainFields), items: value.items.map((item) => hideSecret(item, depth + 1)) };
  const shown = only(value, plainFields);
  for (const key of ['data', 'stringData']) if (isObject(value[key])) shown[key] = only(value[key], new Set());
  if (!isObject(value.metadata)) return shown;
  const metadata = only(value.metadata, plainMetadata, true);
  if (isObject(metadata.annotations) && lastApplied in metadata.annotations)
    metadata.annotations = { ...metadata.annotations, [lastApplied]: hidden };
  return { ...shown, metadata };
}

/** The members of these names, as far as they are plain; of the others only that they are there. */
function only(value: JsonObject, names: ReadonlySet<string>, isDeep = false): JsonObject {
  const shown: JsonObject = {};
  for (const [key, member] of Object.entries(value))
    shown[key] = names.has(key) && (isDeep || typeof member !== 'object') ? (member ?? null) : hidden;
  return shown;
}

function mapped(values: Json[], map: (value: Json) => Json): Json[] {
  const changed = values.map(map);
  return changed.some((value, at) => value !== values[at]) ? changed : values;
}

const hideInText = (text: string): string => (text.includes('://') ? text.replace(credentialsInUrl, `://${hidden}@`) : text);

const namesSecret = (name: Json | undefined): boolean => typeof name === 'string' && isSecretKey(name);

/** Names come again and again. */
const known = new Map<string, boolean>();
const mostKnown = 2_000;
const longestKnown = 100;

function isSecretKey(name: string): boolean {
  if (name.length > longestKnown) return secretName.test(name);
  const answer = known.get(name);
  if (answer !== undefined) return answer;
  if (known.size >= mostKnown) known.clear();
  const isSecret = secretName.test(name);
  known.set(name, isSecret);
  return isSecret;
}
