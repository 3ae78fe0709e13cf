import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { isObject } from './index.ts';
import { builtInKinds, type ResourceDef, riverKinds, Task } from './kinds.ts';
import type { StructuralSchema } from './schema/structural-schema.ts';
import { executableRules } from './workload.ts';

const kinds = [...riverKinds, ...builtInKinds];
const nameOf = (def: ResourceDef) => `${def.kind}.${def.group}`;
const schemaOf = (def: ResourceDef): StructuralSchema => def.crd.spec.versions[0]?.schema?.openAPIV3Schema ?? {};

/** Every field below a schema, with its path. */
function fieldsOf(schema: StructuralSchema, path = ''): [string, StructuralSchema][] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]): [string, StructuralSchema][] => [
    [`${path}.${name}`, field],
    ...fieldsOf(field, `${path}.${name}`),
  ]);
  const inside = [schema.items, schema.additionalProperties].filter((part) => typeof part === 'object');
  return [...own, ...inside.flatMap((part) => fieldsOf(part, `${path}[]`))];
}

const isPlainInYaml11 = (text: string) => parse(text, { version: '1.1' }) === text;
const examples = join(import.meta.dirname, '../../examples');

describe('every kind', () => {
  for (const def of kinds) {
    it(`${nameOf(def)} describes each of its fields`, () => {
      const silent = fieldsOf(schemaOf(def)).filter(([, field]) => !field.description);
      assert.deepEqual(
        silent.map(([path]) => path),
        [],
      );
    });
  }

  it('has a name of its own', () => {
    const names = kinds.map((def) => def.crd.metadata.name);
    assert.equal(new Set(names).size, names.length);
  });
});

describe("River's kinds", () => {
  for (const def of riverKinds) {
    it(`${def.kind} has no field or choice that YAML 1.1, which kubectl reads, takes for a boolean or a number`, () => {
      const words = fieldsOf(schemaOf(def)).flatMap(([path, field]) => [path.split('.').at(-1) ?? '', ...(field.enum ?? [])]);
      const texts = words.filter((word) => typeof word === 'string').map((word) => word.replace(/\[\]$/, ''));
      assert.deepEqual(
        // Statuses of conditions are quoted everywhere in Kubernetes.
        texts.filter((word) => word !== '' && !['True', 'False'].includes(word) && !isPlainInYaml11(word)),
        [],
      );
    });

    it(`${def.kind} reports conditions and observedGeneration, if it has a status at all`, () => {
      const status = schemaOf(def).properties?.status;
      if (!status) return;
      assert.deepEqual(status.properties?.conditions?.['x-kubernetes-list-map-keys'], ['type']);
      assert.equal(status.properties?.observedGeneration?.type, 'integer');
      assert.deepEqual(def.crd.spec.versions[0]?.subresources?.status, {});
    });

    it(`${def.kind} shows its age`, () => {
      assert.ok(def.crd.spec.versions[0]?.additionalPrinterColumns?.some((column) => column.name === 'Age'));
    });
  }

  it('takes a Task that says only an image and a command', () => {
    const task = Task.parse({
      apiVersion: 'river.dev/v1',
      kind: 'Task',
      metadata: { name: 'hi' },
      spec: { image: 'busybox', command: ['sh', '-c', 'echo hi'] },
    });
    assert.equal(task.spec.resources.cpu, '1');
    assert.equal(task.spec.onDisconnect, 'Continue');
    assert.deepEqual(task.spec.retry, { limit: 0, when: ['Failed'], backoff: { initial: '10s', max: '5m' } });
  });

  const targets = schemaOf(Task).properties?.spec?.properties?.targets?.items?.pattern ?? '';
  for (const target of ['tiger', 'tiger:0', 'tiger::2', 'tiger:1::0,3', 'n1.lab.example']) {
    it(`takes the target ${target}`, () => assert.match(target, new RegExp(targets)));
  }
  for (const target of ['', 'Tiger', 'tiger:', 'tiger:::1', 'tiger::a', 'tiger::1,', ':0']) {
    it(`refuses the target "${target}"`, () => assert.doesNotMatch(target, new RegExp(targets)));
  }

  it('fixes what is run, and lets the rest of a Task change', () => {
    const rules =
      schemaOf(Task)
        .properties?.spec?.['x-kubernetes-validations']?.map((rule) => rule.rule)
        .join('\n') ?? '';
    for (const fixed of [
      'image',
      'command',
      'args',
      'env',
      'mounts',
      'privileged',
      'resources',
      'approval',
      'targets',
      'user',
      'network',
    ]) {
      assert.ok(rules.includes(`self.${fixed} == oldSelf.${fixed}`), fixed);
    }
    for (const free of ['suspend', 'priority', 'priorityClassName', 'queue', 'ttlAfterFinished', 'nodeSelector', 'tolerations', 'retry']) {
      assert.ok(!rules.includes(`self.${free} ==`), free);
    }
    assert.ok(rules.includes('!oldSelf.cancel || self.cancel'));
  });

  it('fixes the same fields in the policy that says so on servers of their own definitions', () => {
    const policy = readFileSync(new URL('../../deploy/policies/task-fixed.yaml', import.meta.url), 'utf8');
    const [, list = ''] = /expression: >-\s*\[([^\]]*)\]/.exec(policy) ?? [];
    const held = [...list.matchAll(/'(\w+)'/g)].map(([, field]) => field);
    const fixed = executableRules.map(({ message = '' }) => message.split(' ')[0]);
    assert.deepEqual(held.sort(), fixed.sort());
  });
});

describe('examples', () => {
  for (const file of readdirSync(examples).filter((name) => name.endsWith('.yaml'))) {
    it(`${file} is what its kinds take`, () => {
      const documents = parseAllDocuments(readFileSync(join(examples, file), 'utf8'), { version: '1.1' });
      const objects = documents.map((document) => document.toJS() as unknown);
      const known = objects.filter(isObject).flatMap((object) => {
        const def = kinds.find(({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind);
        return def ? [def.parse(object)] : [];
      });
      assert.ok(known.length > 0);
    });
  }
});

describe('generated files', () => {
  it('are as they would be written now', () => {
    execFileSync(process.execPath, [join(import.meta.dirname, 'gen.ts'), '--check'], { stdio: ['ignore', 'inherit', 'inherit'] });
  });
});
