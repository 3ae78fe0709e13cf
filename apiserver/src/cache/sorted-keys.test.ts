import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { sortedKeys } from './sorted-keys.ts';

const key = fc.stringMatching(/^[abc/]{0,5}$/);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('look' as const), key, after: fc.option(key, { nil: undefined }) }) },
);

it('holds the same keys in the same order as a sorted array, whatever is added, removed and asked', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const keys = sortedKeys();
      const model = new Set<string>();
      for (const each of steps) {
        if (each.do === 'add' && !model.has(each.key)) keys.add(each.key);
        if (each.do === 'add') model.add(each.key);
        if (each.do === 'remove' && model.delete(each.key)) keys.remove(each.key);
        if (each.do === 'remove') keys.remove('never added');
        if (each.do !== 'look') continue;
        const wanted = [...model].filter((one) => one.startsWith(each.key) && (each.after === undefined || one > each.after)).sort();
        assert.deepEqual(keys.under(each.key, each.after), wanted);
      }
      assert.deepEqual(keys.under(''), [...model].sort());
      keys.clear();
      assert.deepEqual(keys.under(''), []);
    }),
    { numRuns: 80 },
  );
});
