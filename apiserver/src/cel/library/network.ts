import { CelError } from '../cel-error.ts';
import { type Cidr, formatCidr, formatIp, type Ip, parseCidr, parseIp } from '../value/ip.ts';
import { func, method, type Overload, traverse } from './overload.ts';

const ipOf = (text: string): Ip => {
  const ip = parseIp(text);
  if (!ip) throw new CelError(`IP Address ${JSON.stringify(text.slice(0, 64))} parse error during conversion from string`);
  return ip;
};

const cidrOf = (text: string): Cidr => {
  const cidr = parseCidr(text);
  if (!cidr) throw new CelError(`network address parse error during conversion from string: ${JSON.stringify(text.slice(0, 64))}`);
  return cidr;
};

const within = (...networks: string[]): ((ip: Ip) => boolean) => {
  const cidrs = networks.map(cidrOf);
  return (ip) => cidrs.some((cidr) => cidr.containsIp(ip));
};
const isUnspecified = within('0.0.0.0/32', '::/128');
const isLoopback = within('127.0.0.0/8', '::1/128');
const isLinkLocalUnicast = within('169.254.0.0/16', 'fe80::/10');
const isMulticast = within('224.0.0.0/4', 'ff00::/8');
const isLinkLocalMulticast = (ip: Ip): boolean =>
  ip.family === 4 ? within('224.0.0.0/24')(ip) : ip.bytes[0] === 0xff && ((ip.bytes[1] ?? 0) & 0x0f) === 2;
const isBroadcast = within('255.255.255.255/32');
const isGlobalUnicast = (ip: Ip): boolean =>
  ![isUnspecified, isLoopback, isMulticast, isLinkLocalUnicast, isBroadcast].some((excluded) => excluded(ip));

const walk = { price: traverse };

export const networkFunctions: readonly Overload[] = [
  func('ip(string): ip', ipOf, walk),
  func('isIP(string): bool', (text: string) => parseIp(text) !== undefined, walk),
  func('ip.isCanonical(string): bool', (text: string) => formatIp(ipOf(text)) === text, walk),
  func('string(ip): string', formatIp),
  method('ip.family(): int', (ip: Ip) => BigInt(ip.family)),
  method('ip.isUnspecified(): bool', isUnspecified),
  method('ip.isLoopback(): bool', isLoopback),
  method('ip.isLinkLocalMulticast(): bool', isLinkLocalMulticast),
  method('ip.isLinkLocalUnicast(): bool', isLinkLocalUnicast),
  method('ip.isGlobalUnicast(): bool', isGlobalUnicast),
  func('cidr(string): cidr', cidrOf, walk),
  func('isCIDR(string): bool', (text: string) => parseCidr(text) !== undefined, walk),
  func('string(cidr): string', formatCidr),
  method('cidr.ip(): ip', (cidr: Cidr) => cidr.ip),
  method('cidr.prefixLength(): int', (cidr: Cidr) => BigInt(cidr.prefix)),
  method('cidr.masked(): cidr', (cidr: Cidr) => cidr.masked()),
  method('cidr.containsIP(ip): bool', (cidr: Cidr, ip: Ip) => cidr.containsIp(ip)),
  method('cidr.containsIP(string): bool', (cidr: Cidr, text: string) => cidr.containsIp(ipOf(text))),
  method('cidr.containsCIDR(cidr): bool', (outer: Cidr, inner: Cidr) => outer.containsCidr(inner)),
  method('cidr.containsCIDR(string): bool', (outer: Cidr, text: string) => outer.containsCidr(cidrOf(text))),
];
