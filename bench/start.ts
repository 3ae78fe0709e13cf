import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Docker from 'dockerode';
import { type RunningAgent, startAgent } from '../e2e/node-agent/start-agent.ts';
import { type RunningDockerd, startDockerd } from '../e2e/node-agent/start-dockerd.ts';
import { type Api, apiOf } from '../e2e/server/http.ts';
import { type RunningServer, startServer } from '../e2e/server/start-server.ts';
import { percentile, round } from './api/measure.ts';

const usage = `bench start [--quick]
What it takes from a bound Placement to a running container, and how many a second, beside the same steps through dockerode (on a
bridge, and into the network of a container that is already there) and beside docker run: taking turns, in one run, one engine.
`;

const image = 'busybox:test';
const parallel = 8;
const placements = '/apis/river.dev/v1/namespaces/default/placements';

interface Subject {
  server: RunningServer;
  api: Api;
  dockerd: RunningDockerd;
  agent: RunningAgent;
  docker: Docker;
}

/** Prints one JSON document. */
export async function benchStart(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { quick: { type: 'boolean' }, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const server = await startServer({ store: 'sqlite' });
  const api = apiOf(server);
  const dockerd = await startDockerd();
  const agent = await startAgent({ server, api, dockerd, node: 'n1', flags: ['--warm-sandboxes', '8'] });
  try {
    const subject = { server, api, dockerd, agent, docker: new Docker({ socketPath: dockerd.socket }) };
    const latencies = await measureLatency(subject, values.quick ? 5 : 20);
    const rates = await measureRates(subject, values.quick ? 24 : 200);
    const memory = memoryOf(agent);
    process.stdout.write(`${JSON.stringify({ startMs: latencies, perSecond: rates, rssMiB: memory }, null, 2)}\n`);
    return 0;
  } finally {
    await agent.stop();
    api.close();
    await dockerd.stop();
    await server.stop();
  }
}

let made = 0;
const draft = (command: readonly string[]) => {
  made++;
  const owner = { kind: 'Task', name: 'bench', uid: `uid-${made}` };
  const spec = { owner, attempt: 1, image, command, nodeName: 'n1', epoch: 1, gracePeriod: '0s' };
  return { apiVersion: 'river.dev/v1', kind: 'Placement', metadata: { name: `t-bench-${made}` }, spec };
};

async function measureLatency({ api, docker, dockerd }: Subject, count: number) {
  const sandbox = await docker.createContainer({ Image: image, Cmd: ['sleep', '3600'], HostConfig: { NetworkMode: 'bridge', Init: true } });
  await sandbox.start();
  const watch = api.watch(`${placements}?watch=true`);
  await watch.opened;
  const create = async (networkMode: string) => {
    const container = await docker.createContainer({
      Image: image,
      Cmd: ['sleep', '600'],
      HostConfig: { NetworkMode: networkMode, Init: true },
    });
    await container.start();
    return container.id;
  };
  const ways: Record<string, () => Promise<() => Promise<unknown>>> = {
    agent: async () => {
      const { metadata } = await api.create(placements, draft(['sleep', '600']));
      const isOf = (phase: string) => (events: typeof watch.events) =>
        events.some(
          ({ object }) => object.metadata.name === metadata.name && (object as { status?: { phase?: string } }).status?.phase === phase,
        );
      await watch.until('it runs', isOf('Running'));
      return async () => {
        await api.remove(`${placements}/${metadata.name}`);
        await gone(dockerd, String(metadata.uid));
      };
    },
    dockerodeBridge: async () => {
      const id = await create('bridge');
      return () => docker.getContainer(id).remove({ force: true });
    },
    dockerodeSandbox: async () => {
      const id = await create(`container:${sandbox.id}`);
      return () => docker.getContainer(id).remove({ force: true });
    },
    dockerRun: async () => {
      const id = (await dockerd.docker('run', '-d', '--init', image, 'sleep', '600')).trim();
      return () => docker.getContainer(id).remove({ force: true });
    },
  };
  const times: Record<string, number[]> = {};
  for (let turn = 0; turn <= count; turn++)
    for (const [name, begin] of Object.entries(ways)) {
      const start = performance.now();
      const end = await begin();
      // The first turn warms up.
      if (turn > 0) times[name] = [...(times[name] ?? []), performance.now() - start];
      await end();
    }
  watch.close();
  await sandbox.remove({ force: true });
  return Object.fromEntries(
    Object.entries(times).map(([name, list]) => [name, { p50: round(percentile(list, 50)), p99: round(percentile(list, 99)) }]),
  );
}

async function gone(dockerd: RunningDockerd, uid: string): Promise<void> {
  while ((await dockerd.docker('ps', '-aq', '--filter', `label=river.dev/placement-uid=${uid}`)).trim() !== '');
}

/** So many at a time, each to its end and away. */
async function atATime(count: number, run: () => Promise<unknown>): Promise<number> {
  let left = count;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (left-- > 0) await run();
    }),
  );
  return round(count / ((performance.now() - start) / 1000));
}

