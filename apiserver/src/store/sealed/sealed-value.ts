import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

/**
 * A sealed value: mark (4) · length of the key's id (1) · id · wrapped data key (60) · nonce (12) · ciphertext · tag (16).
 * The value is sealed by a data key, and that by the key of the ring that is named. Everything before the nonce, and the key under
 * which the value stands, are bound to it: altered, or moved to another name, it does not open.
 */
export interface SealedValue {
  keyId: string;
  /** Everything before the nonce. */
  header: Buffer;
  /** The data key, sealed. */
  wrapped: Buffer;
  sealed: Buffer;
}

/** No JSON begins with a NUL. The last byte is the version of the format. */
const mark = Buffer.from([0x00, 0x72, 0x76, 0x01]);
const cipher = 'aes-256-gcm';
export const nonceBytes = 12;
const tagBytes = 16;
const wrappedBytes = nonceBytes + 32 + tagBytes;
const openBrace = 0x7b;

/** `plain`: an object as it was written before there were keys. `damaged`: neither that nor sealed. */
export type ValueState = { is: 'plain' } | { is: 'damaged' } | ({ is: 'sealed' } & SealedValue);

export function stateOf(value: Uint8Array): ValueState {
  if (value[0] === openBrace) return { is: 'plain' };
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const idEnd = mark.length + 1 + (bytes[mark.length] ?? 0);
  const headerEnd = idEnd + wrappedBytes;
  if (!bytes.subarray(0, mark.length).equals(mark) || bytes.length < headerEnd + nonceBytes + tagBytes) return { is: 'damaged' };
  return {
    is: 'sealed',
    keyId: bytes.toString('latin1', mark.length + 1, idEnd),
    header: bytes.subarray(0, headerEnd),
    wrapped: bytes.subarray(idEnd, headerEnd),
    sealed: bytes.subarray(headerEnd),
  };
}

export const headerOf = (keyId: string, wrapped: Buffer): Buffer =>
  Buffer.concat([mark, Buffer.from([keyId.length]), Buffer.from(keyId, 'latin1'), wrapped]);

/** What a value is bound to: its header, whose length the header itself says, and its place. */
export const boundTo = (header: Buffer, storeKey: string): Buffer => Buffer.concat([header, Buffer.from(storeKey)]);

/** nonce · ciphertext · tag. A nonce is used once with a key. */
export function encrypt(key: KeyObject, nonce: Buffer, plain: Uint8Array, bound: Buffer): Buffer {
  const work = createCipheriv(cipher, key, nonce, { authTagLength: tagBytes });
  work.setAAD(bound);
  const body = work.update(plain);
  return Buffer.concat([nonce, body, work.final(), work.getAuthTag()]);
}

/** Undefined when this key, these bytes and this place do not belong together. */
export function decrypt(key: KeyObject, sealed: Buffer, bound: Buffer): Buffer | undefined {
  const work = createDecipheriv(cipher, key, sealed.subarray(0, nonceBytes), { authTagLength: tagBytes });
  work.setAAD(bound);
  work.setAuthTag(sealed.subarray(sealed.length - tagBytes));
  const plain = work.update(sealed.subarray(nonceBytes, sealed.length - tagBytes));
  try {
    work.final();
    return plain;
  } catch {
    // The only way in which it fails: the tag is another's.
    plain.fill(0);
    return undefined;
  }
}
