import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openStore, parseStoreUrl } from './open-store.ts';

it('understands the three kinds of store', () => {
  assert.deepEqual(parseStoreUrl('memory'), { kind: 'memory' });
  assert.deepEqual(parseStoreUrl('sqlite:/var/lib/river/store.db'), { kind: 'sqlite', path: '/var/lib/river/store.db' });
  assert.deepEqual(parseStoreUrl('etcd://127.0.0.1:2379'), { kind: 'etcd', endpoints: ['127.0.0.1:2379'] });
  assert.deepEqual(parseStoreUrl('etcd://a:1,[::1]:2,c.example:3/lab/river/'), {
    kind: 'etcd',
    endpoints: ['a:1', '[::1]:2', 'c.example:3'],
    prefix: '/lab/river',
  });
});

it('says what it understands when it does not', async () => {
  for (const url of [
    '',
    'sqlite',
    'sqlite:',
    'etcd://',
    'etcd://host',
    'etcd://host:0',
    'etcd://a:1,,b:2',
    'etcd://a:99999',
    'etcd:a:1',
    'redis://a:1',
    'memory:',
  ]) {
    await assert.rejects(openStore(url), { name: 'TypeError', message: /names no store; understood are: memory, sqlite:/ }, url);
  }
});

it('opens a memory store', async () => {
  const store = await openStore('memory');
  assert.equal(await store.count(''), 0);
  await store.close();
});
