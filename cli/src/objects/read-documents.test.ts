import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { applyOrder } from './apply-order.ts';
import { parseDocuments, readDocuments } from './read-documents.ts';

const root = mkdtempSync(join(tmpdir(), 'river-docs-'));
after(() => rmSync(root, { recursive: true }));
const queue = (name: string, extra = '') => `apiVersion: river.dev/v1\nkind: Queue\nmetadata: {name: ${name}}\n${extra}`;
const readStdin = async () => queue('piped');
const read = (paths: string[], isRecursive = false) => readDocuments(paths, { isRecursive, readStdin });
const namesOf = (documents: Awaited<ReturnType<typeof read>>) => documents.map(({ object }) => object.metadata.name);

describe('parseDocuments', () => {
  it('reads many documents and leaves empty ones out', async () => {
    const documents = await parseDocuments(`---\n${queue('a')}---\n# nothing\n---\n${queue('b')}`, 'f.yaml');
    assert.deepEqual(namesOf(documents), ['a', 'b']);
  });

  it('opens a List, of JSON too', async () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }] };
    assert.deepEqual(namesOf(await parseDocuments(JSON.stringify(list), 'f.json')), ['x']);
  });

  it('reads scalars as Kubernetes does: yes is true, a date is text, octals are numbers', async () => {
    const [document] = await parseDocuments(
      queue('a', 'spec: {on: yes, day: 2024-01-02, mode: 0755, new: 0o755, time: "12:30", plain: 12:30:00, big: 1e3}'),
      'f',
    );
    const spec = document?.object.spec as Record<string, unknown>;
    assert.deepEqual(Object.values(spec), [true, '2024-01-02', 493, 493, '12:30', '12:30:00', 1000]);
  });

  it('says where something is wrong', async () => {
    await assert.rejects(parseDocuments(`${queue('a')}---\nkind: [`, 'f.yaml'), /^UsageError: f\.yaml#2: /);
    await assert.rejects(parseDocuments(`${queue('a')}---\nkind: X`, 'f.yaml'), /f\.yaml#2: apiVersion and kind are needed/);
    await assert.rejects(parseDocuments('a: 1\na: 2', 'f.yaml'), /f\.yaml: .*unique/);
    await assert.rejects(parseDocuments('just text', 'f.yaml'), /this is string/);
  });
});

describe('readDocuments', () => {
  it('reads files, folders in order of name, what is below them only when asked, and stdin', async () => {
    mkdirSync(join(root, 'sub'));
    writeFileSync(join(root, 'b.yaml'), queue('b'));
    writeFileSync(join(root, 'a.json'), JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }));
    writeFileSync(join(root, 'notes.txt'), 'not an object');
    writeFileSync(join(root, 'sub', 'c.yml'), queue('c'));
    assert.deepEqual(namesOf(await read([root])), ['a', 'b']);
    assert.deepEqual(namesOf(await read([root], true)), ['a', 'b', 'c']);
    assert.deepEqual(namesOf(await read(['-', join(root, 'b.yaml')])), ['piped', 'b']);
  });

  it('names the file that is not there', () => assert.rejects(read([join(root, 'nope.yaml')]), /nope\.yaml: there is no such file/));
});

describe('applyOrder', () => {
  it('puts namespaces and definitions first and keeps the order otherwise', async () => {
    const kinds = ['Task', 'Namespace', 'Queue', 'CustomResourceDefinition'];
    const text = kinds.map((kind) => `apiVersion: v1\nkind: ${kind}\nmetadata: {name: x}\n`).join('---\n');
    const ordered = applyOrder(await parseDocuments(text, 'f'));
    assert.deepEqual(
      ordered.map(({ object }) => object.kind),
      ['Namespace', 'CustomResourceDefinition', 'Task', 'Queue'],
    );
  });
});
