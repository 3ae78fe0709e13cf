import {
  certificatesGroup,
  checkRevocations,
  isRevocationList,
  joinTokenNamespace,
  joinTokenType,
  nodeSigner,
  type Revocations,
} from '@river/runtime';
import type { Admission, AdmissionRequest } from '../admission/admission.ts';
import { forbidden } from '../authorization/authorize.ts';
import type { Rights } from '../authorization/rights.ts';
import type { Feed } from '../cache/feed.ts';
import {
  asRequest,
  type CertificateSigningRequest,
  conditionOf,
  isSameStatus,
  sameConditions,
} from '../kubernetes/certificate-request-rules.ts';
import { invalid } from '../schema/invalid.ts';
import { timestamp } from '../write/write-context.ts';
import { admitNewRequest } from './admit-new-request.ts';
import { recentRenewals } from './recent-renewals.ts';

export interface GuardDeps {
  feed: Feed;
  rights: Rights;
  revocations: Pick<Revocations, 'voidBeforeMs'>;
  now: () => Date;
}

/**
 * Nobody asks for a certificate in another's name, or approves, signs or lets in without the right to. What decides over
 * certificates, join tokens and the list of the revoked, is written by who may approve those of nodes, whatever else he may write.
 */
export function guardCertificates(deps: GuardDeps): Admission {
  const recent = recentRenewals(deps.now);
  return {
    admit(request) {
      const { object, oldObject, target } = request;
      if (target.kind.group === '') return guardPowers(deps, request);
      if (!object || target.kind.group !== certificatesGroup) return;
      if (oldObject) admitDecision(deps, request, asRequest(object), asRequest(oldObject));
      else admitNewRequest({ ...deps, recent }, request, asRequest(object));
    },
  };
}

function guardPowers({ rights }: GuardDeps, request: AdmissionRequest): void {
  const { object, oldObject, target, namespace } = request;
  const written = object ?? oldObject;
  if (!written || namespace !== joinTokenNamespace) return;
  const isList = target.kind.plural === 'configmaps' && isRevocationList(written);
  if (!isList && !(target.kind.plural === 'secrets' && written.type === joinTokenType)) return;
  requireSigner(rights, request, 'approve', nodeSigner);
  const causes = isList && object ? checkRevocations(object) : [];
  if (causes.length > 0) throw invalid(target.kind, written.metadata.name, causes);
}

const isVerdict = (type: string): boolean => type === 'Approved' || type === 'Denied';

/** Who approves or denies needs `approve` on the signer, who issues or gives up `sign`: as in Kubernetes. */
function admitDecision(
  { rights, now }: GuardDeps,
  request: AdmissionRequest,
  next: CertificateSigningRequest,
  old: CertificateSigningRequest,
) {
  const { subresource, target } = request;
  if (isSameStatus(next, old)) return;
  const isApproval = subresource === 'approval';
  const refuse = (field: string, message: string) => {
    throw invalid(target.kind, next.metadata.name, [{ reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field }]);
  };
  if (!sameConditions(next, old, (type) => isVerdict(type) !== isApproval))
    refuse(
      'status.conditions',
      isApproval ? 'only Approved and Denied are written here' : 'Approved and Denied are written through the approval subresource',
    );
  if (isApproval && next.status?.certificate !== old.status?.certificate)
    refuse('status.certificate', 'a certificate is written through the status subresource');
  requireSigner(rights, request, isApproval ? 'approve' : 'sign', next.spec.signerName);
  stampConditions(next, old, timestamp(now()));
}

function requireSigner(rights: Rights, { options: { requester } }: AdmissionRequest, verb: string, signer: string): void {
  const wanted = (name: string) => ({ verb, group: certificatesGroup, resource: 'signers', subresource: '', namespace: '', name });
  const wildcard = `${signer.slice(0, signer.indexOf('/'))}/*`;
  if (rights.allows(requester, wanted(signer)) || rights.allows(requester, wanted(wildcard))) return;
  throw forbidden(requester, wanted(signer));
}

/** Writers often leave the times out. */
function stampConditions(next: CertificateSigningRequest, old: CertificateSigningRequest, now: string): void {
  for (const condition of next.status?.conditions ?? []) {
    const before = conditionOf(old, condition.type);
    condition.lastUpdateTime ??= now;
    condition.lastTransitionTime ??= before?.status === condition.status ? (before.lastTransitionTime ?? now) : now;
  }
}
