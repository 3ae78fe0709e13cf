import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ApiError } from '@river/crds';
import { fieldValidation, parseFieldValidation } from './field-validation.ts';
import { warningHeader, warningHeaders } from './warning-header.ts';

const faults = { duplicates: ['spec.x'], unknown: ['spec.foo', 'spec.list[0].bar'] };

describe('fieldValidation', () => {
  it('refuses everything at once when strict', () => {
    const message =
      'Task in version "v1" cannot be handled as a Task: strict decoding error: duplicate field "spec.x", unknown field "spec.foo", unknown field "spec.list[0].bar"';
    assert.throws(
      () => fieldValidation('Strict', faults, { kind: 'Task', version: 'v1' }),
      (error) => ApiError.is(error, 'BadRequest') && error.message === message,
    );
    assert.throws(
      () => fieldValidation('Strict', { duplicates: [], unknown: ['a'] }),
      /^ApiError: strict decoding error: unknown field "a"$/,
    );
    assert.deepEqual(fieldValidation('Strict', { duplicates: [], unknown: [] }), []);
  });

  it('warns of each, or says nothing', () => {
    assert.deepEqual(fieldValidation('Warn', faults), [
      'duplicate field "spec.x"',
      'unknown field "spec.foo"',
      'unknown field "spec.list[0].bar"',
    ]);
    assert.deepEqual(fieldValidation('Ignore', faults), []);
  });

  it('is Warn when left out, and nothing that Kubernetes does not know', () => {
    assert.equal(parseFieldValidation(undefined), 'Warn');
    assert.equal(parseFieldValidation(''), 'Warn');
    assert.equal(parseFieldValidation('Strict'), 'Strict');
    assert.throws(
      () => parseFieldValidation('strict'),
      (error) => ApiError.is(error, 'Invalid'),
    );
  });
});

describe('warnings', () => {
  it('are quoted and escaped as header fields want them', () => {
    assert.equal(warningHeader('unknown field "spec.foo"'), '299 - "unknown field \\"spec.foo\\""');
    assert.equal(warningHeader('a\\b\r\nc\u0000'), '299 - "a\\\\b  c "');
  });

  it('carry UTF-8 as the bytes that Node sends', () => {
    assert.equal(Buffer.from(warningHeader('é😀'), 'latin1').toString('utf8'), '299 - "é😀"');
  });

  it('are given once each, and cut when they would be too long together', () => {
    assert.deepEqual(warningHeaders(['a', 'a', 'b']), ['299 - "a"', '299 - "b"']);
    const many = warningHeaders(Array.from({ length: 100 }, (_, at) => `${at} ${'x'.repeat(500)}`));
    assert.equal(many.length, 16);
    assert.ok(many.every((text) => text.length <= 256 + 8));
  });
});
