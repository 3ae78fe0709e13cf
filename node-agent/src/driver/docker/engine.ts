import { Agent, type IncomingMessage, request } from 'node:http';

/** What a container engine answers with when it does not do as it was asked. */
export class EngineError extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.name = 'EngineError';
    this.statusCode = statusCode;
  }
}

export interface EngineRequest {
  signal: AbortSignal;
  /** What is undefined is left out; objects travel as JSON. */
  query?: Readonly<Record<string, string | number | boolean | object | undefined>>;
  body?: object;
  headers?: Readonly<Record<string, string>>;
}

type Method = 'GET' | 'POST' | 'DELETE';

/** A container engine behind its socket: Docker's API, without a library around it. */
export interface Engine {
  /** A whole answer. @throws EngineError */
  call(method: Method, path: string, request: EngineRequest): Promise<unknown>;
  /** An answer as it comes. @throws EngineError */
  stream(method: Method, path: string, request: EngineRequest): Promise<IncomingMessage>;
}

const mostBytes = 64 * 2 ** 20;
const mostErrorBytes = 64 * 1024;

export function engine(socketPath: string): Engine {
  const agent = new Agent({ keepAlive: true });
  const stream: Engine['stream'] = async (method, path, asked) => {
    const answer = await send({ agent, socketPath, method, path: pathOf(path, asked.query), asked });
    const { statusCode = 0 } = answer;
    if (statusCode < 300) return answer;
    throw new EngineError(statusCode, messageIn((await readAll(answer, mostErrorBytes)).toString('utf8')) || `status ${statusCode}`);
  };
  return {
    stream,
    async call(method, path, asked) {
      const text = (await readAll(await stream(method, path, asked), mostBytes)).toString('utf8');
      return text === '' ? undefined : JSON.parse(text);
    },
  };
}

interface Sending {
  agent: Agent;
  socketPath: string;
  method: Method;
  path: string;
  asked: EngineRequest;
}

function send({ agent, socketPath, method, path, asked: { body, headers = {}, signal } }: Sending): Promise<IncomingMessage> {
  const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  const about = bytes && {
    'Content-Type': Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json',
    'Content-Length': bytes.length,
  };
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, agent, method, path, headers: { Host: 'engine', ...about, ...headers }, signal }, resolve);
    call.on('error', reject);
    call.end(bytes);
  });
}

function pathOf(path: string, query: EngineRequest['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(typeof value === 'object' ? JSON.stringify(value) : String(value))}`],
  );
  return pairs.length === 0 ? path : `${path}?${pairs.join('&')}`;
}

/** The names of images have slashes; whatever else is in one must not reach beyond its place in a path. */
export function imagePath(image: string): string {
  const parts = image.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new EngineError(404, `"${image.slice(0, 200)}" is no name of an image`);
  return `/images/${parts.map(encodeURIComponent).join('/')}`;
}

async function readAll(answer: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    size += chunk.length;
    if (size > most) throw new Error(`the container engine answers with more than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What the engine said: mostly JSON, not when something stands before it. */
function messageIn(text: string): string {
  try {
    const said: unknown = JSON.parse(text);
    if (typeof said === 'object' && said !== null && 'message' in said) return String(said.message);
  } catch {
    // It is text.
  }
  return text.trim();
}

/** Lines of JSON, as they come. */
export async function* jsonLinesOf(answer: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  let rest = '';
  for await (const chunk of answer) {
    const lines = (rest + chunk.toString()).split('\n');
    rest = (lines.pop() ?? '').slice(-65_536);
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
  }
  if (rest.trim() !== '') yield JSON.parse(rest);
}
