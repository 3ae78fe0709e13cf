/** The command line was not understood; the message says what is accepted. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
