import { ApiError, type KubeObject } from '@river/crds';
import type { CachedObject } from '../cache/cached-object.ts';
import { cloneObject } from '../object/encode.ts';
import { objectKey } from '../object/object-key.ts';
import { currentObject } from '../read/present.ts';
import { qualifiedName, type Target } from '../registry/served-kind.ts';
import { changeObject, type Step } from './change-object.ts';
import { notFound } from './refusals.ts';
import { timestamp, type WriteDeps, type WriteOptions, type Written } from './write-context.ts';

export interface DeleteOptions {
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
}

export interface Deletion {
  target: Target;
  namespace: string;
  name: string;
  deleteOptions: DeleteOptions;
  options: WriteOptions;
}

const orphan = 'orphan';
const foreground = 'foregroundDeletion';
/** Deletion is not graceful here: an object goes at once or waits for its finalizers. */
const gracePeriodSeconds = 0;

/** A DELETE: the object goes at once when nothing holds it; otherwise it is marked, and goes when its last finalizer does. */
export function deleteObject(deps: WriteDeps, deletion: Deletion): Promise<Written> {
  const { target, namespace, name, options } = deletion;
  return changeObject(deps, {
    kind: target.kind,
    namespace,
    name,
    key: objectKey(target.kind.prefix, namespace, name),
    options,
    decide: async (current) => {
      if (!current) throw notFound(target, name);
      if (target.kind.rules.keeps.has(name)) throw kept(target, name);
      requirePreconditions(target, current, deletion.deleteOptions);
      const old = currentObject(current, target.version, target.kind.cache);
      deps.admission.admit({ operation: 'DELETE', target, subresource: '', namespace, object: undefined, oldObject: old, options });
      return markOrRemove(deps, deletion, old);
    },
  });
}

function markOrRemove(deps: WriteDeps, { target, deleteOptions }: Deletion, old: KubeObject): Step {
  const next = cloneObject(old);
  const finalizers = finalizersFor(next.metadata.finalizers ?? [], deleteOptions.propagationPolicy);
  if (finalizers.length > 0) next.metadata.finalizers = finalizers;
  else delete next.metadata.finalizers;
  const isMarked = old.metadata.deletionTimestamp !== undefined;
  if (!isMarked) {
    next.metadata.deletionTimestamp = timestamp(deps.now());
    next.metadata.deletionGracePeriodSeconds = gracePeriodSeconds;
    if (target.kind.rules.hasGeneration) next.metadata.generation = (old.metadata.generation ?? 1) + 1;
  }
  target.kind.rules.complete(next, old);
  if (finalizers.length === 0 && !target.kind.rules.isHeld(next)) return { do: 'delete', object: target.version.toStorage(old) };
  const isSame = isMarked && finalizers.join() === (old.metadata.finalizers ?? []).join();
  return isSame ? { do: 'unchanged' } : { do: 'put', object: target.version.toStorage(next) };
}

function finalizersFor(present: readonly string[], policy: DeleteOptions['propagationPolicy']): string[] {
  if (policy === undefined) return [...present];
  const others = present.filter((finalizer) => finalizer !== orphan && finalizer !== foreground);
  if (policy === 'Orphan') return [...others, orphan];
  return policy === 'Foreground' ? [...others, foreground] : others;
}

const kept = ({ kind }: Target, name: string): ApiError =>
  new ApiError('Forbidden', `${qualifiedName(kind)} "${name}" is forbidden: this ${kind.kind.toLowerCase()} may not be deleted`, {
    details: { name, group: kind.group, kind: kind.plural },
  });

function requirePreconditions(target: Target, current: CachedObject, { preconditions }: DeleteOptions): void {
  const failed = (what: string, wanted: string, is: string) =>
    new ApiError(
      'Conflict',
      `Operation cannot be fulfilled on ${qualifiedName(target.kind)} "${current.name}": Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${is}`,
      { details: { name: current.name, group: target.kind.group, kind: target.kind.plural } },
    );
  const revision = current.revision.toString();
  if (preconditions?.uid !== undefined && preconditions.uid !== current.uid) throw failed('UID', preconditions.uid, current.uid);
  if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== revision) {
    throw failed('ResourceVersion', preconditions.resourceVersion, revision);
  }
}
