import { type FieldSet, pickRoot } from './field-set.ts';

/** Which part of an object a request can write at all. */
export interface Reach {
  subresource: '' | 'status' | 'scale' | 'approval';
  /** The kind serves `/status`: then a write to the object itself cannot change the status. */
  hasStatus?: boolean;
}

/** Whether a request of this reach can write the top-level field. */
export const reaches = ({ subresource, hasStatus }: Reach, field: string): boolean =>
  subresource === 'status' || subresource === 'approval' ? field === 'status' : subresource === 'scale' || field !== 'status' || !hasStatus;

/** The part of the set that the request could write: what lies outside is reset before storing, and so is nobody's by this write. */
export const inReach = (reach: Reach, set: FieldSet | undefined): FieldSet | undefined =>
  pickRoot(set, (key) => reaches(reach, key.slice(2)));
