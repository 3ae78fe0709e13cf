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

/** Somebody's token in a kubeconfig that we wrote. */
const tokenIn = (kubeconfig: string, name: string): string | undefined => {
  const config = parseJson(kubeconfig);
  const users = isObject(config) && Array.isArray(config.users) ? config.users : [];
  const entry = users.find((user) => isObject(user) && user.name === name);
  const access = isObject(entry) ? entry.user : undefined;
  return isObject(access) && typeof access.token === 'string' && access.token.length >= 43 ? access.token : undefined;
};

const keptToken = (file: string, name: string): string | undefined =>
  existsSync(file) ? tokenIn(readFileSync(file, 'utf8'), name) : undefined;

/** Who comes with a token that we make, and where each keeps it. */
export interface Tokens {
  admin: string;
  controllers: string;
  scheduler: string;
  gateway: string;
}

/**
 * The tokens: those in the kubeconfigs while these are there, else new ones (256 random bits).
 * The server's file gets their hashes only.
 */
export const ensureTokens = (dir: DataDir): Tokens => {
  const fresh = () => randomBytes(32).toString('base64url');
  const admin = keptToken(dir.kubeconfig, 'admin') ?? fresh();
  const controllers = keptToken(dir.controllersKubeconfig, controllersUser) ?? fresh();
  const scheduler = keptToken(dir.schedulerKubeconfig, schedulerUser) ?? fresh();
  const gateway = keptToken(dir.gatewayKubeconfig, gatewayUser) ?? fresh();
  const tokens = [
    { sha256: sha256(admin), user: 'admin', groups: ['system:masters'] },
    { sha256: sha256(controllers), user: controllersUser, groups: [] },
    { sha256: sha256(scheduler), user: schedulerUser, groups: [] },
    { sha256: sha256(gateway), user: gatewayUser, groups: [] },
  ];
  writePrivateFile(dir.tokenFile, `${JSON.stringify({ tokens }, null, 2)}\n`);
  return { admin, controllers, scheduler, gateway };
};

/** Whom the roles and policies know as the controllers, as the scheduler, and as the gateway. */
const controllersUser = 'system:river-controllers';
const schedulerUser = 'system:river-scheduler';
const gatewayUser = 'system:river-gateway';

export interface Reached {
  server: string;
  ca: string;
  tokens: Tokens;
}

/** Everything a Kubernetes client needs, in one file that depends on no other. */
export const adminKubeconfig = ({ server, ca, tokens }: Reached): string =>
  kubeconfigText({ server, authority: ca, user: 'admin', credentials: { token: tokens.admin } });

export const controllersKubeconfig = ({ server, ca, tokens }: Reached): string =>
  kubeconfigText({ server, authority: ca, user: controllersUser, credentials: { token: tokens.controllers } });

export const schedulerKubeconfig = ({ server, ca, tokens }: Reached): string =>
  kubeconfigText({ server, authority: ca, user: schedulerUser, credentials: { token: tokens.scheduler } });

export const gatewayKubeconfig = ({ server, ca, tokens }: Reached): string =>
  kubeconfigText({ server, authority: ca, user: gatewayUser, credentials: { token: tokens.gateway } });
