import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Placement } from '@river/crds/kinds';
import {
  apiClient,
  systemClock as clock,
  type Informer,
  informer,
  keepCertificate,
  type Logger,
  type NodeIdentity,
  systemRandom as random,
  sleep,
  writePrivateFile,
} from '@river/runtime';
import manifest from '../../package.json' with { type: 'json' };
import { dockerDriver } from '../driver/docker/docker-driver.ts';
import { type Engine, engine as engineAt } from '../driver/docker/engine.ts';
import { engineCall } from '../driver/docker/engine-call.ts';
import type { EngineFacts } from '../driver/docker/engine-facts.ts';
import { outputPipes } from '../driver/docker/output-pipes.ts';
import type { Driver } from '../driver/driver.ts';
import { DriverError } from '../driver/driver.ts';
import { type KeepLinksDeps, keepLinks } from '../gateway-link/keep-links.ts';
import { bootMs } from '../guard/fence.ts';
import { cgroupPath, type Freezer, freezer } from '../guard/freezer.ts';
import { guardFiles } from '../guard/guard-files.ts';
import { openJournal } from '../journal/journal.ts';
import { makeOrder } from '../order/make-order.ts';
import { secretFiles } from '../order/secret-files.ts';
import { type KeptOutput, keptOutput } from '../output/keep-output.ts';
import { readOutput } from '../output/read-output.ts';
import { rescuedOutput } from '../output/rescue-output.ts';
import { sandboxEngine } from '../sandbox/sandbox-engine.ts';
import { type SandboxPool, sandboxPool } from '../sandbox/sandbox-pool.ts';
import { workloadNetwork } from '../sandbox/workload-network.ts';
import { catchUp } from './catch-up.ts';
import { endFenced } from './end-fenced.ts';
import { type GuardLink, guardLink } from './guard-link.ts';
import { holderIdentity } from './holder-identity.ts';
import { identityOf } from './join.ts';
import { keepLease } from './keep-lease.ts';
import { keepNode } from './keep-node.ts';
import { byUid, keepPlacements } from './keep-placements.ts';
import { killForeign } from './kill-foreign.ts';
import { nodeLease } from './node-lease.ts';
import type { AgentOptions } from './options.ts';
import { placementsRef, resourcesOf } from './resources.ts';
import { pullFor, secretReader } from './secrets-of.ts';
import { type EngineState, sweepRescued, watchEngine, withRescued } from './watch-engine.ts';
import { watchMachine } from './watch-machine.ts';

export interface Serving {
  options: AgentOptions;
  /** The words that it was started with, for a guard that it must start. */
  args: readonly string[];
  log: Logger;
  signal: AbortSignal;
}

const callMs = 15_000;
const sweepMs = 10 * 60 * 1000;
const tendMs = 60_000;
const pingMs = 5_000;
const tidyMs = 5_000;
const renewMs = 10 * 60 * 1000;

/** Cgroups of workloads; of both the first part is the agent's option. */
const cgroupsOf = (name: string, driver: EngineFacts['cgroupDriver']) =>
  driver === 'systemd' ? { fenced: `${name}-fenced.slice`, others: `${name}.slice` } : { fenced: `/${name}-fenced`, others: `/${name}` };

/** Everything that an agent is, until the signal. */
export async function serve({ options, args, log, signal }: Serving): Promise<void> {
  const identity = await identityOf(options, log, signal);
  const { node, access } = identity;
  const client = apiClient(access, { userAgent: 'river-agent', timeoutMs: callMs });
  const api = resourcesOf(client);
  const docker = engineAt(options.dockerSocket);
  const link = guardLink({ dir: options.dir, args, clock, log, signal });
  const engine = await openEngine({ options, owner: ownerOf(identity), docker, link, log, signal });
  const { machine, driver, sandboxes, rescued } = engine;
  const journal = openJournal(join(options.dir, 'placements'), log);
  const output = keptOutput({ dir: join(options.dir, 'output') });
  const secrets = secretFiles(join(options.memoryDir, node, 'secrets'));
  const own = { resource: placementsRef, fieldSelector: `spec.nodeName=${node}`, indexes: byUid };
  const placements = informer<Placement>({ client, ...own, signal, clock, random, log });
  const orderOf = (placement: Placement) =>
    makeOrder(placement, {
      readSecret: secretReader(api.secrets, placement.metadata.namespace ?? '', signal),
      layOutSecret: secrets.layOut,
      gpus: machine.machine().gpus,
      sharedDir: options.sharedDir,
    });
  const keeping = keepPlacements({
    placements,
    api: api.placements,
    driver,
    journal,
    output,
    orderOf,
    pull: (placement, end) => pullFor(placement, driver, api.secrets, end),
    clean: secrets.remove,
    nowMs: clock.wallMs,
    bootId: () => machine.machine().bootId,
    limits: machine.limits,
    clock,
    random,
    log,
    signal,
  });
  const look = (uid?: string) => void keeping.changed(uid).catch((error) => log.debug('the containers could not be listed yet', { error }));
  link.onChange(() => look());
  log.info('the agent runs', { node });
  const fenced = fencedIn(options.dir);
  const onLost = () => endFenced({ node, journal, link, freezer: fenced, nowMs: clock.wallMs, onEnded: look });
  const lease = nodeLease({ leases: api.leases, node, identity: holderIdentity(options.dir, node), clock, onLost, signal });
  const onRenewed = async (sentMs: number) => {
    if (link.isFrozen) {
      await catchUp({ placements: api.placements, cache: placements, node, clock, signal });
      await killForeign({ placements: api.placements, node, journal, driver, freezer: fenced, signal });
    }
    link.send({ renewedMs: sentMs });
  };
  const all = Promise.all([
    watchEngine({ driver, rescued, askEngine: engine.askEngine, look, clock, log, signal }),
    keepLease({ lease, clock, bootMs, onRenewed, log, signal }),
    keepNode({ api, node, observe: machine.observe, clock, log, signal }),
    every(sweepMs, () => output.sweep(clock.wallMs()), signal),
    every(sweepMs, () => void sweepRescued(driver, rescued, signal), signal),
    every(tendMs, () => void sandboxes.tend().catch((error) => log.debug('the sandboxes could not be tended yet', { error })), signal),
    keepLinks({ client, access, read: outputReader(driver, output, placements), clock, random, log, signal }),
    keepIdentity(options.dir, identity, log, signal),
  ]);
  await all.finally(() => signal.aborted && leaveTidy(sandboxes, log));
  client.close();
}

