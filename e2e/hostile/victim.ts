import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { type Answer, type Api, apiOf } from '../server/http.ts';
import { type RunningServer, type StoreKind, startServer } from '../server/start-server.ts';
import type { RawAnswer } from './raw.ts';

export interface Victim {
  server(): RunningServer;
  api(): Api;
}

/** One server for all tests of a file. It must be the same process at the end, and serve. */
export function victim(store: StoreKind = 'sqlite'): Victim {
  let server: RunningServer;
  let api: Api;
  let pid = 0;
  before(async () => {
    server = await startServer({ store });
    api = apiOf(server);
    pid = server.pid();
  });
  after(async () => {
    try {
      const ready = await api.get('/readyz');
      assert.equal(ready.status, 200, `after all: ${ready.text}\n${server.log().slice(-4_000)}`);
      assert.equal(server.pid(), pid);
      assert.doesNotMatch(server.log(), /a request failed|uncaught|unhandled/i);
    } finally {
      api?.close();
      await server?.stop();
    }
  });
  return { server: () => server, api: () => api };
}

const honest = new Set([503, 504]);

/** Whatever was asked: no crash, and a failure of the server only with a Status that says why. */
export function assertCivil(answer: Pick<Answer, 'status' | 'text'> | RawAnswer, what: string): void {
  const body = 'text' in answer ? answer.text : answer.body;
  if (answer.status < 500) return;
  assert.ok(honest.has(answer.status), `${what}: ${answer.status} ${body.slice(0, 500)}`);
  const status = JSON.parse(body);
  assert.equal(status.kind, 'Status', what);
  assert.ok(status.reason && status.message, what);
}

export const configMaps = '/api/v1/namespaces/default/configmaps';
export const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  data,
});
