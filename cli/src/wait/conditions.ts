import { isObject, type Json, type JsonObject, type KubeObject } from '@river/crds';
import { UsageError } from '../command/usage-error.ts';
import { valuesAt } from '../output/json-path.ts';

/** What is waited for. */
export type Wanted =
  | { kind: 'delete' }
  | { kind: 'create' }
  | { kind: 'condition'; type: string; status: string }
  | { kind: 'jsonpath'; path: string; value: string | undefined };

/** Reads `--for`: `delete`, `create`, `condition=Ready`, `condition=Ready=False`, `jsonpath={.status.phase}=Running`. */
export const parseWanted = (text: string): Wanted => {
  if (text === 'delete' || text === 'create') return { kind: text };
  const [, type, status = 'true'] = /^condition=([^=]+)(?:=(.+))?$/.exec(text) ?? [];
  if (type !== undefined) return { kind: 'condition', type: type.toLowerCase(), status: status.toLowerCase() };
  const [, path, value] = /^jsonpath=(\{[\s\S]*?\}|[^={}]+)(?:=([\s\S]*))?$/.exec(text) ?? [];
  if (path !== undefined) return { kind: 'jsonpath', path, value };
  throw new UsageError(`--for must be create, delete, condition=TYPE[=STATUS] or jsonpath={PATH}[=VALUE], not "${text}"`);
};

const statusOf = (object: KubeObject): JsonObject => (isObject(object.status) ? object.status : {});

const conditionsOf = (object: KubeObject): JsonObject[] => {
  const { conditions } = statusOf(object);
  return Array.isArray(conditions) ? conditions.filter(isObject) : [];
};

const isStale = (observed: Json | undefined, object: KubeObject): boolean =>
  typeof observed === 'number' && observed < (object.metadata.generation ?? 0);

const meetsCondition = (object: KubeObject, type: string, status: string): boolean =>
  conditionsOf(object).some(
    (condition) =>
      String(condition.type).toLowerCase() === type &&
      String(condition.status).toLowerCase() === status &&
      !isStale(condition.observedGeneration ?? statusOf(object).observedGeneration, object),
  );

/** Whether an object that exists is as it is wanted. A condition that speaks of an older generation does not count. */
export const isMet = (wanted: Wanted, object: KubeObject): boolean => {
  switch (wanted.kind) {
    case 'create':
      return true;
    case 'delete':
      return false;
    case 'condition':
      return meetsCondition(object, wanted.type, wanted.status);
    case 'jsonpath': {
      const values = valuesAt(wanted.path, object as unknown as JsonObject);
      return wanted.value === undefined ? values.length > 0 : values.some((value) => String(value) === wanted.value);
    }
  }
};

const good = ['ready', 'available', 'complete', 'succeeded', 'established'];

/**
 * How far an object has come on its own, for `apply --wait`: `settled` when one of the usual conditions says so or when
 * nothing will ever be said, `failed` when it says that it failed.
 */
export const progressOf = (object: KubeObject, isReported: boolean): 'settled' | 'waiting' | 'failed' => {
  const conditions = conditionsOf(object);
  if (isStale(statusOf(object).observedGeneration, object)) return 'waiting';
  if (meetsCondition(object, 'failed', 'true')) return 'failed';
  if (good.some((type) => meetsCondition(object, type, 'true'))) return 'settled';
  const speaks = conditions.some(({ type }) => good.includes(String(type).toLowerCase()));
  return speaks || (isReported && conditions.length === 0) ? 'waiting' : 'settled';
};
