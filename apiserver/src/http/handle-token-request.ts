import { ApiError, type Cause, type KubeObject } from '@river/crds';
import { type AccountTokens, type BoundKind, boundKinds, type Named } from '../authentication/account-tokens.ts';
import { asJson } from '../object/encode.ts';
import { getObject } from '../read/get-object.ts';
import type { Target } from '../registry/served-kind.ts';
import { notSupported, required } from '../schema/field-causes.ts';
import { invalid } from '../schema/invalid.ts';
import { requireNamespace } from '../write/create-object.ts';
import { assumeKind, shape } from '../write/prepare-object.ts';
import { timestamp } from '../write/write-context.ts';
import { type Exchange, sendJson } from './exchange.ts';
import { readSent } from './handle-resource.ts';
import { methodNotAllowed, noSuchResource, type ResourceDeps, writeOptions } from './resource-context.ts';
import type { ResourceRoute } from './route.ts';

export const isTokenRequest = ({ group, version, plural, namespace, name, subresource }: ResourceRoute): boolean =>
  group === '' && version === 'v1' && plural === 'serviceaccounts' && subresource === 'token' && namespace !== '' && name !== '';

/** No token lasts longer than this, whatever is asked for. */
const longestSeconds = 24 * 3600;

interface Spec {
  audiences?: string[];
  expirationSeconds: number;
  boundObjectRef?: Partial<Record<'kind' | 'apiVersion' | 'name' | 'uid', string>>;
}

/** `serviceaccounts/NAME/token`: gives a token of the account. It is kept nowhere. */
export async function handleTokenRequest(deps: ResourceDeps, exchange: Exchange, route: ResourceRoute): Promise<void> {
  const accounts = deps.registry.find('', 'v1', 'serviceaccounts');
  if (!accounts) throw noSuchResource();
  if (exchange.request.method !== 'POST') throw methodNotAllowed();
  const options = writeOptions(exchange);
  const sent = await readSent(deps, exchange);
  const { object } = sent;
  assumeKind(deps.tokenRequest, object);
  requireNamespace(accounts, route.namespace, object);
  if (object.metadata.name && object.metadata.name !== route.name)
    throw new ApiError('BadRequest', `metadata.name is ${object.metadata.name}, but the address names the account ${route.name}`);
  object.spec ??= {};
  shape(deps.tokenRequest, sent, options);
  const causes = deps.tokenRequest.version.schema.validate(asJson(object), undefined);
  if (causes.length > 0) throw refusal(causes, route.name);
  const account = await getObject(deps, accounts, route.namespace, route.name);
  if (account.isDeleting) throw conflict(accounts, route.name, 'it is being deleted');
  requireUid(accounts, account, object.metadata.uid);
  // The schema has been applied.
  const spec = object.spec as unknown as Spec;
  const bound = spec.boundObjectRef && (await findBound(deps, route, spec.boundObjectRef));
  object.metadata = { name: route.name, namespace: route.namespace };
  delete object.status;
  deps.admission.admit({
    operation: 'CREATE',
    target: accounts,
    subresource: 'token',
    namespace: route.namespace,
    object,
    oldObject: undefined,
    options,
  });
  const seconds = Math.min(spec.expirationSeconds, longestSeconds);
  if (seconds < spec.expirationSeconds)
    exchange.warnings.push(
      `spec.expirationSeconds: ${spec.expirationSeconds} is more than a token may last: this one lasts ${seconds} seconds`,
    );
  const audiences = spec.audiences?.length ? spec.audiences : [deps.accounts.issuer];
  const grant = {
    namespace: route.namespace,
    account: { name: account.name, uid: account.uid },
    ...(bound && { bound }),
    audiences,
    seconds,
  };
  await exchange.trail?.recorded();
  return sendJson(exchange, 201, answer(object, { ...spec, audiences }, deps, options.isDryRun ? undefined : grant));
}

type Grant = Parameters<AccountTokens['issue']>[0];

function answer(object: KubeObject, spec: Spec, { accounts, now }: ResourceDeps, grant: Grant | undefined): object {
  const { token, expiresAt } = grant ? accounts.issue(grant) : { token: '', expiresAt: now() };
  const metadata = { ...object.metadata, creationTimestamp: timestamp(now()) };
  return { ...object, metadata, spec, status: { token, expirationTimestamp: timestamp(expiresAt) } };
}

const refusal = (causes: readonly Cause[], name: string): ApiError =>
  invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, name, causes);

const boundBy: Readonly<Record<string, BoundKind>> = {
  'v1/Secret': 'secret',
  'river.dev/v1/Placement': 'placement',
  'river.dev/v1/Node': 'node',
};

/** The object that a token is to be bound to, as it is there now. */
async function findBound(
  deps: ResourceDeps,
  { name: account, namespace }: ResourceRoute,
  { kind = '', apiVersion = '', name = '', uid }: NonNullable<Spec['boundObjectRef']>,
): Promise<{ kind: BoundKind; object: Named }> {
  const at = 'spec.boundObjectRef';
  const full = `${apiVersion}/${kind}`;
  const bound = Object.hasOwn(boundBy, full) ? boundBy[full] : undefined;
  if (!bound) throw refusal([notSupported(`${at}.kind`, full, Object.keys(boundBy))], account);
  if (name === '') throw refusal([required(`${at}.name`, 'the object must have a name')], account);
  const { prefix, isNamespaced } = boundKinds[bound];
  const served = deps.registry.ofPrefix(prefix);
  if (!served) throw noSuchResource();
  const target = { kind: served, version: served.storage };
  const object = await getObject(deps, target, isNamespaced ? namespace : '', name);
  if (object.isDeleting) throw conflict(target, name, 'it is being deleted');
  requireUid(target, object, uid);
  return { kind: bound, object: { name, uid: object.uid } };
}

/** Who names a uid means that object, and no other that has its name now. */
function requireUid(target: Target, { name, uid }: Named, wanted: string | undefined): void {
  if (wanted && wanted !== uid) throw conflict(target, name, `its uid is ${uid}, and not ${wanted}: it was made anew`);
}

const conflict = ({ kind }: Target, name: string, why: string): ApiError =>
  new ApiError('Conflict', `${kind.plural} "${name}" cannot have a token: ${why}`, {
    details: { name, group: kind.group, kind: kind.plural },
  });
