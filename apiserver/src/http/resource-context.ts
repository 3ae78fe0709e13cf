import { ApiError } from '@river/crds';
import type { AccountTokens } from '../authentication/account-tokens.ts';
import type { TokenJudge } from '../authentication/authenticate.ts';
import type { Rights } from '../authorization/rights.ts';
import { parseFieldValidation } from '../decode/field-validation.ts';
import type { YamlReader } from '../decode/yaml-reader.ts';
import type { Target } from '../registry/served-kind.ts';
import { type IncludeObject, type MediaChoice, negotiateMedia, parseIncludeObject } from '../table/index.ts';
import type { WatchHub } from '../watch/watch-hub.ts';
import type { Subresource } from '../write/update-object.ts';
import type { WriteDeps, WriteOptions } from '../write/write-context.ts';
import type { Exchange } from './exchange.ts';
import type { HeavyLane } from './heavy-lane.ts';
import type { OneByOne } from './one-by-one.ts';
import { fieldManagerOf, isDryRun } from './query.ts';
import type { Rejudging } from './rejudging.ts';
import type { ResourceRoute } from './route.ts';

export interface ResourceDeps extends WriteDeps {
  hub: WatchHub;
  rights: Rights;
  tokens: TokenJudge;
  accounts: AccountTokens;
  /** What is written to the token of an account. */
  tokenRequest: Target;
  yaml: YamlReader;
  maxBodyBytes: number;
  heavy: HeavyLane;
  /** Before each part of work that is long as a whole. */
  ownTurn: OneByOne;
  rejudging: Rejudging;
  watchDrainDeadlineMs: number;
  /** How long a watch lasts that does not say, in seconds. */
  watchSeconds: () => number;
}

/** A request about a resource, with its address resolved. */
export interface ResourceRequest {
  exchange: Exchange;
  target: Target;
  namespace: string;
  name: string;
  subresource: Subresource;
}

export const noSuchResource = (): ApiError => new ApiError('NotFound', 'the server could not find the requested resource');

export const methodNotAllowed = (): ApiError =>
  new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource');

export function resolve({ registry }: ResourceDeps, exchange: Exchange, route: ResourceRoute): ResourceRequest {
  const { group, version, plural, namespace, name, subresource } = route;
  const target = registry.find(group, version, plural);
  if (!target) throw noSuchResource();
  if (!target.kind.isNamespaced && namespace !== '') throw noSuchResource();
  if (target.kind.isNamespaced && namespace === '' && name !== '') throw noSuchResource();
  return { exchange, target, namespace, name, subresource: subresourceOf(target, subresource) };
}

function subresourceOf({ kind, version }: Target, subresource: string): Subresource {
  if (subresource === '') return '';
  if (subresource === 'status' && version.info.hasStatus) return 'status';
  if (subresource === 'scale' && version.info.scale) return 'scale';
  if (subresource === 'finalize' && kind.rules.hasFinalize) return 'finalize';
  if (subresource === 'approval' && version.info.hasApproval) return 'approval';
  throw noSuchResource();
}

export function writeOptions(exchange: Exchange, dryRun: readonly string[] = []): WriteOptions {
  const { query, request, requester, warnings, trail, mayCreate } = exchange;
  return {
    requester,
    fieldManager: fieldManagerOf(query, request.headers['user-agent']),
    fieldValidation: parseFieldValidation(query.get('fieldValidation')),
    isDryRun: isDryRun([...query.getAll('dryRun'), ...dryRun]),
    warnings,
    recorded: trail?.recorded,
    mayCreate,
  };
}

export function mediaOf({ request }: Exchange): MediaChoice {
  const choice = negotiateMedia(request.headers.accept);
  if (choice === 'notAcceptable') {
    throw new ApiError('NotAcceptable', 'only the following media types are accepted: application/json');
  }
  return choice;
}

export function includeOf({ query }: Exchange): IncludeObject {
  const include = parseIncludeObject(query.get('includeObject'));
  if (!include) throw new ApiError('BadRequest', 'includeObject must be None, Metadata or Object');
  return include;
}
