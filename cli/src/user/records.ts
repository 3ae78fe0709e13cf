import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { ApiError, type JsonObject, type KubeObject } from '@river/crds';
import type { ApiClient } from '@river/runtime';
import { UsageError } from '../command/usage-error.ts';

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1', namespaced: true } as const;

export const usersOf = (client: ApiClient) =>
  client.resource<UserObject>({ group: 'river.dev', version: 'v1', plural: 'users', namespaced: false });
export const bindingsOf = (client: ApiClient) => client.resource({ ...rbac, plural: 'rolebindings' });

interface SshKey {
  [field: string]: string;
  name: string;
  publicKey: string;
}

export interface UserSpec extends JsonObject {
  sshKeys?: SshKey[];
  groups?: string[];
}

/** A User, as far as these commands look into it. */
type UserObject = KubeObject & { spec?: UserSpec };

/** What marks the bindings that were made with a user, and go with them. */
export const userLabel = 'river.dev/user';

const bindingName = (user: string, role: string): string => `user-${user}-${role}`;

export const bindingOf = (user: string, role: string, namespace: string): KubeObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: bindingName(user, role), namespace, labels: { [userLabel]: user } },
  roleRef: { apiGroup: rbac.group, kind: 'ClusterRole', name: role },
  subjects: [{ apiGroup: rbac.group, kind: 'User', name: user }],
});

/** The public keys of a `.pub` file or of an authorized_keys file, one a line, named by their comments. @throws UsageError */
export const readKeys = (file: string): SshKey[] => {
  const text = readText(file);
  if (/PRIVATE KEY/.test(text)) throw new UsageError(`${file} holds a private key: it stays with its owner, give the .pub file beside it`);
  const lines = text.split('\n').map((line) => line.trim());
  const keys = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => keyOf(line, file));
  if (keys.length === 0) throw new UsageError(`${file} holds no public key`);
  return keys;
};

function keyOf(line: string, file: string): SshKey {
  const [type = '', body = '', ...comment] = line.split(/\s+/);
  if (!/^(ssh-|ecdsa-|sk-)/.test(type) || !body.startsWith('AAAA'))
    throw new UsageError(
      `${file}: "${line.slice(0, 40)}" is not a public key in one line: it begins with ssh-ed25519, ssh-rsa or the like`,
    );
  const name =
    comment
      .join('-')
      .replace(/[^A-Za-z0-9@._-]/g, '-')
      .slice(0, 64) || basename(file, '.pub').slice(0, 64);
  return { name, publicKey: [type, body, ...comment].join(' ') };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

const tries = 5;

/** Reads a User, changes it and writes it back; again when somebody else was faster. Gives back whether anything changed. */
export async function changeUser(client: ApiClient, name: string, change: (spec: UserSpec) => UserSpec): Promise<boolean> {
  const users = usersOf(client);
  for (let at = 1; ; at++) {
    const user = await users.get(name);
    const spec = change(structuredClone(user.spec ?? {}));
    if (JSON.stringify(spec) === JSON.stringify(user.spec ?? {})) return false;
    try {
      await users.update({ ...user, spec });
      return true;
    } catch (error) {
      if (at === tries || !ApiError.is(error, 'Conflict')) throw error;
    }
  }
}
