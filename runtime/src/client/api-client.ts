import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { ApiError, type KubeObject } from '@river/crds';
import { type Clock, sleep } from '../clock/clock.ts';
import { systemClock } from '../clock/system-clock.ts';
import type { ClusterAccess } from '../kubeconfig/cluster-access.ts';
import { apiFailure, statusFailure } from './api-failure.ts';
import { authorization } from './authorization.ts';
import { parseWarnings } from './parse-warnings.ts';
import { type ResourceClient, type ResourceRef, resourceClient } from './resource-client.ts';
import type { HttpExchange } from './transport.ts';
import { describeFailure, TransportError } from './transport-error.ts';
import { linesOf, parseFrame, type WatchEvent } from './watch-frames.ts';
import { wiresOf } from './wires.ts';

/** Undefined values are left out; a list repeats its key. */
export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

export interface ApiRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Query;
  /** Text and bytes go as they are, anything else as JSON. */
  body?: unknown;
  /** Default `application/json`. */
  contentType?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  timeoutMs?: number;
}

export interface ApiResponse {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface StreamRequest extends Omit<ApiRequest, 'method' | 'body' | 'contentType'> {
  /** Longest silence before the stream is given up as dead; for ever when left out. */
  idleMs?: number;
}

export interface ApiClientOptions {
  clock?: Clock;
  userAgent?: string;
  /** What the server wants the person to know (deprecated versions, dropped fields). */
  onWarning?: (text: string) => void;
  /** For every call that names no other. Default 30 s. */
  timeoutMs?: number;
  maxLineBytes?: number;
  readFile?: (path: string) => string;
}

/**
 * An API server over kept connections. Every answer of 400 and above is thrown as ApiError, everything else that fails as TransportError.
 * A read that met a reset is asked again once, and a 429 is honoured while the deadline allows; a write is never repeated otherwise.
 */
export interface ApiClient {
  readonly server: string;
  /** Whom it is trusted by (PEM); the system's authorities when left out. */
  readonly certificateAuthority?: string;
  /** The namespace that commands mean when they name none. */
  readonly namespace: string;
  request(call: ApiRequest): Promise<ApiResponse>;
  /** As {@link request}, with the body parsed. */
  json<T = unknown>(call: ApiRequest): Promise<T>;
  /** A watch, an event at a time and at the reader's pace. Ends when the server ends it; an ERROR event is thrown. */
  stream<T extends KubeObject = KubeObject>(call: StreamRequest): AsyncIterable<WatchEvent<T>>;
  /**
   * The body of an answer, in pieces and at the reader's pace. `timeoutMs` is until it begins.
   * Once read to the end it was complete as far as HTTP can tell.
   */
  download(call: StreamRequest): AsyncIterable<Buffer>;
  resource<T extends KubeObject = KubeObject>(ref: ResourceRef): ResourceClient<T>;
  close(): void;
}

const maxThrottledTries = 5;
const defaultMaxLineBytes = 16 * 1024 * 1024;

export function apiClient(access: ClusterAccess, options: ApiClientOptions = {}): ApiClient {
  const { clock = systemClock, timeoutMs = 30_000, maxLineBytes = defaultMaxLineBytes, onWarning } = options;
  const wires = wiresOf(access, clock);
  const identify = authorization(access, clock, options.readFile ?? ((path) => readFileSync(path, 'utf8')));
  const warn = (headers: IncomingHttpHeaders) => onWarning && parseWarnings(headers.warning).forEach(onWarning);
  const prepare = (call: ApiRequest, token: string | undefined): HttpExchange => {
    const body = encodeBody(call.body);
    return {
      method: call.method,
      path: call.path + encodeQuery(call.query),
      headers: {
        accept: 'application/json',
        'user-agent': options.userAgent ?? 'river',
        ...identify(token),
        ...(body !== undefined && {
          'content-type': call.contentType ?? 'application/json',
          'content-length': String(Buffer.byteLength(body)),
        }),
        ...call.headers,
      },
      ...(body !== undefined && { body }),
      ...(call.signal && { signal: call.signal }),
      timeoutMs: call.timeoutMs ?? timeoutMs,
    };
  };
  const open = (call: StreamRequest): Promise<IncomingMessage> =>
    throttled(call, clock, timeoutMs, async (leftMs) => {
      const { wire, token, refused } = await wires.current();
      const opened = await wire.open(prepare({ ...call, method: 'GET', timeoutMs: leftMs }, token));
      warn(opened.headers);
      if (opened.statusCode === 401) refused();
      if ((opened.statusCode ?? 0) >= 400) throw apiFailure(opened.statusCode ?? 0, opened.headers, await head(opened));
      return opened;
    });
  const client: ApiClient = {
    server: access.server,
    ...(access.certificateAuthority && { certificateAuthority: access.certificateAuthority }),
    namespace: access.namespace,
    async request(call) {
      const answer = await throttled(call, clock, timeoutMs, async (leftMs) => {
        const { wire, token, refused } = await wires.current();
        const got = await wire.exchange(prepare({ ...call, timeoutMs: leftMs }, token));
        warn(got.headers);
        if (got.status === 401) refused();
        if (got.status >= 400) throw apiFailure(got.status, got.headers, got.body);
        return got;
      });
      return answer;
    },
    async json<T>(call: ApiRequest) {
      const { body } = await client.request(call);
      // The server is trusted to answer with the resource that was asked for: it has validated it against the same schema.
      return JSON.parse(body.toString('utf8')) as T;
    },
    async *stream<T extends KubeObject>(call: StreamRequest) {
      yield* events<T>(await open(call), call, { maxLineBytes, clock, server: access.server });
    },
    async *download(call) {
      yield* pieces(await open(call), call, { clock, server: access.server });
    },
    resource: <T extends KubeObject>(ref: ResourceRef) => resourceClient<T>(client, ref),
    close: () => wires.close(),
  };
  return client;
}

/** A 429 says that nothing was done, so asking again is safe for any verb. Waits as long as the server asks, within the deadline. */
async function throttled<T>(
  call: { timeoutMs?: number; signal?: AbortSignal },
  clock: Clock,
  defaultTimeoutMs: number,
  attempt: (leftMs: number) => Promise<T>,
): Promise<T> {
  const deadlineMs = clock.monotonicMs() + (call.timeoutMs ?? defaultTimeoutMs);
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(Math.max(1, deadlineMs - clock.monotonicMs()));
    } catch (error) {
      const waitMs = ApiError.is(error, 'TooManyRequests') ? (error.details?.retryAfterSeconds ?? Number.NaN) * 1000 : Number.NaN;
      if (tries >= maxThrottledTries || !(clock.monotonicMs() + waitMs < deadlineMs)) throw error;
      await sleep(clock, waitMs, call.signal);
    }
  }
}

