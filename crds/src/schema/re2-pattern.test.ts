import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { patternText, re2Refuses } from './re2-pattern.ts';

const fine = [/^a+$/, /\\1/, /(?:ab)?/, /(?<name>a)/, /[\]]/, /\[]/, /[^a]/, /a{1,1000}/, /a{2,}/, /\(?=/, /\d\w\s\b/, /[-a-z0-9.]/];
const refused: [RegExp | string, RegExp][] = [
  [/a(?=b)/, /lookaround/],
  [/a(?!b)/, /lookaround/],
  [/(?<=a)b/, /lookaround/],
  [/(?<!a)b/, /lookaround/],
  [/(a)\1/, /backreference/],
  [/\\(a)\1/, /backreference/],
  [/(?<x>a)\k<x>/, /named backreference/],
  [/\u00e4/, /escape/],
  [/\cA/, /control/],
  ['a[]', /empty/],
  ['[^]', /empty/],
  [/a{1001}/, /1000/],
  [/a{1,2000}/, /1000/],
];

describe('re2Refuses', () => {
  for (const pattern of fine) it(`lets ${pattern} pass`, () => assert.equal(re2Refuses(pattern.source), undefined));
  for (const [pattern, problem] of refused) {
    const text = typeof pattern === 'string' ? pattern : pattern.source;
    it(`refuses ${text}`, () => assert.match(re2Refuses(text) ?? '', problem));
  }
});

describe('patternText', () => {
  it('leaves slashes bare and every other escape as it is', () => {
    assert.equal(patternText(/^\/a\.b\\\/$/), '^/a\\.b\\\\/$');
  });
});
