import type { Admission } from '../admission/admission.ts';
import type { CachedObject } from '../cache/cached-object.ts';
import type { Feed } from '../cache/feed.ts';
import type { FieldValidation } from '../decode/field-validation.ts';
import type { Registry } from '../registry/registry.ts';
import type { Store } from '../store/store.ts';

/** What every write needs of the server. */
export interface WriteDeps {
  store: Store;
  feed: Feed;
  registry: Registry;
  admission: Admission;
  now: () => Date;
  newUid: () => string;
  /** The random end of a generated name. */
  nameSuffix: () => string;
}

export interface Requester {
  username: string;
  uid: string;
  groups: readonly string[];
  extra: Readonly<Record<string, readonly string[]>>;
  /** The front door that says so, by the name in its certificate. */
  via?: string;
  /** What showed who it is. */
  how?: 'certificate' | 'front door' | 'admin token' | 'account token' | 'join token';
  /** Who it really is that acts as this one. */
  impersonator?: Requester;
}

/** Who asks, and how the write is to be made. */
export interface WriteOptions {
  requester: Requester;
  fieldManager: string;
  fieldValidation: FieldValidation;
  isDryRun: boolean;
  /** Waited for before anything is written. @throws ApiError ServiceUnavailable */
  recorded?: (() => Promise<void>) | undefined;
  /** Texts for Warning headers; the write adds to them. */
  warnings: string[];
  /** Asked before an update or a patch makes a new object. @throws ApiError Forbidden */
  mayCreate?: (() => void) | undefined;
}

/** Kubernetes writes times in seconds. */
export const timestamp = (now: Date): string => `${now.toISOString().slice(0, 19)}Z`;

export interface Written {
  /** As clients get it, in the storage version. */
  object: CachedObject;
  outcome: 'created' | 'updated' | 'unchanged' | 'deleted';
}
