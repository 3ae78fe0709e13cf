import type { FakeProgram, WorkOrder } from '@river/node-agent';
import type { Logger } from '@river/runtime';
import type { Dice } from '../dice.ts';
import type { SimulatedClient } from '../network/client.ts';
import type { Machine, Process } from '../time/machine.ts';
import { startAgent } from './agent.ts';
import { type Disk, disk } from './disk.ts';
import { type Engine, type EngineDeps, engine } from './engine.ts';
import { type Guard, guard } from './guard.ts';
import type { Hardware } from './hardware.ts';

/** A machine of the cluster, with its engine, its guard and its agent. Each may die by itself. */
export interface Node {
  readonly machine: Machine;
  readonly hardware: Hardware;
  readonly engine: Engine;
  readonly isAgentAlive: boolean;
  readonly isGuardAlive: boolean;
  /** Its agent and its guard go on: what is promised is promised only then. */
  agent(): Process | undefined;
  killAgent(): void;
  killGuard(): void;
  startAgent(): void;
  startGuard(): void;
  powerOff(): void;
  powerOn(): void;
  /** It has slept. */
  woke(): void;
}

export interface NodeDeps {
  machine: Machine;
  hardware: Hardware;
  dice: Dice;
  clientFor(process: Process): SimulatedClient;
  programOf(order: WorkOrder): FakeProgram;
  onChange: EngineDeps['onChange'];
  onFreezer: EngineDeps['onFreezer'];
  log: Logger;
}

/** Agent and guard hear of each other through a socket. */
const socketMs = { least: 0.1, most: 3 };

export function node({ machine, hardware, dice, clientFor, programOf, onChange, onFreezer, log }: NodeDeps): Node {
  const files: Disk = disk();
  const runs = engine({ machine, dice, programOf, onChange, onFreezer });
  let guarding: Guard | undefined;
  let agent: { process: Process; onGuardGone: () => void; onGuard: (guard: Guard) => void } | undefined;
  let agents = 0;
  const soon = (process: Process, act: () => void) => void process.after(dice.between(socketMs.least, socketMs.most), act);
  const self: Node = {
    machine,
    hardware,
    engine: runs,
    get isAgentAlive() {
      return agent?.process.isAlive ?? false;
    },
    get isGuardAlive() {
      return guarding?.process.isAlive ?? false;
    },
    agent: () => agent?.process,
    killAgent: () => agent?.process.kill(),
    killGuard() {
      if (!guarding) return;
      guarding.process.kill();
      guarding = undefined;
      if (agent) soon(agent.process, agent.onGuardGone);
    },
    startGuard() {
      if (self.isGuardAlive || !machine.isOn) return;
      const started = guard(runs, dice);
      guarding = started;
      agent?.onGuard(started);
    },
    startAgent() {
      if (self.isAgentAlive || !machine.isOn) return;
      const process = machine.process(`${machine.name}/agent${++agents}`);
      const link = linkTo({ process, engine: runs, soon, isCurrent: (each) => each === guarding });
      agent = { process, onGuardGone: link.onGuardGone, onGuard: link.onGuard };
      if (guarding) link.onGuard(guarding);
      startAgent({ process, client: clientFor(process), engine: runs, disk: files, hardware, link, dice: dice.fork(process.name), log });
    },
    powerOff() {
      machine.powerOff();
      guarding = undefined;
      agent = undefined;
      files.powerCut(dice);
    },
    powerOn() {
      machine.powerOn();
      runs.boot();
      self.startGuard();
      self.startAgent();
    },
    woke: () => guarding?.woke(),
  };
  return self;
}

interface Linking {
  process: Process;
  engine: Engine;
  soon(process: Process, act: () => void): void;
  isCurrent(guard: Guard): boolean;
}

function linkTo({ process, engine, soon, isCurrent }: Linking) {
  const listeners: (() => void)[] = [];
  let isFrozen = true;
  let guarding: Guard | undefined;
  const change = (to: boolean) => {
    if (to === isFrozen) return;
    isFrozen = to;
    for (const call of listeners) call();
  };
  return {
    get isFrozen() {
      return isFrozen;
    },
    renewed(sentMs: number) {
      const to = guarding;
      if (to) soon(to.process, () => to.renewed(sentMs));
    },
    freeze() {
      engine.freezer.freeze();
      change(true);
      const to = guarding;
      if (!to) return Promise.reject(new Error('the guard does not answer'));
      return new Promise<void>((resolve) =>
        soon(to.process, () => {
          to.expire();
          soon(process, resolve);
        }),
      );
    },
    onChange: (call: () => void) => void listeners.push(call),
    onGuardGone() {
      guarding = undefined;
      // As the agent does: nobody else holds the deadline now.
      engine.freezer.freeze();
      change(true);
    },
    onGuard(guard: Guard) {
      soon(process, () => {
        if (!isCurrent(guard)) return;
        guarding = guard;
        change(guard.isFrozen);
        // A socket keeps the order, however long each word takes.
        const said: boolean[] = [];
        guard.onChange((to) => {
          said.push(to);
          soon(process, () => {
            const next = said.shift();
            if (isCurrent(guard) && next !== undefined) change(next);
          });
        });
      });
    },
  };
}
