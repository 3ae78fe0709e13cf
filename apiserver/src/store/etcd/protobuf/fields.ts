/** Encoded fields in their order, as pieces: nothing is copied before the whole message is. */
export type Pieces = readonly Uint8Array[];

const VARINT = 0;
const LENGTH_DELIMITED = 2;

const NOTHING: Pieces = [];

/** As protobuf wants it, a field that holds what a reader assumes anyway is left out. */
export const bytesField = (field: number, value: Uint8Array): Pieces =>
  value.length === 0 ? NOTHING : [tagged(field, LENGTH_DELIMITED, value.length), value];

/** An int64, or an enum. */
export const integerField = (field: number, value: bigint | number): Pieces =>
  Number(value) === 0 ? NOTHING : [tagged(field, VARINT, value)];

/** A member of a oneof: it is written also when it is zero. */
export const chosenIntegerField = (field: number, value: bigint | number): Pieces => [tagged(field, VARINT, value)];

export const flagField = (field: number, value: boolean): Pieces => (value ? [tagged(field, VARINT, 1)] : NOTHING);

export function messageField(field: number, ...content: Pieces[]): Pieces {
  const pieces = NOTHING.concat(...content);
  return [tagged(field, LENGTH_DELIMITED, totalBytes(pieces)), ...pieces];
}

export const totalBytes = (pieces: Pieces): number => pieces.reduce((sum, { length }) => sum + length, 0);

function tagged(field: number, wireType: number, value: bigint | number): Uint8Array {
  const tag = field * 8 + wireType;
  // What a number cannot hold. One below zero is written as the one that has the same 64 bits.
  const rest = typeof value === 'number' || (value >= 0n && value <= Number.MAX_SAFE_INTEGER) ? Number(value) : BigInt.asUintN(64, value);
  const bytes = Buffer.allocUnsafe(varintBytes(tag) + varintBytes(Number(rest)));
  const start = writeVarint(bytes, 0, tag);
  const end = typeof rest === 'number' ? writeVarint(bytes, start, rest) : writeVarint64(bytes, start, rest);
  return end === bytes.length ? bytes : bytes.subarray(0, end);
}

function varintBytes(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 0x80; rest /= 0x80) count++;
  return count;
}

/** Seven bits to a byte, the lowest first, with the eighth bit where another byte follows. */
function writeVarint(bytes: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at++] = rest;
  return at;
}

function writeVarint64(bytes: Buffer, start: number, value: bigint): number {
  let at = start;
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes[at++] = Number(rest & 0x7fn) | 0x80;
  bytes[at++] = Number(rest);
  return at;
}
