import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ApiError } from '@river/crds';
import { manualClock } from '../clock/manual-clock.ts';
import { logger } from './logger.ts';

function captured(level?: 'debug' | 'warn') {
  const lines: string[] = [];
  const log = logger({ clock: manualClock(), write: (line) => lines.push(line), ...(level && { level }) });
  return { log, lines };
}

it('writes one line of JSON for each message, with the fields of whoever speaks', () => {
  const { log, lines } = captured();
  log.with({ part: 'api' }).info('ready\nnow', { port: 6443 });
  log.debug('not written');
  assert.equal(lines.length, 1);
  assert.deepEqual(JSON.parse(lines[0] ?? ''), {
    time: '2026-01-01T00:00:00.000Z',
    level: 'info',
    msg: 'ready\nnow',
    part: 'api',
    port: 6443,
  });
});

it('never writes what a key calls a secret, at any depth', () => {
  const { log, lines } = captured();
  log.error('x', {
    token: 'S1',
    headers: { Authorization: 'S2', accept: 'a' },
    list: [{ password: 'S3', clientKey: 'S4', 'client-key-data': 'S5' }],
    key: 'lab/a',
  });
  assert.doesNotMatch(lines[0] ?? '', /S\d/);
  assert.match(lines[0] ?? '', /"key":"lab\/a"/);
});

it('writes errors, cycles, bytes and large numbers without failing', () => {
  const { log, lines } = captured('debug');
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  log.debug('x', {
    error: new ApiError('NotFound', 'gone', { cause: new Error('inner') }),
    cycle,
    big: 2n ** 60n,
    bytes: new Uint8Array(3),
    date: new Date(Number.NaN),
  });
  const line = JSON.parse(lines[0] ?? '');
  assert.equal(line.error.reason, 'NotFound');
  assert.equal(line.error.stack, undefined);
  assert.equal(line.error.cause.message, 'inner');
  assert.equal(line.bytes, '[3 bytes]');
});
