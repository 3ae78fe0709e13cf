import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { age } from './age.ts';
import { alignColumns } from './columns.ts';
import { tableRows } from './server-table.ts';

const table = {
  kind: 'Table' as const,
  columnDefinitions: [{ name: 'Name' }, { name: 'Phase' }, { name: 'Node', priority: 1 }],
  rows: [
    { cells: ['train', 'Running', 'n1'], object: { apiVersion: 'v1', kind: 'X', metadata: { name: 'train', namespace: 'lab' } } },
    { cells: ['x', null, 'n2'] },
  ],
};
const style = { isWide: false, withNamespace: false, withHeader: true, namePrefix: '' };

describe('tableRows', () => {
  it('leaves out the columns that are only for -o wide', () => {
    assert.deepEqual(tableRows(table, style), [
      ['NAME', 'PHASE'],
      ['train', 'Running'],
      ['x', ''],
    ]);
    assert.deepEqual(tableRows(table, { ...style, isWide: true })[0], ['NAME', 'PHASE', 'NODE']);
  });

  it('puts the namespace first and the kind before the name when asked to', () => {
    const [, first] = tableRows(table, { ...style, withNamespace: true, namePrefix: 'task.river.dev/' });
    assert.deepEqual(first, ['lab', 'task.river.dev/train', 'Running']);
  });
});

describe('alignColumns', () => {
  it('aligns by the longest cell, without spaces at the end of a line', () => {
    assert.deepEqual(
      alignColumns([
        ['A', 'B'],
        ['long', ''],
        ['x', 'y'],
      ]),
      ['A      B', 'long', 'x      y'],
    );
  });

  it('keeps to the widths of what was printed before', () => {
    const layout = { widths: [] };
    alignColumns([['NAME-OF-SOME-LENGTH', 'B']], layout);
    assert.deepEqual(alignColumns([['a', 'b']], layout), [`${'a'.padEnd(19)}   b`]);
  });
});

describe('age', () => {
  const now = Date.parse('2026-01-31T00:00:00Z');
  for (const [seconds, text] of [
    [5, '5s'],
    [119, '119s'],
    [150, '2m30s'],
    [900, '15m'],
    [7200, '120m'],
    [3 * 3600 + 60, '3h1m'],
    [30 * 3600, '30h'],
    [3 * 86_400, '3d'],
    [900 * 86_400, '2y'],
  ] as const)
    it(`says ${text} of ${seconds} seconds`, () => assert.equal(age(new Date(now - seconds * 1000).toISOString(), now), text));
  it('says so when it does not know', () => assert.equal(age(undefined, now), '<unknown>'));
});
