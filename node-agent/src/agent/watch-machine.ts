import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { arch, hostname } from 'node:os';
import { promisify } from 'node:util';
import type { Clock } from '@river/runtime';
import type { Engine } from '../driver/docker/engine.ts';
import { type EngineFacts, engineFacts } from '../driver/docker/engine-facts.ts';
import { engineStartMs } from '../driver/docker/engine-start.ts';
import { DriverError } from '../driver/driver.ts';
import { bootMs } from '../guard/fence.ts';
import { type Machine, observeMachine } from '../inventory/observe-machine.ts';
import { readTree } from '../inventory/read-tree.ts';
import type { Limits } from '../plan/work.ts';
import type { NodeFacts } from './node-status.ts';
import type { AgentOptions } from './options.ts';

export interface WatchingMachine {
  engine: Engine;
  options: AgentOptions;
  agentVersion: string;
  clock: Clock;
  isFrozen: () => boolean;
  /** Called each time that the engine answered. */
  onEngine: (engine: EngineFacts) => void;
  signal: AbortSignal;
}

const exec = promisify(execFile);
const programMs = 10_000;

/** What is known of this machine and its engine, from the last look. */
export async function watchMachine(watching: WatchingMachine) {
  const { options, clock, signal } = watching;
  const tree = readTree();
  let machine: Machine = await observeMachine({ tree, run, architecture: arch() });
  let facts: EngineFacts | undefined;
  const ask = async (): Promise<string | undefined> => {
    try {
      facts = await engineFacts(watching.engine, options.dockerSocket, signal);
      watching.onEngine(facts);
      return undefined;
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      return error.message;
    }
  };
  return {
    async observe(): Promise<NodeFacts> {
      machine = await observeMachine({ tree, run, architecture: arch() });
      const engineProblem = await ask();
      return {
        machine,
        engine: engineProblem === undefined ? facts : undefined,
        engineProblem,
        hostname: hostname(),
        agentVersion: watching.agentVersion,
        isFrozen: watching.isFrozen(),
        diskBytes: facts && (await diskBytes(facts.dataDir)),
      };
    },
    machine: () => machine,
    limits(): Limits {
      const { bootId } = machine;
      const startedMs = engineStartMs(options.dockerSocket);
      return {
        nowMs: clock.wallMs(),
        cpus: machine.cpus,
        gpus: machine.gpus.filter(({ uuid, health }) => uuid !== undefined && health === 'Healthy').map(({ index }) => index),
        hostPaths: options.hostPaths,
        hasSharedStorage: options.sharedDir !== undefined,
        allowsPrivileged: options.allowsPrivileged,
        allowsHostNetwork: options.allowsHostNetwork,
        isFrozen: watching.isFrozen(),
        ...(facts?.killedAllMs !== undefined && { killedAllMs: facts.killedAllMs }),
        ...(startedMs !== undefined && { engineStartMs: startedMs }),
        ...(bootId !== undefined && { boot: { id: bootId, startedMs: clock.wallMs() - bootMs() } }),
      };
    },
  };
}

async function run(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return (await exec(program, args, { timeout: programMs, maxBuffer: 1 << 20 })).stdout;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function diskBytes(folder: string): Promise<number | undefined> {
  try {
    const { blocks, bsize } = await statfs(folder);
    return blocks * bsize;
  } catch {
    // Another machine's folder, as with an engine that is reached through a socket.
    return undefined;
  }
}
