import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Container } from '../plan/work.ts';
import type { Driver } from './driver.ts';
import type { WorkOrder } from './work-order.ts';

/** What a driver under test is asked to run, and how time passes for it. */
export interface DriverUnderTest {
  driver: Driver;
  /** Prints each text on its stream, then ends with the code; with `forMs` it goes on for so long first. `isStubborn`: it hears no polite signal. */
  program(what: {
    prints?: ['stdout' | 'stderr', string][];
    forMs?: number;
    code?: number;
    isStubborn?: boolean;
  }): Pick<WorkOrder, 'image' | 'command'>;
  /** Lets time pass until it holds. */
  until<T>(what: string, look: () => Promise<T>, isRight: (seen: T) => boolean): Promise<T>;
  close(): Promise<void>;
}

let orders = 0;
export const orderOf = (given: Partial<WorkOrder>): WorkOrder => {
  orders++;
  return {
    uid: `0000-${process.pid}-${orders}`,
    epoch: 1,
    namespace: 'lab',
    name: `t-contract-${orders}`,
    image: 'busybox:test',
    env: {},
    cpuMillis: 0,
    gpuUuids: [],
    mounts: [],
    isPrivileged: false,
    network: 'None',
    isFenced: false,
    logLimitBytes: 1 << 20,
    ...given,
  };
};

