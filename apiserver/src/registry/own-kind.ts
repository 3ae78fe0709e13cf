import type { Registry } from './registry.ts';
import type { ServedKind } from './served-kind.ts';

/** A kind that the server itself counts on, by its prefix. @throws Error when it is not served, which is a fault of ours. */
export function ownKind({ ofPrefix }: Pick<Registry, 'ofPrefix'>, prefix: string): ServedKind {
  const kind = ofPrefix(prefix);
  if (!kind) throw new Error(`nothing is served at ${prefix}`);
  return kind;
}
