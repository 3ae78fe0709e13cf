import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { labelMatcher } from './label-matcher.ts';
import { formatLabelSelector, parseLabelSelector } from './label-selector.ts';
import { type Requirement, SelectorError } from './requirement.ts';

const web = { app: 'web', tier: 'front', size: '7', empty: '' };

const chosen: [string, boolean][] = [
  ['', true],
  ['app', true],
  ['!app', false],
  ['! gone', true],
  ['app=web', true],
  [' app == web ', true],
  ['app=', false],
  ['empty=', true],
  ['gone=', false],
  ['app!=web', false],
  ['gone!=web', true],
  ['app in (db, web)', true],
  ['app in(db)', false],
  ['empty in (,x)', true],
  ['app notin (db)', true],
  ['gone notin (db)', true],
  ['size>6', true],
  ['size > 7', false],
  ['size<8', true],
  ['app>1', false],
  ['gone<1', false],
  ['app=web,tier in (front),!gone', true],
  ['app=web,tier=back', false],
  ['constructor', false],
  ['!toString', true],
  ['app in (in, web)', true],
];

const refused = [
  ',',
  'a,',
  'a=b,,c',
  'a b',
  '=x',
  'a in',
  'a in b',
  'a in (b',
  'a in (b c)',
  'a=b=c',
  '!',
  '!a=b',
  'a>x',
  'a>',
  'a>1.5',
  'a=-',
  '-a=b',
  'a/b/c=d',
  'a constructor b',
  `a=${'b'.repeat(64)}`,
];

const keys = fc.stringMatching(/^([a-z]{1,5}\.dev\/)?[a-zA-Z]([a-z_.-]{0,5}[a-z0-9])?$/).filter((key) => key !== 'in' && key !== 'notin');
const values = fc.stringMatching(/^([a-zA-Z0-9]([a-z_.-]{0,5}[a-z0-9])?)?$/);
const requirements: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({
    key: keys,
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.uniqueArray(values, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ key: keys, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const), values: fc.constant([]) }),
  fc.record({ key: keys, operator: fc.constantFrom('Gt' as const, 'Lt' as const), values: fc.nat().map((bound) => [String(bound)]) }),
);
const sorted = (list: readonly Requirement[]) => list.map((each) => ({ ...each, values: [...each.values].sort() }));

describe('a label selector', () => {
  for (const [selector, expected] of chosen) {
    it(`"${selector}" ${expected ? 'takes' : 'leaves'} the object`, () => {
      assert.equal(labelMatcher(parseLabelSelector(selector))(web), expected);
    });
  }

  for (const selector of refused) {
    it(`refuses "${selector.slice(0, 20)}"`, () => {
      assert.throws(
        () => parseLabelSelector(selector),
        (error) => error instanceof SelectorError && error.message.startsWith('unable to parse requirement: '),
      );
    });
  }

  it('treats an object without labels as one with none', () => {
    assert.equal(labelMatcher(parseLabelSelector('!a'))(undefined), true);
  });

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.array(requirements, { maxLength: 4 }), (list) =>
        assert.deepEqual(sorted(parseLabelSelector(formatLabelSelector(list))), sorted(list)),
      ),
    );
  });

  it('never throws anything but SelectorError', () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^[a-c=!<>(), in]{0,16}$/));
    fc.assert(
      fc.property(texts, (text) => {
        try {
          parseLabelSelector(text);
          return true;
        } catch (error) {
          return error instanceof SelectorError;
        }
      }),
    );
  });

  it('takes exactly what its opposite leaves', () => {
    const labels = fc.dictionary(keys, values);
    fc.assert(
      fc.property(keys, fc.uniqueArray(values, { minLength: 1 }), labels, (key, wanted, object) => {
        const isIn = labelMatcher([{ key, operator: 'In', values: wanted }]);
        const isNotIn = labelMatcher([{ key, operator: 'NotIn', values: wanted }]);
        return isIn(object) !== isNotIn(object);
      }),
    );
  });
});
