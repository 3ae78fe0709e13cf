import type { IncomingMessage } from 'node:http';
import { ApiError } from '@river/crds';
import { accountGroups } from '../authorization/account-subject.ts';
import { authorize } from '../authorization/authorize.ts';
import type { Rights } from '../authorization/rights.ts';
import type { Requester } from '../write/write-context.ts';

const extraHeader = 'impersonate-extra-';
const authenticationGroup = 'authentication.k8s.io';
const accountPrefix = 'system:serviceaccount:';

/** Who a request is made as: the one that it is from, or somebody whom that one may act as. @throws ApiError Forbidden, BadRequest */
export function impersonate(rights: Rights, { headersDistinct }: IncomingMessage, requester: Requester): Requester {
  const username = headersDistinct['impersonate-user']?.[0] ?? '';
  const groups = headersDistinct['impersonate-group'] ?? [];
  const uid = headersDistinct['impersonate-uid']?.[0] ?? '';
  const extra = extraOf(headersDistinct);
  if (username === '') {
    if (groups.length > 0 || uid !== '' || Object.keys(extra).length > 0)
      throw new ApiError('BadRequest', 'Impersonate-Group, Impersonate-Uid and Impersonate-Extra-* need Impersonate-User beside them');
    return requester;
  }
  const need = (group: string, resource: string, name: string, subresource = '', namespace = '') =>
    authorize(rights, requester, { verb: 'impersonate', group, resource, subresource, namespace, name });
  const account = accountOf(username);
  if (account) need('', 'serviceaccounts', account.name, '', account.namespace);
  else need('', 'users', username);
  for (const group of groups) need('', 'groups', group);
  if (uid !== '') need(authenticationGroup, 'uids', uid);
  for (const [key, values] of Object.entries(extra)) for (const value of values) need(authenticationGroup, 'userextras', value, key);
  const implied = groups.length === 0 && account ? accountGroups(account.namespace) : [];
  const known = username === 'system:anonymous' ? [] : ['system:authenticated'];
  const all = [...new Set([...groups, ...implied, ...known])];
  return { username, uid, groups: all, extra, impersonator: requester, ...(requester.via && { via: requester.via }) };
}

function accountOf(username: string): { namespace: string; name: string } | undefined {
  if (!username.startsWith(accountPrefix)) return undefined;
  const [namespace = '', name = '', ...more] = username.slice(accountPrefix.length).split(':');
  if (namespace === '' || name === '' || more.length > 0)
    throw new ApiError('BadRequest', `Impersonate-User: ${username} is not ${accountPrefix}NAMESPACE:NAME`);
  return { namespace, name };
}

/** The keys are percent-encoded, since header names know no case and few characters. */
function extraOf(headers: IncomingMessage['headersDistinct']): Record<string, string[]> {
  const found: Record<string, string[]> = Object.create(null);
  for (const [header, values = []] of Object.entries(headers)) {
    if (!header.startsWith(extraHeader)) continue;
    try {
      found[decodeURIComponent(header.slice(extraHeader.length))] = values;
    } catch (error) {
      throw new ApiError('BadRequest', `the header ${header} is not valid percent-encoding`, { cause: error });
    }
  }
  return found;
}
