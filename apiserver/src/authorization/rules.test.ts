import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Attributes, ResourceAttributes } from './attributes.ts';
import { askedOf, compileRules, type PolicyRule, uncovered } from './rules.ts';

const about = (text: string, name = ''): ResourceAttributes => {
  const [verb = '', group = '', whole = ''] = text.split(' ');
  const [resource = '', subresource = ''] = whole.split('/');
  return { verb, group: group === '-' ? '' : group, resource, subresource, namespace: 'a', name };
};

describe('the rules of a role', () => {
  const rules: PolicyRule[] = [
    { verbs: ['get', 'list'], apiGroups: ['', 'river.dev'], resources: ['configmaps', 'tasks', 'tasks/status'] },
    { verbs: ['update'], apiGroups: ['river.dev'], resources: ['tasks'], resourceNames: ['mine'] },
    { verbs: ['*'], apiGroups: ['batch'], resources: ['*'] },
    { verbs: ['patch'], apiGroups: ['*'], resources: ['*/scale'] },
    { verbs: ['get'], nonResourceURLs: ['/metrics', '/apis/*'] },
  ];
  const { allow } = compileRules(rules);
  const cases: [wanted: Attributes, isAllowed: boolean][] = [
    [about('get - configmaps'), true],
    [about('get river.dev tasks', 'any'), true],
    [about('get river.dev tasks/status', 'any'), true],
    [about('get river.dev tasks/scale', 'any'), false],
    [about('delete river.dev tasks', 'any'), false],
    [about('get apps tasks'), false],
    [about('update river.dev tasks', 'mine'), true],
    [about('update river.dev tasks', 'yours'), false],
    [about('update river.dev tasks'), false],
    [about('delete batch jobs/status', 'x'), true],
    [about('patch apps deployments/scale', 'x'), true],
    [about('patch apps deployments', 'x'), false],
    [{ verb: 'get', path: '/metrics' }, true],
    [{ verb: 'get', path: '/metrics/x' }, false],
    [{ verb: 'get', path: '/apis/river.dev' }, true],
    [{ verb: 'post', path: '/metrics' }, false],
  ];
  for (const [wanted, isAllowed] of cases)
    it(`${isAllowed ? 'allow' : 'do not allow'} ${JSON.stringify(wanted)}`, () => assert.equal(allow(askedOf(wanted)), isAllowed));
});

const word = fc.constantFrom('a', 'b', '*');
const words = fc.uniqueArray(word, { minLength: 1, maxLength: 3 });
const rule: fc.Arbitrary<PolicyRule> = fc.oneof(
  fc.record({ verbs: words, apiGroups: words, resources: fc.uniqueArray(fc.constantFrom('a', 'b', 'a/s', '*/s', '*'), { minLength: 1 }) }),
  fc.record({
    verbs: words,
    apiGroups: words,
    resources: words,
    resourceNames: fc.uniqueArray(fc.constantFrom('n', 'm'), { minLength: 1 }),
  }),
  fc.record({ verbs: words, nonResourceURLs: fc.uniqueArray(fc.constantFrom('/a', '/a/*', '/*'), { minLength: 1 }) }),
);
const wanted: fc.Arbitrary<Attributes> = fc.oneof(
  fc.record({
    verb: fc.constantFrom('a', 'b', 'c'),
    group: fc.constantFrom('a', 'b', 'c'),
    resource: fc.constantFrom('a', 'b', 'c'),
    subresource: fc.constantFrom('', 's', 't'),
    namespace: fc.constant('x'),
    name: fc.constantFrom('', 'n', 'm', 'o'),
  }),
  fc.record({ verb: fc.constantFrom('a', 'b'), path: fc.constantFrom('/a', '/a/b', '/c') }),
);

it('may be handed on only by who can do all that they allow', () => {
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 3 }),
      fc.array(rule, { maxLength: 3 }),
      fc.array(wanted, { maxLength: 50 }),
      (mine, given, asked) => {
        const own = compileRules(mine);
        if (uncovered(given, (asked) => own.allow(askedOf(asked))).length > 0) return;
        const handedOn = compileRules(given);
        for (const each of asked)
          assert.ok(!handedOn.allow(askedOf(each)) || own.allow(askedOf(each)), JSON.stringify({ mine, given, each }));
      },
    ),
    { numRuns: 2_000 },
  );
});

it('may always be handed on by who has them', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 5 }), (rules) =>
      assert.deepEqual(
        uncovered(rules, (asked) => compileRules(rules).allow(askedOf(asked))),
        [],
      ),
    ),
  );
});
