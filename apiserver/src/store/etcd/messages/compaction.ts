import { integerField, type Pieces } from '../protobuf/fields.ts';

/** Its response holds nothing to learn. */
export const compactionRequest = (revision: bigint): Pieces => integerField(1, revision);
