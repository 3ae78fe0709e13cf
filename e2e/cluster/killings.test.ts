import { describe, it } from 'node:test';
import { survivesKillings } from './killings.ts';
import { useStage } from './stage.ts';

const seed = Number(process.env.RIVER_SEED ?? Math.floor(Math.random() * 2 ** 31));

describe('agents, guards, engines, controllers and the API server, killed with -9 at random', () => {
  const used = useStage();

  it('lose none of 24 tasks: each ends once, with its code and its whole output', () =>
    survivesKillings(used.stage, { count: 24, seed, deadlineMs: 120_000, mostPauseMs: 1_500 }));
});
