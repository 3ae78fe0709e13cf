import { setImmediate as turn } from 'node:timers/promises';
import { manualClock } from '@river/runtime';
import { driverContract } from '../driver.contract.ts';
import { type FakeProgram, fakeDriver } from './fake-driver.ts';

driverContract('fake', async () => {
  const clock = manualClock();
  // Time goes on by itself, in steps, so that what waits for a grace sees it pass.
  const timer = setInterval(() => clock.advance(500), 2);
  const programs = new Map<string, FakeProgram>();
  const noFile = { cannotStart: 'no such file or directory' };
  return {
    driver: fakeDriver({ clock, images: ['fake:test'], programOf: ({ command = [] }) => programs.get(command[0] ?? '') ?? noFile }),
    program({ forMs = 0, ...what }) {
      const name = `program-${programs.size}`;
      programs.set(name, { forMs, ...what });
      return { image: 'fake:test', command: [name] };
    },
    async until(what, look, isRight) {
      for (let turns = 0; turns < 10_000; turns++) {
        const seen = await look();
        if (isRight(seen)) return seen;
        await turn();
      }
      throw new Error(`${what}: never`);
    },
    close: async () => clearInterval(timer),
  };
});
