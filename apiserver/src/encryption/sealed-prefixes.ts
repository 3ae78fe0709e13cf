import { resourcePrefix } from '../object/object-key.ts';

/** The resources whose objects are kept sealed. */
export const sealedPrefixes = [resourcePrefix('', 'secrets')] as const;
