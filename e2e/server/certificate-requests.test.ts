import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { makeCertificateRequest } from '@river/runtime';
import { eventually } from './eventually.ts';
import type { Answer } from './http.ts';
import { kubectl, kubectlOk } from './kubectl.ts';
import { useServer } from './use-server.ts';

const requests = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const people = 'kubernetes.io/kube-apiserver-client';
const pemFor = (commonName: string, organizations: string[] = []) =>
  makeCertificateRequest(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, { commonName, organizations });

const requestOf = (name: string, pem: string, spec: object = {}) => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name },
  spec: { request: Buffer.from(pem).toString('base64'), signerName: people, usages: ['client auth'], ...spec },
});

describe('a certificate signing request', () => {
  const used = useServer({
    store: 'memory',
    users: { bob: { groups: ['askers'] }, ann: { groups: ['approvers'] }, sam: { groups: ['signers'] } },
  });
  const post = (object: unknown, token?: string): Promise<Answer> =>
    used.api.call('POST', requests, { body: object, ...(token && { token }) });
  const grant = async (name: string, group: string, rules: object[]) => {
    const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };
    const root = '/apis/rbac.authorization.k8s.io/v1';
    await used.api.create(`${root}/clusterroles`, { ...rbac, kind: 'ClusterRole', metadata: { name }, rules });
    const subjects = [{ kind: 'Group', name: group }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
    await used.api.create(`${root}/clusterrolebindings`, { ...rbac, kind: 'ClusterRoleBinding', metadata: { name }, subjects, roleRef });
  };
  const group = 'certificates.k8s.io';

  it('is approved with kubectl and signed, and says who asked', async () => {
    await grant('askers', 'askers', [{ verbs: ['create', 'get'], apiGroups: [group], resources: ['certificatesigningrequests'] }]);
    const sent = requestOf('bob-1', pemFor('bob', ['lab']), { username: 'admin', groups: ['system:masters'], expirationSeconds: 3600 });
    const made = await post(sent, 'bob');
    assert.equal(made.status, 201, made.text);
    assert.equal(made.json.spec.username, 'bob');
    assert.deepEqual(made.json.spec.groups, ['askers', 'system:authenticated']);
    assert.match(
      await kubectlOk(used.server, ['get', 'csr', 'bob-1']),
      /NAME +AGE +SIGNERNAME +REQUESTOR +REQUESTEDDURATION +CONDITION\nbob-1 .* bob +60m +Pending/,
    );
    assert.match(await kubectlOk(used.server, ['certificate', 'approve', 'bob-1']), /approved/);
    const issued = await eventually(
      'it is issued',
      () => used.api.read(`${requests}/bob-1`),
      ({ status }) => Boolean((status as { certificate?: string })?.certificate),
    );
    const certificate = new X509Certificate(Buffer.from((issued.status as { certificate: string }).certificate, 'base64'));
    assert.equal(certificate.subject, 'O=lab\nCN=bob');
    const seconds = (certificate.validToDate.getTime() - Date.now()) / 1000;
    assert.ok(seconds > 3500 && seconds <= 3600, `${seconds}`);
    assert.match(await kubectlOk(used.server, ['get', 'csr', 'bob-1']), /Approved,Issued/);
    assert.match(await kubectlOk(used.server, ['describe', 'csr', 'bob-1']), /Requesting User: +bob/);
  });

  it('is denied with kubectl, for good', async () => {
    await post(requestOf('bob-2', pemFor('bob')), 'bob');
    await kubectlOk(used.server, ['certificate', 'deny', 'bob-2']);
    const { code, stderr } = await kubectl(used.server, ['certificate', 'approve', 'bob-2']);
    assert.notEqual(code, 0);
    assert.match(stderr, /already Denied/);
    const { status } = await used.api.read(`${requests}/bob-2`);
    const both = [...(status as { conditions: object[] }).conditions, { type: 'Approved', status: 'True' }];
    const twice = await used.api.call('PATCH', `${requests}/bob-2/approval`, {
      body: { status: { conditions: both } },
      type: 'application/merge-patch+json',
    });
    assert.match(twice.json.message, /mutually exclusive/);
    const none = await used.api.call('PATCH', `${requests}/bob-2/approval`, {
      body: { status: { conditions: [] } },
      type: 'application/merge-patch+json',
    });
    assert.deepEqual([none.status, none.json.details.causes[0].field], [422, 'status.conditions']);
  });

  it('keeps what was asked', async () => {
    const { spec } = await used.api.read(`${requests}/bob-2`);
    const { json } = await used.api.call('PATCH', `${requests}/bob-2`, {
      body: { spec: { username: 'eve', signerName: 'x.io/y' } },
      type: 'application/merge-patch+json',
    });
    assert.deepEqual(json.spec, spec);
  });

  it('is decided only by who may approve for its signer, and issued only by who may sign for it', async () => {
    const subresources = ['certificatesigningrequests/approval', 'certificatesigningrequests/status'].map((resource) => ({
      verbs: ['update', 'patch', 'get'],
      apiGroups: [group],
      resources: [resource],
    }));
    await grant('ann', 'approvers', [
      ...subresources,
      { verbs: ['approve'], apiGroups: [group], resources: ['signers'], resourceNames: ['example.com/*'] },
    ]);
    await grant('sam', 'signers', [
      ...subresources,
      { verbs: ['sign'], apiGroups: [group], resources: ['signers'], resourceNames: ['example.com/lab'] },
    ]);
    await post(requestOf('bob-3', pemFor('bob')), 'bob');
    await post(requestOf('bob-4', pemFor('bob'), { signerName: 'example.com/lab' }), 'bob');
    const approve = (name: string, token: string, where = 'approval') =>
      used.api.call('PATCH', `${requests}/${name}/${where}`, {
        body: { status: { conditions: [{ type: 'Approved', status: 'True' }] } },
        type: 'application/merge-patch+json',
        token,
      });
    const refused = await approve('bob-3', 'ann');
    assert.equal(refused.status, 403);
    assert.match(
      refused.json.message,
      /cannot approve resource "signers".*kube-apiserver-client|signers.*kube-apiserver-client.*cannot approve/,
    );
    assert.equal((await approve('bob-4', 'sam')).status, 403);
    assert.equal((await approve('bob-4', 'sam', 'status')).status, 422);
    assert.equal((await approve('bob-4', 'ann')).status, 200);
    const { status } = await used.api.read(`${requests}/bob-1`);
    const sign = (token: string, certificate: string) =>
      used.api.call('PATCH', `${requests}/bob-4/status`, {
        body: { status: { certificate } },
        type: 'application/merge-patch+json',
        token,
      });
    const { certificate } = status as { certificate: string };
    assert.equal((await sign('ann', certificate)).status, 403);
    assert.equal((await sign('sam', 'bm8=')).status, 422);
    assert.equal((await sign('sam', certificate)).status, 200);
    assert.equal((await sign('sam', Buffer.from('other').toString('base64'))).status, 422);
  });

  it('is not gone around by who may merely write Secrets and ConfigMaps', async () => {
    await grant('sue', 'signers', [{ verbs: ['*'], apiGroups: [''], resources: ['secrets', 'configmaps'] }]);
    const at = (plural: string) => `/api/v1/namespaces/river-system/${plural}`;
    const token = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'join-abcdefghij' }, type: 'river.dev/join-token' };
    const list = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'revoked-certificates' } };
    for (const [plural, object] of [
      ['secrets', token],
      ['configmaps', list],
    ] as const) {
      const refused = await used.api.call('POST', at(plural), { body: object, token: 'sam' });
      assert.deepEqual([refused.status, /cannot approve resource "signers"/.test(refused.json.message)], [403, true], plural);
      assert.equal((await used.api.call('POST', at(plural), { body: object })).status, 201);
      const gone = await used.api.call('DELETE', `${at(plural)}/${object.metadata.name}`, { token: 'sam' });
      assert.equal(gone.status, 403, plural);
    }
    const other = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mine' } };
    assert.equal((await used.api.call('POST', at('secrets'), { body: other, token: 'sam' })).status, 201);
  });

  it('that no signer would sign is refused when it is made', async () => {
    const good = pemFor('bob');
    const bytes = Buffer.from(good.replace(/-----[^-]+-----|\n/g, ''), 'base64');
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    const tampered = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    const cases: [what: string, pem: string, spec: object, says: RegExp][] = [
      ['masters', pemFor('bob', ['system:masters']), {}, /system:masters/],
      ['a reserved user', pemFor('system:admin'), {}, /begin with system:/],
      ['no name', pemFor(''), {}, /1 to 256 characters/],
      ['control characters', pemFor('bob\u001b[31m'), {}, /can be seen/],
      ['a broken signature', tampered, {}, /signed by its own key/],
      ['garbage', 'hello', {}, /PEM block/],
      ['server usages', good, { usages: ['server auth'] }, /not for a client/],
      ['no usages', good, { usages: [] }, /usages are required/],
      ['a moment', good, { expirationSeconds: 60 }, /600 seconds/],
      ['a person as a node', good, { signerName: 'river.dev/node-client' }, /system:node:NAME/],
      [
        'a node of more groups',
        pemFor('system:node:a', ['system:nodes', 'system:masters']),
        { signerName: 'river.dev/node-client' },
        /only organization/,
      ],
    ];
    for (const [what, pem, spec, says] of cases) {
      const { status, json } = await post(requestOf('bad', pem, spec), 'bob');
      assert.equal(status, 422, what);
      assert.match(json.message, says, what);
      assert.ok(json.details.causes.length > 0, what);
    }
  });
});
