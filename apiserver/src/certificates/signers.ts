import { dnsSubdomain } from '@river/crds';
import { type CertificateRequest, longestNodeName, nodeNameOf, nodeSigner, nodesGroup, nodeUsername } from '@river/runtime';

/** Who signs what: one of the signers that this server is. */
export interface Signer {
  usualSeconds: number;
  mostSeconds: number;
  /** What it does not sign in the subject, in words; empty when it would sign. */
  objections(subject: Subject): string[];
}

type Subject = Pick<CertificateRequest, 'commonNames' | 'organizations' | 'otherNames'>;

const daySeconds = 24 * 60 * 60;
const longestName = 256;

/** Signs nodes in. */
const nodes: Signer = {
  usualSeconds: 30 * daySeconds,
  mostSeconds: 90 * daySeconds,
  objections({ commonNames, organizations }) {
    const [name = ''] = commonNames;
    const node = nodeNameOf(name);
    const isNode = node !== undefined && node.length <= longestNodeName && dnsSubdomain(node).length === 0;
    return [
      ...(isNode ? [] : [`its common name must be ${nodeUsername('NAME')}, with a NAME that a Node may have`]),
      ...(organizations.length === 1 && organizations[0] === nodesGroup ? [] : [`its only organization must be ${nodesGroup}`]),
    ];
  },
};

/** Signs people in, and programs. */
const people: Signer = {
  usualSeconds: 90 * daySeconds,
  mostSeconds: 365 * daySeconds,
  objections({ commonNames, organizations }) {
    const reserved = [...commonNames, ...organizations].filter((name) => name.startsWith('system:'));
    const odd = [...commonNames, ...organizations].filter((name) => name === '' || name.length > longestName || /\p{C}/u.test(name));
    return [
      ...(reserved.length > 0 ? [`names that begin with system: are not given: ${reserved.join(', ')}`] : []),
      ...(odd.length > 0 ? [`names are of 1 to ${longestName} characters that can be seen`] : []),
    ];
  },
};

const signers: ReadonlyMap<string, Signer> = new Map([
  [nodeSigner, nodes],
  ['kubernetes.io/kube-apiserver-client', people],
]);

export const signerNamed = (name: string): Signer | undefined => signers.get(name);

const clientUsages: ReadonlySet<string> = new Set(['client auth', 'digital signature', 'key encipherment']);
const leastRsaBits = 2048;
const mostRsaBits = 8192;

/** What a signer of client certificates does not sign, in words; empty when it signs. */
export function objectionsTo(signer: Signer, request: CertificateRequest, usages: readonly string[]): string[] {
  const { commonNames, otherNames, hasAttributes } = request;
  const found: string[] = [];
  if (!isGoodKey(request)) found.push('its key must be EC on P-256 or P-384, Ed25519, or RSA of 2048 to 8192 bits');
  else if (!request.isSigned()) found.push('it is not signed by its own key');
  if (commonNames.length !== 1) found.push('its subject must have one common name');
  if (otherNames.length > 0) found.push('its subject may have a common name and organizations only');
  if (hasAttributes) found.push('extensions and attributes, such as other names, are not taken');
  if (!usages.includes('client auth')) found.push('"client auth" must be among the usages');
  for (const usage of usages) if (!clientUsages.has(usage)) found.push(`the usage ${JSON.stringify(usage)} is not for a client`);
  return [...found, ...signer.objections(request)];
}

function isGoodKey({ publicKey: { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } }: CertificateRequest): boolean {
  if (type === 'ec') return details.namedCurve === 'prime256v1' || details.namedCurve === 'secp384r1';
  if (type === 'rsa') return (details.modulusLength ?? 0) >= leastRsaBits && (details.modulusLength ?? 0) <= mostRsaBits;
  return type === 'ed25519';
}
