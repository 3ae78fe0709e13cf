import { ApiError } from '@river/crds';
import { KubeconfigError, TransportError, type TransportReason } from '@river/runtime';
import { UsageError } from './usage-error.ts';

/** The exit codes of riverctl, as docs/riverctl.md tells them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  forbidden: 5,
  timeout: 6,
  unreachable: 7,
  interrupted: 130,
} as const;

/** A failure of riverctl's own, with the exit code that scripts may act on. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  readonly reason: string;

  constructor(code: keyof typeof exitCodes, message: string, reason: string = code) {
    super(message);
    this.exitCode = exitCodes[code];
    this.reason = reason;
  }
}

export interface Failure {
  exitCode: number;
  reason: string;
  message: string;
  /** The HTTP status, when the server said so. */
  code?: number;
  causes?: unknown;
}

const ofReason: Partial<Record<string, number>> = {
  NotFound: exitCodes.notFound,
  Gone: exitCodes.notFound,
  AlreadyExists: exitCodes.conflict,
  Conflict: exitCodes.conflict,
  Forbidden: exitCodes.forbidden,
  Unauthorized: exitCodes.forbidden,
  Timeout: exitCodes.timeout,
  ServerTimeout: exitCodes.timeout,
};

const remedies: Partial<Record<string, string>> = {
  Unauthorized: 'the server does not know this token: check the user in your kubeconfig',
  Forbidden: 'ask an administrator for a role that allows it',
  TooManyRequests: 'the server is busy: try again in a moment',
};

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, '; ').trim();

const transportRemedies: Partial<Record<TransportReason, string>> = {
  Timeout: 'the server, or the way to it, hangs: try again, and look at its log',
  Reset: 'try again; if it is always so, see whether the address in your kubeconfig should begin with https',
};

const ofTransport = ({ reason, message }: TransportError): Failure => {
  const remedy = transportRemedies[reason];
  const exitCode = reason === 'Timeout' ? exitCodes.timeout : exitCodes.unreachable;
  return { exitCode, reason, message: `${oneLine(message)}${remedy ? ` (${remedy})` : ''}` };
};

const applyConflict = (error: ApiError): boolean => error.details?.causes?.some(({ reason }) => reason === 'FieldManagerConflict') ?? false;

const remedyOf = (error: ApiError): string => {
  if (applyConflict(error)) return ' (--force-conflicts takes the fields over)';
  const remedy = remedies[error.reason];
  return remedy && !error.message.includes(remedy) ? ` (${remedy})` : '';
};

const ofApi = (error: ApiError): Failure => ({
  exitCode: ofReason[error.reason] ?? exitCodes.failed,
  reason: error.reason,
  message: oneLine(error.message) + remedyOf(error),
  code: error.code,
  ...(error.details?.causes && { causes: error.details.causes }),
});

/** oclif's words for a wrong command line, in ours. */
const ofParser = ({ message }: Error): string => {
  const first = message.split('\n').find((line) => line.trim() !== '' && !line.startsWith('The following error'));
  return (first?.trim() ?? 'wrong flags')
    .replace(/^Missing required flag (\S+)$/, '--$1 is needed')
    .replace(/^Nonexistent flags?: /, 'there is no flag ');
};

const isOclif = (error: Error): boolean => 'oclif' in error || 'showHelp' in error || 'parse' in error;

/** What a person, a script and a shell need to know of an error. */
export const failureOf = (error: unknown): Failure => {
  if (ApiError.is(error)) return ofApi(error);
  if (error instanceof CommandError) return { exitCode: error.exitCode, reason: error.reason, message: error.message };
  if (TransportError.is(error)) return ofTransport(error);
  if (error instanceof KubeconfigError) return { exitCode: exitCodes.unreachable, reason: 'Kubeconfig', message: oneLine(error.message) };
  if (error instanceof UsageError) return { exitCode: exitCodes.usage, reason: 'Usage', message: error.message };
  if (error instanceof Error && isOclif(error)) {
    return { exitCode: exitCodes.usage, reason: 'Usage', message: `${ofParser(error)} (see --help)` };
  }
  return { exitCode: exitCodes.failed, reason: 'Failed', message: error instanceof Error ? oneLine(error.message) : String(error) };
};
