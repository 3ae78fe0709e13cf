import type { OpaqueValue } from './value.ts';

/** An IP address: 4 or 16 bytes. IPv4 inside IPv6 and zones are refused, as Kubernetes does. */
export class Ip implements OpaqueValue {
  readonly kind = 'ip';
  readonly bytes: readonly number[];
  constructor(bytes: readonly number[]) {
    this.bytes = bytes;
  }

  get family(): 4 | 6 {
    return this.bytes.length === 4 ? 4 : 6;
  }

  equals(other: OpaqueValue): boolean {
    return (
      other instanceof Ip && other.bytes.length === this.bytes.length && other.bytes.every((byte, index) => byte === this.bytes[index])
    );
  }
}

export class Cidr implements OpaqueValue {
  readonly kind = 'cidr';
  readonly ip: Ip;
  readonly prefix: number;
  constructor(ip: Ip, prefix: number) {
    this.ip = ip;
    this.prefix = prefix;
  }

  equals(other: OpaqueValue): boolean {
    return other instanceof Cidr && other.prefix === this.prefix && other.ip.equals(this.ip);
  }

  masked(): Cidr {
    return new Cidr(mask(this.ip, this.prefix), this.prefix);
  }

  containsIp(ip: Ip): boolean {
    return ip.family === this.ip.family && mask(ip, this.prefix).equals(mask(this.ip, this.prefix));
  }

  containsCidr(inner: Cidr): boolean {
    return inner.prefix >= this.prefix && this.containsIp(inner.ip);
  }
}

const mask = (ip: Ip, prefix: number): Ip =>
  new Ip(ip.bytes.map((byte, index) => byte & (0xff << (8 - Math.min(8, Math.max(0, prefix - index * 8)))) & 0xff));

const parseV4 = (text: string): number[] | undefined => {
  const parts = text.split('.');
  const valid = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return valid ? parts.map(Number) : undefined;
};

const parseV6 = (text: string): number[] | undefined => {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const words = halves.map((half) => (half === '' ? [] : half.split(':')).flatMap(bytesOfWord));
  if (words.some((bytes) => bytes.includes(-1))) return undefined;
  const [head = [], tail = []] = words;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...head, ...Array<number>(missing).fill(0), ...tail];
};

/** Two bytes of a group, four of a trailing dotted quad, or -1 for what is neither. */
const bytesOfWord = (word: string, index: number, all: string[]): number[] => {
  if (word.includes('.') && index === all.length - 1) return parseV4(word) ?? [-1];
  if (!/^[0-9a-fA-F]{1,4}$/.test(word)) return [-1];
  const value = Number.parseInt(word, 16);
  return [value >> 8, value & 0xff];
};

const isMapped = (bytes: readonly number[]): boolean =>
  bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;

export const parseIp = (text: string): Ip | undefined => {
  if (text.length > 64) return undefined;
  const bytes = text.includes(':') ? parseV6(text) : parseV4(text);
  return bytes && !(bytes.length === 16 && isMapped(bytes)) ? new Ip(bytes) : undefined;
};

export const parseCidr = (text: string): Cidr | undefined => {
  const match = /^([^/]{1,64})\/(0|[1-9]\d{0,2})$/.exec(text);
  const ip = match && parseIp(match[1] ?? '');
  const prefix = Number(match?.[2]);
  return ip && prefix <= ip.bytes.length * 8 ? new Cidr(ip, prefix) : undefined;
};

/** The canonical form: lower case, the longest run of zero groups as `::`. */
export const formatIp = (ip: Ip): string => {
  if (ip.family === 4) return ip.bytes.join('.');
  const words = Array.from({ length: 8 }, (_, index) => ((ip.bytes[index * 2] ?? 0) << 8) | (ip.bytes[index * 2 + 1] ?? 0));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let end = start;
    while (end < 8 && words[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  const hex = (part: number[]) => part.map((word) => word.toString(16)).join(':');
  return best.start < 0 ? hex(words) : `${hex(words.slice(0, best.start))}::${hex(words.slice(best.start + best.length))}`;
};

export const formatCidr = (cidr: Cidr): string => `${formatIp(cidr.ip)}/${cidr.prefix}`;
