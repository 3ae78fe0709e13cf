import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { humanAge, humanDuration } from './human-duration.ts';

const [s, m, h, d] = [1, 60, 3600, 86_400];

describe('a duration for people', () => {
  const cases: [seconds: number, text: string][] = [
    [-3, '<invalid>'],
    [-1.5, '0s'],
    [0, '0s'],
    [1.9, '1s'],
    [119, '119s'],
    [2 * m, '2m'],
    [2 * m + 5 * s, '2m5s'],
    [5 * m + 12 * s, '5m12s'],
    [10 * m - s, '9m59s'],
    [10 * m + 30 * s, '10m'],
    [3 * h - s, '179m'],
    [3 * h, '3h'],
    [3 * h + 5 * m, '3h5m'],
    [8 * h + 5 * m, '8h'],
    [47 * h, '47h'],
    [48 * h, '2d'],
    [52 * h, '2d4h'],
    [8 * d + 4 * h, '8d'],
    [2 * 365 * d - s, '729d'],
    [2 * 365 * d, '2y'],
    [2 * 365 * d + 3 * d, '2y3d'],
    [8 * 365 * d + 3 * d, '8y'],
    [Number.NaN, '<invalid>'],
  ];
  for (const [seconds, text] of cases) it(`of ${seconds} s is ${text}`, () => assert.equal(humanDuration(seconds * 1000), text));
});

describe('an age', () => {
  const now = Date.parse('2026-01-01T00:10:00Z');
  const cases: [timestamp: string, text: string][] = [
    ['2026-01-01T00:00:00Z', '10m'],
    ['2026-01-01T00:09:59.250000Z', '0s'],
    ['2026-01-01T01:00:00+01:00', '10m'],
    ['', '<unknown>'],
    ['yesterday', '<invalid>'],
    ['2026', '<invalid>'],
    ['2026-99-01T00:00:00Z', '<invalid>'],
  ];
  for (const [timestamp, text] of cases)
    it(`of ${timestamp || 'no timestamp'} is ${text}`, () => assert.equal(humanAge(timestamp, now), text));
});
