import { ApiError } from '@river/crds';
import { qualifiedName, type Target } from '../registry/served-kind.ts';

/** The refusals that reading and writing share, in the words that clients know. */

export const notFound = (target: Target, name: string): ApiError =>
  new ApiError('NotFound', `${qualifiedName(target.kind)} "${name}" not found`, {
    details: { name, group: target.kind.group, kind: target.kind.plural },
  });

export const modified = (target: Target, name: string): ApiError =>
  new ApiError(
    'Conflict',
    `Operation cannot be fulfilled on ${qualifiedName(target.kind)} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    { details: { name, group: target.kind.group, kind: target.kind.plural } },
  );
