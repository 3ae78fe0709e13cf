import type { KubeObject } from '@river/crds';
import { isObject } from '@river/crds';
import type { Placement } from '@river/crds/kinds';
import type { Credentials } from '../driver/driver.ts';

/** Why a workload cannot be made yet; says names of Secrets and keys, and never what they hold. */
export class OrderError extends Error {
  override name = 'OrderError';
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Reads one Secret; nothing when it is not there. */
export type SecretReader = (name: string) => Promise<KubeObject | undefined>;

export type SecretData = ReadonlyMap<string, Buffer>;

export function dataOf(secret: KubeObject | undefined): SecretData {
  const data = secret && 'data' in secret && isObject(secret.data as never) ? (secret.data as Record<string, unknown>) : {};
  return new Map(Object.entries(data).flatMap(([key, value]) => (typeof value === 'string' ? [[key, Buffer.from(value, 'base64')]] : [])));
}

/** The variables of a workload, those from Secrets too. */
export async function envOf({ spec }: Placement, read: (name: string) => Promise<SecretData | undefined>): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of spec.env ?? []) {
    if (!valueFrom) env[name] = value ?? '';
    else {
      const { name: secret, key, optional } = valueFrom.secretKeyRef;
      const found = (await read(secret))?.get(key);
      if (found) env[name] = found.toString();
      else if (!optional)
        throw new OrderError('SecretMissing', `the variable ${name} wants the key ${key} of the Secret ${secret}, which is not there`);
    }
  }
  return env;
}

/** What a Secret of type kubernetes.io/dockerconfigjson has for the registry of an image. */
export function credentialsFor(image: string, data: SecretData): Credentials[] {
  const text = data.get('.dockerconfigjson')?.toString();
  if (text === undefined) return [];
  const config = parse(text);
  const auths =
    isObject(config as never) && isObject((config as { auths?: never }).auths) ? (config as { auths: Record<string, unknown> }).auths : {};
  const wanted = registryOf(image);
  return Object.entries(auths).flatMap(([server, auth]) => (hostOf(server) === wanted ? credentialsIn(server, auth) : []));
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new OrderError('SecretUnreadable', 'a Secret for the registry holds no JSON under .dockerconfigjson');
  }
};

function credentialsIn(serverAddress: string, auth: unknown): Credentials[] {
  if (typeof auth !== 'object' || auth === null) return [];
  const { username, password, auth: joined } = auth as Partial<Record<'username' | 'password' | 'auth', unknown>>;
  if (typeof username === 'string' && typeof password === 'string') return [{ username, password, serverAddress }];
  if (typeof joined !== 'string') return [];
  const text = Buffer.from(joined, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? [] : [{ username: text.slice(0, colon), password: text.slice(colon + 1), serverAddress }];
}

const usual = 'docker.io';
/** Its first part, when that looks like a host. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? hostOf(first) : usual;
}

function hostOf(server: string): string {
  const host = server.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? usual : host;
}
