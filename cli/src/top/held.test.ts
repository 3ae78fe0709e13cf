import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from '@river/crds';
import { boundIn, bytesText, coresText, givenBy, shareText, sumOf } from './held.ts';

const placement = (spec: object, status?: object) =>
  ({
    ...{ apiVersion: 'river.dev/v1', kind: 'Placement', metadata: { name: 'p', namespace: 'lab' } },
    spec: { owner: { kind: 'Task', name: 'train' }, resources: { cpu: '1500m', memory: '2Gi' }, ...spec },
    ...(status && { status }),
  }) as unknown as KubeObject;

describe('what is held', () => {
  it('is so from the binding to the end, whatever the phase', () => {
    const held = { cpuMillis: 1500, memoryBytes: 2 * 1024 ** 3, gpus: 1 };
    const bound = boundIn(placement({ nodeName: 'ant', gpus: [{ index: 0 }] }));
    assert.deepEqual([bound?.owner, bound?.node, bound?.phase, bound?.held], ['task/train', 'ant', 'Assigned', held]);
    assert.equal(boundIn(placement({ nodeName: 'ant' }, { phase: 'Paused' }))?.phase, 'Paused');
    assert.equal(boundIn(placement({ nodeName: 'ant' }, { phase: 'Succeeded' })), undefined);
    assert.equal(boundIn(placement({})), undefined);
  });

  it('is a part of what a node has to give', () => {
    const topology = { gpus: [{ health: 'Healthy' }, { health: 'Unhealthy' }] };
    const node = { metadata: { name: 'ant' }, status: { allocatable: { cpu: '8', memory: '16Gi' }, topology } };
    assert.deepEqual(givenBy(node as unknown as KubeObject), { cpuMillis: 8000, memoryBytes: 16 * 1024 ** 3, gpus: 1 });
    assert.deepEqual(givenBy({ metadata: { name: 'new' } } as KubeObject), { cpuMillis: 0, memoryBytes: 0, gpus: 0 });
    assert.equal(sumOf([givenBy(node as unknown as KubeObject), { cpuMillis: 1, memoryBytes: 1, gpus: 1 }]).gpus, 2);
  });

  it('is said in short words', () => {
    assert.deepEqual(
      [coresText(1550), coresText(4000), bytesText(0), bytesText(1536), bytesText(3 * 1024 ** 3)],
      ['1.6', '4', '0', '1.5Ki', '3Gi'],
    );
    assert.deepEqual([shareText(1500, 6000, coresText), shareText(0, 0, String), shareText(1, 0, String)], ['1.5/6 (25%)', '-', '1/0']);
  });
});
