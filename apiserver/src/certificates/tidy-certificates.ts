import { X509Certificate } from 'node:crypto';
import { isObject } from '@river/crds';
import { nodeSigner, overdueEntries, revokedCertificates, sleep } from '@river/runtime';
import { joinTokensPrefix, tokenIn } from '../authentication/join-tokens.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import { asRequest, type CertificateSigningRequest, conditionOf } from '../kubernetes/certificate-request-rules.ts';
import { decodeObject } from '../object/encode.ts';
import { objectKey, resourcePrefix } from '../object/object-key.ts';
import { ownKind } from '../registry/own-kind.ts';
import type { ServedKind } from '../registry/served-kind.ts';
import { deleteObject } from '../write/delete-object.ts';
import { editObject, ownOptions, storageTarget } from '../write/edit-object.ts';
import { ignoreRaces, type LoopDeps } from '../write/loop-deps.ts';
import { requestsPrefix } from './requests-prefix.ts';

const lookEveryMs = 60 * 1000;
const hourMs = 60 * 60 * 1000;
const settledMs = hourMs;
const pendingMs = 24 * hourMs;

/** When a request has been there for long enough: an hour after it was issued, denied or given up, a day when nothing has come of it. */
function requestEndMs(request: CertificateSigningRequest): number {
  const settled =
    conditionOf(request, 'Failed') ??
    conditionOf(request, 'Denied') ??
    (request.status?.certificate ? conditionOf(request, 'Approved') : undefined);
  const madeMs = Date.parse(request.metadata.creationTimestamp ?? '');
  return settled ? (Date.parse(settled.lastUpdateTime ?? '') || madeMs) + settledMs : madeMs + pendingMs;
}

/**
 * Names of the requests that stay on record: the newest that was issued for each node, while its certificate is good. They tell
 * who holds a name, and until when.
 */
export function onRecord(requests: readonly CertificateSigningRequest[], nowMs: number): Set<string> {
  const newest = new Map<string, { name: string; fromMs: number }>();
  for (const { metadata, spec, status } of requests) {
    if (spec.signerName !== nodeSigner || !status?.certificate) continue;
    const { subject, validFromDate, validToDate } = new X509Certificate(Buffer.from(status.certificate, 'base64'));
    const fromMs = validFromDate.getTime();
    if (validToDate.getTime() > nowMs && fromMs >= (newest.get(subject)?.fromMs ?? 0)) newest.set(subject, { name: metadata.name, fromMs });
  }
  return new Set([...newest.values()].map(({ name }) => name));
}

/** Takes away requests and join tokens that are over, and revocations of what has expired. Nothing is written while none is due. */
export async function tidyCertificates(deps: LoopDeps): Promise<void> {
  const { clock, signal, log } = deps;
  while (!signal.aborted) {
    await sleep(clock, lookEveryMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    await tidyOnce(deps).catch((error) => log.warn('certificate requests and join tokens could not be tidied', { error }));
  }
}

async function tidyOnce(deps: LoopDeps): Promise<void> {
  const { feed, clock } = deps;
  const nowMs = clock.wallMs();
  const requests = feed.cacheOf(requestsPrefix);
  const read = new Map(requests.range(requestsPrefix).map((cached) => [cached.name, asRequest(decodeObject(cached.bytes))]));
  const isEnded = (name: string) => {
    const request = read.get(name);
    return request === undefined || requestEndMs(request) < nowMs;
  };
  const kept = onRecord([...read.values()], nowMs);
  const over = requests.range(requestsPrefix).filter(({ name }) => isEnded(name) && !kept.has(name));
  for (const request of over) await remove(deps, ownKind(deps.registry, requestsPrefix), request);
  const secrets = resourcePrefix('', 'secrets');
  const isOver = (secret: CachedObject): boolean => {
    const token = tokenIn(secret);
    if (!token) return false;
    return token.usedFor === undefined ? token.untilMs < nowMs : isEnded(token.usedFor);
  };
  for (const secret of feed.cacheOf(secrets).range(joinTokensPrefix).filter(isOver))
    await remove(deps, ownKind(deps.registry, secrets), secret);
  await pruneRevocations(deps, nowMs);
}

async function pruneRevocations(deps: LoopDeps, nowMs: number): Promise<void> {
  const maps = resourcePrefix('', 'configmaps');
  const { namespace, name } = revokedCertificates;
  const list = deps.feed.cacheOf(maps).get(objectKey(maps, namespace, name));
  if (!list || overdueEntries(decodeObject(list.bytes), nowMs).length === 0) return;
  await editObject(deps, {
    ...{ kind: ownKind(deps.registry, maps), namespace, name, uid: list.uid, options: own, subresource: '' },
    change(object) {
      const { data } = object;
      if (isObject(data)) for (const key of overdueEntries(object, nowMs)) delete data[key];
    },
  }).catch(ignoreRaces);
}

const own = ownOptions('river-certificates');

async function remove(deps: LoopDeps, kind: ServedKind, { namespace, name, uid, revision }: CachedObject): Promise<void> {
  const deleteOptions = { preconditions: { uid, resourceVersion: revision.toString() } };
  await deleteObject(deps, { target: storageTarget(kind), namespace, name, deleteOptions, options: own }).catch(ignoreRaces);
}
