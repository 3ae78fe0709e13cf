import assert from 'node:assert/strict';
import { it } from 'node:test';
import { alignColumns } from './columns.ts';

it('shows control characters instead of obeying them', () => {
  const [line] = alignColumns([['a\u001b[31mred', '\u009b2J', 'b\r\n\tc']]);
  assert.equal(line, 'a\\x1b[31mred   \\x9b2J   b\\x0d\\x0a\\x09c');
});
