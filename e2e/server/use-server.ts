import { after, afterEach, before, type TestContext } from 'node:test';
import { type Api, apiOf } from './http.ts';
import { type RunningServer, type ServerOptions, startServer } from './start-server.ts';

/** What runs while the suite does. Not there before its first test. */
export interface UsedServer {
  readonly server: RunningServer;
  readonly api: Api;
}

/** A server for the suite in which this is called: started before, ended after, heard when a test of it fails. */
export function useServer(options: ServerOptions | (() => ServerOptions)): UsedServer {
  let used: UsedServer | undefined;
  const running = (): UsedServer => {
    if (!used) throw new Error('the server of this suite does not run yet');
    return used;
  };
  before(async () => {
    const server = await startServer(typeof options === 'function' ? options() : options);
    used = { server, api: apiOf(server) };
  });
  after(async () => {
    used?.api.close();
    await used?.server.stop();
  });
  afterEach((context) => {
    if ((context as TestContext).passed !== false || !used) return;
    process.stderr.write(`--- the server's log at the end of "${context.name}" ---\n${used.server.log().slice(-8_000)}\n---\n`);
  });
  return {
    get server() {
      return running().server;
    },
    get api() {
      return running().api;
    },
  };
}
