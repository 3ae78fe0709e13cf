import type { Feed } from '../cache/feed.ts';
import type { Registry } from '../registry/registry.ts';
import type { Admission } from './admission.ts';

export const policyAdmission = (_deps: { feed: Feed; registry: Registry }): Admission => ({ admit: () => undefined });
