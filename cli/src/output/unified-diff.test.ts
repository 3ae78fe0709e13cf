import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { unifiedDiff } from './unified-diff.ts';

const names = { before: 'a', after: 'b' };

/** Applies a unified diff by its own words: context and removed lines must be there. */
const applyDiff = (before: string, diff: string): string => {
  const lines = before === '' ? [] : before.replace(/\n$/, '').split('\n');
  const result: string[] = [];
  let at = 0;
  for (const line of diff.split('\n').slice(2, -1)) {
    const [, start, count = '1'] = /^@@ -(\d+)(?:,(\d+))? /.exec(line) ?? [];
    if (start !== undefined) {
      const first = count === '0' ? Number(start) : Number(start) - 1;
      result.push(...lines.slice(at, first));
      at = first;
    } else if (line.startsWith('+')) result.push(line.slice(1));
    else {
      assert.equal(lines[at], line.slice(1));
      if (line.startsWith(' ')) result.push(line.slice(1));
      at++;
    }
  }
  return [...result, ...lines.slice(at)].map((line) => `${line}\n`).join('');
};

describe('unifiedDiff', () => {
  it('says nothing of equal texts', () => assert.equal(unifiedDiff('a\nb\n', 'a\nb\n', names), ''));

  it('shows a change with three lines around it', () => {
    const before = '1\n2\n3\n4\n5\n6\n7\n8\n9\n';
    assert.equal(
      unifiedDiff(before, before.replace('5', 'five'), names),
      '--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n',
    );
  });

  it('shows a new object as added whole', () => {
    assert.equal(unifiedDiff('', 'x: 1\ny: 2\n', names), '--- a\n+++ b\n@@ -0,0 +1,2 @@\n+x: 1\n+y: 2\n');
  });

  it('turns any text into any other', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 }).map((lines) => lines.map((line) => `${line}\n`).join(''));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = unifiedDiff(before, after, names);
        assert.equal(diff === '' ? before : applyDiff(before, diff), after);
      }),
    );
  });
});
