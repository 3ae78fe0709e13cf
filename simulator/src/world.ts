import type { Requester } from '@river/apiserver/core';
import type { JsonObject, KubeObject } from '@river/crds';
import type { FakeProgram, WorkOrder } from '@river/node-agent';
import { type Logger, type ResourceRef, silentLogger } from '@river/runtime';
import { type Coverage, coverage } from './check/coverage.ts';
import { type Invariants, invariants } from './check/invariants.ts';
import { type Mirror, mirror } from './check/mirror.ts';
import { type Truth, truth } from './check/truth.ts';
import { type Control, control } from './control/control.ts';
import { type Dice, diceOf } from './dice.ts';
import { client } from './network/client.ts';
import { type Network, network } from './network/network.ts';
import { type Watches, watches } from './network/watches.ts';
import { hardware } from './node/hardware.ts';
import { type Node, node } from './node/node.ts';
import { programOf } from './people/program.ts';
import type { Asked } from './server/answer.ts';
import { home, type Prepared } from './server/prepared-store.ts';
import { type Server, server } from './server/server.ts';
import { type Machine, machine, type Process } from './time/machine.ts';
import { type Timeline, timeline } from './time/timeline.ts';
import { type Trace, trace } from './trace.ts';

/** Everything that a run consists of. */
export interface World {
  dice: Dice;
  timeline: Timeline;
  trace: Trace;
  server: Server;
  network: Network;
  watches: Watches;
  nodes: readonly Node[];
  controls: readonly Control[];
  apiMachine: Machine;
  mirror: Mirror;
  truth: Truth;
  invariants: Invariants;
  coverage: Coverage;
  /** Uids of what people have deleted. */
  deleted: Set<string>;
  /** Nodes that are off for good. */
  gone: Set<Node>;
  /** The one that is silent until its lease is taken. */
  silent: { node?: Node; at: number };
  /** Whether a second leader, or one after another, has ever decided. */
  leaders: { many: boolean };
  /** What is wrong; the first ends the run. */
  failures: string[];
  /** A person does something: at once when the server answers, else a little later. */
  ask(asked: Partial<Asked> & Pick<Asked, 'verb' | 'ref' | 'name'>, body?: JsonObject | KubeObject): Promise<void>;
}

export const refs = {
  tasks: { group: 'river.dev', version: 'v1', plural: 'tasks', namespaced: true },
  taskSets: { group: 'river.dev', version: 'v1', plural: 'tasksets', namespaced: true },
  placements: { group: 'river.dev', version: 'v1', plural: 'placements', namespaced: true },
  approvals: { group: 'river.dev', version: 'v1', plural: 'approvals', namespaced: true },
  nodes: { group: 'river.dev', version: 'v1', plural: 'nodes', namespaced: false },
} satisfies Record<string, ResourceRef>;

const people: Requester = { username: 'people', uid: '', groups: ['system:masters', 'system:authenticated'], extra: {} };
const sizes = [
  { cores: 4, gpus: 2, gibibytes: 16 },
  { cores: 4, gpus: 2, gibibytes: 16 },
  { cores: 2, gpus: 1, gibibytes: 8 },
];

