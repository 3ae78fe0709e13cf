import { describe, it } from 'node:test';
import { survivesKillings } from './killings.ts';
import { useStage } from './stage.ts';

const seed = Number(process.env.RIVER_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe('agents, guards, engines, controllers and the API server, killed with -9 at random for minutes', () => {
  const used = useStage();

  it('lose none of 200 tasks: each ends once, with its code and its whole output', () =>
    survivesKillings(used.stage, { count: 200, seed, deadlineMs: 15 * 60_000, mostPauseMs: 6_000 }));
});
