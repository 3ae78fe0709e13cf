import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placementObject, scheduleObjects, topology } from './testing/objects.ts';

interface Case {
  it: string;
  on: string[];
  /** What is asked for, one after the other. */
  asks: Record<string, unknown>[];
  /** For each: `node gpus cpuset numa`, with `-` for nothing; or the reason that is given for the first node. */
  get: string[];
}

const gpus = (some: object) => ({ resources: { cpu: '500m', gpus: some } });

const cases: Case[] = [
  {
    it: 'gives one GPU after the other from the same socket, and leaves the other whole for who needs four',
    on: ['eight-gpus-two-sockets'],
    asks: [gpus({ count: 1 }), gpus({ count: 1 }), gpus({ count: 4 }), gpus({ count: 2 }), gpus({ count: 1 })],
    get: ['tiger 0 - -', 'tiger 1 - -', 'tiger 4,5,6,7 - -', 'tiger 2,3 - -', 'GPU'],
  },
  {
    it: 'gives all eight, and then none',
    on: ['eight-gpus-two-sockets'],
    asks: [gpus({ count: 8 }), gpus({ count: 1 })],
    get: ['tiger 0,1,2,3,4,5,6,7 - -', 'GPU'],
  },
  {
    it: 'never gives nine of eight',
    on: ['eight-gpus-two-sockets'],
    asks: [gpus({ count: 9 })],
    get: ['Hardware'],
  },
  {
    it: 'pins whole cores on the socket of the GPUs',
    on: ['eight-gpus-two-sockets'],
    asks: [gpus({ count: 3 }), { resources: { cpu: '4', gpus: { count: 4 } } }, { resources: { cpu: '2', gpus: { count: 1 } } }],
    get: ['tiger 0,1,2 - -', 'tiger 4,5,6,7 48-51 1', 'tiger 3 0-1 0'],
  },
  {
    it: 'takes GPUs of the other socket when the cores are used up beside these',
    on: ['mixed-models'],
    asks: [{ resources: { cpu: '15' }, targets: ['bear:0'] }, { resources: { cpu: '2', gpus: { count: 1 } } }],
    get: ['bear - 0-14 0', 'bear 2 16-17 1'],
  },
  {
    it: 'pins cores of two sockets when one has not enough, and does not bind the memory then',
    on: ['mixed-models'],
    asks: [{ resources: { cpu: '20' } }, { resources: { cpu: '12' } }, { resources: { cpu: '1' } }],
    get: ['bear - 0-19 -', 'bear - 20-31 1', 'CPU'],
  },
  {
    it: 'does not bind more memory to a socket than it has',
    on: ['mixed-models'],
    asks: [
      { resources: { cpu: '1', memory: '60Gi' }, targets: ['bear:0'] },
      { resources: { cpu: '1', memory: '10Gi' }, targets: ['bear:0'] },
      { resources: { cpu: '1', memory: '10Gi' } },
    ],
    get: ['bear - 0 0', 'NUMA', 'bear - 16 1'],
  },
  {
    it: 'gives exactly the GPUs that are named, in a target or by index',
    on: ['eight-gpus-two-sockets'],
    asks: [{ targets: ['tiger::2,5'] }, gpus({ indexes: [1, 7] }), { targets: ['tiger:1::6'] }, { targets: ['tiger::5'] }],
    get: ['tiger 2,5 0 0', 'tiger 1,7 - -', 'tiger 6 48 1', 'GPU'],
  },
  {
    it: 'takes the first target that fits',
    on: ['eight-gpus-two-sockets', 'mixed-models'],
    asks: [{ targets: ['bear::0', 'tiger::0'] }, { targets: ['bear::0', 'tiger::0'] }, { targets: ['bear::0', 'tiger::0'] }],
    get: ['bear 0 0 0', 'tiger 0 0 0', 'GPU'],
  },
  {
    it: 'finds GPUs by a part of their model, whatever the case, and by their memory',
    on: ['eight-gpus-two-sockets', 'mixed-models'],
    asks: [
      gpus({ model: 'rtx 3090' }),
      gpus({ model: 'RTX', memory: '40Gi' }),
      gpus({ memory: '100Gi' }),
      gpus({ model: 'RTX', memory: '40Gi' }),
    ],
    get: ['bear 0 - -', 'bear 2 - -', 'tiger 0 - -', 'GPU'],
  },
  {
    it: 'never gives a GPU that is unhealthy, quarantined, or in the hands of vfio-pci',
    on: ['mixed-models'],
    asks: [gpus({ model: '4090' }), gpus({ count: 2, model: 'A6000' }), gpus({ count: 3 }), { targets: ['bear::4'] }],
    get: ['Hardware', 'Hardware', 'bear 0,1,2 - -', 'Hardware'],
  },
  {
    it: 'gives slices of a GPU only to who names them, and never the GPU that they are cut from',
    on: ['mig'],
    asks: [
      gpus({ count: 1 }),
      gpus({ count: 1 }),
      gpus({ model: '1g.10gb', count: 2 }),
      gpus({ model: 'MIG', memory: '30Gi' }),
      gpus({ indexes: [3] }),
      gpus({ indexes: [1] }),
    ],
    get: ['zebra 0 - -', 'GPU', 'zebra 4,5 - -', 'zebra 2 - -', 'zebra 3 - -', 'Hardware'],
  },
  {
    it: 'keeps work without GPUs away from nodes that have some, while there are others',
    on: ['eight-gpus-two-sockets', 'no-topology'],
    asks: [{ resources: { cpu: '3' } }, { resources: { cpu: '1' } }, { resources: { cpu: '1' } }],
    get: ['mouse - - -', 'mouse - - -', 'tiger - 0 0'],
  },
  {
    it: 'goes by labels, and says which is missing',
    on: ['mixed-models', 'no-topology'],
    asks: [{ nodeSelector: { room: 'cellar' } }, { nodeSelector: { room: 'attic' } }],
    get: ['bear - 0 0', 'Selector'],
  },
];

const shown = (value: unknown) => (value === undefined || value === '' ? '-' : value);

describe('on real topologies the scheduler', () => {
  for (const each of cases) {
    it(each.it, () => {
      const asked = each.asks.map((spec, at) => placementObject(`p${String(at).padStart(2, '0')}`, spec));
      const { placements, waiting } = scheduleObjects({ nodes: each.on.map(topology), placements: asked });
      const got = placements.map(({ metadata, spec }) => {
        const why = waiting.find(({ key }) => key === `lab/${metadata.name}`);
        if (why) return why.nodes[0]?.reason;
        return [spec.nodeName, spec.gpus?.map(({ index }) => index).join(), spec.cpuset, spec.numaNode].map(shown).join(' ');
      });
      assert.deepEqual(got, each.get);
    });
  }
});