/** Every driver passes this. */
export function driverContract(name: string, start: () => Promise<DriverUnderTest>): void {
  describe(`the driver ${name}`, () => {
    const signal = AbortSignal.timeout(120_000);
    let test: DriverUnderTest;
    before(async () => {
      test = await start();
    });
    after(() => test?.close());
    const look = async (uid: string): Promise<Container | undefined> => (await test.driver.observe(signal, uid))[0];
    const reach = (uid: string, state: Container['state']) =>
      test.until(
        `${uid} is ${state}`,
        () => look(uid),
        (container) => container?.state === state,
      );
    const made = async (what: Parameters<DriverUnderTest['program']>[0], given: Partial<WorkOrder> = {}) => {
      const order = orderOf({ ...test.program(what), ...given });
      return { uid: order.uid, order, id: await test.driver.create(order, signal) };
    };
    const begun = async (...given: Parameters<typeof made>) => {
      const one = await made(...given);
      await test.driver.start(one.id, signal);
      return one;
    };

    it('runs a program to its end and tells its exit code and both times', async () => {
      const { uid } = await begun({ code: 3 });
      const { exit, startMs = 0 } = (await reach(uid, 'exited')) ?? {};
      assert.deepEqual([exit?.code, exit?.isOutOfMemory, exit?.error], [3, false, undefined]);
      assert.ok(startMs > 0 && (exit?.finishMs ?? 0) >= startMs, `started ${startMs}, ended ${exit?.finishMs}`);
    });

    it('makes one container however often it is asked', async () => {
      const { id, order, uid } = await made({});
      assert.equal(await test.driver.create(order, signal), id);
      assert.equal((await test.driver.observe(signal, uid)).length, 1);
      assert.equal((await look(uid))?.state, 'created');
    });

    it('starts twice as once', async () => {
      const { id, uid } = await begun({ forMs: 60_000 });
      const { startMs } = (await reach(uid, 'running')) ?? {};
      await test.driver.start(id, signal);
      assert.equal((await look(uid))?.startMs, startMs);
      await test.driver.stop(id, 0, signal);
    });

    it('ends what hears within its grace, with the code of the signal', async () => {
      const { id, uid } = await begun({ forMs: 60_000 });
      await reach(uid, 'running');
      await test.driver.stop(id, 30_000, signal);
      assert.equal((await look(uid))?.exit?.code, 143);
      await test.driver.stop(id, 30_000, signal);
    });

    it('kills what does not hear, once its grace is over', async () => {
      const { id, uid } = await begun({ forMs: 60_000, isStubborn: true, prints: [['stdout', 'ready']] });
      await test.until(
        'it has said that it is ready',
        () => Array.fromAsync(test.driver.output(id, {}, signal)),
        (lines) => lines.length > 0,
      );
      await test.driver.stop(id, 1_000, signal);
      assert.equal((await look(uid))?.exit?.code, 137);
    });

    it('pauses and goes on, each as often as one likes, and ends what is paused', async () => {
      const { id, uid } = await begun({ forMs: 60_000 });
      await reach(uid, 'running');
      await test.driver.pause(id, signal);
      await test.driver.pause(id, signal);
      assert.equal((await look(uid))?.state, 'paused');
      await test.driver.unpause(id, signal);
      await test.driver.unpause(id, signal);
      assert.equal((await look(uid))?.state, 'running');
      await test.driver.pause(id, signal);
      await test.driver.stop(id, 0, signal);
      assert.equal((await look(uid))?.exit?.code, 137);
    });

    it('ends with 127 when there is no such program', async () => {
      const { uid } = await begun({}, { command: ['/no/such/program'] });
      assert.equal((await reach(uid, 'exited'))?.exit?.code, 127);
    });

    it('removes also what is not there any more', async () => {
      const { id, uid } = await begun({ forMs: 60_000 });
      await test.driver.remove(id, signal);
      await test.driver.remove(id, signal);
      assert.equal(await look(uid), undefined);
    });

    it('keeps both streams apart and in order, each line with its time', async () => {
      const said: ['stdout' | 'stderr', string][] = Array.from({ length: 20 }, (_, at) => [
        at % 3 === 0 ? 'stderr' : 'stdout',
        `line ${at}`,
      ]);
      const { id, uid } = await begun({ prints: said });
      await reach(uid, 'exited');
      const lines = await Array.fromAsync(test.driver.output(id, {}, signal));
      const of = (stream: string) => lines.filter((line) => line.stream === stream).map(({ bytes }) => bytes.toString().trim());
      assert.deepEqual(
        of('stdout'),
        said.filter(([stream]) => stream === 'stdout').map(([, text]) => text),
      );
      assert.deepEqual(
        of('stderr'),
        said.filter(([stream]) => stream === 'stderr').map(([, text]) => text),
      );
      assert.ok(lines.every(({ timeNs }, at) => at === 0 || timeNs >= (lines[at - 1]?.timeNs ?? 0n)));
      const last = await Array.fromAsync(test.driver.output(id, { tail: 2, streams: ['stdout'] }, signal));
      assert.equal(last.length, 2);
      const after = await Array.fromAsync(test.driver.output(id, { sinceNs: lines[9]?.timeNs ?? 0n }, signal));
      assert.deepEqual(
        after.map(({ bytes }) => bytes.toString()),
        lines.filter(({ timeNs }) => timeNs > (lines[9]?.timeNs ?? 0n)).map(({ bytes }) => bytes.toString()),
      );
    });

    it('goes on with who follows until it has ended', async () => {
      const { id, uid } = await begun({
        forMs: 1_500,
        prints: [
          ['stdout', 'one'],
          ['stderr', 'two'],
        ],
      });
      await reach(uid, 'running');
      const lines = await Array.fromAsync(test.driver.output(id, { follow: true }, signal));
      assert.deepEqual(lines.map(({ bytes }) => bytes.toString().trim()).sort(), ['one', 'two']);
      await reach(uid, 'exited');
      const last = await Array.fromAsync(test.driver.output(id, { follow: true, tail: 1, streams: ['stderr'] }, signal));
      assert.deepEqual(
        last.map(({ bytes }) => bytes.toString().trim()),
        ['two'],
      );
    });

    it('tells of the end of one that nobody looks at', async () => {
      const heard: (string | undefined)[] = [];
      const stop = new AbortController();
      const watching = test.driver.watch((uid) => heard.push(uid), stop.signal);
      await test.until(
        'the watch has begun',
        async () => heard.length,
        (count) => count > 0,
      );
      const { uid } = await begun({ code: 0 });
      await test.until(
        'its end was told',
        async () => [...heard],
        (uids) => uids.includes(uid),
      );
      stop.abort();
      await watching;
    });

    it('never fetches what it must not fetch', async () => {
      const order = { image: 'registry.invalid/nothing:here', policy: 'Never' as const, credentials: [] };
      await assert.rejects(test.driver.pull(order, signal), { reason: 'ImageMissing' });
      await test.driver.pull({ image: test.program({}).image, policy: 'IfNotPresent', credentials: [] }, signal);
    });
  });
}
