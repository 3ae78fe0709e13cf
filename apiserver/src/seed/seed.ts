import { ApiError, type CustomResourceDefinition, type KubeObject } from '@river/crds';
import { rbacGroup } from '../authorization/rights.ts';
import { equalJson } from '../json/plain-json.ts';
import { keptNamespaces } from '../kubernetes/namespace-rules.ts';
import { asJson, asObject, decodeObject } from '../object/encode.ts';
import { objectKey, resourcePrefix } from '../object/object-key.ts';
import { ownKind } from '../registry/own-kind.ts';
import { definitionsPrefix } from '../registry/registry.ts';
import { createObject } from '../write/create-object.ts';
import { editObject, ownOptions, storageTarget } from '../write/edit-object.ts';
import { namespacesPrefix } from '../write/live-namespace.ts';
import type { LoopDeps } from '../write/loop-deps.ts';
import { autoUpdate, bindingObjects, mapBindingObjects, mapRoleObjects, roleObjects } from './seeded-roles.ts';

const manager = 'river-seed';
const establishDeadlineMs = 10_000;

export interface Seeds {
  /** River's own kinds. */
  definitions: readonly CustomResourceDefinition[];
  /** Policies and their bindings. */
  policies: readonly KubeObject[];
}

/** What must be there before the first client comes: a few namespaces, roles, policies, and River's own kinds. Writes only what differs. */
export async function seed(deps: LoopDeps, { definitions, policies }: Seeds): Promise<void> {
  for (const name of keptNamespaces) {
    await ensure(deps, namespacesPrefix, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  for (const role of roleObjects()) await ensureKept(deps, resourcePrefix(rbacGroup, 'clusterroles'), role, 'rules', roleOptOut);
  for (const binding of bindingObjects())
    await ensureKept(deps, resourcePrefix(rbacGroup, 'clusterrolebindings'), binding, 'subjects', roleOptOut);
  for (const role of mapRoleObjects()) await ensureKept(deps, resourcePrefix(rbacGroup, 'roles'), role, 'rules', roleOptOut);
  for (const binding of mapBindingObjects())
    await ensureKept(deps, resourcePrefix(rbacGroup, 'rolebindings'), binding, 'subjects', roleOptOut);
  for (const definition of definitions) await ensureKept(deps, definitionsPrefix, asObjectCopy(definition), 'spec');
  for (const policy of policies) await ensureKept(deps, policyPrefix(deps, policy), policy, 'spec', policyOptOut);
  await established(deps, definitions);
}

/** Annotations that, set to false, make the server leave an object as it finds it. */
const roleOptOut = autoUpdate;
const policyOptOut = 'river.dev/autoupdate';

function policyPrefix({ registry }: LoopDeps, { kind }: KubeObject): string {
  const served = registry.findKind('admissionregistration.k8s.io', kind);
  if (!served) throw new Error(`${kind} is no kind of policy`);
  return served.prefix;
}

async function ensure(deps: LoopDeps, prefix: string, object: KubeObject): Promise<void> {
  const kind = ownKind(deps.registry, prefix);
  const { namespace = '', name } = object.metadata;
  if (kind.cache.get(objectKey(prefix, namespace, name))) return;
  const options = ownOptions(manager);
  await createObject(deps, { target: storageTarget(kind), namespace, sent: { object, duplicates: [] }, options }).catch((error) => {
    if (!ApiError.is(error, 'AlreadyExists')) throw error;
  });
}

/** A field of a seeded object is set back to what this version of the server wants, unless an annotation says that it is to stay. */
async function ensureKept(
  deps: LoopDeps,
  prefix: string,
  wanted: KubeObject,
  field: 'rules' | 'subjects' | 'spec',
  optOut?: string,
): Promise<void> {
  const kind = ownKind(deps.registry, prefix);
  await ensure(deps, prefix, structuredClone(wanted));
  const { namespace = '', name } = wanted.metadata;
  const present = kind.cache.get(objectKey(prefix, namespace, name));
  if (!present || present.isDeleting) return;
  const { metadata, [field]: value } = decodeObject(present.bytes);
  if (optOut !== undefined && metadata.annotations?.[optOut] === 'false') return;
  const filled = structuredClone(wanted);
  kind.storage.schema.applyDefaults(asJson(filled));
  kind.rules.complete(filled, filled);
  if (equalJson(asJson({ value } as unknown as KubeObject), asJson({ value: filled[field] } as unknown as KubeObject))) return;
  await editObject(deps, {
    kind,
    namespace,
    name: present.name,
    uid: present.uid,
    subresource: '',
    options: ownOptions(manager),
    change: (next) => {
      next[field] = structuredClone(wanted[field]);
    },
  });
}

/** A definition is data: cloned, so that what the server fills in does not reach the vocabulary. */
const asObjectCopy = (definition: CustomResourceDefinition): KubeObject =>
  asObject(JSON.parse(JSON.stringify({ ...definition, status: undefined })));

async function established({ registry, feed, clock }: LoopDeps, definitions: readonly CustomResourceDefinition[]): Promise<void> {
  const missing = () => definitions.filter(({ spec }) => !registry.ofPrefix(resourcePrefix(spec.group, spec.names.plural)));
  await new Promise<void>((resolve, reject) => {
    const cancel = clock.after(establishDeadlineMs, () => {
      stop();
      reject(
        new Error(
          `these kinds could not be served: ${missing()
            .map(({ metadata }) => metadata.name)
            .join(', ')}; see their conditions`,
        ),
      );
    });
    const look = () => {
      if (missing().length > 0) return;
      stop();
      cancel();
      resolve();
    };
    const stop = feed.onAdvance(look);
    look();
  });
}
