import { leadLease, type Manager, runManager } from '@river/controllers';
import { ApiError, type KubeObject } from '@river/crds';
import { Lease } from '@river/crds/kinds';
import type { Logger, ResourceClient } from '@river/runtime';
import type { Dice } from '../dice.ts';
import type { SimulatedClient } from '../network/client.ts';
import type { Machine, Process } from '../time/machine.ts';

/** A machine on which the controllers and the scheduler run, and start again. */
export interface Control {
  readonly machine: Machine;
  readonly isAlive: boolean;
  process(): Process | undefined;
  manager(): Manager | undefined;
  kill(): void;
  /** `unasked`: it leads whatever the lease says, as one that has not noticed that its time is over. */
  start(how: 'in turn' | 'unasked'): void;
}

export interface ControlDeps {
  machine: Machine;
  dice: Dice;
  clientFor(process: Process, who: 'controllers' | 'scheduler'): SimulatedClient;
  log: Logger;
}

export function control({ machine, dice, clientFor, log }: ControlDeps): Control {
  let running: { process: Process; manager: Manager } | undefined;
  let starts = 0;
  return {
    machine,
    get isAlive() {
      return running?.process.isAlive ?? false;
    },
    process: () => running?.process,
    manager: () => running?.manager,
    kill: () => running?.process.kill(),
    start(how) {
      const identity = `${machine.name}_${++starts}`;
      const process = machine.process(identity);
      const client = clientFor(process, 'controllers');
      const manager = runManager({
        client: how === 'in turn' ? client : withoutTurns(client),
        schedulerClient: clientFor(process, 'scheduler'),
        ...{ identity, signal: process.signal, clock: process.clock, random: dice.fork(identity).random, log },
      });
      running = { process, manager };
    },
  };
}

/** Its lease is always its own. What it follows and what it writes is what everybody has. */
function withoutTurns(client: SimulatedClient): SimulatedClient {
  return {
    resource<T extends KubeObject>(ref: Parameters<SimulatedClient['resource']>[0]): ResourceClient<T> {
      const real = client.resource<T>(ref);
      if (ref.plural !== Lease.plural) return real;
      let held: T | undefined;
      const keep = async (object: T): Promise<T> => {
        held = object;
        return object;
      };
      return {
        ...real,
        // Only the leader asks for this lease by its name, to take it.
        async get(name, options) {
          if (name !== leadLease.name) return real.get(name, options);
          if (!held) throw new ApiError('NotFound', 'it has none yet');
          return held;
        },
        create: (object, options) => (object.metadata.name === leadLease.name ? keep(object) : real.create(object, options)),
        update: (object, options) => (object.metadata.name === leadLease.name ? keep(object) : real.update(object, options)),
      };
    },
  };
}
