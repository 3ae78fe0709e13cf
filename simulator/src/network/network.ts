import type { Dice } from '../dice.ts';
import type { Machine } from '../time/machine.ts';

export type Direction = 'toServer' | 'fromServer';

/** The way between each machine and the API server. */
export interface Network {
  /** How long a message takes; undefined: it is lost. */
  leg(machine: Machine, direction: Direction): number | undefined;
  isCut(machine: Machine, direction: Direction): boolean;
  cut(machine: Machine, directions: readonly Direction[]): void;
  heal(machine: Machine): void;
  onHeal(call: (machine: Machine) => void): void;
  /** How bad it is: the share of messages that are lost, and of those that take long. */
  weather: { lost: number; late: number };
}

const usualMs = { least: 0.2, most: 4 };
const lateMs = { least: 20, most: 1_500 };
/** A few take longer than anybody waits. */
const veryLateMs = { least: 1_500, most: 20_000 };
const veryLateShare = 0.08;

export function network(dice: Dice): Network {
  const cuts = new Map<Machine, Set<Direction>>();
  const listeners: ((machine: Machine) => void)[] = [];
  const weather = { lost: 0, late: 0 };
  const isCut: Network['isCut'] = (machine, direction) => cuts.get(machine)?.has(direction) ?? false;
  return {
    weather,
    isCut,
    leg(machine, direction) {
      if (isCut(machine, direction) || dice.chance(weather.lost)) return undefined;
      if (!dice.chance(weather.late)) return dice.between(usualMs.least, usualMs.most);
      const range = dice.chance(veryLateShare) ? veryLateMs : lateMs;
      return dice.between(range.least, range.most);
    },
    cut: (machine, directions) => void cuts.set(machine, new Set(directions)),
    heal(machine) {
      if (!cuts.delete(machine)) return;
      for (const call of listeners) call(machine);
    },
    onHeal: (call) => void listeners.push(call),
  };
}