/** Reads the output of Placements of this node, wherever it is. */
const outputReader = (driver: Driver, output: KeptOutput, placements: Pick<Informer<Placement>, 'byIndex'>): KeepLinksDeps['read'] => {
  const phaseOf = (uid: string) => {
    const [found] = placements.byIndex('uid', uid);
    return found && { phase: found.status?.phase };
  };
  return ({ uid, query }, signal) => readOutput({ driver, output, phaseOf, clock }, uid, query, signal);
};

/** Whose the containers are. An engine may serve nodes of one name in different Rivers, and none may touch what is another's. */
const ownerOf = ({ node, access }: NodeIdentity): string =>
  `${node}.${createHash('sha256').update(access.certificateAuthority).digest('hex').slice(0, 8)}`;

interface OpeningEngine {
  options: AgentOptions;
  owner: string;
  docker: Engine;
  link: GuardLink;
  log: Logger;
  signal: AbortSignal;
}

/** The machine, looked at once, and the driver for its engine, which may still be away. */
async function openEngine({ options, owner, docker, link, log, signal }: OpeningEngine) {
  const cgroups = { ...cgroupsOf(options.cgroup, 'cgroupfs'), driver: 'cgroupfs' as EngineFacts['cgroupDriver'] };
  const onEngine = (engine: EngineFacts) => {
    Object.assign(cgroups, cgroupsOf(options.cgroup, engine.cgroupDriver), { driver: engine.cgroupDriver });
    tellFenced(options.dir, cgroupPath(cgroups.fenced, engine.cgroupDriver), link);
  };
  const agentVersion = manifest.version;
  const machine = await watchMachine({ engine: docker, options, agentVersion, clock, isFrozen: () => link.isFrozen, onEngine, signal });
  await machine.observe();
  const sandboxes = sandboxPool({
    engine: sandboxEngine({ engine: docker, node: owner, network: options.dockerNetwork, cgroups }),
    warm: options.warmSandboxes,
    log,
    signal,
  });
  const paths = () => [cgroups.fenced, cgroups.others].map((parent) => cgroupPath(parent, cgroups.driver));
  const kill = (id: string) => {
    for (const path of paths()) freezer(path).kill(id);
  };
  const rescued = rescuedOutput({
    dir: join(options.dir, 'rescued'),
    findPipes: () => outputPipes(paths()),
    clock,
  });
  const driver = withRescued(dockerDriver({ engine: docker, node: owner, cgroups, network: workloadNetwork(sandboxes) }), rescued, kill);
  const askEngine = (): Promise<EngineState> =>
    engineCall('greet the engine', pingMs, signal, (abortSignal) => docker.call('GET', '/version', { signal: abortSignal })).then(
      () => 'answers',
      (error) => (error instanceof DriverError && error.reason === 'EngineUnreachable' ? 'away' : 'busy'),
    );
  return { machine, sandboxes, driver, rescued, askEngine };
}

/** It was asked to end: what is ready for workloads that will not come would only stay behind. An engine that is away keeps it. */
const leaveTidy = (sandboxes: SandboxPool, log: Logger): Promise<void> =>
  sandboxes.close(AbortSignal.timeout(tidyMs)).catch((error) => log.warn('unused sandboxes stay behind', { error }));

/** Where fenced work is, once that was said: before, there is none. */
function fencedIn(dir: string): Pick<Freezer, 'kill' | 'killAll' | 'isEmpty'> {
  const group = () => {
    const path = guardFiles(dir).readFenced();
    return path === undefined ? undefined : freezer(path);
  };
  return { kill: (id) => group()?.kill(id), killAll: () => group()?.killAll(), isEmpty: () => group()?.isEmpty() ?? true };
}

/** The guard knows where fenced work is before there is any. */
function tellFenced(dir: string, path: string, link: GuardLink): void {
  const files = guardFiles(dir);
  if (files.readFenced() !== path) writePrivateFile(files.fenced, path);
  link.send({ fenced: path });
}

async function every(ms: number, act: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    act();
    await sleep(clock, ms, signal).catch(() => {});
  }
}

/** A new certificate is taken up by a new start: what runs does not notice, and nothing must be changed while it is used. */
async function keepIdentity(dir: string, identity: NodeIdentity, log: Logger, signal: AbortSignal): Promise<void> {
  const renewed = Promise.withResolvers<never>();
  const onRenewed = () => renewed.reject(new Error(`node ${identity.node} has a new certificate, with which the agent starts anew`));
  await Promise.race([keepCertificate({ dir, clock, random, log, signal, timeoutMs: renewMs, onRenewed }), renewed.promise]);
}
