import { ApiError, type KubeObject } from '@river/crds';
import { type ApiClient, gatewayAddresses, gatewayMap } from '@river/runtime';
import { CommandError } from '../command/exit-code.ts';

const maps = { group: '', version: 'v1', plural: 'configmaps', namespaced: true };

/** Where the gateways of the cluster are, as it says itself. @throws CommandError when there is none */
export async function findGateways(client: ApiClient): Promise<string[]> {
  const { namespace, name } = gatewayMap;
  const found = await client
    .resource<KubeObject>(maps)
    .get(name, { namespace })
    .catch((error) => {
      if (ApiError.is(error, 'NotFound')) return undefined;
      throw error;
    });
  const addresses = gatewayAddresses(found, client.server);
  if (addresses.length > 0) return addresses;
  throw new CommandError(
    'unreachable',
    `this cluster has no gateway, which is what shows output: start one (./river up does, unless told --no-gateway), or write its address into the ConfigMap ${namespace}/${name}`,
    'NoGateway',
  );
}
