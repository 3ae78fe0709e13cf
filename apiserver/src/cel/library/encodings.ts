import { CelError } from '../cel-error.ts';
import { func, type Overload, traverse } from './overload.ts';

const decode = (text: string): Uint8Array => {
  const bare = text.replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(bare) || bare.length % 4 === 1) throw new CelError('illegal base64 data');
  return new Uint8Array(Buffer.from(bare, 'base64'));
};

export const encodingFunctions: readonly Overload[] = [
  func('base64.encode(bytes): string', (bytes: Uint8Array) => Buffer.from(bytes).toString('base64'), {
    price: traverse,
    resultMax: ([size = 1]) => size * 1.4 + 4,
  }),
  func('base64.decode(string): bytes', decode, { price: traverse }),
];
