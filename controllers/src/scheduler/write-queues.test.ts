import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '@river/crds';
import { Queue } from '@river/crds/kinds';
import { manualClock, silentLogger } from '@river/runtime';
import { schedule } from './schedule.ts';
import { gib, holderOf, nodeFacts, pendingOf, queueFacts, snapshotOf } from './testing/facts.ts';
import { amountsText } from './write-amounts.ts';
import { queueWriter } from './write-queues.ts';

describe('amounts in words', () => {
  it('are as short as they can be without saying less', () => {
    const amounts = { cpuMillis: 1500, memoryBytes: 3 * gib, storageBytes: 0, gpus: 2 };
    assert.deepEqual(amountsText(amounts), { cpu: '1500m', memory: '3Gi', ephemeralStorage: '0', gpus: '2' });
    const odd = { cpuMillis: 4000.7, memoryBytes: 1025, storageBytes: 2048, gpus: 1.9 };
    assert.deepEqual(amountsText(odd), { cpu: '4', memory: '1025', ephemeralStorage: '2Ki', gpus: '1' });
  });
});

/** A cluster of 12 cores in which `big` has twice the weight of `small`, which uses more than it is sure of. */
const snapshot = snapshotOf({
  nodes: [nodeFacts('ant', { cpu: 12, memoryGib: 24 })],
  queues: [
    queueFacts('big', { namespaces: ['physics'], weight: 2 }),
    queueFacts('small', { namespaces: ['biology'], quota: { cpuMillis: 2000 } }),
    queueFacts('idle', { namespaces: ['nobody'], weight: 3 }),
  ],
  holders: [holderOf('a', 'ant', { namespace: 'biology', queue: 'small', cpu: 5 })],
  pending: [pendingOf('b', { namespace: 'physics', queue: 'big', cpu: 20 })],
});

describe('what is told of queues', () => {
  it('is what they use, what of it is borrowed, and what they are entitled to among those that want something', () => {
    const views = new Map(schedule(snapshot, 0).queues.map((view) => [view.name, view]));
    const cores = (name: string) => {
      const { used, borrowed, fairShare, pending = 0, running = 0 } = views.get(name) ?? {};
      return [used, borrowed, fairShare].map((amounts) => (amounts?.cpuMillis ?? 0) / 1000).concat(pending, running);
    };
    assert.deepEqual(cores('big'), [0, 0, 8, 1, 0]);
    assert.deepEqual(cores('small'), [5, 3, 4, 0, 1]);
    assert.deepEqual(cores('idle'), [0, 0, 6, 0, 0]);
  });

  it('is written when it changes, of each queue not too often, and never twice', async () => {
    const clock = manualClock();
    const written: [string, JsonObject][] = [];
    let isAway = false;
    const patch = async (name: string, body: JsonObject) => {
      if (isAway) throw new Error('away');
      written.push([name, body]);
    };
    const write = queueWriter({ queues: { patch: patch as never }, clock, log: silentLogger, signal: new AbortController().signal });
    const draft = { apiVersion: 'river.dev/v1', kind: 'Queue', metadata: { name: 'small', uid: 'u', generation: 3 } };
    const queues = [Queue.parse(draft) as Queue];
    const { queues: views } = schedule(snapshot, 0);
    const later = views.map((view) => ({ ...view, running: view.running + 1 }));

    await write(queues, views);
    await write(queues, views);
    assert.deepEqual(
      written.map(([name]) => name),
      ['small'],
    );
    assert.deepEqual(written[0]?.[1].status, {
      ...{ pending: 0, running: 1, used: { cpu: '5', memory: '0', ephemeralStorage: '0', gpus: '0' } },
      borrowed: { cpu: '3', memory: '0', ephemeralStorage: '0', gpus: '0' },
      fairShare: { cpu: '4', memory: '8Gi', ephemeralStorage: '35791394133', gpus: '0' },
      observedGeneration: 3,
    });
    await write(queues, later);
    assert.equal(written.length, 1, 'too soon');
    clock.advance(2_000);
    isAway = true;
    await write(queues, later);
    isAway = false;
    clock.advance(2_000);
    await write(queues, later);
    assert.equal(written.length, 2, 'what could not be written is written later');
  });
});
