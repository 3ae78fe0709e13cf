import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { auditFileName, type ChainHead, chainStart, sealLine } from '@river/runtime';
import { auditFiles } from './audit-files.ts';
import { searchLines, type Wanted } from './search-lines.ts';
import { verifyChain } from './verify-chain.ts';

const time = (n: number) => `"time":"2026-01-01T00:00:${String(n % 60).padStart(2, '0')}.000Z"`;

/** A log of files of ten lines each. */
function writeLog(dir: string, files: number, salt = '', from: ChainHead = chainStart): ChainHead[] {
  let head = from;
  const heads: ChainHead[] = [];
  for (let file = 0; file < files; file++) {
    const path = join(dir, auditFileName(head.seq + 1));
    for (let n = 0; n < 10; n++) {
      const sealed = sealLine(head, `${time(n)},"event":"request","stage":"whole","salt":"${salt}"`);
      head = sealed.head;
      heads.push(head);
      appendFileSync(path, sealed.line);
    }
  }
  return heads;
}

describe('the check of a chain', () => {
  let dir: string;
  let heads: ChainHead[];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'river-verify-'));
    heads = writeLog(dir, 3);
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const file = (n: number) => join(dir, auditFileName(n * 10 + 1));
  const verify = (after?: ChainHead) => verifyChain(auditFiles([dir]), after);
  const edit = (n: number, change: (lines: string[]) => string[]) =>
    writeFileSync(
      file(n),
      change(readFileSync(file(n), 'utf8').trimEnd().split('\n'))
        .map((line) => `${line}\n`)
        .join(''),
    );
  const assertFlaw = (n: number, line: number, what: string, after?: ChainHead) => {
    const { flaw } = verify(after);
    assert.deepEqual([flaw?.file, flaw?.line, flaw?.what], [file(n), line, what], flaw?.why ?? 'there is no flaw');
  };

  it('finds nothing wrong with what nobody touched, and says where it ends', () => {
    const { flaw, lines, head, notes } = verify(heads[12]);
    assert.equal(flaw, undefined);
    assert.deepEqual([lines, head, notes], [30, heads[29], []]);
  });

  it('finds a byte that was changed, wherever it is', () => {
    for (const at of [2, 20, 120, 150, 300]) {
      const whole = readFileSync(file(1), 'utf8');
      edit(1, (lines) => lines.with(4, `${lines[4]?.slice(0, at)}~${lines[4]?.slice(at + 1)}`));
      assertFlaw(1, 5, 'changed');
      writeFileSync(file(1), whole);
    }
  });

  it('finds a line that was written anew, with a hash that is right', () => {
    edit(1, (lines) => lines.with(4, sealLine(heads[13]!, `${time(1)},"event":"request","salt":"forged"`).line.trimEnd()));
    assertFlaw(1, 6, 'changed');
  });

  it('finds lines that are missing', () => {
    edit(1, (lines) => lines.toSpliced(4, 1));
    assertFlaw(1, 5, 'missing');
    assert.match(verify().flaw?.why ?? '', /line 15 is missing/);
  });

  it('finds the end of a file missing before another, and half a line there', () => {
    edit(1, (lines) => lines.slice(0, 6));
    assertFlaw(2, 1, 'missing');
    writeFileSync(file(1), readFileSync(file(1), 'utf8').slice(0, -30));
    assertFlaw(1, 6, 'cut');
  });

  it('finds lines that were swapped, and one that was repeated', () => {
    edit(1, (lines) => lines.with(4, lines[5]!).with(5, lines[4]!));
    assertFlaw(1, 5, 'reordered');
    rmSync(dir, { recursive: true });
    dir = mkdtempSync(join(tmpdir(), 'river-verify-'));
    writeLog(dir, 3);
    edit(1, (lines) => [...lines, lines[4]!]);
    assertFlaw(1, 11, 'reordered');
  });

  it('finds a file that is missing, is under the name of another, or is of another log', () => {
    const second = readFileSync(file(1));
    rmSync(file(1));
    assertFlaw(2, 1, 'missing');
    writeFileSync(file(1), readFileSync(file(2)));
    assertFlaw(1, 1, 'missing');
    const other = mkdtempSync(join(tmpdir(), 'river-verify-'));
    writeLog(other, 3, 'other');
    writeFileSync(file(1), readFileSync(join(other, auditFileName(11))));
    assertFlaw(1, 1, 'changed');
    rmSync(other, { recursive: true });
    writeFileSync(file(1), second);
    assert.equal(verify().flaw, undefined);
  });

  it('finds a tail that was cut off, or was written anew, by what was noted', () => {
    const noted = heads[29]!;
    edit(2, (lines) => lines.slice(0, 7));
    assert.equal(verify().flaw, undefined, 'nobody can tell without a note');
    assertFlaw(2, 7, 'cut', noted);
    rmSync(file(2));
    assertFlaw(1, 10, 'cut', noted);
    writeLog(dir, 1, 'anew', heads[19]);
    assert.equal(verify().flaw, undefined);
    assertFlaw(2, 10, 'changed', noted);
  });

  it('believes that the first files are gone only when a line says that the server removed them', () => {
    rmSync(file(0));
    assertFlaw(1, 1, 'missing');
    const about = `${time(1)},"event":"removed","file":"x","lastSeq":10,"lastHash":"${heads[9]!.hash}"`;
    appendFileSync(file(2), sealLine(heads[29]!, about).line);
    assert.equal(verify().flaw, undefined);
    assertFlaw(1, 1, 'missing', heads[3]);
  });

  it('takes half a line at the very end for one that is being written, and says so', () => {
    appendFileSync(file(2), '{"seq":31,');
    const { flaw, notes } = verify();
    assert.deepEqual([flaw, notes.length], [undefined, 1]);
  });
});

