import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../command/usage-error.ts';
import { type SubmitFlags, submission } from './submission.ts';

const plain: SubmitFlags = { image: 'busybox', privileged: false, zip: false, approval: false, hold: false };
const made = (flags: Partial<SubmitFlags>, command: string[] = ['echo', 'hi']) => submission({ ...plain, ...flags }, command, 'lab');
const specOf = (flags: Partial<SubmitFlags>, command?: string[]) => made(flags, command).spec;

describe('what task submit makes', () => {
  it('is a Task that says only what was said', () => {
    assert.deepEqual(made({ name: 'a' }), {
      apiVersion: 'river.dev/v1',
      kind: 'Task',
      metadata: { namespace: 'lab', name: 'a' },
      spec: { image: 'busybox', command: ['echo', 'hi'] },
    });
    assert.deepEqual(specOf({}, []), { image: 'busybox' });
  });

  it('is named after its program, or its image', () => {
    const names = [made({}, ['/usr/bin/Python3.11']), made({ image: 'reg:5000/lab/Train:v1' }, []), made({}, ['###'])];
    assert.deepEqual(
      names.map(({ metadata }) => metadata.generateName),
      ['python3-11-', 'train-', 'task-'],
    );
  });

  it('holds all that the flags say', () => {
    const flags: Partial<SubmitFlags> = {
      target: ['tiger:0::2,3'],
      cpu: '4',
      memory: '16Gi',
      gpus: 'H200:2',
      env: ['A=b=c', 'TOKEN=secret:keys/token'],
      mount: ['/data:/data:ro', 'shared:/s', 'shared/sets/x:/x', 'secret/keys:/k', 'scratch:/tmp'],
      privileged: true,
      retries: 3,
      timeout: '1h',
      queue: 'vision',
      priority: -5,
      after: ['first', 'task/second'],
      approval: true,
      hold: true,
    };
    assert.deepEqual(specOf(flags), {
      image: 'busybox',
      command: ['echo', 'hi'],
      env: [
        { name: 'A', value: 'b=c' },
        { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
      ],
      resources: { cpu: '4', memory: '16Gi', gpus: { model: 'H200', count: 2 } },
      mounts: [
        { mountPath: '/data', readOnly: true, hostPath: { path: '/data' } },
        { mountPath: '/s', shared: {} },
        { mountPath: '/x', shared: { path: 'sets/x' } },
        { mountPath: '/k', secret: { name: 'keys' } },
        { mountPath: '/tmp', scratch: {} },
      ],
      privileged: true,
      targets: ['tiger:0::2,3'],
      retry: { limit: 3 },
      timeout: '1h',
      queue: 'vision',
      priority: -5,
      dependsOn: [{ name: 'first' }, { name: 'second' }],
      approval: { required: true },
      suspend: true,
    });
  });

  it('is a TaskSet for an array, a sweep, or several targets', () => {
    const template = { spec: { image: 'busybox', command: ['echo', 'hi'] } };
    assert.deepEqual([made({ array: 3 }).kind, specOf({ array: 3, parallelism: 2 })], ['TaskSet', { count: 3, parallelism: 2, template }]);
    assert.deepEqual(specOf({ target: ['a', 'b'] }), { targets: ['a', 'b'], template });
    assert.deepEqual(specOf({ sweep: ['lr=0.1,0.2', 'seed=1'], zip: true }), {
      sweep: {
        mode: 'Zip',
        parameters: [
          { name: 'lr', values: ['0.1', '0.2'] },
          { name: 'seed', values: ['1'] },
        ],
      },
      template,
    });
  });

  const wrong: [string, Partial<SubmitFlags>, RegExp][] = [
    ['two ways to be many', { array: 2, sweep: ['a=1'] }, /--array and --sweep each say how many/],
    ['parallelism of one', { parallelism: 2 }, /--parallelism is for many Tasks/],
    ['a zip of nothing', { zip: true }, /--zip says how --sweep goes/],
    ['a variable without a value', { env: ['A'] }, /--env A: write NAME=VALUE/],
    ['a sweep without values', { sweep: ['=1'] }, /--sweep =1: write NAME=VALUE/],
    ['GPUs that are neither', { gpus: 'H200:x' }, /--gpus H200:x: write a count, a model/],
    ['a mount to nowhere', { mount: ['/data'] }, /--mount \/data: write/],
    ['a mount of something else', { mount: ['disk:/a'] }, /--mount disk:\/a: write/],
    ['a mount with a wrong mode', { mount: ['/a:/b:rw,z'] }, /--mount \/a:\/b:rw,z: write/],
  ];
  for (const [what, flags, message] of wrong) {
    it(`is refused: ${what}`, () => {
      assert.throws(
        () => made(flags),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }
});
