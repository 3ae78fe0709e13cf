import { isUtf8 } from 'node:buffer';
import { ApiError, type Json } from '@river/crds';
import { findOddities } from './find-oddities.ts';
import { outline } from './outline.ts';

/** How deeply a body may nest. Kubernetes allows 10,000; no schema that people write comes near this. */
export const deepestBody = 512;

export interface Decoded<Value extends Json = Json> {
  value: Value;
  /** Paths of fields that were given twice; the last one counts. */
  duplicates: string[];
  /** What was sent, when that was JSON. */
  text?: string;
}

export const badBody = (message: string, cause?: unknown): ApiError => new ApiError('BadRequest', message, { cause });

const inexactNumber = (path: string): ApiError =>
  badBody(`${path === '' ? 'the body' : path}: the number cannot be kept exactly: integers go up to 9007199254740991 (2^53 - 1)`);

interface Sum {
  fields: number;
  hasDoubtfulNumber: boolean;
}

/** Counts what the value has. Recursion is safe: the depth was checked on the text. */
const addUp = (value: Json, sum: Sum): void => {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) && (!Number.isFinite(value) || Number.isInteger(value))) sum.hasDoubtfulNumber = true;
  } else if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) for (const item of value) addUp(item, sum);
    else {
      for (const key in value) {
        sum.fields++;
        addUp(value[key] as Json, sum);
      }
    }
  }
};

/** V8 quotes what stands around the fault, and that may be a Secret. */
const withoutQuote = (message: string): string => message.replace(/, (?:\.{3})?".* is not valid JSON$/s, '');

const parse = (text: string): Json => {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw badBody(`the body is not valid JSON: ${withoutQuote((error as Error).message)}`, error);
  }
};

const withoutByteOrderMark = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

/** Bytes as text, when they are text. */
export const bodyText = (bytes: Uint8Array): { text: string; bytes: Uint8Array } => {
  if (!isUtf8(bytes)) throw badBody('the body is not valid UTF-8');
  const plain = withoutByteOrderMark(bytes);
  const text = Buffer.from(plain.buffer, plain.byteOffset, plain.byteLength).toString('utf8');
  if (text.trim() === '') throw badBody('the body is empty');
  return { text, bytes: plain };
};

const checkDepth = (depth: number): void => {
  if (depth > deepestBody) throw badBody(`the body is nested deeper than ${deepestBody} levels`);
};

/**
 * Parses JSON that a stranger sent, in time linear in its length. A number that a double would change is refused, never altered.
 * @throws ApiError `BadRequest`, and nothing else.
 */
export const decodeJson = (body: Uint8Array): Decoded => {
  const { text, bytes } = bodyText(body);
  const { fields, depth } = outline(bytes);
  checkDepth(depth);
  const value = parse(text);
  const sum: Sum = { fields: 0, hasDoubtfulNumber: false };
  addUp(value, sum);
  if (sum.fields === fields && !sum.hasDoubtfulNumber) return { value, duplicates: [], text };
  const { duplicates, inexact } = findOddities(bytes);
  if (inexact) throw inexactNumber(inexact.path);
  return { value, duplicates, text };
};
