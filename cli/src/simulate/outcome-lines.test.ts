import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outcome } from '@river/controllers/what-if';
import { outcomeLines } from './outcome-lines.ts';

const nothing: Outcome = { starts: [], ends: [], waits: [], warnings: [], underWay: 0 };
const about = (task: string, namespace = 'lab') => ({ task, namespace });
const member = (index: number) => ({ ...about(`sweep-x-${index}`), set: { name: 'sweep', index } });
const lines = (outcome: Partial<Outcome>) => outcomeLines({ ...nothing, ...outcome }, 'lab', 0);

describe('what a change comes to, in lines', () => {
  it('says that nothing does', () => {
    assert.deepEqual(lines({}), ['Nothing starts, ends or waits because of this.']);
    assert.match(lines({ underWay: 3 })[1] ?? '', /not come to rest.*: 3/);
  });

  it('names the place, the cause and the time, and another namespace than the usual', () => {
    const starts = [{ ...about('train'), node: 'ant', gpus: [0, 1], cpuset: '0-7' }];
    const ends = [{ ...about('low', 'else'), node: 'ant', reason: 'Preempted', forTask: 'train' }];
    const waits = [{ ...about('low', 'else'), reason: 'Resources', message: 'No room.', estimatedStartMs: 600_000, nodes: [] }];
    assert.deepEqual(lines({ starts, ends, waits }), [
      'starts   task/train         on ant, GPU 0,1, cores 0-7',
      'ends     task/low in else   on ant: Preempted, to make room for task/train',
      'waits    task/low in else   Resources: No room. It starts in about 10 min.',
    ]);
  });

  it('tells the Tasks of a set that fare alike together', () => {
    const starts = [0, 1, 2].map((index) => ({ ...member(index), node: index < 2 ? 'ant' : 'bee', gpus: [] }));
    assert.deepEqual(lines({ starts }), ['starts   taskset/sweep (2 Tasks)   on ant', 'starts   taskset/sweep             on bee']);
  });
});
