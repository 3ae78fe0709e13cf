import type { IncomingHttpHeaders } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { gunzipSync } from 'node:zlib';
import type { KubeObject } from '@river/crds';
import { eventually } from './eventually.ts';
import type { RunningServer } from './start-server.ts';

/** An answer of the server, as it came. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  /** The body as JSON. @throws SyntaxError when it is none */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  json: any;
}

export interface Call {
  /** A string is sent as it is, anything else as JSON. */
  body?: unknown;
  /** Content type of the body; JSON when left out. */
  type?: string;
  headers?: Record<string, string>;
  /** Without it the server's own token; null: none. */
  token?: string | null;
}

/** Requests straight over HTTPS: what no client library stands before. */
export interface Api {
  call(method: string, path: string, call?: Call): Promise<Answer>;
  get(path: string, call?: Call): Promise<Answer>;
  /** Each throws when the answer is not 2xx. */
  read(path: string): Promise<KubeObject>;
  create(path: string, object: unknown): Promise<KubeObject>;
  replace(path: string, object: unknown): Promise<KubeObject>;
  merge(path: string, patch: unknown): Promise<KubeObject>;
  remove(path: string, options?: unknown): Promise<Answer>;
  watch(path: string, call?: Call): Watching;
  close(): void;
}

export interface WatchLine {
  type: string;
  object: KubeObject;
}

/** A watch that keeps what it saw. */
export interface Watching {
  events: WatchLine[];
  /** `ADDED name`, … without bookmarks: what most tests ask. */
  seen(): string[];
  /** Resolves with the answer's status once its headers are here. */
  opened: Promise<number>;
  /** Resolves when the stream is over, with the error when it broke. */
  ended: Promise<Error | undefined>;
  headers(): IncomingHttpHeaders;
  text(): string;
  until(what: string, isRight: (events: WatchLine[]) => boolean): Promise<WatchLine[]>;
  close(): void;
}

/** Longer than the server lets anything wait. */
const answerDeadlineMs = 45_000;

export const mergeType = 'application/merge-patch+json';
export const applyType = 'application/apply-patch+yaml';
export const jsonPatchType = 'application/json-patch+json';
export const strategicType = 'application/strategic-merge-patch+json';

export function apiOf(server: Pick<RunningServer, 'port' | 'ca' | 'token'> & { url?: string }): Api {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const optionsOf = (
    method: string,
    path: string,
    { headers = {}, token = server.token, body, type }: Call,
    length?: number,
  ): RequestOptions => ({
    host: server.url === undefined ? '127.0.0.1' : new URL(server.url).hostname,
    port: server.port,
    ca: server.ca,
    agent,
    method,
    path,
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': type ?? 'application/json', 'content-length': String(length) }),
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...headers,
    },
  });
  const call = (method: string, path: string, given: Call = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const bytes = bodyOf(given.body);
      const sent = request(optionsOf(method, path, given, bytes.length), (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve(answer(response.statusCode ?? 0, response.headers, Buffer.concat(chunks))));
      });
      sent.setTimeout(answerDeadlineMs, () => sent.destroy(new Error(`${method} ${path}: no answer within ${answerDeadlineMs} ms`)));
      sent.on('error', reject);
      sent.end(bytes);
    });
  const good = async (method: string, path: string, given?: Call): Promise<Answer> => {
    const got = await call(method, path, given);
    if (got.status < 200 || got.status > 299) throw new Error(`${method} ${path}: ${got.status} ${got.text}`);
    return got;
  };
  return {
    call,
    get: (path, given) => call('GET', path, given),
    read: async (path) => (await good('GET', path)).json,
    create: async (path, object) => (await good('POST', path, { body: object })).json,
    replace: async (path, object) => (await good('PUT', path, { body: object })).json,
    merge: async (path, patch) => (await good('PATCH', path, { body: patch, type: mergeType })).json,
    remove: (path, options) => good('DELETE', path, options === undefined ? {} : { body: options }),
    watch: (path, given = {}) => watch(optionsOf('GET', path, given)),
    close: () => agent.destroy(),
  };
}

const bodyOf = (body: unknown): Buffer => {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body));
};

function answer(status: number, headers: IncomingHttpHeaders, raw: Buffer): Answer {
  const bytes = headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
  const text = bytes.toString();
  return {
    status,
    headers,
    bytes: raw,
    text,
    get json() {
      return JSON.parse(text);
    },
  };
}

function watch(options: RequestOptions): Watching {
  const events: WatchLine[] = [];
  let text = '';
  let rest = '';
  let headers: IncomingHttpHeaders = {};
  const opened = Promise.withResolvers<number>();
  const ended = Promise.withResolvers<Error | undefined>();
  opened.promise.catch(() => {});
  const over = (error?: Error) => {
    opened.reject(error ?? new Error('the watch was closed before it was answered'));
    ended.resolve(error);
  };
  const sent = request({ ...options, agent: false }, (response) => {
    headers = response.headers;
    opened.resolve(response.statusCode ?? 0);
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text = (text + chunk).slice(-100_000);
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (response.statusCode === 200) for (const line of lines) if (line !== '') events.push(JSON.parse(line));
    });
    response.on('error', over);
    response.on('close', () => over());
  });
  sent.on('error', over);
  sent.end();
  return {
    events,
    seen: () => events.filter(({ type }) => type !== 'BOOKMARK').map(({ type, object }) => `${type} ${object.metadata?.name ?? ''}`),
    opened: opened.promise,
    ended: ended.promise,
    headers: () => headers,
    text: () => text,
    until: (what, isRight) => eventually(what, () => events, isRight),
    close: () => sent.destroy(),
  };
}
