import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';
import { type FrameReader, frameReader } from './frames.ts';
import { GrpcError } from './grpc-error.ts';

export interface Receiver {
  onMessage(message: Buffer): void;
  /** Once, last. Undefined: the peer ended with status 0. */
  onEnd(error: GrpcError | undefined): void;
}

/** The most that one answer may hold. */
const MAX_MESSAGE_BYTES = 1 << 30;

/** Reads a gRPC answer off a stream. Whatever else comes ends it with an error; what `receiver` throws is not caught. */
export function receive(stream: ClientHttp2Stream, receiver: Receiver): void {
  let status: GrpcError | 'ok' | undefined;
  let broken: GrpcError | undefined;
  const breakOff = (error: GrpcError): void => {
    broken ??= error;
    stream.close(constants.NGHTTP2_CANCEL);
  };
  const frames = frameReader(MAX_MESSAGE_BYTES, receiver.onMessage);
  stream.on('response', (headers) => {
    const unusable = notGrpc(headers);
    if (unusable) breakOff(unusable);
    else status = statusOf(headers);
  });
  stream.on('trailers', (trailers) => {
    status = statusOf(trailers);
  });
  stream.on('data', (chunk: Buffer) => {
    if (!broken) pushInto(frames, chunk, breakOff);
  });
  stream.on('end', () => {
    // A peer that has said all may still leave our direction open.
    if (!stream.writableFinished) stream.close(constants.NGHTTP2_CANCEL);
  });
  stream.on('error', (error) => {
    broken ??= error instanceof GrpcError ? error : new GrpcError('UNAVAILABLE', reasonOf(error), { cause: error });
  });
  stream.on('close', () => {
    if (status === 'ok' && !broken && !frames.isBetweenFrames()) broken = new GrpcError('INTERNAL', 'the answer ends within a message');
    if (status instanceof GrpcError) receiver.onEnd(status);
    else if (broken || status === 'ok') receiver.onEnd(broken);
    else receiver.onEnd(new GrpcError('UNAVAILABLE', `the answer ended without a status (HTTP/2 code ${stream.rstCode})`));
  });
}

function pushInto(frames: FrameReader, chunk: Buffer, breakOff: (error: GrpcError) => void): void {
  try {
    frames.push(chunk);
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    breakOff(error);
  }
}

function notGrpc({ ':status': status, 'content-type': type }: IncomingHttpHeaders & IncomingHttpStatusHeader): GrpcError | undefined {
  if (status !== constants.HTTP_STATUS_OK) return new GrpcError('UNAVAILABLE', `HTTP status ${status}`);
  if (!type?.startsWith('application/grpc')) return new GrpcError('UNAVAILABLE', `not gRPC but ${type ?? 'no content type'}`);
  return undefined;
}

function statusOf({ 'grpc-status': code, 'grpc-message': message }: IncomingHttpHeaders): GrpcError | 'ok' | undefined {
  if (code === undefined) return undefined;
  if (code === '0') return 'ok';
  const text = percentDecoded(String(message ?? ''));
  return new GrpcError(Number(code), text || `status ${code}`);
}

/** gRPC percent-encodes its messages, and says that what is encoded wrongly shall be shown as it came. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** Of many addresses that all refuse, Node makes one error with an empty message. */
const reasonOf = (error: Error): string =>
  error.message || (error instanceof AggregateError && error.errors.map(String).join(', ')) || error.name;
