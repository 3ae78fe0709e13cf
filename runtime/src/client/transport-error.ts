export type TransportReason =
  | 'Refused'
  | 'UnknownHost'
  | 'Unreachable'
  | 'Untrusted'
  | 'NotTls'
  | 'Reset'
  | 'Timeout'
  | 'Idle'
  | 'Truncated'
  | 'Garbled'
  | 'TooLarge'
  | 'Failed';

/**
 * No answer that can be understood. `mayHaveHappened` is false only where the request provably never left this machine:
 * a write that may have happened must be looked at, not repeated.
 */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  readonly reason: TransportReason;
  readonly mayHaveHappened: boolean;

  constructor(reason: TransportReason, message: string, options: { mayHaveHappened: boolean; cause?: unknown }) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.reason = reason;
    this.mayHaveHappened = options.mayHaveHappened;
  }

  static is(error: unknown, reason?: TransportReason): error is TransportError {
    return error instanceof TransportError && (reason === undefined || error.reason === reason);
  }
}

/** Says in one line what went wrong on the way to `server`, and what to do about it. */
export function describeFailure(cause: unknown, server: string): TransportError {
  if (TransportError.is(cause)) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const detail = cause instanceof Error ? cause.message || code : String(cause);
  const fail = (reason: TransportReason, text: string, mayHaveHappened: boolean) =>
    new TransportError(reason, `${server}: ${text}`, { mayHaveHappened, cause });
  if (code === 'ECONNREFUSED')
    return fail('Refused', 'connection refused: start the server, or check the address in your kubeconfig', false);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return fail('UnknownHost', 'the host name is not known: check it, and the DNS', false);
  if (/^(EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EHOSTDOWN)$/.test(code))
    return fail('Unreachable', `cannot be reached (${code}): check the network`, true);
  if (/CERT|SIGNATURE|ALTNAME|UNABLE_TO/.test(code))
    return fail('Untrusted', `its certificate is not trusted (${detail}): check certificate-authority in your kubeconfig`, false);
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return fail('NotTls', `does not speak TLS as expected (${detail}): https or http?`, false);
  if (code.startsWith('HPE_')) return fail('Garbled', `the answer is not HTTP (${detail}): is this the API server's port?`, true);
  if (/^(ECONNRESET|EPIPE|ECONNABORTED)$/.test(code))
    return fail('Reset', 'the connection was closed before the answer was complete', true);
  return fail('Failed', detail, true);
}