export async function makeWorld(seed: number, prepared: Prepared, onLine?: (line: string) => void): Promise<World> {
  const dice = diceOf(seed);
  const time = timeline();
  const told = trace(time, onLine);
  const store = await prepared.store();
  const failures: string[] = [];
  const log = watchfulLogger((text) => failures.push(text));
  const machineOf = (name: string) => machine(name, time, dice.fork(`machine ${name}`));
  const apiMachine = machineOf('api');
  const api = server({
    ...{ prepared, store, machine: apiMachine, dice: dice.fork('server'), trace: told, log },
    onBug: (error) => failures.push(`the server fails: ${error instanceof Error ? error.stack : error}`),
  });
  const net = network(dice.fork('network'));
  const watching = watches({ network: net, server: api, timeline: time, dice: dice.fork('watches'), trace: told });
  const onTaken = (process: Process, { ref, verb, name }: Asked, sentMs: number) => {
    if (ref.plural === 'leases' && verb !== 'get' && name === process.machine.name) fates.renewed(name, sentMs);
  };
  const shared = { network: net, server: api, watches: watching, timeline: time, dice: dice.fork('clients'), onTaken };
  const clientOf = (process: Process, requester: Requester) => client({ ...shared, process, requester });
  const nodes = sizes.map((size, at) =>
    makeNode(machineOf(`n${at + 1}`), size, {
      ...{ dice, log, clientOf },
      onChange: (...change) => checks.onContainer(...change),
      onFreezer: () => checks.touch(),
    }),
  );
  const controls = ['c1', 'c2'].map((name) =>
    control({
      ...{ machine: machineOf(name), dice: dice.fork(name), log },
      clientFor: (process, who) => clientOf(process, requesterOf(`system:river-${who}`)),
    }),
  );
  const fates = truth(nodes, time);
  const deleted = new Set<string>();
  const leaders = { many: false };
  const seen = coverage();
  const checks = invariants({
    ...{ mirror: () => copy, truth: fates, nodes, timeline: time, allowed: { deleted, hasOneLeader: () => !leaders.many } },
    fail: (what) => failures.push(what),
  });
  const copy = mirror(store, await store.currentRevision(), (now, before) => {
    seen.wrote(now, before);
    checks.onWrite(now, before);
  });
  await api.start();
  return {
    ...{ dice, timeline: time, trace: told, server: api, network: net, watches: watching, nodes, controls, apiMachine },
    ...{ mirror: copy, truth: fates, invariants: checks, coverage: seen, deleted, gone: new Set(), silent: { at: 0 }, leaders, failures },
    ask: asker({ api, time, told }),
  };
}

const requesterOf = (username: string, ...groups: string[]): Requester => ({
  username,
  uid: '',
  groups: [...groups, 'system:authenticated'],
  extra: {},
});

interface Making {
  dice: Dice;
  log: Logger;
  clientOf(process: Process, requester: Requester): ReturnType<typeof client>;
  onChange(node: Node, order: WorkOrder, container: Parameters<Invariants['onContainer']>[2]): void;
  onFreezer(): void;
}

function makeNode(at: Machine, size: (typeof sizes)[number], { dice, log, clientOf, onChange, onFreezer }: Making): Node {
  const made: Node = node({
    ...{ machine: at, hardware: hardware(at.name, size), dice: dice.fork(`node ${at.name}`), log },
    clientFor: (process) => clientOf(process, requesterOf(`system:node:${at.name}`, 'system:nodes')),
    programOf: (order): FakeProgram => programOf(order),
    onChange: (order, container) => onChange(made, order, container),
    onFreezer,
  });
  return made;
}

const askAgainMs = 400;

/** People need no luck: what they want reaches the server as soon as there is one. What it refuses they take for an answer. */
function asker({ api, time, told }: { api: Server; time: Timeline; told: Trace }): World['ask'] {
  return (asked, body = {}) =>
    new Promise((resolve) => {
      const whole: Asked = {
        ...{ namespace: asked.ref.namespaced ? home : '', subresource: '' as const, fieldManager: 'people', requester: people },
        ...asked,
        body: JSON.stringify(body),
      };
      const attempt = () => {
        if (!api.isUp) return void time.at(time.nowMs + askAgainMs, attempt);
        api.serve(whole, () => resolve());
      };
      told.tell(`people ${asked.verb} ${asked.ref.plural}/${asked.name}`);
      attempt();
    });
}

/** What a program says of itself is not looked at, but for what can only be a bug of River's. */
function watchfulLogger(fail: (text: string) => void): Logger {
  const look = (message: string, fields: Record<string, unknown> = {}) => {
    const { error } = fields;
    if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) fail(`${message}: ${error.stack}`);
  };
  const self: Logger = { ...silentLogger, warn: look, error: look, debug: look, with: () => self };
  return self;
}
