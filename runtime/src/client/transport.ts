import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { Clock } from '../clock/clock.ts';
import type { ClusterAccess } from '../kubeconfig/cluster-access.ts';
import { describeFailure, TransportError } from './transport-error.ts';

export interface HttpExchange {
  method: string;
  /** With the query string. */
  path: string;
  headers: Record<string, string | string[]>;
  body?: string | Uint8Array;
  signal?: AbortSignal;
  /** For the whole exchange; with {@link Transport.open}, until the headers are here. */
  timeoutMs: number;
}

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** One server, spoken to over connections that are kept open. */
export interface Transport {
  exchange(call: HttpExchange): Promise<HttpAnswer>;
  /** Resolves with the headers; the caller reads the body at its own pace and destroys it when done. Uses a connection of its own. */
  open(call: HttpExchange): Promise<IncomingMessage>;
  close(): void;
}

const maxBodyBytes = 512 * 1024 * 1024;

export function transport(access: ClusterAccess, clock: Clock): Transport {
  // An `import` of node:http would run the getters behind its WebSocket exports, which load a whole second HTTP client: 20 ms, 15 MB.
  const { Agent: PlainAgent, request: plainRequest } = process.getBuiltinModule('node:http');
  const url = new URL(access.server);
  const secure = url.protocol === 'https:';
  const pool = secure ? new TlsAgent({ keepAlive: true, maxFreeSockets: 64 }) : new PlainAgent({ keepAlive: true, maxFreeSockets: 64 });
  const base = {
    protocol: url.protocol,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port || (secure ? 443 : 80),
    ...tlsOptions(access),
  };
  const begin = (call: HttpExchange, isFresh: boolean): ClientRequest => {
    const options = {
      ...base,
      agent: isFresh ? (false as const) : pool,
      method: call.method,
      path: url.pathname.replace(/\/$/, '') + call.path,
      headers: call.headers,
    };
    return secure ? tlsRequest(options) : plainRequest(options);
  };
  const once = (call: HttpExchange, isFresh: boolean) => guarded(begin(call, isFresh), call, access.server, clock, readAll);
  return {
    async exchange(call) {
      try {
        return await once(call, false);
      } catch (error) {
        // A kept connection may be closed by the server at the very moment it is used again. Reading twice does no harm; writing might.
        if (call.method === 'GET' && TransportError.is(error, 'Reset') && !call.signal?.aborted) return once(call, true);
        throw error;
      }
    },
    open: (call) => guarded(begin(call, true), call, access.server, clock, async (message) => message),
    close: () => pool.destroy(),
  };
}

/** Sends the request and hands the answer to `use`; deadline and signal hold until that is done. */
function guarded<T>(
  outgoing: ClientRequest,
  call: HttpExchange,
  server: string,
  clock: Clock,
  use: (message: IncomingMessage) => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => outgoing.destroy(new Error('aborted'));
    const late = () =>
      outgoing.destroy(
        new TransportError('Timeout', `${server}: no complete answer within ${Math.round(call.timeoutMs) / 1000} s`, {
          mayHaveHappened: true,
        }),
      );
    const cancel = clock.after(call.timeoutMs, late);
    const finish = () => {
      cancel();
      call.signal?.removeEventListener('abort', onAbort);
    };
    const succeed = (value: T) => {
      finish();
      resolve(value);
    };
    const fail = (cause: unknown) => {
      finish();
      reject(call.signal?.aborted ? call.signal.reason : describeFailure(cause, server));
    };
    // Kept for the life of the request: an error after the answer (EPIPE of a body that the server did not want) must find a listener.
    outgoing.on('error', fail);
    outgoing.on('response', (message) => use(message).then(succeed, fail));
    if (call.signal?.aborted) return onAbort();
    call.signal?.addEventListener('abort', onAbort, { once: true });
    outgoing.end(call.body);
  });
}

function readAll(message: IncomingMessage): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBodyBytes)
        return message.destroy(
          new TransportError('TooLarge', `the answer is larger than ${maxBodyBytes} bytes: ask for pages`, { mayHaveHappened: true }),
        );
      chunks.push(chunk);
    });
    message.on('error', reject);
    message.on('end', () => {
      const [first] = chunks;
      const body = chunks.length === 1 && first ? first : Buffer.concat(chunks, bytes);
      resolve({ status: message.statusCode ?? 0, headers: message.headers, body });
    });
  });
}

function tlsOptions(access: ClusterAccess) {
  return {
    ...(access.certificateAuthority && { ca: access.certificateAuthority }),
    ...(access.clientCertificate && { cert: access.clientCertificate.certificate, key: access.clientCertificate.key }),
    ...(access.tlsServerName && { servername: access.tlsServerName }),
    ...(access.insecureSkipTlsVerify && { rejectUnauthorized: false }),
  };
}
