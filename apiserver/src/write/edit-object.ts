import type { KubeObject } from '@river/crds';
import { objectKey } from '../object/object-key.ts';
import { currentObject } from '../read/present.ts';
import type { ServedKind, Target } from '../registry/served-kind.ts';
import { changeObject } from './change-object.ts';
import { notFound } from './refusals.ts';
import { replaceObject, type Subresource } from './update-object.ts';
import type { Requester, WriteDeps, WriteOptions, Written } from './write-context.ts';

const server: Requester = { username: 'system:apiserver', uid: '', groups: ['system:masters', 'system:authenticated'], extra: {} };

/** How the server itself writes. */
export const ownOptions = (fieldManager: string): WriteOptions => ({
  requester: server,
  fieldManager,
  fieldValidation: 'Ignore',
  isDryRun: false,
  warnings: [],
});

export const storageTarget = (kind: ServedKind): Target => ({ kind, version: kind.storage });

export interface Edit {
  kind: ServedKind;
  namespace: string;
  name: string;
  subresource: Subresource;
  /** The edit is only for this object, not for another that took its name. */
  uid: string;
  options: WriteOptions;
  /** Changes the object in place. */
  change: (object: KubeObject) => void;
}

/** A read-modify-write of the server's own, through the same path as any other write. */
export function editObject(deps: WriteDeps, edit: Edit): Promise<Written> {
  const { kind, namespace, name, subresource, options, uid } = edit;
  const target = storageTarget(kind);
  return changeObject(deps, {
    kind,
    namespace,
    name,
    key: objectKey(kind.prefix, namespace, name),
    options,
    decide: async (current) => {
      if (!current || current.uid !== uid) throw notFound(target, name);
      const next = currentObject(current, target.version, kind.cache);
      edit.change(next);
      return replaceObject(deps, { target, namespace, name, subresource, options }, current, next);
    },
  });
}
