import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type KeyPair, kubeconfigText, makeClientCertificate, outputFrame } from '@river/runtime';
import { eventually, within } from '../server/eventually.ts';
import { type Api, apiOf } from '../server/http.ts';
import { type Program, startProgram } from '../server/program.ts';
import { type RunningServer, startServer } from '../server/start-server.ts';
import { type FakeLink, type FakeNode, fakeNode } from './fake-node.ts';

const main = fileURLToPath(new URL('../../gateway/src/main.ts', import.meta.url));
const log = (task: string, query = '') => `/v1/namespaces/lab/tasks/${task}/log${query}`;
const line = (words: string) => outputFrame({ stream: 'stdout', timeNs: 1n, bytes: Buffer.from(`${words}\n`) });

describe('a gateway', { timeout: 120_000 }, () => {
  let server: RunningServer;
  let api: Api;
  let authority: KeyPair;
  let program: Program;
  let url: string;
  let node: FakeNode;
  let other: FakeNode;
  let link: FakeLink;
  before(async () => {
    server = await startServer({
      store: 'memory',
      users: { gate: { user: 'system:river-gateway', groups: [] }, bob: { groups: [] }, carl: { groups: [] }, dora: { groups: [] } },
    });
    api = apiOf(server);
    const pki = (name: string) => join(server.dir, 'pki', name);
    authority = { certificate: readFileSync(pki('ca.crt'), 'utf8'), key: readFileSync(pki('ca.key'), 'utf8') };
    const kubeconfig = join(server.dir, 'gateway.kubeconfig');
    writeFileSync(
      kubeconfig,
      kubeconfigText({ server: server.url, authority: server.ca, user: 'system:river-gateway', credentials: { token: 'gate' } }),
    );
    const files = ['--cert', pki('server.crt'), '--key', pki('server.key'), '--client-ca', pki('ca.crt')];
    program = startProgram(process.execPath, [main, '--kubeconfig', kubeconfig, '--port', '0', ...files]);
    const ready = await eventually(
      'the gateway serves',
      () => /"ready":true,"url":"([^"]+)"/.exec(program.log())?.[1] ?? program.log(),
      (seen) => seen.startsWith('https:'),
    );
    url = ready;
    node = await fakeNode({ gateway: url, ca: server.ca, authority, name: 'a' });
    other = await fakeNode({ gateway: url, ca: server.ca, authority, name: 'b' });
    link = await linked(node);
    await api.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab' } });
    await makeTask('run', 'a');
    await allow('bob', 'bob');
  });
  after(async () => {
    api?.close();
    await program?.stop();
    await server?.stop();
  });

  const linked = async (who: FakeNode, isSilent?: 'silent') => {
    const made = who.link(isSilent);
    assert.equal(await made.opened, 200);
    return made;
  };
  const makeTask = async (name: string, nodeName?: string) => {
    const tasks = '/apis/river.dev/v1/namespaces/lab/tasks';
    const spec = { image: 'busybox', command: ['true'] };
    const made = await api.create(tasks, { apiVersion: 'river.dev/v1', kind: 'Task', metadata: { name }, spec });
    const { uid } = made.metadata;
    await api.replace(`${tasks}/${name}/status`, { ...made, status: { phase: 'Running', attempts: 1 } });
    const bound = nodeName === undefined ? {} : { nodeName, epoch: 1 };
    await api.create('/apis/river.dev/v1/namespaces/lab/placements', {
      apiVersion: 'river.dev/v1',
      kind: 'Placement',
      metadata: { name: `t-${name}` },
      spec: { ...spec, owner: { kind: 'Task', name, uid }, attempt: 1, ...bound },
    });
  };
  const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/lab/rolebindings';
  const allow = (name: string, user: string, role = 'user') =>
    api.create(roles, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    });
  interface As {
    token?: string;
    pair?: KeyPair;
    headers?: Record<string, string>;
    method?: string;
  }
  const ask = (path: string, { token, pair, headers = {}, method = 'GET' }: As): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const shown = { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
      const identity = pair ? { cert: pair.certificate, key: pair.key } : {};
      request(`${url}${path}`, { method, agent: false, ca: server.ca, headers: shown, ...identity }, (answer) =>
        resolve(answer.on('error', () => {})),
      )
        .once('error', reject)
        .end();
    });
  const refusal = async (path: string, as: As) => {
    const answer = await ask(path, as);
    const { message, reason } = JSON.parse(await text(answer));
    return { status: answer.statusCode, message, reason };
  };
  /** The next thing that the node is asked for. */
  const nextAsk = async (from: FakeLink = link) => {
    const known = from.asked.length;
    return () =>
      eventually(
        'the node is asked',
        () => from.asked[known],
        (seen) => seen !== undefined,
      ).then((seen) => seen?.id ?? '');
  };
  /** A stream that is open, with its node's end. */
  const opened = async (as: As, path = log('run', '?follow=true')) => {
    const asked = await nextAsk();
    const coming = ask(path, as);
    const answer = node.answer(await asked());
    answer.request.write(line('one'));
    const shown = await coming;
    assert.equal(shown.statusCode, 200);
    const closed = new Promise<number>((resolve) => {
      shown.on('error', () => {});
      shown.once('close', () => resolve(performance.now()));
      shown.resume();
    });
    return { answer, shown, closed };
  };

  it('shows output to who may create tasks/log, and to nobody else, whether the Task is there or not', async () => {
    assert.equal((await refusal(log('run'), {})).status, 401);
    assert.equal((await refusal(log('run'), { token: 'nonsense' })).status, 401);
    const strange = await refusal(log('run'), { token: 'carl' });
    assert.equal(strange.status, 403);
    assert.match(strange.message, /carl may not read the output of Tasks in the namespace lab/);
    assert.equal((await refusal(log('absent'), { token: 'carl' })).status, 403);
    await allow('dora', 'dora', 'viewer');
    assert.equal((await refusal(log('run'), { token: 'dora' })).status, 403);
    assert.equal((await refusal(log('absent'), { token: 'bob' })).status, 404);
    const { answer, shown } = await opened({ token: 'bob' });
    answer.request.end();
    assert.deepEqual([await answer.status, shown.headers['x-river-node'], shown.headers['x-river-attempt']], [200, 'a', '1']);
  });

  it('knows people by certificates of the cluster as by tokens, in their own name only', async () => {
    const pair = await makeClientCertificate(authority, { username: 'bob', groups: [] }, new Date());
    const { answer } = await opened({ pair });
    answer.request.end();
    assert.equal(await answer.status, 200);
    const posing = await refusal(log('run'), { token: 'bob', headers: { 'Impersonate-User': 'admin' } });
    assert.equal(posing.status, 400);
    await api.create('/apis/river.dev/v1/users', {
      apiVersion: 'river.dev/v1',
      kind: 'User',
      metadata: { name: 'bob' },
      spec: { disabled: true },
    });
    assert.equal(
      (
        await eventually(
          'bob is shut out',
          () => refusal(log('absent'), { pair }),
          ({ status }) => status === 401,
        )
      ).status,
      401,
    );
    await api.remove('/apis/river.dev/v1/users/bob');
    await eventually(
      'bob is back',
      () => refusal(log('absent'), { pair }),
      ({ status }) => status === 404,
    );
  });

  it('ends a stream within two seconds when the right to it is gone, and breaks it, so that nobody takes a part for the whole', async () => {
    await allow('carl', 'carl');
    const { answer, shown, closed } = await opened({ token: 'carl' });
    const start = performance.now();
    await api.remove(`${roles}/carl`);
    assert.ok((await within('it ends', closed)) - start < 2_000);
    assert.equal(shown.complete, false);
    await within('its node hears of it', answer.closed);
  });

  it('lets only the node answer to which the Placement is bound', async () => {
    const asked = await nextAsk();
    const coming = ask(log('run'), { token: 'bob' });
    const id = await asked();
    const false_ = other.answer(id);
    assert.equal(await false_.status, 403);
    assert.equal((await refusal(`/v1/node-answers/${id}`, { token: 'bob', method: 'POST' })).status, 401);
    const right = node.answer(id);
    right.request.end(line('right'));
    assert.ok((await text(await coming)).includes('right'));
    // Once it was brought, nobody waits for it any more.
    assert.equal(await node.answer(id).status, 404);
  });

  it('ends a stream when the certificate of its node is revoked, and its link', async () => {
    const { closed } = await opened({ token: 'bob' });
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const before = new Date(Date.now() + 1_000).toISOString();
    const list = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'revoked-certificates' } };
    const maps = '/api/v1/namespaces/river-system/configmaps';
    await api.create(maps, { ...list, data: { a: JSON.stringify({ user: 'system:node:a', before, until }) } });
    const start = performance.now();
    assert.ok((await within('it ends', closed)) - start < 2_000);
    await within('the link ends', link.closed);
    assert.equal(await node.link().opened, 401);
    await api.remove(`${maps}/revoked-certificates`);
    link = await eventually('it may link again', () => linked(node));
  });

  it('takes a new link of a node for the old one', async () => {
    const old = link;
    link = await linked(node);
    await within('the old one ends', old.closed);
    await eventually(
      'it is told why',
      () => old.lines,
      (lines) => lines.some((said) => 'end' in said),
    );
    const { answer } = await opened({ token: 'bob' });
    answer.request.end();
    assert.equal(await answer.status, 200);
  });

  it('says why there is nothing to show: not started, a node that is away, that refuses, or that does not answer', async () => {
    await makeTask('unbound');
    const unbound = await refusal(log('unbound'), { token: 'bob' });
    assert.deepEqual([unbound.status, unbound.message], [409, 'task/unbound has not started (Running): wait for it with -f']);
    assert.equal((await refusal(log('run', '?attempt=2'), { token: 'bob' })).status, 409);
    await makeTask('away', 'c');
    const away = await refusal(log('away'), { token: 'bob' });
    assert.equal(away.status, 503);
    assert.match(away.message, /^the node c is away: it has no link to the gateway/);
    const asked = await nextAsk();
    const refused = refusal(log('run'), { token: 'bob' });
    const words = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404, message: 'nothing is kept' };
    node.answer(await asked(), 'application/json').request.end(JSON.stringify(words));
    assert.deepEqual(await refused, { status: 404, message: 'nothing is kept', reason: 'NotFound' });
    const silent = await refusal(log('run'), { token: 'bob' });
    assert.deepEqual([silent.status, silent.message], [504, 'the node a did not begin to answer within 15 s']);
    for (const query of ['?tail=-1', '?follow=1', '?stream=all', '?x=1', '?attempt=0'])
      assert.equal((await refusal(log('run', query), { token: 'bob' })).status, 400, query);
  });

  it('lets one person have 64 streams and no more, and gives back what was closed', async () => {
    link = await linked(node);
    const { asked } = link;
    const open = Array.from({ length: 70 }, () => ask(log('run', '?follow=true'), { token: 'bob' }));
    await eventually(
      '64 are asked for',
      () => asked.length,
      (count) => count >= 64,
    );
    for (const { id } of asked) node.answer(id);
    const answers = await Promise.all(open);
    const statuses = answers.map(({ statusCode }) => statusCode);
    assert.deepEqual([statuses.filter((status) => status === 200).length, statuses.filter((status) => status === 429).length], [64, 6]);
    for (const answer of answers) answer.destroy();
    await eventually(
      'there is room again',
      () => refusal(log('absent'), { token: 'bob' }),
      ({ status }) => status === 404,
    );
  });

  it('lets go of a node that says nothing any more', async () => {
    const silent = await linked(other, 'silent');
    await within('it is let go of', silent.closed, () => program.log(), 30_000);
  });
});
