import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, createGzip, gzip } from 'node:zlib';
import { ApiError, type Status } from '@river/crds';
import type { Trail } from '../audit/trail.ts';
import { warningHeader } from '../decode/warning-header.ts';
import { pieceBytes } from '../pieces.ts';
import type { Requester } from '../write/write-context.ts';
import { writeParts } from './write-parts.ts';

/** One request on its way through the server. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  pathname: string;
  query: URLSearchParams;
  requester: Requester;
  warnings: string[];
  /** Judges anew, by the identities and rights that there are now, what the request was let in for. @throws ApiError Unauthorized, Forbidden */
  mayStill?: () => void;
  /** @throws ApiError Forbidden, when the requester may not create what the request is about. */
  mayCreate?: () => void;
  /** What the audit log is told of it. */
  trail?: Trail | undefined;
}

const json = 'application/json';
const gzipFromBytes = 128 * 1024;
const maxWarnings = 50;
const zip = promisify(gzip);

/** Compression is for distance, not for size: the fastest level already takes most of it. */
const level = { level: constants.Z_BEST_SPEED };

const takesGzip = ({ request }: Pick<Exchange, 'request'>): boolean =>
  /(^|[,\s])gzip([,;\s]|$)/.test(String(request.headers['accept-encoding'] ?? ''));

function setHeaders({ response, warnings }: Pick<Exchange, 'response' | 'warnings'>, contentType: string): void {
  response.setHeader('Content-Type', contentType);
  response.setHeader('Cache-Control', 'no-cache, private');
  if (warnings.length > 0) response.setHeader('Warning', [...new Set(warnings)].slice(0, maxWarnings).map(warningHeader));
}

export async function sendBytes(exchange: Exchange, code: number, bytes: Buffer, contentType = json): Promise<void> {
  const { response } = exchange;
  setHeaders(exchange, contentType);
  response.statusCode = code;
  const isZipped = bytes.length >= gzipFromBytes && takesGzip(exchange);
  const body = isZipped ? await zip(bytes, level) : bytes;
  if (isZipped) response.setHeader('Content-Encoding', 'gzip');
  response.setHeader('Content-Length', body.length);
  if (body.length <= pieceBytes) return void response.end(body);
  await writeParts(response, slices(body));
  response.end();
}

function* slices(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += pieceBytes) yield body.subarray(at, at + pieceBytes);
}

export const sendJson = (exchange: Exchange, code: number, value: unknown, contentType = json): Promise<void> =>
  sendBytes(exchange, code, Buffer.from(JSON.stringify(value)), contentType);

/** Sends many parts as one body, at the pace of the reader: what it has not taken is not yet copied. */
export async function sendParts(exchange: Exchange, parts: readonly Buffer[]): Promise<void> {
  const { response } = exchange;
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  if (bytes < gzipFromBytes) return sendBytes(exchange, 200, Buffer.concat(parts, bytes));
  setHeaders(exchange, json);
  response.statusCode = 200;
  if (takesGzip(exchange)) {
    response.setHeader('Content-Encoding', 'gzip');
    return pipeline(Readable.from(pieces(parts)), createGzip(level), response);
  }
  response.setHeader('Content-Length', bytes);
  await writeParts(response, parts);
  response.end();
}

/** Sends a body that is made while it is read, so that what nobody takes is never made. */
export function sendStream(exchange: Exchange, made: AsyncIterable<Buffer>): Promise<void> {
  const { response } = exchange;
  setHeaders(exchange, json);
  response.statusCode = 200;
  const source = Readable.from(made, { highWaterMark: 1 });
  if (!takesGzip(exchange)) return pipeline(source, response);
  response.setHeader('Content-Encoding', 'gzip');
  return pipeline(source, createGzip(level), response);
}

function* pieces(parts: readonly Buffer[]): Generator<Buffer> {
  let start = 0;
  let bytes = 0;
  for (let at = 0; at < parts.length; at++) {
    bytes += parts[at]?.length ?? 0;
    if (bytes < pieceBytes) continue;
    yield Buffer.concat(parts.slice(start, at + 1), bytes);
    start = at + 1;
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(parts.slice(start), bytes);
}

const internal = (error: unknown): Status =>
  new ApiError('InternalError', `an unexpected error on the server: ${error instanceof Error ? error.message : String(error)}`).toStatus();

/** Every failure is a Status. */
export const statusOf = (error: unknown): Status => (ApiError.is(error) ? error.toStatus() : internal(error));

/** What was already being sent can only be cut off. */
export function sendFailure({ response, request }: Pick<Exchange, 'request' | 'response'>, status: Status): void {
  if (response.headersSent) return void response.destroy();
  for (const header of response.getHeaderNames()) response.removeHeader(header);
  const body = Buffer.from(`${JSON.stringify(status)}\n`);
  response.statusCode = status.code;
  response.setHeader('Content-Type', json);
  response.setHeader('Content-Length', body.length);
  if (status.details?.retryAfterSeconds) response.setHeader('Retry-After', status.details.retryAfterSeconds);
  if (status.code === 401) response.setHeader('WWW-Authenticate', 'Bearer realm="river"');
  if (!request.complete) response.setHeader('Connection', 'close');
  response.end(body);
}
