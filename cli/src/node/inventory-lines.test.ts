import assert from 'node:assert/strict';
import { it } from 'node:test';
import { printable } from '../output/columns.ts';
import { inventoryLines } from './inventory-lines.ts';

it('lets no control character of a stranger reach a terminal', () => {
  assert.equal(printable('a\u001b[2Jb\r\n\u009bc\u202ed\u0000é✓'), 'a\\x1b[2Jb\\x0d\\x0a\\x9bc\\x202ed\\x00é✓');
});

it('shows what a node says of itself, a line each, whatever it is', () => {
  assert.deepEqual(inventoryLines('{"hostname":"a\\u001b[31m","cpus":8,"gpus":["0 H200","1 H200"],"memoryBytes":1073741824}'), [
    '  hostname: a\\x1b[31m',
    '  cpus: 8',
    '  gpus: 0 H200, 1 H200',
    '  memory: 1.0 GiB',
  ]);
  assert.deepEqual(inventoryLines('{'), ['  (what it says of itself cannot be read)']);
  assert.deepEqual(inventoryLines('[1]'), ['  (what it says of itself cannot be read)']);
  assert.deepEqual(inventoryLines(undefined), ['  (it says nothing of itself)']);
  assert.equal(
    inventoryLines(JSON.stringify(Object.fromEntries(Array.from({ length: 99 }, (_, at) => [`k${at}`, 'x'.repeat(999)])))).length,
    32,
  );
});