async function* events<T extends KubeObject>(
  message: IncomingMessage,
  call: StreamRequest,
  limits: { maxLineBytes: number; clock: Clock; server: string },
): AsyncGenerator<WatchEvent<T>> {
  const onAbort = () => message.destroy(new Error('aborted'));
  call.signal?.addEventListener('abort', onAbort, { once: true });
  try {
    call.signal?.throwIfAborted();
    for await (const line of linesOf(message, { ...limits, ...(call.idleMs !== undefined && { idleMs: call.idleMs }) })) {
      const frame = parseFrame(line, limits.server);
      if (frame.type === 'ERROR')
        throw statusFailure(frame.object) ?? new ApiError('InternalError', 'the watch ended with an error that is no Status');
      yield frame as WatchEvent<T>;
    }
  } catch (error) {
    if (call.signal?.aborted) throw call.signal.reason;
    throw ApiError.is(error) ? error : describeFailure(error, limits.server);
  } finally {
    call.signal?.removeEventListener('abort', onAbort);
    message.destroy();
  }
}

/** The silence that counts is the server's: while the reader works, nothing is expected. */
async function* pieces(message: IncomingMessage, call: StreamRequest, { clock, server }: { clock: Clock; server: string }) {
  const onAbort = () => message.destroy(new Error('aborted'));
  const silent = () =>
    message.destroy(
      new TransportError('Idle', `${server}: nothing came for ${(call.idleMs ?? 0) / 1000} s: try again`, { mayHaveHappened: true }),
    );
  const listen = () => (call.idleMs === undefined ? () => undefined : clock.after(call.idleMs, silent));
  call.signal?.addEventListener('abort', onAbort, { once: true });
  let stop = listen();
  try {
    call.signal?.throwIfAborted();
    for await (const piece of message as AsyncIterable<Buffer>) {
      stop();
      yield piece;
      stop = listen();
    }
  } catch (error) {
    if (call.signal?.aborted) throw call.signal.reason;
    throw describeFailure(error, server);
  } finally {
    stop();
    call.signal?.removeEventListener('abort', onAbort);
    message.destroy();
  }
}

/** The beginning of an error's body: enough for a Status, bounded against a proxy that sends a web page. */
async function head(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > 64 * 1024) break;
  }
  return Buffer.concat(chunks);
}

function encodeBody(body: unknown): string | Uint8Array | undefined {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return body;
  return JSON.stringify(body);
}

function encodeQuery(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value]) parameters.append(key, String(item));
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}
