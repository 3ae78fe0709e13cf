import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limits } from '../../apiserver/src/limits.ts';
import { head, openTls } from '../hostile/raw.ts';
import { eventually } from './eventually.ts';
import { useServer } from './use-server.ts';

const path = '/api/v1/namespaces/default/configmaps';
const atOnce = 50;

describe('a client with as many requests under way as it may have', () => {
  const used = useServer({ store: 'memory' });

  it('is told to try again later, does not hold up others, and goes on once some are over', async (context) => {
    const { server, api } = used;
    const beginning = head(server, 'POST', path, ['Content-Type: application/json', 'Content-Length: 100']);
    const sockets: Awaited<ReturnType<typeof openTls>>[] = [];
    context.after(() => sockets.map((socket) => socket.destroy()));
    while (sockets.length < limits.requests.perClient) {
      const count = Math.min(atOnce, limits.requests.perClient - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: count }, () => openTls(server)))));
    }
    for (const socket of sockets) socket.write(beginning);

    const refused = await eventually(
      'one more is refused',
      () => api.get(path),
      ({ status }) => status === 429,
    );
    assert.equal(refused.headers['retry-after'], '1');
    assert.deepEqual([refused.json.kind, refused.json.reason, refused.json.details.retryAfterSeconds], ['Status', 'TooManyRequests', 1]);
    assert.equal((await api.get('/livez', { token: null })).status, 200);

    for (const socket of sockets.splice(0, atOnce)) socket.destroy();
    await eventually(
      'there is room again',
      () => api.get(path),
      ({ status }) => status === 200,
    );
  });
});
