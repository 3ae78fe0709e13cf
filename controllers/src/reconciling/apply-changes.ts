import { ApiError, type KubeObject } from '@river/crds';
import type { ResourceDef } from '@river/crds/kinds';
import type { ApiClient, ResourceClient } from '@river/runtime';
import type { Change, Step } from '../decide/decision.ts';
import { refOf } from './cluster.ts';

export interface ApplyDeps {
  client: Pick<ApiClient, 'resource'>;
  kinds: readonly ResourceDef[];
  tell(event: Step & { act: 'event' }): void;
  count(act: Step['act']): void;
}

/** What a cache shows until it has caught up with a change: an older revision, or nothing yet. */
export interface Outdated {
  kind: string;
  name: string;
  namespace: string | undefined;
  version: string | undefined;
}

export interface Applied {
  /** Why the rest was left: the view was old. */
  conflict?: string;
  outdated: Outdated[];
}

const callMs = 10_000;

/** Does the changes in order, and stops at the first whose precondition does not hold. What fails otherwise is thrown. */
export async function applyChanges(deps: ApplyDeps, changes: readonly Change[], signal: AbortSignal): Promise<Applied> {
  const apply = applier(deps, signal);
  const outdated: Outdated[] = [];
  let conflict: string | undefined;
  const take = async (step: Step) => {
    try {
      const left = await apply(step);
      deps.count(step.act);
      if (left) outdated.push(left);
    } catch (error) {
      if (!isConflict(error)) throw error;
      conflict ??= `${step.act}: ${error.message}`;
    }
  };
  for (const change of changes) {
    if (change.act === 'together') await inLanes(change.changes, take);
    else await take(change);
    if (conflict !== undefined) return { conflict, outdated };
  }
  return { outdated };
}

const lanes = 32;

/** Works through them, so many at once. Ends when all that was begun has ended, then throws what went wrong first. */
async function inLanes(steps: readonly Step[], take: (step: Step) => Promise<void>): Promise<void> {
  const rest = steps.values();
  const lane = async () => {
    for (const step of rest) await take(step);
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(lanes, steps.length) }, lane));
  for (const each of ended) if (each.status === 'rejected') throw each.reason;
}

const isConflict = (error: unknown): error is ApiError =>
  ['Conflict', 'AlreadyExists', 'NotFound'].some((reason) => ApiError.is(error, reason as 'Conflict'));

function applier({ client, kinds, tell }: ApplyDeps, signal: AbortSignal): (change: Step) => Promise<Outdated | undefined> {
  /** By uid: the revisions that this decision itself has made. */
  const newest = new Map<string, string>();
  const call = { signal, timeoutMs: callMs };
  const clientOf = ({ kind, apiVersion }: Pick<KubeObject, 'kind' | 'apiVersion'>): ResourceClient => {
    const def = kinds.find((each) => each.kind === kind && each.apiVersion === apiVersion);
    if (!def) throw new TypeError(`nothing is decided about the kind ${kind} of ${apiVersion}`);
    return client.resource(refOf(def));
  };
  const identity = ({ metadata: { uid = '', resourceVersion = '' } }: KubeObject) => ({
    uid,
    resourceVersion: newest.get(uid) ?? resourceVersion,
  });
  const home = ({ metadata: { namespace } }: KubeObject) => (namespace === undefined ? {} : { namespace });
  /** Remembers the revision that came of it. One that is the same as before has changed nothing. */
  const made = (of: KubeObject, result: KubeObject): Outdated | undefined => {
    const { uid, resourceVersion } = result.metadata;
    if (uid && resourceVersion) newest.set(uid, resourceVersion);
    return resourceVersion === of.metadata.resourceVersion ? undefined : outdatedOf(of);
  };
  return async (change) => {
    switch (change.act) {
      case 'event':
        return void tell(change);
      case 'create': {
        const { object } = change;
        await clientOf(object).create(object, { ...call, ...home(object) });
        return outdatedOf({ ...object, metadata: { ...object.metadata, resourceVersion: undefined as never } });
      }
      case 'patch': {
        const { of, body } = change;
        const metadata = { ...(typeof body.metadata === 'object' ? body.metadata : {}), ...identity(of) };
        return made(of, await clientOf(of).patch(of.metadata.name, { ...body, metadata }, { type: 'merge', ...call, ...home(of) }));
      }
      case 'status': {
        const { of, status } = change;
        const { name, namespace } = of.metadata;
        const metadata = { name, ...(namespace !== undefined && { namespace }), ...identity(of) };
        return made(of, await clientOf(of).updateStatus({ ...of, metadata, status }, call));
      }
      case 'delete':
        await clientOf(change.of).delete(change.of.metadata.name, { ...call, ...home(change.of), preconditions: identity(change.of) });
        return outdatedOf(change.of);
      case 'confirm':
        return confirm(await clientOf(change.of).get(change.of.metadata.name, { ...call, ...home(change.of) }), identity(change.of));
      case 'confirmGone': {
        const { kind, name, namespace, uid } = change;
        const found = await client
          .resource(refOf(kind))
          .get(name, { ...call, ...(namespace !== undefined && { namespace }) })
          .catch(ignoreGone);
        if (found?.metadata.uid === uid) throw new ApiError('Conflict', `${kind.kind} ${name} is still there`);
        return undefined;
      }
    }
  };
}

function confirm({ kind, metadata }: KubeObject, { uid, resourceVersion }: { uid: string; resourceVersion: string }): undefined {
  if (metadata.uid === uid && metadata.resourceVersion === resourceVersion) return undefined;
  throw new ApiError('Conflict', `${kind} ${metadata.name} is at ${metadata.resourceVersion}, not at ${resourceVersion}`);
}

const outdatedOf = ({ kind, metadata: { name, namespace, resourceVersion } }: KubeObject): Outdated => ({
  kind,
  name,
  namespace,
  version: resourceVersion,
});

function ignoreGone(error: unknown): undefined {
  if (!ApiError.is(error, 'NotFound')) throw error;
}
