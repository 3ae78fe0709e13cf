import { connect, type TLSSocket } from 'node:tls';

/** Where the server is, and as whom to speak to it. */
export interface Target {
  host: string;
  port: number;
  ca: string;
  token: string;
}

export interface Answer {
  status: number;
  /** Empty where the call discards it. */
  body: Buffer;
}

export interface Call {
  method: string;
  path: string;
  contentType?: string;
  body?: string;
  /** Read the answer to its end and keep nothing: putting ten megabytes together takes the client longer than the server takes to send them. */
  discards?: boolean;
}

const longestSilenceMs = 30_000;

/**
 * One kept TLS connection that carries one HTTP/1.1 request at a time. Client and server share the machine, so the client does as
 * little as will do: a general HTTP client would cost more than the server that is measured.
 */
export interface Connection {
  send(call: Call): Promise<Answer>;
  close(): void;
}

export async function connection(target: Target): Promise<Connection> {
  let waiting: PromiseWithResolvers<Answer> | undefined;
  let discards = false;
  const fail = (error: Error) => {
    waiting?.reject(error);
    waiting = undefined;
  };
  const open = async () => {
    const fresh = await dial(target);
    const settle = (answer: Answer) => {
      const done = waiting;
      waiting = undefined;
      done?.resolve(answer);
    };
    fresh.on(
      'data',
      answerReader(settle, () => discards),
    );
    fresh.on('error', fail);
    fresh.on('close', () => fail(new Error('the server closed the connection')));
    fresh.setTimeout(longestSilenceMs, () => waiting && fresh.destroy(new Error(`no answer within ${longestSilenceMs / 1_000} s`)));
    return fresh;
  };
  let socket = await open();
  return {
    async send(call) {
      // A server may close a connection that was idle for long: that is its right, and no part of what is measured.
      if (socket.destroyed || socket.readableEnded) socket = await open();
      waiting = Promise.withResolvers<Answer>();
      discards = call.discards ?? false;
      socket.write(requestText(target, call));
      return waiting.promise;
    },
    close: () => socket.destroy(),
  };
}

/** Opens a watch and hands on every piece of its body as it arrives, still in HTTP's chunks. Resolves once the server has accepted it. */
export async function openWatch(target: Target, path: string, onBytes: (bytes: Buffer) => void, onEnd: () => void): Promise<() => void> {
  const accepted = Promise.withResolvers<void>();
  let head: Buffer | undefined = Buffer.alloc(0);
  // Into one buffer for all watchers, without a stream: with a hundred of them what the client does is most of what is measured.
  const socket = await dial(target, (bytes) => {
    if (!head) return onBytes(bytes);
    head = Buffer.concat([head, bytes]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    const status = statusOf(head);
    if (status !== 200) return accepted.reject(new Error(`watch refused with ${status}: ${head.subarray(end, end + 300)}`));
    accepted.resolve();
    const rest = head.subarray(end + 4);
    head = undefined;
    if (rest.length > 0) onBytes(rest);
  });
  socket.on('error', accepted.reject);
  socket.on('close', onEnd);
  socket.write(requestText(target, { method: 'GET', path }));
  await accepted.promise;
  return () => {
    socket.off('close', onEnd);
    socket.destroy();
  };
}

const received = Buffer.allocUnsafeSlow(64 * 1024);

function dial(target: Target, onBytes?: (bytes: Buffer) => void): Promise<TLSSocket> {
  const callback = (length: number) => {
    onBytes?.(received.subarray(0, length));
    return true;
  };
  const onread = onBytes && { buffer: received, callback };
  return new Promise((resolve, reject) => {
    const options = { host: target.host, port: target.port, ca: target.ca, ALPNProtocols: ['http/1.1'], ...(onread && { onread }) };
    const socket = connect(options, () => resolve(socket));
    socket.setNoDelay(true);
    socket.once('error', reject);
  });
}

function requestText(target: Target, { method, path, contentType = 'application/json', body }: Call): string {
  const head = `${method} ${path} HTTP/1.1\r\nhost: ${target.host}:${target.port}\r\nauthorization: Bearer ${target.token}\r\naccept: application/json\r\nuser-agent: bench\r\n`;
  if (body === undefined) return `${head}\r\n`;
  return `${head}content-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const statusOf = (head: Buffer) => Number(head.toString('latin1', 9, 12));

/** Cuts what a connection brings into answers, whether they have a length or come in chunks. */
export function answerReader(onAnswer: (answer: Answer) => void, isDiscarded: () => boolean = () => false): (bytes: Buffer) => void {
  let state: 'head' | 'body' | 'size' | 'chunk' = 'head';
  let rest: Buffer = Buffer.alloc(0);
  let status = 0;
  let isChunked = false;
  let missing = 0;
  let parts: Buffer[] = [];

  const finish = () => {
    state = 'head';
    const body = Buffer.concat(parts);
    parts = [];
    onAnswer({ status, body });
  };
  /** Takes one step; false when it needs more bytes. */
  const step = (): boolean => {
    if (state === 'head') {
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return false;
      const head = rest.toString('latin1', 0, end).toLowerCase();
      status = statusOf(rest);
      rest = rest.subarray(end + 4);
      isChunked = head.includes('transfer-encoding: chunked');
      missing = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
      state = isChunked ? 'size' : 'body';
      if (!isChunked && missing === 0) finish();
      return true;
    }
    if (state === 'size') {
      const end = rest.indexOf('\r\n');
      if (end < 0) return false;
      missing = Number.parseInt(rest.toString('latin1', 0, end), 16) + 2;
      // The last chunk is empty and is followed by an empty line.
      if (missing === 2 && rest.length < end + 4) return false;
      rest = rest.subarray(missing === 2 ? end + 4 : end + 2);
      if (missing === 2) finish();
      else state = 'chunk';
      return true;
    }
    if (rest.length === 0) return false;
    const taken = rest.subarray(0, missing);
    missing -= taken.length;
    rest = rest.subarray(taken.length);
    if (!isDiscarded()) parts.push(taken);
    if (missing === 0 && isChunked) {
      parts.push(...withoutLineEnd(parts));
      state = 'size';
    } else if (missing === 0) finish();
    return true;
  };
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    while (step());
  };
}

/** A chunk is followed by a line end, which may have arrived in a piece of its own. */
function withoutLineEnd(parts: Buffer[]): Buffer[] {
  for (let surplus = 2; surplus > 0; ) {
    const last = parts.pop();
    if (!last) return [];
    if (last.length > surplus) return [last.subarray(0, last.length - surplus)];
    surplus -= last.length;
  }
  return [];
}
