import { isObject, type KubeObject } from '@river/crds';

/** The ConfigMap that tells where the gateways are. Everybody who is somebody may read it. */
export const gatewayMap = { namespace: 'river-system', name: 'gateway' };

const most = 16;

/**
 * Where gateways are, by what the ConfigMap says: `addresses`, one https address a line, or `port`, on the host of the API server
 * as whoever asks knows it. Nothing where none is told of; what is no such address is passed over.
 */
export function gatewayAddresses(map: KubeObject | undefined, apiServer: string): string[] {
  const { addresses, port } = isObject(map?.data) ? map.data : {};
  const lines = typeof addresses === 'string' ? addresses.split(/\s+/) : [];
  const own = typeof port === 'string' && /^[0-9]{1,5}$/.test(port) ? [withPort(apiServer, port)] : [];
  const urls = [...lines, ...own].filter((line) => /^https:\/\/[^/?#]+$/.test(line) && URL.canParse(line));
  return [...new Set(urls)].slice(0, most);
}

function withPort(apiServer: string, port: string): string {
  const { hostname } = new URL(apiServer);
  return `https://${hostname}:${port}`;
}
