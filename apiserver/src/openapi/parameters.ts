/** A query or path parameter, in the words that both versions of OpenAPI share. */
export interface Parameter {
  name: string;
  in: 'query' | 'path';
  type: 'string' | 'integer' | 'boolean';
  description: string;
}

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({ name, in: 'query', type, description });
const path = (name: string, description: string): Parameter => ({ name, in: 'path', type: 'string', description });

export const nameParameter = path('name', 'The name of the object.');
export const namespaceParameter = path('namespace', 'The namespace of the object.');
export const pretty = query('pretty', 'string', 'With true the answer is indented.');

const resourceVersion = query(
  'resourceVersion',
  'string',
  'The revision that the answer may not be older than, or must be, as resourceVersionMatch says.',
);
const labelSelector = query('labelSelector', 'string', 'Selects objects by their labels.');
const fieldSelector = query('fieldSelector', 'string', 'Selects objects by the fields that their kind offers for it.');
const limit = query('limit', 'integer', 'The most objects that one page may hold.');
const next = query('continue', 'string', 'The token that came with the page before.');
const resourceVersionMatch = query('resourceVersionMatch', 'string', 'How resourceVersion is meant: NotOlderThan or Exact.');
const timeoutSeconds = query('timeoutSeconds', 'integer', 'After how many seconds the list or watch ends.');
const sendInitialEvents = query('sendInitialEvents', 'boolean', 'Whether a watch first sends what exists, closed by a bookmark.');

export const listParameters: readonly Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'Whether a watch may send bookmarks, which say how far it has come.'),
  next,
  fieldSelector,
  labelSelector,
  limit,
  resourceVersion,
  resourceVersionMatch,
  sendInitialEvents,
  timeoutSeconds,
  query('watch', 'boolean', 'Whether to stay and be told of every change after resourceVersion.'),
];

const dryRun = query('dryRun', 'string', 'With All the request is checked to the end and changes nothing.');

export const writeParameters: readonly Parameter[] = [
  dryRun,
  query('fieldManager', 'string', 'Under which name the fields that are written are owned.'),
  query('fieldValidation', 'string', 'What happens to fields that are unknown or doubled: Ignore, Warn or Strict.'),
];

export const patchParameters: readonly Parameter[] = [
  ...writeParameters,
  query('force', 'boolean', 'Whether an apply takes fields from the managers that own them.'),
];

export const deleteParameters: readonly Parameter[] = [
  dryRun,
  query('gracePeriodSeconds', 'integer', 'After how many seconds the object goes; 0 means at once.'),
  query('orphanDependents', 'boolean', 'Replaced by propagationPolicy.'),
  query('propagationPolicy', 'string', 'What happens to what the object owns: Background, Foreground or Orphan.'),
];

export const deleteCollectionParameters: readonly Parameter[] = [
  next,
  ...deleteParameters,
  fieldSelector,
  labelSelector,
  limit,
  resourceVersion,
  resourceVersionMatch,
  sendInitialEvents,
  timeoutSeconds,
];
