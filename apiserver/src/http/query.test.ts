import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError } from '@river/crds';
import { count, fieldManagerOf, flag, isDryRun, text } from './query.ts';

const query = (text: string) => new URLSearchParams(text);
const refused = (reason: 'BadRequest' | 'Invalid') => (error: unknown) => ApiError.is(error, reason);

describe('a query parameter', () => {
  it('that is a flag is true or false in the ways that clients write it', () => {
    for (const value of ['true', 'True', 'TRUE', '1', 't', '']) assert.equal(flag(query(`watch=${value}`), 'watch'), true, value);
    for (const value of ['false', 'False', '0', 'f']) assert.equal(flag(query(`watch=${value}`), 'watch'), false, value);
    assert.equal(flag(query('watch'), 'watch'), true);
    assert.equal(flag(query(''), 'watch'), undefined);
    for (const value of ['maybe', '2', 'null']) assert.throws(() => flag(query(`watch=${value}`), 'watch'), refused('BadRequest'));
  });

  it('that is a count is a whole number', () => {
    assert.equal(count(query('limit=500'), 'limit'), 500);
    assert.equal(count(query('limit=0'), 'limit'), 0);
    assert.equal(count(query('limit='), 'limit'), undefined);
    assert.equal(count(query(''), 'limit'), undefined);
    for (const value of ['-1', '1.5', 'x', '1e3', '9'.repeat(16)])
      assert.throws(() => count(query(`limit=${value}`), 'limit'), refused('BadRequest'));
  });

  it('that is empty is not there', () => assert.equal(text(query('continue='), 'continue'), undefined));

  it('dryRun is All, or nothing', () => {
    assert.equal(isDryRun([]), false);
    assert.equal(isDryRun(['']), false);
    assert.equal(isDryRun(['All', 'All']), true);
    assert.throws(() => isDryRun(['All', 'Some']), refused('Invalid'));
    assert.throws(() => isDryRun(['true']), refused('Invalid'));
  });

  it('fieldManager names the writer; else its program does', () => {
    assert.equal(fieldManagerOf(query('fieldManager=me'), 'kubectl/v1.31'), 'me');
    assert.equal(fieldManagerOf(query(''), 'kubectl/v1.31 (linux/amd64)'), 'kubectl');
    assert.equal(fieldManagerOf(query('fieldManager='), undefined), 'unknown');
    assert.equal(fieldManagerOf(query(''), 'x'.repeat(200)).length, 128);
    assert.throws(() => fieldManagerOf(query(`fieldManager=${'x'.repeat(129)}`), ''), refused('BadRequest'));
    assert.throws(() => fieldManagerOf(query('fieldManager=a%00b'), ''), refused('BadRequest'));
  });
});
