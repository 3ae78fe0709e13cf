import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../server/eventually.ts';
import { tcpProxy } from '../server/tcp-proxy.ts';
import { useServer } from '../server/use-server.ts';
import { follow, isSame, isWithoutRepeats, write } from './follow.ts';

/** The client gives a silent connection up after 30 s. */
const deadlineMs = 60_000;

describe('an informer of @kubernetes/client-node whose connection is half open', () => {
  const used = useServer({ store: 'sqlite' });

  it('goes on from where it was, once it has given the connection up', async (context) => {
    const { server, api } = used;
    const proxy = await tcpProxy(server.port);
    context.after(() => proxy.close());
    const following = await follow(server, proxy.port);
    context.after(() => following.stop());
    await write(api, ['before']);
    await eventually('the first', following.names, (names) => names.includes('before'));
    proxy.freeze();
    await write(api, ['meanwhile']);
    await eventually('what was written meanwhile', following.names, (names) => names.includes('meanwhile'), deadlineMs);
    await isSame(api, following);
    assert.equal(following.lists(), 1);
    isWithoutRepeats(following);
  });
});
