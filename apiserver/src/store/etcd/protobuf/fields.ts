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
  const pieces = content.flat();
  return [tagged(field, LENGTH_DELIMITED, totalBytes(pieces)), ...pieces];
}

export const totalBytes = (pieces: Pieces): number => pieces.reduce((sum, { length }) => sum + length, 0);

function tagged(field: number, wireType: number, value: bigint | number): Uint8Array {
  const bytes: number[] = [];
  pushVarint(bytes, field * 8 + wireType);
  if (typeof value === 'number' || (value >= 0n && value <= Number.MAX_SAFE_INTEGER)) pushVarint(bytes, Number(value));
  else pushVarint64(bytes, value);
  return Uint8Array.from(bytes);
}

/** Seven bits to a byte, the lowest first, with the eighth bit where another byte follows. */
function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
}

/** The same for what a number cannot hold; one below zero is written as the one that has the same 64 bits. */
function pushVarint64(bytes: number[], value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
}
