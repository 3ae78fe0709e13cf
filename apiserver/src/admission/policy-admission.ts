import type { JsonObject } from '@river/crds';
import { known } from '../authentication/authenticate.ts';
import { accountGroups, accountUsername } from '../authorization/account-subject.ts';
import type { Attributes } from '../authorization/attributes.ts';
import type { Rights } from '../authorization/rights.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Feed } from '../cache/feed.ts';
import type { AccessQuestion, Authorize } from '../cel/index.ts';
import { asJson, decodeObject } from '../object/encode.ts';
import { resourcePrefix } from '../object/object-key.ts';
import { currentObject } from '../read/present.ts';
import type { Registry } from '../registry/registry.ts';
import { namespacesPrefix } from '../write/live-namespace.ts';
import type { Admission, AdmissionRequest } from './admission.ts';
import {
  compilePolicies,
  type GetParams,
  type AdmissionRequest as PolicyRequest,
  type PolicySet,
  policyEnvironment,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from './policy/index.ts';

const group = 'admissionregistration.k8s.io';
const policiesPrefix = resourcePrefix(group, 'validatingadmissionpolicies');
const bindingsPrefix = resourcePrefix(group, 'validatingadmissionpolicybindings');

/** Judges every write by the ValidatingAdmissionPolicies in the cache. They are compiled anew when one of them changes. */
export function policyAdmission({ feed, registry, rights }: { feed: Feed; registry: Registry; rights: Rights }): Admission {
  const environment = policyEnvironment();
  const policies = feed.cacheOf(policiesPrefix);
  const bindings = feed.cacheOf(bindingsPrefix);
  let compiled: PolicySet | null = null;
  const forget = () => {
    compiled = null;
  };
  policies.listen(forget);
  bindings.listen(forget);
  feed.onReset(forget);

  const compile = (): PolicySet => {
    // What stands in these caches passed the schemas of their kinds.
    const read = <T>(prefix: string): T[] =>
      feed
        .cacheOf(prefix)
        .range(prefix)
        .map(({ bytes }) => decodeObject(bytes) as unknown as T);
    return compilePolicies(read<ValidatingAdmissionPolicy>(policiesPrefix), read<ValidatingAdmissionPolicyBinding>(bindingsPrefix), {
      environment,
      getParams: paramsFrom(registry),
      authorize: authorizeBy(rights),
    });
  };
  return {
    admit(request) {
      if (bindings.size === 0) return;
      compiled ??= compile();
      const { deny, warnings } = compiled.evaluate(policyRequest(feed, request));
      request.options.warnings.push(...warnings);
      if (deny) throw deny;
    },
  };
}

/** What an expression asks of the requester, or of an account, is answered as a request would be. */
const authorizeBy =
  (rights: Rights) =>
  ({ userInfo }: PolicyRequest): Authorize =>
  (question) => {
    const { serviceAccount: account } = question;
    const subject = account
      ? known(accountUsername(account.namespace, account.name), accountGroups(account.namespace))
      : { username: userInfo.username, groups: userInfo.groups ?? [] };
    const allowed = rights.allows(subject, attributesOf(question));
    return { allowed, reason: allowed ? '' : 'no role allows it' };
  };

function attributesOf({
  path,
  group = '',
  resource = '',
  subresource = '',
  namespace = '',
  name = '',
  verb = '',
}: AccessQuestion): Attributes {
  return path === undefined ? { verb, group, resource, subresource, namespace, name } : { verb, path };
}

const paramsFrom =
  (registry: Registry): GetParams =>
  ({ apiVersion, kind, namespace, name }) => {
    const [groupName, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    const served = registry.findKind(groupName ?? '', kind);
    const at = served?.versions.get(version ?? '');
    if (!served || !at) return [];
    const under = served.prefix + (served.isNamespaced && namespace !== undefined ? `${namespace}/` : '');
    const found = name === undefined ? served.cache.range(under) : [served.cache.get(under + name) ?? []].flat();
    return found.map((object) => asJson(currentObject(object, at, served.cache)));
  };

function policyRequest(
  feed: Feed,
  { operation, target, subresource, namespace, object, oldObject, options }: AdmissionRequest,
): PolicyRequest {
  const { kind, version } = target;
  const { username, uid, groups, extra } = options.requester;
  const { group: apiGroup, version: apiVersion } = version.info;
  const namespaceObject = namespace === '' ? undefined : namespaceJson(feed, namespace);
  return {
    operation,
    object: object ? asJson(object) : null,
    oldObject: oldObject ? asJson(oldObject) : null,
    resource: { group: apiGroup, version: apiVersion, resource: kind.plural, ...(subresource !== '' && { subresource }) },
    kind: { group: apiGroup, version: apiVersion, kind: kind.kind },
    name: (object ?? oldObject)?.metadata.name ?? '',
    ...(namespace !== '' && { namespace, namespaceObject }),
    userInfo: { username, uid, groups: [...groups], extra: copyOf(extra) },
    dryRun: options.isDryRun,
  };
}

const copyOf = (extra: AdmissionRequest['options']['requester']['extra']): Record<string, string[]> =>
  Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));

/** Read once, however many writes are judged by it. */
const namespaces = new WeakMap<CachedObject, JsonObject>();

function namespaceJson(feed: Feed, namespace: string): JsonObject | undefined {
  const found = feed.cacheOf(namespacesPrefix).get(namespacesPrefix + namespace);
  if (!found) return undefined;
  const read = namespaces.get(found) ?? asJson(decodeObject(found.bytes));
  namespaces.set(found, read);
  return read;
}