describe('a search', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'river-search-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  const write = (...entries: object[]) => {
    let head = chainStart;
    for (const [n, entry] of entries.entries()) {
      const sealed = sealLine(head, `${time(n)},"event":"request",${JSON.stringify(entry).slice(1, -1)}`);
      head = sealed.head;
      appendFileSync(join(dir, auditFileName(1)), sealed.line);
    }
  };
  const found = (wanted: Wanted) => [...searchLines(auditFiles([dir]).files, wanted)].map(({ id, code }) => `${id} ${code ?? '-'}`);

  it('joins what was received with what was answered, and tells of what never was', () => {
    const of = (user: string, more: object = {}) => ({
      stage: 'received',
      user: { name: user },
      decision: 'allowed',
      verb: 'create',
      resource: 'tasks',
      group: 'river.dev',
      ...more,
    });
    write(
      of('ada', { id: 'a', namespace: 'lab', body: { metadata: { name: 'one' } } }),
      of('bob', { id: 'b', impersonator: { name: 'ada' } }),
      { stage: 'answered', id: 'b', code: 409 },
      of('ada', { id: 'c', verb: 'patch', name: 'two' }),
      { stage: 'answered', id: 'a', code: 201 },
      { ...of('eve', { id: 'd', decision: 'refused', code: 403 }), stage: 'refused' },
    );
    assert.deepEqual(found({}), ['b 409', 'a 201', 'd 403', 'c -']);
    assert.deepEqual(found({ user: 'ada' }), ['b 409', 'a 201', 'c -']);
    assert.deepEqual(found({ resource: 'tasks' }), found({ resource: 'tasks.river.dev' }));
    assert.deepEqual(found({ name: 'one', namespace: 'lab' }), ['a 201']);
    assert.deepEqual(found({ verb: 'patch' }), ['c -']);
    assert.deepEqual(found({ code: /^4\d\d$/ }), ['b 409', 'd 403']);
    assert.deepEqual(found({ decision: 'refused' }), ['d 403']);
    assert.deepEqual(found({ sinceMs: Date.parse('2026-01-01T00:00:03Z'), untilMs: Date.parse('2026-01-01T00:00:05Z') }), ['c -']);
  });
});
