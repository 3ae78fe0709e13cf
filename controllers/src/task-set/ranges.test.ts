import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { addNumbers, boundedText, countOf, formatRanges, gapsBelow, includes, parseRanges } from './ranges.ts';

const numbers = fc.uniqueArray(fc.nat(200));

describe('ranges', () => {
  it('are what a set of numbers is, in any order of adding', () => {
    fc.assert(
      fc.property(numbers, numbers, (first, second) => {
        const ranges = addNumbers(addNumbers([], first), second);
        const all = [...new Set([...first, ...second])].sort((a, b) => a - b);
        assert.deepEqual(parseRanges(formatRanges(ranges)), ranges);
        assert.equal(countOf(ranges), all.length);
        for (let number = 0; number <= 201; number++) assert.equal(includes(ranges, number), all.includes(number));
        assert.deepEqual(
          gapsBelow(ranges, 150, 20),
          Array.from({ length: 150 }, (_, at) => at)
            .filter((at) => !all.includes(at))
            .slice(0, 20),
        );
      }),
    );
  });

  it('are written as people write them', () => {
    assert.equal(formatRanges(addNumbers([], [9, 3, 8, 7])), '3,7-9');
    assert.equal(formatRanges([]), '');
  });

  it('are cut where they do not fit, and say so', () => {
    const text = boundedText(addNumbers([], [1, 3, 5, 7, 9, 11]), 8);
    assert.equal(text, '1,3,5,…');
    assert.deepEqual(parseRanges(text), [
      [1, 1],
      [3, 3],
      [5, 5],
    ]);
  });
});
