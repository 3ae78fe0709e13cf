import { ApiError } from '@river/crds';
import type { Placement } from '@river/crds/kinds';
import type { Driver, PullOrder } from '../driver/driver.ts';
import { credentialsFor, dataOf, type SecretData } from '../order/read-secrets.ts';
import type { Resources } from './resources.ts';

/** Reads the Secrets of one workload, each once; nothing is kept when the workload is made. */
export function secretReader(secrets: Pick<Resources['secrets'], 'get'>, namespace: string, signal: AbortSignal) {
  const read = new Map<string, Promise<SecretData | undefined>>();
  const ask = async (name: string): Promise<SecretData | undefined> => {
    try {
      return dataOf(await secrets.get(name, { namespace, signal }));
    } catch (error) {
      // A node is told of a Secret that is not there as of one that it may not see.
      if (ApiError.is(error, 'NotFound') || ApiError.is(error, 'Forbidden')) return undefined;
      throw error;
    }
  };
  return (name: string): Promise<SecretData | undefined> => {
    const asked = read.get(name) ?? ask(name);
    read.set(name, asked);
    return asked;
  };
}

/** Fetches the image of a workload with what its Secrets say for its registry. */
export async function pullFor(
  { spec, metadata }: Placement,
  driver: Pick<Driver, 'pull'>,
  secrets: Pick<Resources['secrets'], 'get'>,
  signal: AbortSignal,
) {
  const read = secretReader(secrets, metadata.namespace ?? '', signal);
  const order: PullOrder = { image: spec.image, policy: spec.imagePullPolicy, credentials: [] };
  if (!spec.imagePullSecrets?.length || spec.imagePullPolicy === 'Never') return driver.pull(order, signal);
  const data = await Promise.all(spec.imagePullSecrets.map(({ name }) => read(name)));
  return driver.pull({ ...order, credentials: data.flatMap((one) => (one ? credentialsFor(spec.image, one) : [])) }, signal);
}
