import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { apiClient } from '@river/runtime';
import type { Context } from '../command/context.ts';
import { CommandError } from '../command/exit-code.ts';
import { backupCommand } from './backup.ts';

const folder = mkdtempSync(join(tmpdir(), 'riverctl-backup-'));
const file = join(folder, 'b');
const whole =
  '{"format":"river-backup","version":1,"revision":"3"}\n{"entries":0,"sha256":"5d834606524c49c6bd56c4dbfff90c7d69e5a48d2272e04accbf5bb0bfbdcb33"}\n';

let answer: (response: ServerResponse) => void = () => undefined;
const server = createServer((_request, response) => answer(response));
before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name));
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = async (args: string[], { force = false, interrupt = new AbortController() } = {}): Promise<string[]> => {
  const said: string[] = [];
  const { port } = server.address() as AddressInfo;
  const client = apiClient({ server: `http://127.0.0.1:${port}`, namespace: 'default' });
  const context: Partial<Context> = {
    isJson: false,
    client: async () => client,
    say: (line) => void said.push(line),
    result: () => undefined,
    interrupted: () => interrupt.signal,
  };
  try {
    await backupCommand.run({ args, flags: { force } as never }, context as Context);
    return said;
  } finally {
    client.close();
  }
};

describe('riverctl backup', () => {
  it('keeps a whole backup, for its owner only', async () => {
    answer = (response) => response.end(whole);
    const [line] = await run([file]);
    assert.match(line ?? '', /0 objects, as of revision 3/);
    assert.equal(readFileSync(file, 'utf8'), whole);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ['b']);
  });

  it('replaces a file only when told to', async () => {
    answer = (response) => response.end(whole);
    writeFileSync(file, 'older');
    await assert.rejects(run([file]), { name: 'CommandError', message: /exists.*--force/ });
    assert.equal(readFileSync(file, 'utf8'), 'older');
    await run([file], { force: true });
    assert.equal(readFileSync(file, 'utf8'), whole);
  });

  const half = whole.slice(0, 60);
  const faults: Record<string, (response: ServerResponse) => void> = {
    'ends too early': (response) => response.end(half),
    'is cut off': (response) => response.write(half, () => response.destroy()),
    'was altered on the way': (response) => response.end(whole.replace('"3"', '"4"')),
    'is another thing': (response) => response.end('<html>'),
    'is refused': (response) =>
      response.writeHead(403).end('{"kind":"Status","status":"Failure","reason":"Forbidden","message":"no","code":403}'),
  };
  for (const [name, fault] of Object.entries(faults)) {
    it(`leaves no file, and the older one alone, when the answer ${name}`, async () => {
      answer = fault;
      await assert.rejects(run([file]));
      assert.deepEqual(readdirSync(folder), []);
      writeFileSync(file, 'older');
      await assert.rejects(run([file], { force: true }));
      assert.equal(readFileSync(file, 'utf8'), 'older');
      assert.deepEqual(readdirSync(folder), ['b']);
    });
  }

  it('leaves no file when it is interrupted', async () => {
    const interrupt = new AbortController();
    answer = (response) => response.write(half, () => interrupt.abort(new CommandError('interrupted', 'interrupted')));
    await assert.rejects(run([file], { interrupt }), { exitCode: 130 });
    assert.deepEqual(readdirSync(folder), []);
  });
});
