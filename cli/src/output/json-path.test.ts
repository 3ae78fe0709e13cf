import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderTemplate, valuesAt } from './json-path.ts';

const list = {
  items: [
    {
      metadata: { name: 'a', labels: { 'river.dev/x': '1' } },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
    },
    { metadata: { name: 'b' }, status: { phase: 'Failed', conditions: [] } },
  ],
};

const cases: [template: string, expected: string][] = [
  ['{.items[*].metadata.name}', 'a b'],
  ['.items[0].metadata.name', 'a'],
  ['{.items[-1].metadata.name}', 'b'],
  ['{.items[0:1].status.phase}', 'Running'],
  ["{.items[0].metadata.labels['river.dev/x']}", '1'],
  ['{.items[0].metadata.labels.river\\.dev/x}', '1'],
  ['{.items[?(@.status.phase=="Failed")].metadata.name}', 'b'],
  ["{.items[0].status.conditions[?(@.type=='Ready')].status}", 'True'],
  ['{range .items[*]}{.metadata.name}={.status.phase}{"\\n"}{end}', 'a=Running\nb=Failed\n'],
  ['names: {..name}', 'names: a b'],
  ['{.items[0].status.conditions}', '[{"type":"Ready","status":"True"}]'],
  ['{.nothing.here}', ''],
  ['{$.items[1].metadata.name}', 'b'],
];

describe('renderTemplate', () => {
  for (const [template, expected] of cases) it(`renders ${template}`, () => assert.equal(renderTemplate(template, list), expected));

  it('refuses what it does not understand', () => {
    assert.throws(() => renderTemplate('{.items[abc]}', list), /jsonpath: \[abc\]/);
    assert.throws(() => renderTemplate('{.items[?(@.a==b)]}', list), /neither a number nor a quoted text/);
  });
});

describe('valuesAt', () => {
  it('tells a missing field from an empty one', () => {
    assert.deepEqual(valuesAt('.a', { a: '' }), ['']);
    assert.deepEqual(valuesAt('{.b}', { a: '' }), []);
  });
});
