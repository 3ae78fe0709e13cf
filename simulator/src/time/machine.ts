import type { Clock } from '@river/runtime';
import type { Dice } from '../dice.ts';
import { type Timeline, toTick } from './timeline.ts';

/** A computer: its clocks, and whether it goes on. */
export interface Machine {
  readonly name: string;
  readonly isOn: boolean;
  readonly isSuspended: boolean;
  /** When it last woke, or will wake. */
  readonly wakesAtMs: number;
  /** Since its start, sleep included. */
  bootMs(): number;
  /** Names this start of it. */
  bootId(): string;
  wallMs(): number;
  stepWall(byMs: number): void;
  /** It stands still: no process goes on, and its monotonic clock stops. */
  suspend(forMs: number, onWake: () => void): void;
  /** Ends every process. */
  powerOff(): void;
  powerOn(): void;
  process(name: string): Process;
  /** The run is over: whatever any of its programs still waits for is called off, so that nothing of them is kept. */
  retire(): void;
  /** What is not a program: it stands still while the machine is off. */
  readonly hardware: Process;
}

/** A program that runs: what it waits for reaches it only while it lives. */
export interface Process {
  readonly name: string;
  readonly machine: Machine;
  readonly isAlive: boolean;
  readonly isPaused: boolean;
  readonly clock: Clock;
  /** A program is not asked to end, it dies; only when the run is over it is aborted. */
  readonly signal: AbortSignal;
  /** Something from outside reaches it after so long, if it still lives; later when it is held up. */
  after(delayMs: number, act: () => void): () => void;
  kill(): void;
  /** As by SIGSTOP: its clocks go on. */
  pause(forMs: number): void;
  onKill(call: () => void): void;
}

interface Sleep {
  untilMs: number;
}

const wallStartMs = Date.UTC(2026, 0, 1);

export function machine(name: string, timeline: Timeline, dice: Dice): Machine {
  const processes = new Set<Process>();
  const ends: AbortController[] = [];
  let isOn = true;
  let boots = 0;
  let bootedAtMs = timeline.nowMs - Math.floor(dice.between(60_000, 600_000));
  let wallOffsetMs = Math.floor(dice.between(-50, 50));
  let slept: Sleep = { untilMs: Number.NEGATIVE_INFINITY };
  let sleptMs = 0;
  const isSuspended = () => timeline.nowMs < slept.untilMs;
  const times = {
    timeline,
    monotonicMs: () => timeline.nowMs - sleptMs + (isSuspended() ? slept.untilMs - timeline.nowMs : 0),
    sleep: () => (isSuspended() ? slept : undefined),
  };
  const self: Machine = {
    name,
    get hardware() {
      return hardware;
    },
    get isOn() {
      return isOn;
    },
    get isSuspended() {
      return isSuspended();
    },
    get wakesAtMs() {
      return slept.untilMs;
    },
    bootMs: () => Math.floor(timeline.nowMs - bootedAtMs),
    bootId: () => `${name}-${boots}`,
    wallMs: () => Math.floor(wallStartMs + timeline.nowMs + wallOffsetMs),
    stepWall(byMs) {
      wallOffsetMs += byMs;
    },
    suspend(lengthMs, onWake) {
      const forMs = toTick(lengthMs);
      if (!isOn || isSuspended()) return;
      slept = { untilMs: timeline.nowMs + forMs };
      sleptMs += forMs;
      timeline.at(slept.untilMs, onWake);
    },
    retire() {
      for (const each of processes) each.kill();
      for (const end of ends) end.abort();
    },
    powerOff() {
      isOn = false;
      for (const each of [...processes]) each.kill();
      processes.clear();
    },
    powerOn() {
      isOn = true;
      boots++;
      bootedAtMs = timeline.nowMs;
    },
    process(of) {
      const end = new AbortController();
      ends.push(end);
      const made = process(of, self, { ...times, signal: end.signal });
      processes.add(made);
      return made;
    },
  };
  const hardware = process(name, self, { ...times, signal: new AbortController().signal });
  return self;
}

interface ProcessDeps {
  timeline: Timeline;
  monotonicMs: () => number;
  sleep: () => Sleep | undefined;
  signal: AbortSignal;
}

function process(name: string, machine: Machine, { timeline, monotonicMs, sleep, signal }: ProcessDeps): Process {
  let isAlive = true;
  let pausedUntilMs = 0;
  const endings: (() => void)[] = [];
  const after = (delayMs: number, act: () => void): (() => void) => {
    let cancel = () => {};
    const dueMs = monotonicMs() + Math.max(0, delayMs);
    const wait = (atMs: number) => {
      cancel = timeline.at(atMs, () => {
        const slept = sleep();
        const leftMs = dueMs - monotonicMs();
        if (!isAlive || !machine.isOn) return;
        if (slept) wait(slept.untilMs + Math.max(0, leftMs));
        else if (leftMs > 0) wait(timeline.nowMs + leftMs);
        else if (timeline.nowMs < pausedUntilMs) wait(pausedUntilMs);
        else act();
      });
    };
    wait(timeline.nowMs + Math.max(0, delayMs));
    return () => cancel();
  };
  return {
    name,
    machine,
    get isAlive() {
      return isAlive;
    },
    get isPaused() {
      return timeline.nowMs < pausedUntilMs;
    },
    clock: { monotonicMs, wallMs: machine.wallMs, after },
    signal,
    after,
    kill() {
      if (!isAlive) return;
      isAlive = false;
      for (const call of endings) call();
    },
    pause(forMs) {
      pausedUntilMs = Math.max(pausedUntilMs, timeline.nowMs + forMs);
    },
    onKill: (call) => void endings.push(call),
  };
}
