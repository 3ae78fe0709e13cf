import type { Revocations } from '@river/runtime';
import { type KeyPair, workQueue } from '@river/runtime';
import { asRequest } from '../kubernetes/certificate-request-rules.ts';
import { decodeObject } from '../object/encode.ts';
import { ownKind } from '../registry/own-kind.ts';
import { editObject, ownOptions } from '../write/edit-object.ts';
import { ignoreRaces, type LoopDeps } from '../write/loop-deps.ts';
import { requestsPrefix } from './requests-prefix.ts';
import { isToBeSigned, type Signed, signRequest } from './sign-request.ts';

export interface Signing {
  /** Without it nothing is signed. */
  authority: KeyPair | undefined;
  revocations: Revocations;
}

/** Signs what is approved. Several servers may do it at once: the first certificate stays. */
export function runSigner(deps: LoopDeps, { authority, revocations }: Signing): void {
  const { feed, clock, random, log, signal } = deps;
  const cache = feed.cacheOf(requestsPrefix);
  const run = async (name: string): Promise<undefined> => {
    const cached = cache.get(requestsPrefix + name);
    const request = cached && asRequest(decodeObject(cached.bytes));
    if (!cached || !request || cached.isDeleting || !isToBeSigned(request)) return;
    if (!authority) {
      log.warn('a certificate request is approved, but this server has no key to sign it with: start it with --client-ca-key', { name });
      return;
    }
    await store(deps, name, cached.uid, await signRequest(authority, request, revocations, deps.now()));
  };
  const queue = workQueue({ signal, clock, random, log: log.with({ loop: 'signer' }), run, parallelism: 2 });
  const addAll = () => {
    for (const { name } of cache.range(requestsPrefix)) queue.add(name);
  };
  cache.listen((events) => {
    for (const { isDelete, object } of events) if (!isDelete) queue.add(object.name);
  });
  feed.onReset(addAll);
  addAll();
}

async function store(deps: LoopDeps, name: string, uid: string, signed: Signed): Promise<void> {
  const kind = ownKind(deps.registry, requestsPrefix);
  const options = ownOptions('river-signer');
  await editObject(deps, {
    ...{ kind, namespace: '', name, uid, options, subresource: 'status' },
    change(object) {
      const next = asRequest(object);
      if (!isToBeSigned(next)) return;
      if ('certificate' in signed) next.status = { ...next.status, certificate: Buffer.from(signed.certificate).toString('base64') };
      else next.status = { ...next.status, conditions: [...(next.status?.conditions ?? []), signed.failed] };
    },
  }).catch(ignoreRaces);
}
