import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type FieldTerm, matchesFields, parseFieldSelector } from './field-selector.ts';
import { SelectorError } from './requirement.ts';

const read: [string, FieldTerm[]][] = [
  ['', []],
  ['a=b', [{ field: 'a', operator: '=', value: 'b' }]],
  ['a==b', [{ field: 'a', operator: '=', value: 'b' }]],
  ['a!=b', [{ field: 'a', operator: '!=', value: 'b' }]],
  ['a=', [{ field: 'a', operator: '=', value: '' }]],
  [
    'metadata.name=x,status.phase!=Failed',
    [
      { field: 'metadata.name', operator: '=', value: 'x' },
      { field: 'status.phase', operator: '!=', value: 'Failed' },
    ],
  ],
  [
    'a=b,,c=d,',
    [
      { field: 'a', operator: '=', value: 'b' },
      { field: 'c', operator: '=', value: 'd' },
    ],
  ],
  ['a=b\\,c\\=d\\\\e', [{ field: 'a', operator: '=', value: 'b,c=d\\e' }]],
  ['a=b!', [{ field: 'a', operator: '=', value: 'b!' }]],
];

describe('a field selector', () => {
  for (const [text, terms] of read) it(`reads ${JSON.stringify(text)}`, () => assert.deepEqual(parseFieldSelector(text), terms));

  it('refuses what it cannot understand, in words of Kubernetes', () => {
    assert.throws(() => parseFieldSelector('a=b,c'), new SelectorError("invalid selector: 'a=b,c'; can't understand 'c'"));
    assert.throws(() => parseFieldSelector('a=b\\x'), /invalid escape sequence: \\x/);
    assert.throws(() => parseFieldSelector('a=b=c'), /unescaped character in value/);
    assert.throws(() => parseFieldSelector('a=b\\'), /invalid escape sequence/);
  });

  it('carries any value that is escaped', () => {
    const escaped = (value: string) => value.replace(/[\\,=]/g, '\\$&');
    fc.assert(fc.property(fc.string(), (value) => assert.equal(parseFieldSelector(`a=${escaped(value)}`)[0]?.value, value)));
  });

  it('never throws anything but SelectorError', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab=!,\\]{0,12}$/), (text) => {
        try {
          parseFieldSelector(text);
          return true;
        } catch (error) {
          return error instanceof SelectorError;
        }
      }),
    );
  });

  it('asks for every term', () => {
    const fields = new Map([['a', 'b']]);
    const matches = (text: string) => matchesFields(parseFieldSelector(text), (field) => fields.get(field) ?? '');
    assert.equal(matches('a=b,c='), true);
    assert.equal(matches('a=b,c=d'), false);
    assert.equal(matches('a!=b'), false);
    assert.equal(matches(''), true);
  });
});
