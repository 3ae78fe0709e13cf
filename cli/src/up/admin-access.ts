import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isObject, type Json } from '@river/crds';
import { kubeconfigText, writePrivateFile } from '@river/runtime';
import type { DataDir } from './data-dir.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const parseJson = (text: string): Json | undefined => {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

/** The admin's token in a kubeconfig that we wrote. */
const tokenIn = (kubeconfig: string): string | undefined => {
  const config = parseJson(kubeconfig);
  const users = isObject(config) && Array.isArray(config.users) ? config.users : [];
  const admin = users.find((user) => isObject(user) && user.name === 'admin');
  const access = isObject(admin) ? admin.user : undefined;
  return isObject(access) && typeof access.token === 'string' && access.token.length >= 43 ? access.token : undefined;
};

/**
 * The admin's token: the one in the kubeconfig while that is there, else a new one (256 random bits).
 * The server's file gets its hash only.
 */
export const ensureAdminToken = (dir: DataDir): string => {
  const kept = existsSync(dir.kubeconfig) ? tokenIn(readFileSync(dir.kubeconfig, 'utf8')) : undefined;
  const token = kept ?? randomBytes(32).toString('base64url');
  const tokens = [{ sha256: sha256(token), user: 'admin', groups: ['system:masters'] }];
  writePrivateFile(dir.tokenFile, `${JSON.stringify({ tokens }, null, 2)}\n`);
  return token;
};

/** Everything a Kubernetes client needs, in one file that depends on no other. */
export const kubeconfigOf = ({ server, ca, token }: { server: string; ca: string; token: string }): string =>
  kubeconfigText({ server, authority: ca, user: 'admin', credentials: { token } });
