import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { chainStart, placeOf, sealLine } from './chain.ts';
import { auditFileName, firstSeqOf, linesIn } from './log-files.ts';

const bytesOf = (line: string) => Buffer.from(line.slice(0, -1));

it('ties each line to the one before, and each is JSON', () => {
  const first = sealLine(chainStart, '"time":"t","word":"zoë"');
  const second = sealLine(first.head, '"time":"t"');
  assert.deepEqual(placeOf(bytesOf(first.line)), { seq: 1, prev: '0'.repeat(64), hash: first.head.hash, isSound: true });
  assert.deepEqual(placeOf(bytesOf(second.line)), { seq: 2, prev: first.head.hash, hash: second.head.hash, isSound: true });
  assert.deepEqual(JSON.parse(first.line), { seq: 1, prev: '0'.repeat(64), time: 't', word: 'zoë', hash: first.head.hash });
});

it('sees a change of any byte', () => {
  const line = bytesOf(sealLine(chainStart, '"time":"t","word":"zoë"').line);
  for (let at = 0; at < line.length; at++) {
    const changed = Buffer.from(line);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.notEqual(placeOf(changed)?.isSound, true, `byte ${at}`);
    assert.notEqual(placeOf(line.subarray(0, at))?.isSound, true, `cut at ${at}`);
  }
});

it('reads lines of every length from a file, and tells of a last one that is cut', () => {
  const dir = mkdtempSync(join(tmpdir(), 'river-lines-'));
  try {
    const texts = ['', 'a', 'b'.repeat(700_000), 'c'.repeat(900_000), 'd', 'e'.repeat(1_048_575), 'f'];
    writeFileSync(join(dir, 'x'), texts.join('\n'));
    const seen = [...linesIn(join(dir, 'x')).map(({ bytes, isWhole, number }) => [bytes.toString(), isWhole, number])];
    assert.deepEqual(
      seen,
      texts.map((text, at) => [text, at < texts.length - 1, at + 1]),
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});

it('names files so that their names order them', () => {
  assert.equal(firstSeqOf(auditFileName(1234)), 1234);
  assert.ok(auditFileName(9) < auditFileName(10));
  assert.equal(firstSeqOf('audit-12.jsonl'), undefined);
});
