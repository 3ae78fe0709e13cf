import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';

/** Where everything of one control plane lies. Only its owner may enter. */
export interface DataDir {
  root: string;
  /** The admin's way in: the only place where the admin token is written. */
  kubeconfig: string;
  /** The way in for the controllers: the only place where their token is written. */
  controllersKubeconfig: string;
  /** The same for the scheduler. */
  schedulerKubeconfig: string;
  /** The same for the gateway. */
  gatewayKubeconfig: string;
  /** SHA-256 of the tokens that the server accepts, and whom each stands for. */
  tokenFile: string;
  pki: string;
  /** What signs the tokens of accounts. */
  accountKeys: string;
  /** The keys that Secrets are sealed with. To be kept apart from any backup. */
  secretKeys: string;
  /** What was done, by whom. */
  audit: string;
  database: string;
  logs: string;
  serverLog: string;
  controllersLog: string;
  gatewayLog: string;
  agentLog: string;
  /** What this machine is as a node. */
  node: string;
  upLog: string;
  /** Held by the running `up` through the kernel: gone with the process, however it ends. */
  lock: string;
  /** Held, in the same way, while the key ring is changed. */
  keysLock: string;
  state: string;
}

export const dataDir = (root: string): DataDir => ({
  root,
  kubeconfig: join(root, 'kubeconfig'),
  controllersKubeconfig: join(root, 'pki', 'controllers.kubeconfig'),
  schedulerKubeconfig: join(root, 'pki', 'scheduler.kubeconfig'),
  gatewayKubeconfig: join(root, 'pki', 'gateway.kubeconfig'),
  tokenFile: join(root, 'tokens.json'),
  pki: join(root, 'pki'),
  accountKeys: join(root, 'pki', 'accounts.keys'),
  secretKeys: join(root, 'pki', 'secrets.keys'),
  audit: join(root, 'audit'),
  database: join(root, 'store', 'river.sqlite'),
  logs: join(root, 'logs'),
  serverLog: join(root, 'logs', 'apiserver.log'),
  controllersLog: join(root, 'logs', 'controllers.log'),
  gatewayLog: join(root, 'logs', 'gateway.log'),
  agentLog: join(root, 'logs', 'agent.log'),
  node: join(root, 'node'),
  upLog: join(root, 'logs', 'up.log'),
  lock: join(root, 'run', 'up.lock'),
  keysLock: join(root, 'run', 'keys.lock'),
  state: join(root, 'run', 'up.json'),
});

/** `--data`, else RIVER_DATA, else ~/.river. */
export const dataRoot = (flag: string | undefined, env: NodeJS.ProcessEnv): string =>
  resolve(flag || env.RIVER_DATA || join(homedir() || userInfo().homedir, '.river'));
