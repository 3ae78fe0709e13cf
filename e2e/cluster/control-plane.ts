import { users as controllerUsers, startControllers } from '../controllers/controllers.ts';
import { type Api, apiOf } from '../server/http.ts';
import type { Program } from '../server/program.ts';
import { type RunningServer, startServer } from '../server/start-server.ts';

/** One API server over etcd, and what decides, at an address that the nodes reach. */
export interface ControlPlane {
  server: RunningServer;
  api: Api;
  /** kill -9, and at once started again. */
  restartServer(): Promise<void>;
  restartControllers(): Promise<void>;
  log(): string;
  stop(): Promise<void>;
}

const users = { ...controllerUsers, scheduler: { user: 'system:river-scheduler', groups: [] } };

export async function startControlPlane(address: string): Promise<ControlPlane> {
  const server = await startServer({ store: 'etcd', hasPolicies: true, users, address });
  const api = apiOf(server);
  let controllers: Program;
  const begin = async () => {
    controllers = await startControllers(server, { hasScheduler: true });
  };
  const stop = async () => {
    await controllers?.kill9();
    api.close();
    await server.stop();
  };
  await begin().catch(async (error) => {
    await stop();
    throw error;
  });
  return {
    server,
    api,
    async restartServer() {
      await server.kill9();
      await server.restart();
    },
    async restartControllers() {
      await controllers.kill9();
      await begin();
    },
    log: () => `${server.log().slice(-20_000)}\n--- controllers ---\n${controllers.log()}`,
    stop,
  };
}
