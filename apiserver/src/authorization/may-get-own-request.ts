import { certificatesGroup, isRequestName, joinRequestPrefix, joinTokenIdOf } from '@river/runtime';
import type { Attributes, Subject } from './attributes.ts';

/** Who shows a join token may fetch what became of the request that was made with it: it is named after the token. */
export function mayGetOwnRequest({ username }: Subject, wanted: Attributes): boolean {
  const id = joinTokenIdOf(username);
  if (id === undefined || 'path' in wanted) return false;
  const { verb, group, resource, subresource, name } = wanted;
  const isGet = verb === 'get' && group === certificatesGroup && resource === 'certificatesigningrequests' && subresource === '';
  return isGet && isRequestName(name, joinRequestPrefix(id));
}
