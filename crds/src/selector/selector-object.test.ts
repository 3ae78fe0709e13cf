import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatLabelSelector } from './label-selector.ts';
import { type LabelSelectorObject, requirementsOf, selectorMatcher } from './selector-object.ts';

const web = { app: 'web', tier: 'front' };

describe('a LabelSelector object', () => {
  it('selects nothing when it is not there, and everything when it is empty', () => {
    assert.equal(selectorMatcher(undefined)(web), false);
    assert.equal(selectorMatcher({})(web), true);
  });

  it('asks for labels and expressions together', () => {
    const selector: LabelSelectorObject = {
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['front', 'back'] },
        { key: 'gone', operator: 'DoesNotExist' },
      ],
    };
    assert.equal(selectorMatcher(selector)(web), true);
    assert.equal(selectorMatcher(selector)({ ...web, gone: '' }), false);
    assert.equal(formatLabelSelector(requirementsOf(selector)), 'app=web,tier in (back,front),!gone');
  });

  const wrong: [LabelSelectorObject, RegExp][] = [
    [{ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1'] }] }, /"Gt" is not a valid label selector operator/],
    [{ matchExpressions: [{ key: 'a', operator: 'In' }] }, /for 'in', 'notin' operators, values set can't be empty/],
    [{ matchExpressions: [{ key: 'a', operator: 'Exists', values: ['x'] }] }, /values set must be empty/],
    [{ matchLabels: { 'a b': 'x' } }, /name part must consist/],
    [{ matchLabels: { a: 'x y' } }, /a valid label must be/],
  ];
  for (const [selector, message] of wrong) {
    it(`refuses ${JSON.stringify(selector)}`, () => assert.throws(() => requirementsOf(selector), message));
  }
});
