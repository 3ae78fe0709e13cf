import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
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
