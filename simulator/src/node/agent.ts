import type { Placement } from '@river/crds/kinds';
import {
  byUid,
  catchUp,
  endFenced,
  journalIn,
  type KeptOutput,
  keepLease,
  keepNode,
  keepPlacements,
  killForeign,
  makeOrder,
  type NodeFacts,
  nodeLease,
  placementsRef,
  resourcesOf,
} from '@river/node-agent';
import { informer, type Logger, sleep } from '@river/runtime';
import type { Dice } from '../dice.ts';
import type { SimulatedClient } from '../network/client.ts';
import type { Process } from '../time/machine.ts';
import type { Disk } from './disk.ts';
import type { Engine } from './engine.ts';
import type { Hardware } from './hardware.ts';

/** How an agent stands with its guard: without one it is frozen. */
export interface GuardLink {
  readonly isFrozen: boolean;
  renewed(sentMs: number): void;
  /** Resolves when fenced work stands still until the next renewal. */
  freeze(): Promise<void>;
  onChange(call: () => void): void;
}

export interface AgentDeps {
  process: Process;
  client: SimulatedClient;
  engine: Engine;
  disk: Disk;
  hardware: Hardware;
  link: GuardLink;
  dice: Dice;
  log: Logger;
}

const watchAgainMs = 500;

/** What `serve` of the agent's package puts together, with a simulated machine below it and a simulated API above. */
export function startAgent({ process, client, engine, disk, hardware, link, dice, log }: AgentDeps): void {
  const { machine, clock, signal } = process;
  const { random } = dice;
  const node = machine.name;
  const api = resourcesOf(client);
  const driver = engine.driverFor(process);
  const journal = journalIn(disk, log);
  const own = { resource: placementsRef, fieldSelector: `spec.nodeName=${node}`, indexes: byUid };
  const placements = informer<Placement>({ client, ...own, signal, clock, random, log });
  const facts = async (): Promise<NodeFacts> => ({
    machine: { ...hardware, bootId: machine.bootId() },
    engine: engine.isAway ? undefined : engineFacts,
    engineProblem: engine.isAway ? 'it does not answer' : undefined,
    hostname: node,
    agentVersion: '0.0.0',
    isFrozen: link.isFrozen,
    diskBytes: 2 ** 40,
  });
  const keeping = keepPlacements({
    ...{ placements, api: api.placements, driver, journal, clock, random, log, signal, output: noOutput() },
    orderOf: (placement) =>
      makeOrder(placement, { readSecret: async () => undefined, layOutSecret: () => '', gpus: hardware.gpus, sharedDir: undefined }),
    pull: ({ spec }, end) => driver.pull({ image: spec.image, policy: spec.imagePullPolicy, credentials: [] }, end),
    clean: () => {},
    nowMs: clock.wallMs,
    bootId: machine.bootId,
    limits: () => ({
      ...{ nowMs: clock.wallMs(), cpus: hardware.cpus, gpus: hardware.gpus.map(({ index }) => index), hostPaths: [] },
      ...{ hasSharedStorage: false, allowsPrivileged: false, allowsHostNetwork: false, isFrozen: link.isFrozen },
      boot: { id: machine.bootId(), startedMs: clock.wallMs() - machine.bootMs() },
    }),
  });
  const look = (uid?: string) => void keeping.changed(uid).catch(() => {});
  link.onChange(() => look());
  const onLost = () => endFenced({ node, journal, link, freezer: engine.freezer, nowMs: clock.wallMs, onEnded: look });
  const lease = nodeLease({ leases: api.leases, node, identity: `${node}-folder`, clock, onLost, signal });
  void keepLease({
    ...{ lease, clock, bootMs: machine.bootMs, log, signal },
    async onRenewed(sentMs) {
      if (link.isFrozen) {
        await catchUp({ placements: api.placements, cache: placements, node, clock, signal });
        await killForeign({ placements: api.placements, node, journal, driver, freezer: engine.freezer, signal });
      }
      link.renewed(sentMs);
    },
  });
  void keepNode({ api, node, observe: facts, clock, log, signal });
  void watchEngine();

  async function watchEngine(): Promise<void> {
    while (!signal.aborted) {
      await driver.watch(look, signal);
      await sleep(clock, watchAgainMs, signal).catch(() => {});
    }
  }
}

const engineFacts = {
  name: 'docker',
  version: '28',
  runtimes: ['runc'],
  isLiveRestore: true,
  cgroupDriver: 'cgroupfs',
  dataDir: '/var/lib/docker',
} as const;

/** What programs print is not looked at here. */
const noOutput = (): KeptOutput => ({
  has: () => false,
  async keep(_uid, lines) {
    for await (const _ of lines);
  },
  read: async function* () {},
  sweep: () => {},
});
