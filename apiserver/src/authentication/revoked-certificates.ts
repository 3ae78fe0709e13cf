import { type Revocations, revocationsIn, revokedCertificates } from '@river/runtime';
import type { Feed } from '../cache/feed.ts';
import { decodeObject } from '../object/encode.ts';
import { resourcePrefix } from '../object/object-key.ts';

const mapsPrefix = resourcePrefix('', 'configmaps');
const key = `${mapsPrefix}${revokedCertificates.namespace}/${revokedCertificates.name}`;

/** Follows the list in the cache. A look-up is one of a Map, however long it is. */
export function revocations(feed: Feed): Revocations {
  const cache = feed.cacheOf(mapsPrefix);
  let now = revocationsIn(undefined);
  const reload = () => {
    const object = cache.get(key);
    now = revocationsIn(object && decodeObject(object.bytes));
  };
  reload();
  cache.listen((events) => {
    if (events.some(({ object }) => object.key === key)) reload();
  });
  feed.onReset(reload);
  return { isRevoked: (certificate) => now.isRevoked(certificate), voidBeforeMs: (username) => now.voidBeforeMs(username) };
}
