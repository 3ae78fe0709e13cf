import { ApiError } from '@river/crds';
import { type CachedObject, cacheObject } from '../cache/cached-object.ts';
import { nameUnder } from '../object/object-key.ts';
import type { Target } from '../registry/served-kind.ts';
import { forbidden, notSupported } from '../schema/field-causes.ts';
import { StoreError } from '../store/store.ts';
import { readStore } from '../write/commit.ts';
import { type ContinueToken, decodeContinue, encodeContinue } from './continue-token.ts';
import { invalidListOptions, parseRevision, type ReadDeps, reachNow, reachRevision } from './read-at.ts';
import { type Selection, type SelectorQuery, selectionOf } from './selection.ts';

export interface ListQuery extends SelectorQuery {
  limit?: number | undefined;
  continue?: string | undefined;
  resourceVersion?: string | undefined;
  resourceVersionMatch?: string | undefined;
}

export interface Listed {
  objects: CachedObject[];
  revision: bigint;
  continueToken?: string;
  remaining?: number;
}

const storePageSize = 500;

/** A list with Kubernetes' meaning of resourceVersion, resourceVersionMatch, limit and continue. */
export async function listObjects(deps: ReadDeps, target: Target, namespace: string, query: ListQuery): Promise<Listed> {
  const selection = selectionOf(target, query);
  const under = target.kind.prefix + (namespace === '' ? '' : `${namespace}/`);
  const revision = query.resourceVersion ? parseRevision(query.resourceVersion) : null;
  requireSense(query);
  if (query.continue) return goOn(deps, target, under, selection, query, decodeContinue(query.continue));
  if (revision !== null && revision > 0n && isExact(query))
    return listAt(deps, target, under, selection, query.limit, { after: '', revision });
  if (revision === null) await reachNow(deps);
  else await reachRevision(deps, revision);
  return listNow(deps, target, under, selection, query.limit, '');
}

/** Without a match a limit makes it exact: the pages that follow must be of the same revision. */
const isExact = ({ resourceVersionMatch, limit }: ListQuery): boolean =>
  resourceVersionMatch === 'Exact' || (resourceVersionMatch === undefined && limit !== undefined && limit > 0);

function requireSense(query: ListQuery): void {
  const { resourceVersionMatch: match, resourceVersion: version } = query;
  if (match === undefined) return;
  const field = 'resourceVersionMatch';
  const causes = [
    ...(version ? [] : [forbidden(field, `${field} is forbidden unless resourceVersion is provided`)]),
    ...(query.continue ? [forbidden(field, `${field} is forbidden when continue is provided`)] : []),
    ...(match === 'Exact' || match === 'NotOlderThan' ? [] : [notSupported(field, match, ['Exact', 'NotOlderThan', ''])]),
    ...(match === 'Exact' && version === '0' ? [forbidden(field, `${field} "exact" is forbidden for resourceVersion "0"`)] : []),
  ];
  if (causes.length > 0) throw invalidListOptions(causes);
}

async function goOn(
  deps: ReadDeps,
  target: Target,
  under: string,
  selection: Selection,
  query: ListQuery,
  token: ContinueToken,
): Promise<Listed> {
  if (query.resourceVersion && query.resourceVersion !== '0') {
    throw new ApiError('BadRequest', 'specifying resource version is not allowed when using continue');
  }
  if (!token.after.startsWith(under)) throw new ApiError('BadRequest', 'continue key is not valid: it belongs to another list');
  if (token.revision > 0n) return listAt(deps, target, under, selection, query.limit, token);
  await reachNow(deps);
  return listNow(deps, target, under, selection, query.limit, token.after);
}

function listNow(
  { feed }: ReadDeps,
  { kind }: Target,
  under: string,
  selection: Selection,
  limit: number | undefined,
  after: string,
): Listed {
  const revision = feed.revision();
  const all = kind.cache.range(under, after === '' ? undefined : after);
  const selected = selection.isEverything ? all : all.filter(selection.matches);
  if (!limit || selected.length <= limit) return { objects: selected, revision };
  const objects = selected.slice(0, limit);
  return {
    objects,
    revision,
    continueToken: encodeContinue({ after: objects.at(-1)?.key ?? '', revision }),
    ...(selection.isEverything && { remaining: selected.length - limit }),
  };
}

/** A list as it was. When nothing of this kind has changed since, the cache still shows it; otherwise the store does. */
async function listAt(
  deps: ReadDeps,
  target: Target,
  under: string,
  selection: Selection,
  limit: number | undefined,
  at: ContinueToken,
): Promise<Listed> {
  const { revision } = at;
  await reachRevision(deps, revision);
  if (target.kind.cache.eventsAfter(revision)?.length === 0) {
    const listed = listNow(deps, target, under, selection, limit, at.after);
    const last = listed.objects.at(-1);
    return { ...listed, revision, ...(listed.continueToken && last && { continueToken: encodeContinue({ after: last.key, revision }) }) };
  }
  return listFromStore(deps, target, under, selection, limit, at);
}

async function listFromStore(
  deps: ReadDeps,
  target: Target,
  under: string,
  selection: Selection,
  limit: number | undefined,
  { after, revision }: ContinueToken,
): Promise<Listed> {
  const objects: CachedObject[] = [];
  let last = after;
  for (;;) {
    const page = await storePage(deps, under, { revision, limit: storePageSize, after: last }, after);
    for (const entry of page.entries) {
      last = entry.key;
      const { namespace, name } = nameUnder(target.kind.prefix, entry.key);
      const object = cacheObject(entry.key, namespace, name, entry.value, entry.revision, -1);
      if (!selection.matches(object)) continue;
      if (limit && objects.length === limit)
        return { objects, revision, continueToken: encodeContinue({ after: objects.at(-1)?.key ?? '', revision }) };
      objects.push(object);
    }
    if (!page.more) return { objects, revision };
  }
}

/** `asked` is after which key the client wanted to go on: from there it may, when this revision is no longer kept. */
async function storePage({ store }: ReadDeps, under: string, page: { revision: bigint; limit: number; after: string }, asked: string) {
  try {
    const { after, ...rest } = page;
    return await readStore(() => store.list(under, after === '' ? rest : page));
  } catch (error) {
    if (!ApiError.is(error, 'Expired') || !StoreError.is(error.cause, 'Compacted')) throw error;
    throw expired(asked);
  }
}

const expired = (after: string): ApiError =>
  new ApiError(
    'Expired',
    'the revision of this list is no longer kept: list again from the start, or go on with the continue token in this answer, which may show objects twice or not at all when they changed meanwhile',
    after === '' ? {} : { continueToken: encodeContinue({ after, revision: 0n }) },
  );
