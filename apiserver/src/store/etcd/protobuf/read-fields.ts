/** What came is not the message that it should be. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** The value of the field that a visitor is at. What is not asked for is skipped. */
export interface FieldValue {
  /** An int64, exactly. */
  integer(): bigint;
  flag(): boolean;
  /** A view, not a copy. */
  bytes(): Buffer;
}

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** Varints of so many bytes fit into a number. */
const SMALL_BYTES = 7;

/** Visits the fields of one message in their order. @throws ProtobufError */
export function readFields(message: Buffer, visit: (field: number, value: FieldValue) => void): void {
  let at = 0;
  let wireType = VARINT;
  let isRead = false;

  const nextByte = (): number => {
    const byte = message[at++];
    if (byte === undefined) throw new ProtobufError(`a message of ${message.length} bytes ends within a field`);
    return byte;
  };
  /** Signed when it takes all 64 bits. */
  const bigVarint = (low: number): bigint => {
    let value = BigInt(low);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = nextByte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new ProtobufError('an integer is longer than 64 bits');
  };
  const varint = (): bigint | number => {
    let value = 0;
    for (let count = 0, factor = 1; count < SMALL_BYTES; count++, factor *= 0x80) {
      const byte = nextByte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    return bigVarint(value);
  };
  const take = (length: bigint | number): Buffer => {
    const start = at;
    if (length < 0 || length > message.length - start)
      throw new ProtobufError(`a field of ${length} bytes in a message of ${message.length}`);
    at += Number(length);
    return message.subarray(start, at);
  };
  const claim = (expected: number): void => {
    if (wireType !== expected) throw new ProtobufError(`wire type ${wireType} where ${expected} was expected`);
    isRead = true;
  };
  const skip = (): void => {
    if (wireType === VARINT) varint();
    else if (wireType === LENGTH_DELIMITED) take(varint());
    else if (wireType === FIXED64) take(8);
    else if (wireType === FIXED32) take(4);
    else throw new ProtobufError(`unknown wire type ${wireType}`);
  };
  const value: FieldValue = {
    integer() {
      claim(VARINT);
      return BigInt(varint());
    },
    flag() {
      claim(VARINT);
      return Number(varint()) !== 0;
    },
    bytes() {
      claim(LENGTH_DELIMITED);
      return take(varint());
    },
  };
  while (at < message.length) {
    const tag = Number(varint());
    wireType = tag % 8;
    isRead = false;
    visit(Math.floor(tag / 8), value);
    if (!isRead) skip();
  }
}
