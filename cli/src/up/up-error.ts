/** What `up`, `down` or `status` could not do, for a person: the cause and the fix. */
export class UpError extends Error {
  override readonly name = 'UpError';
}
