/** The bytes are not DER, or not what is expected of them. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

/** One value: its tag, what it holds, and both with the length between them. */
export interface DerValue {
  tag: number;
  body: Buffer;
  whole: Buffer;
}

export const tags = {
  integer: 0x02,
  bits: 0x03,
  null: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  ia5: 0x16,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
} as const;

/** Reads values that stand one after the other and fill the bytes. Each length must be said in the one way that DER allows. */
export function readDer(bytes: Buffer): DerValue[] {
  const values: DerValue[] = [];
  for (let at = 0; at < bytes.length; ) {
    const value = readOne(bytes, at);
    values.push(value);
    at += value.whole.length;
  }
  return values;
}

function readOne(bytes: Buffer, at: number): DerValue {
  const [tag = 0, first] = bytes.subarray(at, at + 2);
  if (first === undefined) throw new DerError('a value is cut off');
  if ((tag & 0x1f) === 0x1f) throw new DerError('a tag has more than one byte');
  const more = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80 || more > 3) throw new DerError('a length is left open, or too large');
  const start = at + 2 + more;
  if (start > bytes.length) throw new DerError('a value is cut off');
  const length = more === 0 ? first : bytes.readUIntBE(at + 2, more);
  if (more > 0 && (length < 0x80 || length < 2 ** (8 * (more - 1)))) throw new DerError('a length is written longer than it need be');
  if (start + length > bytes.length) throw new DerError('a value is cut off');
  return { tag, body: bytes.subarray(start, start + length), whole: bytes.subarray(at, start + length) };
}

/** What a value of this tag holds. */
export function children(value: DerValue | undefined, tag: number, what: string): DerValue[] {
  if (value?.tag !== tag) throw new DerError(`${what} is missing, or something else`);
  return readDer(value.body);
}

export function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const digits = body.length.toString(16);
  const length = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 + length.length]), length, body]);
}

/** A PEM text must hold one block, of this label, and nothing else. */
export function bytesOfPem(text: string, label: string): Buffer {
  const [, found, body = ''] = /^\s*-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n([A-Za-z0-9+/=\r\n]*)-----END \1-----\s*$/.exec(text) ?? [];
  if (found !== label) throw new DerError(`it is not one PEM block of the type ${label}`);
  return Buffer.from(body, 'base64');
}

export const pemOf = (bytes: Buffer, label: string): string =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
