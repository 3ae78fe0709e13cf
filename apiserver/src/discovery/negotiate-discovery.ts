import { coversJson, parseAccept } from './accept.ts';

/** `legacy` is one document for each group; the others are the whole tree in one, in the version named. */
export type DiscoveryForm = 'legacy' | 'v2' | 'v2beta1';

const isAggregatedVersion = (version: string | undefined): version is 'v2' | 'v2beta1' => version === 'v2' || version === 'v2beta1';

/** The form in which `/api` and `/apis` are answered. A range that asks for a form not served is passed over, as clients expect. */
export function negotiateDiscovery(accept: string | undefined): DiscoveryForm | 'notAcceptable' {
  for (const range of parseAccept(accept)) {
    if (!coversJson(range)) continue;
    const as = range.params.get('as');
    if (as === undefined) return 'legacy';
    const version = range.params.get('v');
    if (as === 'APIGroupDiscoveryList' && range.params.get('g') === 'apidiscovery.k8s.io' && isAggregatedVersion(version)) return version;
  }
  return 'notAcceptable';
}

/** The Content-Type of an answer. Clients tell an aggregated document from a legacy one by this header alone. */
export const discoveryContentType = (form: DiscoveryForm): string =>
  form === 'legacy' ? 'application/json' : `application/json;g=apidiscovery.k8s.io;v=${form};as=APIGroupDiscoveryList`;
