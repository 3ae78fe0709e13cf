import { coversJson, type MediaRange, parseAccept } from '../discovery/accept.ts';
import type { MetaVersion } from './partial-object.ts';

/** The form in which objects are sent. `version` is that of meta.k8s.io, and means nothing for whole objects. */
export interface MediaChoice {
  as: 'object' | 'table' | 'partial' | 'partialList';
  version: MetaVersion;
}

const forms: ReadonlyMap<string, MediaChoice['as']> = new Map([
  ['Table', 'table'],
  ['PartialObjectMetadata', 'partial'],
  ['PartialObjectMetadataList', 'partialList'],
]);

/** The best form that the client accepts and the server can make, all of it JSON. A form that is not served is passed over, as clients expect. */
export function negotiateMedia(accept: string | undefined): MediaChoice | 'notAcceptable' {
  for (const range of parseAccept(accept)) {
    const choice = coversJson(range) ? choiceOf(range) : undefined;
    if (choice) return choice;
  }
  return 'notAcceptable';
}

function choiceOf({ params }: MediaRange): MediaChoice | undefined {
  const kind = params.get('as');
  if (kind === undefined) return { as: 'object', version: 'v1' };
  const as = forms.get(kind);
  const version = params.get('v');
  if (!as || params.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined;
  return { as, version };
}
