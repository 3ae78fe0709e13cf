import { isObject, type Json, type JsonObject } from '@river/crds';
import { own, put } from '../json/plain-json.ts';
import { isEmptyObject, itemKey, type ListShape, type MapShape, type Shape } from './shape.ts';

/** What stands after a configuration has been laid over what stood: granular parts merge, leaves are replaced. Shares what stays. */
export function mergeShaped(shape: Shape, live: Json, config: Json): Json {
  if (shape.map && (isObject(live) || live === null) && (isObject(config) || config === null)) {
    const bothEmpty = (!live || isEmptyObject(live)) && (!config || isEmptyObject(config));
    return bothEmpty ? config : mergeFields(shape.map, live ?? {}, config ?? {});
  }
  if (shape.list && (Array.isArray(live) || live === null) && (Array.isArray(config) || config === null)) {
    const bothEmpty = (live?.length ?? 0) + (config?.length ?? 0) === 0;
    return bothEmpty ? config : mergeItems(shape.list, live ?? [], config ?? []);
  }
  return config;
}

function mergeFields(map: MapShape, live: JsonObject, config: JsonObject): JsonObject {
  const result: JsonObject = {};
  for (const [name, value] of Object.entries(live)) {
    const said = own(config, name);
    put(result, name, said === undefined ? value : mergeShaped(map.fields.get(name)?.shape ?? map.rest, value, said));
  }
  for (const [name, value] of Object.entries(config)) if (!Object.hasOwn(live, name)) put(result, name, value);
  return result;
}

/**
 * Items of the configuration keep their order among themselves; items that only live has stay where they stand between them.
 * Live items that share a key are kept until the configuration names that key: then its one item takes their place.
 */
function mergeItems(list: ListShape, live: Json[], config: Json[]): Json[] {
  const said = new Map(config.map((item) => [itemKey(list, item), item]));
  const liveOf = liveByKey(list, live);
  const order = [...said.keys()];
  const shared = order.filter((key) => liveOf.has(key));
  const result: Json[] = [];
  let next = 0;
  let nextShared = 0;
  const emitThrough = (last: number) => {
    for (; next <= last; next++) {
      const key = order[next];
      const item = said.get(key) as Json; // every key of the order was put there with its item
      const was = liveOf.get(key);
      result.push(was === undefined ? item : mergeShaped(list.item, was, item));
    }
  };
  for (const item of live) {
    const key = itemKey(list, item);
    if (key === undefined || !said.has(key)) result.push(item);
    else if (key === shared[nextShared]) {
      nextShared++;
      emitThrough(order.indexOf(key, next));
    }
  }
  emitThrough(order.length - 1);
  return result;
}

/** Undefined under a key that several items share: there is nothing to merge with. */
function liveByKey(list: ListShape, live: Json[]): Map<string | undefined, Json | undefined> {
  const byKey = new Map<string | undefined, Json | undefined>();
  for (const item of live) {
    const key = itemKey(list, item);
    if (key !== undefined) byKey.set(key, byKey.has(key) ? undefined : item);
  }
  return byKey;
}
