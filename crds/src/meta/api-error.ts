const codeOf = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  ServerTimeout: 500,
  Timeout: 504,
} as const;

export type ApiReason = keyof typeof codeOf;

/** One thing that is wrong with a request. `field` is a path such as `spec.targets[0].node`. */
export interface Cause {
  reason: CauseReason;
  message: string;
  field: string;
}

export type CauseReason =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'FieldManagerConflict'
  | 'ResourceVersionTooLarge'
  | 'NamespaceTerminating'
  | 'UnexpectedServerResponse';

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: Cause[];
  retryAfterSeconds?: number;
}

/** A Kubernetes Status of kind Failure, as it goes over the wire. */
export interface Status {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string };
  status: 'Failure';
  message: string;
  reason: ApiReason;
  details?: StatusDetails;
  code: number;
}

/** The one error that the API speaks: a reason for the machine, a message for the person. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly reason: ApiReason;
  readonly code: number;
  readonly details: StatusDetails | undefined;
  /** Set on Expired lists: the token with which the client may go on, inconsistently. */
  readonly continueToken: string | undefined;

  constructor(reason: ApiReason, message: string, options: { details?: StatusDetails; continueToken?: string; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.reason = reason;
    this.code = codeOf[reason];
    this.details = options.details;
    this.continueToken = options.continueToken;
  }

  /** By name, not `instanceof`: two copies of this package must agree on what an ApiError is. */
  static is(error: unknown, reason?: ApiReason): error is ApiError {
    return error instanceof Error && error.name === 'ApiError' && (reason === undefined || ('reason' in error && error.reason === reason));
  }

  toStatus(): Status {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details && { details: withoutEmpty(this.details) }),
      code: this.code,
    };
  }
}

/** The core group has no name, and is not named. */
const withoutEmpty = ({ group, ...details }: StatusDetails): StatusDetails => ({ ...details, ...(group && { group }) });
