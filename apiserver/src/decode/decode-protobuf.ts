import { ApiError, type Json, type JsonObject } from '@river/crds';
import { envelope, type Field, type Message, messages } from './protobuf-messages.ts';

const magic = Buffer.from('k8s\0', 'latin1');
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The object in a body of type `application/vnd.kubernetes.protobuf`. Clients generated for Kubernetes' own kinds write in this form and fall
 * back to no other (kubectl among them, for `create configmap|secret|namespace|…`), so it is read; it is never written.
 * @throws ApiError `BadRequest` for what cannot be read, `UnsupportedMediaType` for a kind that has no such form here.
 */
export function decodeProtobuf(bytes: Uint8Array): JsonObject {
  if (!magic.equals(bytes.subarray(0, magic.length))) throw unreadable('it does not begin as one');
  const outer = readMessage(bytes.subarray(magic.length), envelope);
  const type = outer.type as JsonObject | undefined; // as the envelope says
  const { apiVersion = '', kind = '' } = type ?? {};
  const message = messages.get(`${apiVersion}/${kind}`);
  if (!message)
    throw new ApiError(
      'UnsupportedMediaType',
      `${kind || 'an object without kind'} of ${apiVersion || 'no version'} is not read as protobuf: send JSON`,
    );
  if (outer.contentEncoding) throw new ApiError('UnsupportedMediaType', 'the object in the body is encoded once more: send JSON');
  return { apiVersion, kind, ...readMessage(Buffer.from(String(outer.raw ?? ''), 'base64'), message) };
}

const unreadable = (why: string) => new ApiError('BadRequest', `the body is not a Kubernetes protobuf message: ${why}`);

/** A number, or bytes: the two wire types that Kubernetes uses. */
type Wire = bigint | Uint8Array;

function* entriesOf(bytes: Uint8Array): Generator<[number: number, value: Wire]> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw unreadable('it ends too early');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw unreadable('it holds a number without end');
  };
  const block = (): Uint8Array => {
    const length = Number(varint());
    if (at + length > bytes.length) throw unreadable('it ends too early');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const wireType = Number(tag & 7n);
    if (wireType !== 0 && wireType !== 2) throw unreadable(`wire type ${wireType} is not used`);
    yield [Number(tag >> 3n), wireType === 0 ? varint() : block()];
  }
}

/** What has been read of a message so far. Lists and maps grow in place, so that reading is linear. */
type Reading = Map<string, Json | Map<string, Json>>;

/** Unknown fields are passed over: they are newer than this reader. */
function readMessage(bytes: Uint8Array, message: Message): JsonObject {
  const reading: Reading = new Map();
  for (const [number, wire] of entriesOf(bytes)) {
    const field = message.get(number);
    if (field) readField(reading, field, wire);
  }
  const finished = [...reading].map(([name, value]) => [name, value instanceof Map ? Object.fromEntries(value) : value] as const);
  return Object.fromEntries(finished);
}

function readField(reading: Reading, field: Field, wire: Wire): void {
  const { name, as } = field;
  const before = reading.get(name);
  if (as === 'map') {
    const entries = before instanceof Map ? before : new Map<string, Json>();
    entries.set(...readEntry(blockOf(wire), field));
    reading.set(name, entries);
  } else if (as === 'list') {
    if (Array.isArray(before)) before.push(readValue(field, wire));
    else reading.set(name, [readValue(field, wire)]);
  } else {
    const value = readValue(field, wire);
    if (as === 'optional' || !isZero(value)) reading.set(name, value);
  }
}

const isZero = (value: Json) => value === null || value === '' || value === 0 || value === false;

function blockOf(wire: Wire): Uint8Array {
  if (typeof wire === 'bigint') throw unreadable('a number stands where text should');
  return wire;
}

function readEntry(bytes: Uint8Array, field: Field): [key: string, value: Json] {
  let [key, value]: [string, Json] = ['', ''];
  for (const [number, wire] of entriesOf(bytes)) {
    if (number === 1) key = textOf(wire);
    if (number === 2) value = readValue(field, wire);
  }
  return [key, value];
}

function textOf(wire: Wire): string {
  try {
    return utf8.decode(blockOf(wire));
  } catch (error) {
    if (error instanceof TypeError) throw unreadable('a text in it is not UTF-8');
    throw error;
  }
}

function readValue({ is }: Field, wire: Wire): Json {
  if (is === 'integer') return numberOf(wire);
  if (is === 'boolean') return numberOf(wire) !== 0;
  if (is === 'string') return textOf(wire);
  if (is === 'bytes') return Buffer.from(blockOf(wire)).toString('base64');
  if (is === 'time' || is === 'microTime') return timeOf(blockOf(wire), is);
  if (is === 'json') return jsonOf(blockOf(wire));
  return readMessage(blockOf(wire), is);
}

function numberOf(wire: Wire): number {
  if (typeof wire !== 'bigint') throw unreadable('text stands where a number should');
  return Number(BigInt.asIntN(64, wire));
}

/** A moment is seconds and nanoseconds since 1970; an empty one is none. */
function timeOf(bytes: Uint8Array, is: 'time' | 'microTime'): string | null {
  let [seconds, nanos] = [0, 0];
  for (const [number, wire] of entriesOf(bytes)) {
    if (number === 1) seconds = numberOf(wire);
    if (number === 2) nanos = numberOf(wire);
  }
  if (bytes.length === 0) return null;
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) throw unreadable('a moment in it is out of range');
  const text = date.toISOString().slice(0, 19);
  return is === 'time' ? `${text}Z` : `${text}.${String(Math.trunc(nanos / 1000)).padStart(6, '0')}Z`;
}

function jsonOf(bytes: Uint8Array): Json {
  for (const [number, wire] of entriesOf(bytes)) {
    if (number !== 1) continue;
    try {
      return JSON.parse(textOf(wire));
    } catch (error) {
      if (error instanceof SyntaxError) throw unreadable('the JSON in it cannot be read');
      throw error;
    }
  }
  return null;
}
