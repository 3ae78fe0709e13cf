import { ApiError, type KubeObject, labelMatcher, matchesFields, parseFieldSelector, parseLabelSelector } from '@river/crds';
import type { CachedObject } from '../cache/cached-object.ts';
import { asJson } from '../object/encode.ts';
import type { Target } from '../registry/served-kind.ts';
import { compileJsonPath } from '../table/json-path.ts';
import { currentObject } from './present.ts';

/** Which objects of a kind a list, a watch or a collection delete is about. */
export interface Selection {
  matches(object: CachedObject): boolean;
  isEverything: boolean;
  /** The same for the same selection: watchers that share it share their events. */
  id: string;
}

const everything: Selection = { matches: () => true, isEverything: true, id: '' };

const maxSelectorLength = 32 * 1024;

/** Values of selectable fields, read once for each object and path. */
const fieldValues = new WeakMap<CachedObject, Map<string, string>>();

function fieldValue({ kind, version }: Target, object: CachedObject, path: string): string {
  if (path === 'metadata.name') return object.name;
  if (path === 'metadata.namespace') return object.namespace;
  const known = fieldValues.get(object) ?? new Map<string, string>();
  fieldValues.set(object, known);
  const id = `${version.apiVersion} ${path}`;
  const value = known.get(id) ?? readField(currentObject(object, version, kind.cache), path);
  known.set(id, value);
  return value;
}

function readField(object: KubeObject, path: string): string {
  const [value] = compileJsonPath(path)(asJson(object));
  return value === undefined || value === null ? '' : String(value);
}

export interface SelectorQuery {
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}

const selectablePaths = ({ version }: Target): Map<string, string> =>
  new Map([
    ['metadata.name', 'metadata.name'],
    ['metadata.namespace', 'metadata.namespace'],
    ...version.info.selectableFields.map(({ label, path }): [string, string] => [label, path]),
  ]);

/** @throws ApiError BadRequest when a selector cannot be read or names a field that is not selectable. */
export function selectionOf(target: Target, { labelSelector = '', fieldSelector = '' }: SelectorQuery): Selection {
  if (labelSelector === '' && fieldSelector === '') return everything;
  if (labelSelector.length + fieldSelector.length > maxSelectorLength) {
    throw new ApiError('BadRequest', `the selectors are longer than ${maxSelectorLength} characters`);
  }
  const matchesLabels = labelSelector === '' ? null : labelMatcher(understood('label', labelSelector, parseLabelSelector));
  const terms = fieldSelector === '' ? [] : understood('field', fieldSelector, parseFieldSelector);
  const paths = selectablePaths(target);
  for (const { field } of terms) {
    if (paths.has(field)) continue;
    throw new ApiError('BadRequest', `field label not supported: ${field} (this kind has ${[...paths.keys()].join(', ')})`);
  }
  return {
    matches: (object) =>
      (matchesLabels === null || matchesLabels(object.labels)) &&
      matchesFields(terms, (field) => fieldValue(target, object, paths.get(field) ?? '')),
    isEverything: false,
    id: `${labelSelector}\n${fieldSelector}`,
  };
}

function understood<T>(what: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ApiError('BadRequest', `unable to parse the ${what} selector ${JSON.stringify(text.slice(0, 200))}: ${why}`, {
      cause: error,
    });
  }
}
