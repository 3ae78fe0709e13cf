import assert from 'node:assert/strict';
import { it } from 'node:test';
import { User } from '@river/crds/kinds';
import { type TestCore, testCore } from '../testing/test-core.ts';
import { people } from './people.ts';

const usersName = 'users.river.dev';
const requester = (username: string, ...groups: string[]) => ({ username, uid: '', groups, extra: {} });

const withUsers = async (use: (server: TestCore) => Promise<void>) => {
  const server = await testCore({ definitions: [User.crd] });
  await use(server);
  await server.close();
};

it('a person has the groups of the record, from when it says so until it does not', () =>
  withUsers(async (server) => {
    const { complete } = people(server.core.feed);
    assert.deepEqual(complete(requester('bob', 'a'))?.groups, ['a']);
    await server.create(usersName, { metadata: { name: 'bob' }, spec: { groups: ['lab', 'a'] } });
    assert.deepEqual(complete(requester('bob', 'a'))?.groups, ['a', 'lab']);
    assert.deepEqual(complete(requester('eve', 'a'))?.groups, ['a']);
    await server.patch(usersName, 'bob', { body: { spec: { groups: [] } } });
    assert.deepEqual(complete(requester('bob', 'a'))?.groups, ['a']);
  }));

it('who is disabled is nobody, but for those whom no role can lock out', () =>
  withUsers(async (server) => {
    const { complete } = people(server.core.feed);
    await server.create(usersName, { metadata: { name: 'bob' }, spec: { disabled: true } });
    assert.equal(complete(requester('bob')), undefined);
    assert.equal(complete(requester('bob', 'system:masters'))?.username, 'bob');
    await server.patch(usersName, 'bob', { body: { spec: { disabled: false } } });
    assert.equal(complete(requester('bob'))?.username, 'bob');
  }));

it('a group of the system is given by no record', () =>
  withUsers(async (server) => {
    const { complete } = people(server.core.feed);
    const record = {
      apiVersion: 'river.dev/v1',
      kind: 'User',
      metadata: { name: 'bob', uid: 'u' },
      spec: { groups: ['system:masters', 'lab'] },
    };
    await server.store.txn([], [{ key: 'river.dev/users/bob', value: Buffer.from(JSON.stringify(record)) }]);
    await server.until('it is seen', () => server.core.feed.cacheOf('river.dev/users/').size === 1);
    assert.deepEqual(complete(requester('bob'))?.groups, ['lab']);
  }));
