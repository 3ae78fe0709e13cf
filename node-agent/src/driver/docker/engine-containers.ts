import type { Engine } from './engine.ts';

/** A container as lists tell of it. */
export interface Listed {
  id: string;
  labels: Readonly<Record<string, string | undefined>>;
  networkMode: string;
}

/** All with these labels, whether they run or not. */
export async function listContainers(engine: Engine, label: readonly string[], signal: AbortSignal): Promise<Listed[]> {
  const found = await engine.call('GET', '/containers/json', { query: { all: true, filters: { label } }, signal });
  if (!Array.isArray(found)) throw new Error('the container engine answers with no list of containers');
  return found.map(({ Id, Labels, HostConfig }) => ({
    id: String(Id),
    labels: Labels ?? {},
    networkMode: String(HostConfig?.NetworkMode ?? ''),
  }));
}

/** Answers its id. */
export async function makeContainer(engine: Engine, body: object, name: string | undefined, signal: AbortSignal): Promise<string> {
  const made = await engine.call('POST', '/containers/create', { query: { name }, body, signal });
  const id = typeof made === 'object' && made !== null && 'Id' in made ? made.Id : undefined;
  if (typeof id !== 'string') throw new Error('the container engine made a container and does not say which');
  return id;
}
