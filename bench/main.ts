/** `./river bench NAME …`: every number in the README has its script here. Without a name, lists them. */
const benches: Record<string, { about: string; load: () => Promise<(args: string[]) => Promise<number>> }> = {
  api: {
    about: 'the API server beside its bare store: creates, lists, watches, memory',
    load: async () => (await import('./api/main.ts')).benchApi,
  },
  audit: {
    about: 'what the audit log adds to creates',
    load: async () => (await import('./audit.ts')).benchAudit,
  },
  etcd: {
    about: 'what a write to etcd costs: our client beside the etcd3 library',
    load: async () => (await import('./etcd.ts')).benchEtcd,
  },
  rights: {
    about: 'what authentication, authorization and policies add to a request',
    load: async () => (await import('./rights.ts')).benchRights,
  },
  riverctl: {
    about: 'how long each riverctl command takes to start, beside node and kubectl',
    load: async () => (await import('./riverctl.ts')).benchRiverctl,
  },
  scale: {
    about: 'Tasks through the API, on many nodes without machines: accepted, bound, done; large sets and their cancel; memory',
    load: async () => (await import('./scale.ts')).benchScale,
  },
  scheduler: {
    about: 'how many placements a second the pure scheduling function decides, alone',
    load: async () => (await import('./scheduler.ts')).benchScheduler,
  },
  start: {
    about: 'from a bound Placement to a running container, beside dockerode and docker run',
    load: async () => (await import('./start.ts')).benchStart,
  },
};

const [name = '', ...args] = process.argv.slice(2);
const bench = benches[name];
if (bench) {
  try {
    process.exitCode = await (await bench.load())(args);
  } catch (error) {
    process.stderr.write(`bench ${name}: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
} else {
  const list = Object.entries(benches).map(([title, { about }]) => `  ${title.padEnd(10)}${about}\n`);
  process.stdout.write(`Usage: ./river bench NAME [--quick] [--help]\n\n${list.join('')}`);
  process.exitCode = name === '' || name === '--help' ? 0 : 2;
}
