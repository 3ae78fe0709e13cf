import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dnsLabel, dnsSubdomain, labelValue, qualifiedName } from './name-rules.ts';

const qualified =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const label =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const value =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const long = (length: number) => 'a'.repeat(length);

describe('names', () => {
  it('takes DNS subdomains', () => {
    for (const fine of ['a', 'a-b', 'a.b.c', '1', 'task-1.v2', long(253)]) assert.deepEqual(dnsSubdomain(fine), [], fine);
    for (const wrong of ['', 'A', '-a', 'a-', 'a..b', 'a_b', 'a/b', 'ä']) assert.deepEqual(dnsSubdomain(wrong), [subdomain], wrong);
    assert.deepEqual(dnsSubdomain(long(254)), ['must be no more than 253 bytes']);
  });

  it('takes DNS labels', () => {
    for (const fine of ['a', 'a-b', '123-abc', long(63)]) assert.deepEqual(dnsLabel(fine), [], fine);
    for (const wrong of ['', 'a.b', 'A', '-a']) assert.deepEqual(dnsLabel(wrong), [label], wrong);
    assert.deepEqual(dnsLabel(long(64)), ['must be no more than 63 bytes']);
  });

  it('takes label keys with and without a prefix', () => {
    for (const fine of ['a', 'App_1.x', 'river.dev/owner', `${long(63)}`, `a.b/${long(63)}`])
      assert.deepEqual(qualifiedName(fine), [], fine);
    assert.deepEqual(qualifiedName('-a'), [`name part ${qualified}`]);
    assert.deepEqual(qualifiedName(''), ['name part must be non-empty', `name part ${qualified}`]);
    assert.deepEqual(qualifiedName('/a'), ['prefix part must be non-empty']);
    assert.deepEqual(qualifiedName('A/a'), [`prefix part ${subdomain}`]);
    assert.deepEqual(qualifiedName(long(64)), ['name part must be no more than 63 bytes']);
    assert.deepEqual(qualifiedName('a/b/c'), [
      `a qualified name ${qualified} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]);
  });

  it('takes label values', () => {
    for (const fine of ['', 'a', 'A_b.c-1', long(63)]) assert.deepEqual(labelValue(fine), [], fine);
    for (const wrong of ['-', 'a b', '.a', 'a/b']) assert.deepEqual(labelValue(wrong), [value], wrong);
    assert.deepEqual(labelValue(long(64)), ['must be no more than 63 bytes']);
  });
});
