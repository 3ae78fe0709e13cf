import assert from 'node:assert/strict';
import { onEachStore } from '../server/on-each-store.ts';
import { configMap, task } from './objects.ts';

const now = '2026-01-01T00:00:00Z';
const condition = (type: string, status = 'True') => ({
  status: { conditions: [{ type, status, reason: 'Tests', message: '', lastTransitionTime: now }] },
});

onEachStore('kubectl wait', (test) => {
  test('waits for a condition that comes later', async ({ kubectl, startKubectl, api, at }) => {
    await api.create(at('river.dev/v1/tasks'), task('t'));
    const waiting = startKubectl(['wait', 'task/t', '--for=condition=Ready', '--timeout=20s']);
    const set = (type: string, status?: string) =>
      api.call('PATCH', `${at('river.dev/v1/tasks')}/t/status`, { body: condition(type, status), type: 'application/merge-patch+json' });
    assert.equal((await set('Ready', 'False')).status, 200);
    assert.equal((await set('Ready')).status, 200);
    assert.equal(await waiting.ended, 0);
    assert.match(waiting.stdout(), /task.river.dev\/t condition met/);
    await kubectl(['wait', 'task/t', '--for=condition=Ready=True', '--timeout=20s']);
  });

  test('waits for what a path shows', async ({ startKubectl, api, at }) => {
    await api.create(at('configmaps'), configMap('c', { state: 'new' }));
    const waiting = startKubectl(['wait', 'configmap/c', '--for=jsonpath={.data.state}=done', '--timeout=20s']);
    await api.merge(at('configmaps/c'), { data: { state: 'going' } });
    await api.merge(at('configmaps/c'), { data: { state: 'done' } });
    assert.equal(await waiting.ended, 0);
  });

  test('waits for the end of an object, and for its start', async ({ kubectl, startKubectl, api, at }) => {
    await api.create(at('configmaps'), configMap('old', {}, { finalizers: ['example.com/hold'] }));
    const end = startKubectl(['wait', 'configmap/old', '--for=delete', '--timeout=20s']);
    const start = startKubectl(['wait', 'configmap/new', '--for=create', '--timeout=20s']);
    await api.remove(at('configmaps/old'));
    await api.merge(at('configmaps/old'), { metadata: { finalizers: null } });
    await api.create(at('configmaps'), configMap('new'));
    assert.deepEqual([await end.ended, await start.ended], [0, 0]);
    await kubectl(['wait', 'configmap/absent', '--for=delete', '--timeout=5s']);
  });

  test('gives up when the time is over', async ({ tryKubectl, api, at }) => {
    await api.create(at('river.dev/v1/tasks'), task('t'));
    const { code, stderr } = await tryKubectl(['wait', 'task/t', '--for=condition=Ready', '--timeout=1s']);
    assert.equal(code, 1);
    assert.match(stderr, /timed out waiting for the condition on tasks\/t/);
  });

  test('waits for all that a selector matches', async ({ startKubectl, api, at }) => {
    for (const name of ['a', 'b']) await api.create(at('river.dev/v1/tasks'), task(name, {}, { labels: { wait: 'yes' } }));
    const waiting = startKubectl(['wait', 'tasks', '-l', 'wait=yes', '--for=condition=Ready', '--timeout=20s']);
    for (const name of ['a', 'b'])
      await api.call('PATCH', `${at('river.dev/v1/tasks')}/${name}/status`, {
        body: condition('Ready'),
        type: 'application/merge-patch+json',
      });
    assert.equal(await waiting.ended, 0);
    assert.equal(waiting.lines().length, 2);
  });
});