async function measureRates({ api, docker, dockerd }: Subject, count: number) {
  const cycle = (networkMode: string) => async () => {
    const container = await docker.createContainer({ Image: image, Cmd: ['true'], HostConfig: { NetworkMode: networkMode, Init: true } });
    await container.start();
    await container.wait();
    await container.remove({ force: true });
  };
  const bridge = await atATime(count, cycle('bridge'));
  const sandboxes = await Promise.all(
    Array.from({ length: parallel }, () => docker.createContainer({ Image: image, Cmd: ['sleep', '3600'], HostConfig: { Init: true } })),
  );
  await Promise.all(sandboxes.map((sandbox) => sandbox.start()));
  let next = 0;
  const sandbox = await atATime(count, () => cycle(`container:${sandboxes[next++ % parallel]?.id}`)());
  await Promise.all(sandboxes.map((one) => one.remove({ force: true })));
  return {
    agent: await agentRate(api, count),
    dockerodeBridge: bridge,
    dockerodeSandbox: sandbox,
    dockerRun: await runRate(dockerd, count),
  };
}

async function agentRate(api: Api, count: number): Promise<number> {
  const watch = api.watch(`${placements}?watch=true`);
  await watch.opened;
  let seen = 0;
  const waiting = new Map<string, () => void>();
  const ends = (async () => {
    while (seen < count) {
      await watch.until('more has happened', (events) => events.length > 0);
      for (const { object } of watch.events.splice(0)) {
        const { phase } = (object as { status?: { phase?: string } }).status ?? {};
        const done = phase === 'Succeeded' ? waiting.get(object.metadata.name) : undefined;
        if (!done) continue;
        waiting.delete(object.metadata.name);
        seen++;
        done();
      }
    }
  })();
  const rate = await atATime(count, async () => {
    const object = draft(['true']);
    const ended = new Promise<void>((resolve) => waiting.set(object.metadata.name, resolve));
    await api.create(placements, object);
    await ended;
  });
  await ends;
  watch.close();
  return rate;
}

async function runRate({ socket }: RunningDockerd, count: number): Promise<number> {
  const start = performance.now();
  const child = spawn(
    'xargs',
    ['-P', String(parallel), '-I{}', 'docker', '-H', `unix://${socket}`, 'run', '--rm', '--init', image, 'true'],
    {
      stdio: ['pipe', 'ignore', 'inherit'],
    },
  );
  child.stdin?.end(Array.from({ length: count }, (_, at) => `${at}\n`).join(''));
  await once(child, 'close');
  return round(count / ((performance.now() - start) / 1000));
}

function memoryOf(agent: RunningAgent) {
  const of = (pid: number) => {
    const [, kibibytes = '0'] = /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return round(Number(kibibytes) / 1024);
  };
  return { agent: of(agent.agentPid() ?? 0), guard: of(agent.guard().pid) };
}
