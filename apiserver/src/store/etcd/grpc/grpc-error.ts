export type GrpcCode = keyof typeof CODES;

/** The status codes that we give ourselves; a peer may send any other. */
const CODES = { CANCELLED: 1, DEADLINE_EXCEEDED: 4, RESOURCE_EXHAUSTED: 8, INTERNAL: 13, UNAVAILABLE: 14 } as const;

/** A call that did not end with status 0. `message` is the peer's where it sent one. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: number;

  constructor(code: GrpcCode | number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = typeof code === 'number' ? code : CODES[code];
  }
}
