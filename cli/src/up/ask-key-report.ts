import { existsSync } from 'node:fs';
import { isObject, type Json } from '@river/crds';
import { type ApiClient, apiClient, type KeyReport, loadKubeconfig, TransportError } from '@river/runtime';
import type { DataDir } from './data-dir.ts';
import { isAlive } from './process-identity.ts';
import { UpError } from './up-error.ts';
import { readUpState } from './up-state.ts';

const timeoutMs = 30_000;

export const askKeyReport = async (client: ApiClient): Promise<KeyReport> => {
  const report = parseReport(await client.json<Json>({ method: 'GET', path: '/secret-keys', timeoutMs }));
  if (!report) throw new UpError('the API server does not say which keys its Secrets need: it is of another version than this `river`');
  return report;
};

/** A client of the server that runs on this data; undefined when none does. */
export const runningServer = async (dir: DataDir): Promise<ApiClient | undefined> => {
  const state = readUpState(dir.state);
  if (!state?.url || !state.server || !isAlive(state.server) || !existsSync(dir.kubeconfig)) return undefined;
  return apiClient(await loadKubeconfig({ env: {}, flags: { kubeconfig: dir.kubeconfig } }));
};

/** Undefined when all Secrets can be read, or nobody answers. */
export const unreadableWarning = async (dir: DataDir): Promise<string | undefined> => {
  const client = await runningServer(dir);
  try {
    return client && warningOf(await askKeyReport(client), dir);
  } catch (error) {
    if (error instanceof TransportError) return undefined;
    throw error;
  } finally {
    client?.close();
  }
};

export const warningOf = ({ unreadable, keys }: KeyReport, dir: DataDir): string | undefined => {
  if (unreadable === 0) return undefined;
  const lost = keys.filter(({ isKnown }) => !isKnown).map(({ id }) => id);
  const fix = lost.length > 0 ? `add the keys ${lost.join(', ')} to ${dir.secretKeys}` : `see ${dir.serverLog}`;
  return `${unreadable} stored Secrets cannot be read: ${fix}`;
};

const parseReport = (json: Json): KeyReport | undefined => {
  if (!isObject(json) || !Array.isArray(json.keys)) return undefined;
  const { use, isSettled, problem, plain, unreadable } = json;
  if (typeof plain !== 'number' || typeof unreadable !== 'number' || typeof isSettled !== 'boolean') return undefined;
  const keys = json.keys.flatMap((key) =>
    isObject(key) && typeof key.id === 'string' ? [{ id: key.id, values: Number(key.values), isKnown: key.isKnown === true }] : [],
  );
  return {
    use: typeof use === 'string' ? use : null,
    isSettled,
    problem: typeof problem === 'string' ? problem : null,
    plain,
    unreadable,
    keys,
  };
};
