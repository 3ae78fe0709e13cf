import type { IncomingHttpHeaders } from 'node:http';
import { ApiError, type ApiReason, isObject, type Json, type StatusDetails } from '@river/crds';

const reasonOfCode: Record<number, ApiReason> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  502: 'ServiceUnavailable',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

const knownReasons = new Set<string>([...Object.values(reasonOfCode), 'AlreadyExists', 'Gone', 'InternalError', 'ServerTimeout']);

/** What an answer of 400 and above says, also when a proxy wrote it and it is no Status. */
export function apiFailure(code: number, headers: IncomingHttpHeaders, body: Buffer): ApiError {
  const failure = statusFailure(parse(body), code, retryAfterSeconds(headers));
  if (failure) return failure;
  const text = body.subarray(0, 300).toString('utf8').trim().split('\n')[0] ?? '';
  return toError(
    code,
    undefined,
    `the server answered ${code}${text ? `: ${text}` : ''}`,
    undefined,
    retryAfterSeconds(headers),
    undefined,
  );
}

/** A Status object as an error: the body of an answer, or the object of an ERROR frame in a watch. */
export function statusFailure(status: unknown, code = 500, retryAfter?: number): ApiError | undefined {
  if (!isObject(status) || status.kind !== 'Status') return undefined;
  const said = typeof status.code === 'number' ? status.code : code;
  const reason = typeof status.reason === 'string' && knownReasons.has(status.reason) ? (status.reason as ApiReason) : undefined;
  const message = typeof status.message === 'string' && status.message ? status.message : `the server answered ${said}`;
  const next = isObject(status.metadata) && typeof status.metadata.continue === 'string' ? status.metadata.continue : undefined;
  return toError(said, reason, message, detailsIn(status.details), retryAfter, next);
}

/** What others say is copied only where it is of its kind. */
function detailsIn(said: unknown): StatusDetails | undefined {
  if (!isObject(said)) return undefined;
  const { retryAfterSeconds: wait, ...rest } = said;
  const isTime = typeof wait === 'number' && Number.isInteger(wait) && wait >= 0;
  return { ...(rest as StatusDetails), ...(isTime && { retryAfterSeconds: wait }) };
}

function toError(
  code: number,
  reason: ApiReason | undefined,
  message: string,
  details: StatusDetails | undefined,
  retryAfter: number | undefined,
  continueToken: string | undefined,
): ApiError {
  const known = reason ?? reasonOfCode[code] ?? (code >= 500 ? 'InternalError' : 'BadRequest');
  const wait = details?.retryAfterSeconds ?? retryAfter;
  const all = details || wait !== undefined ? { ...details, ...(wait !== undefined && { retryAfterSeconds: wait }) } : undefined;
  return new ApiError(known, message, { ...(all && { details: all }), ...(continueToken && { continueToken }) });
}

function retryAfterSeconds(headers: IncomingHttpHeaders): number | undefined {
  const seconds = Number(headers['retry-after']);
  return headers['retry-after'] !== undefined && Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}

function parse(body: Buffer): Json | undefined {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
