/**
 * Writes protobuf from its end to its start: when the length of a message is due, the message stands there already.
 * So what shall come first is written last.
 */
export interface ProtobufWriter {
  text(field: number, value: string): void;
  flag(field: number, value: boolean): void;
  /** A whole number, as an int64. */
  integer(field: number, value: number): void;
  double(field: number, value: number): void;
  /** How many bytes stand there. */
  length(): number;
  /** Makes the last bytes that were written the message in a field. */
  frame(field: number, length: number): void;
  /** A copy of all that was written. */
  written(): Buffer;
}

const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;

const doubleBytes = 8;

export function protobufWriter(): ProtobufWriter {
  let bytes = Buffer.allocUnsafe(64 * 1024);
  let start = bytes.length;

  /** Moves the start ahead of so many more bytes. */
  const claim = (count: number): void => {
    if (count > start) {
      const written = bytes.subarray(start);
      const grown = Buffer.allocUnsafe(2 * bytes.length + count);
      start = grown.length - written.length;
      grown.set(written, start);
      bytes = grown;
    }
    start -= count;
  };
  /** Seven bits to a byte, the lowest first, with the eighth bit where another byte follows. */
  const writeVarint = (value: number): void => {
    claim(varintLength(value));
    let at = start;
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
    bytes[at] = rest;
  };
  /** The same for any whole number. One below zero is written as the one that has the same 64 bits. */
  const writeVarint64 = (value: number): void => {
    const digits: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) digits.push(Number(rest & 0x7fn) | 0x80);
    claim(digits.length + 1);
    bytes.set([...digits, Number(rest)], start);
  };
  const writeTag = (field: number, wireType: number): void => writeVarint(field * 8 + wireType);
  const frame = (field: number, length: number): void => {
    writeVarint(length);
    writeTag(field, lengthDelimited);
  };

  return {
    text(field, value) {
      const length = Buffer.byteLength(value);
      claim(length);
      bytes.write(value, start, length);
      frame(field, length);
    },
    flag(field, value) {
      writeVarint(value ? 1 : 0);
      writeTag(field, varint);
    },
    integer(field, value) {
      if (value >= 0 && Number.isSafeInteger(value)) writeVarint(value);
      else writeVarint64(value);
      writeTag(field, varint);
    },
    double(field, value) {
      claim(doubleBytes);
      bytes.writeDoubleLE(value, start);
      writeTag(field, fixed64);
    },
    length: () => bytes.length - start,
    frame,
    written: () => Buffer.from(bytes.subarray(start)),
  };
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) length++;
  return length;
}
