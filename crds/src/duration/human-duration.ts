const minuteS = 60;
const hourS = 60 * minuteS;
const dayS = 24 * hourS;
const yearS = 365 * dayS;

/** Above `from` seconds a duration is told in `unit`, and up to `fineBelow` with the next smaller unit beside it. */
const scales = [
  { from: 8 * yearS, unit: yearS, letter: 'y' },
  { from: 2 * yearS, unit: yearS, letter: 'y', fine: dayS, fineLetter: 'd' },
  { from: 8 * dayS, unit: dayS, letter: 'd' },
  { from: 2 * dayS, unit: dayS, letter: 'd', fine: hourS, fineLetter: 'h' },
  { from: 8 * hourS, unit: hourS, letter: 'h' },
  { from: 3 * hourS, unit: hourS, letter: 'h', fine: minuteS, fineLetter: 'm' },
  { from: 10 * minuteS, unit: minuteS, letter: 'm' },
  { from: 2 * minuteS, unit: minuteS, letter: 'm', fine: 1, fineLetter: 's' },
  { from: Number.NEGATIVE_INFINITY, unit: 1, letter: 's' },
];

/** A duration in the few characters that kubectl shows: `45s`, `5m12s`, `3h`, `2d4h`, `400d`. A clock two seconds ahead is forgiven. */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / 1000);
  if (Number.isNaN(seconds) || seconds < -1) return '<invalid>';
  if (seconds <= 0) return '0s';
  const scale = scales.find(({ from }) => seconds >= from);
  if (!scale) return '<invalid>';
  const whole = `${Math.floor(seconds / scale.unit)}${scale.letter}`;
  const rest = scale.fine ? Math.floor((seconds % scale.unit) / scale.fine) : 0;
  return rest > 0 ? `${whole}${rest}${scale.fineLetter}` : whole;
}

const rfc3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;

/** The age at `nowMs` of a moment given in RFC 3339; `<unknown>` without one. */
export function humanAge(timestamp: string, nowMs: number): string {
  if (timestamp === '') return '<unknown>';
  return rfc3339.test(timestamp) ? humanDuration(nowMs - Date.parse(timestamp)) : '<invalid>';
}
