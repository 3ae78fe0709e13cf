type Metadata = Map<unknown, unknown>;
interface MetadataApi {
  defineMetadata?(key: unknown, value: unknown, target: object): void;
  getOwnMetadata?(key: unknown, target: object): unknown;
  getMetadata?(key: unknown, target: object): unknown;
}

/**
 * The three calls of the Reflect metadata proposal that `tsyringe`, below `@peculiar/x509`, insists on before it loads.
 * Leaves a real polyfill alone.
 */
export const provideReflectMetadata = (): void => {
  const api: typeof Reflect & MetadataApi = Reflect;
  if (api.getMetadata) return;
  const known = new WeakMap<object, Metadata>();
  const own = (key: unknown, target: object) => known.get(target)?.get(key);
  api.getOwnMetadata = own;
  api.defineMetadata = (key, value, target) => {
    known.set(target, (known.get(target) ?? new Map()).set(key, value));
  };
  api.getMetadata = (key, target) => {
    for (let at: object | null = target; at; at = Object.getPrototypeOf(at)) {
      if (known.get(at)?.has(key)) return own(key, at);
    }
    return undefined;
  };
};
