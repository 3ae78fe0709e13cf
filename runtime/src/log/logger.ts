import type { Clock } from '../clock/clock.ts';

const severity = { debug: 10, info: 20, warn: 30, error: 40 };

export type LogLevel = keyof typeof severity;
export type LogFields = Record<string, unknown>;

/** One JSON object a line: time, level, msg, then the fields. Values under keys that name a secret are never written. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these to every line. */
  with(fields: LogFields): Logger;
}

export interface LoggerOptions {
  clock: Clock;
  /** Lines below it are not written. Default `info`. */
  level?: LogLevel;
  fields?: LogFields;
  /** Default: stderr. */
  write?: (line: string) => void;
}

export function logger(options: LoggerOptions): Logger {
  const { clock, level = 'info', fields: always = {}, write = (line: string) => void process.stderr.write(line) } = options;
  const at =
    (of: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (severity[of] < severity[level]) return;
      const line = { time: new Date(clock.wallMs()).toISOString(), level: of, msg: message, ...printable({ ...always, ...fields }) };
      write(`${JSON.stringify(line)}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => logger({ ...options, fields: { ...always, ...fields } }),
  };
}

/** A logger that says nothing. */
export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => silentLogger };

const secretKey =
  /^(.*(token|password|passphrase|secret|authorization|cookie|credentials?)|(private|client|api|tls)[-_]?key([-_]?data)?|stringData)$/i;
const maxDepth = 6;
const maxTextLength = 8_192;

function printable(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, secretKey.test(key) ? '[redacted]' : printableValue(value, 0)]),
  );
}

function printableValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.length > maxTextLength ? `${value.slice(0, maxTextLength)}…` : value;
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= maxDepth) return '[deep]';
  if (value instanceof Error) return printableError(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (value instanceof Uint8Array) return `[${value.length} bytes]`;
  if (Array.isArray(value)) return value.map((item) => printableValue(item, depth + 1));
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [key, secretKey.test(key) ? '[redacted]' : printableValue(item, depth + 1)]));
}

function printableError(error: Error, depth: number): unknown {
  const reason = 'reason' in error ? { reason: printableValue(error.reason, depth + 1) } : {};
  const cause = error.cause === undefined ? {} : { cause: printableValue(error.cause, depth + 1) };
  // What a program expects to happen names itself; for the rest the place is the only clue.
  return { name: error.name, message: error.message, ...reason, ...cause, ...('reason' in error ? {} : { stack: error.stack }) };
}
