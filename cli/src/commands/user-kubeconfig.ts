import { generateKeyPairSync } from 'node:crypto';
import * as Flags from '@oclif/core/flags';
import { ApiError, type KubeObject } from '@river/crds';
import { certificatesGroup, type DiscoveredResource, keyHash, kubeconfigText, makeCertificateRequest } from '@river/runtime';
import { command } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { CommandError } from '../command/exit-code.ts';
import { UsageError } from '../command/usage-error.ts';
import { usersOf } from '../user/records.ts';
import { parseDurationMs } from '../wait/duration.ts';
import { waitFor } from '../wait/wait-for.ts';

const issuedWithinMs = 30_000;

/** A CertificateSigningRequest, as far as this command looks into it. */
type PersonRequest = KubeObject & { status?: { certificate?: string; conditions?: { type: string; reason?: string; message?: string }[] } };

const requestObject = (name: string, pem: string, expirationSeconds: number): PersonRequest => ({
  apiVersion: `${certificatesGroup}/v1`,
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec: {
    request: Buffer.from(pem).toString('base64'),
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
    expirationSeconds,
  },
});

const approval = { type: 'Approved', status: 'True', reason: 'UserKubeconfig', message: 'made and approved with riverctl user kubeconfig' };

/** The request is approved in the name of who asks, who must have that right, and signed by the server. */
async function certify(context: Context, request: PersonRequest): Promise<string> {
  const client = await context.client();
  const resource = (await context.discovery()).findKind(request.apiVersion, request.kind) as DiscoveredResource; // one of the server's own
  const requests = client.resource<PersonRequest>(resource);
  const made = await requests.create(request, { fieldManager: 'riverctl' });
  await requests.update({ ...made, status: { conditions: [approval] } } as PersonRequest, {
    subresource: 'approval',
    fieldManager: 'riverctl',
  });
  let certificate = '';
  const isDone = (object: PersonRequest | undefined) => {
    const refusal = object?.status?.conditions?.find(({ type }) => type === 'Failed' || type === 'Denied');
    if (refusal)
      throw new CommandError('failed', `${request.metadata.name} was not signed: ${refusal.message ?? refusal.reason}`, 'Failed');
    certificate = object?.status?.certificate ?? '';
    return certificate !== '';
  };
  await waitFor({ client, resource, name: request.metadata.name, namespace: undefined, timeoutMs: issuedWithinMs, what: 'signed', isDone });
  return Buffer.from(certificate, 'base64').toString();
}

export const userKubeconfigCommand = command({
  name: 'user kubeconfig',
  summary: 'make a kubeconfig for a person, with a key and a certificate of their own',
  usage: 'NAME',
  examples: [
    'riverctl user kubeconfig alice > alice.kubeconfig',
    'riverctl user kubeconfig alice -n alice --expires 720h > alice.kubeconfig',
  ],
  flags: {
    expires: Flags.string({ helpValue: 'DURATION', default: '2160h', description: 'how long it is good, at most a year (8760h)' }),
  },
  run: async ({ args: [name, ...more], flags }, context) => {
    if (name === undefined || more.length > 0) throw new UsageError('name one person: riverctl user list');
    const client = await context.client();
    const { server, certificateAuthority } = client;
    if (certificateAuthority === undefined)
      throw new UsageError('this kubeconfig names no certificate-authority, so another one could not know the server by it');
    await usersOf(client).get(name).catch(unknown(name));
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const request = makeCertificateRequest(privateKey, { commonName: name, organizations: [] });
    const seconds = Math.floor(parseDurationMs(flags.expires) / 1000);
    const certificate = await certify(context, requestObject(`user-${name}-${keyHash(privateKey)}`, request, seconds));
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const { namespace } = client;
    const text = kubeconfigText({ server, authority: certificateAuthority, user: name, credentials: { certificate, key }, namespace });
    context.write(text);
    context.note(`riverctl: this is a key: give it to ${name} by a safe way, and keep no copy (mode 0600)`);
  },
});

const unknown = (name: string) => (error: unknown) => {
  if (!ApiError.is(error, 'NotFound')) throw error;
  throw new CommandError('notFound', `there is no user ${name}: riverctl user create ${name} makes one`, 'NotFound');
};
