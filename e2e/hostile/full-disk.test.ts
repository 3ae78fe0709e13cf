import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { eventually } from '../server/eventually.ts';
import { apiOf } from '../server/http.ts';
import { startServer } from '../server/start-server.ts';
import { configMap, configMaps } from './victim.ts';

const diskMb = 16;
const data = { a: 'x'.repeat(20_000) };

/** A small disk of its own. Only root may mount one: CI is, and so are most containers. */
function smallDisk(): { dir: string; freeBytes: () => number; unmount: () => void } {
  const dir = mkdtempSync(join(tmpdir(), 'river-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMb}m`, 'tmpfs', dir]);
  return {
    dir,
    freeBytes: () => statfsSync(dir).bavail * statfsSync(dir).bsize,
    unmount() {
      execFileSync('umount', ['-l', dir]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

describe('a server whose disk is full', () => {
  it('says so, does nothing by halves, goes on reading, and writes again when there is room; also after a kill', async () => {
    const disk = smallDisk();
    const ballast = join(disk.dir, 'ballast');
    const server = await startServer({ store: 'sqlite', dir: disk.dir });
    const api = apiOf(server);
    try {
      assert.equal((await api.call('POST', configMaps, { body: configMap('before', data) })).status, 201);
      writeFileSync(ballast, Buffer.alloc(Math.max(0, disk.freeBytes() - 1024 * 1024)));
      const acknowledged = new Set(['before']);
      const refused = new Set<string>();
      const write = async (name: string): Promise<number> => {
        const answer = await api.call('POST', configMaps, { body: configMap(name, data) });
        if (answer.status === 201) acknowledged.add(name);
        else {
          assert.equal(answer.status, 503, answer.text);
          assert.match(answer.json.message, /full|space/);
          assert.equal(answer.json.reason, 'ServiceUnavailable');
          assert.ok(answer.headers['retry-after']);
          refused.add(name);
        }
        return answer.status;
      };
      for (let round = 0; refused.size < 20; round++) await Promise.all(Array.from({ length: 8 }, (_, at) => write(`f-${round}-${at}`)));
      const names = async () =>
        new Set((await api.get(configMaps)).json.items.map((item: { metadata: { name: string } }) => item.metadata.name));
      const isRight = (seen: Set<unknown>) =>
        [...acknowledged].every((name) => seen.has(name)) && ![...refused].some((name) => seen.has(name));
      assert.ok(isRight(await names()), 'what is listed is what was acknowledged');
      assert.equal((await api.get(`${configMaps}/before`)).status, 200);
      await server.kill9();
      rmSync(ballast);
      await server.restart();
      assert.ok(isRight(await names()), 'after a kill what is listed is what was acknowledged');
      writeFileSync(ballast, Buffer.alloc(Math.max(0, disk.freeBytes() - 1024 * 1024)));
      for (let at = 0; (await write(`g-${at}`)) === 201; at++);
      rmSync(ballast);
      await eventually(
        'it writes again',
        () => write('afterwards-'.concat(String(acknowledged.size))),
        (status) => status === 201,
      );
      assert.ok(isRight(await names()), 'with room again what is listed is what was acknowledged');
    } finally {
      api.close();
      await server.stop();
      disk.unmount();
    }
  });
});
