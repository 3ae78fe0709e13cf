import { ApiError, type KubeObject } from '@river/crds';
import type { ApiClient, ResourceRef } from '@river/runtime';
import { CommandError } from '../command/exit-code.ts';

/** Every object that has a bearing on what runs where. */
export async function readCluster(client: ApiClient, kinds: readonly ResourceRef[]): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  for (const kind of kinds) {
    try {
      // Items of a list do not say what they are.
      for await (const { items } of client.resource(kind).pages({}))
        for (const item of items) found.push({ ...item, apiVersion: versionOf(kind), kind: kind.kind ?? '' });
    } catch (error) {
      if (!ApiError.is(error, 'Forbidden')) throw error;
      const message = `simulate looks at the whole cluster, and you may not list ${kind.plural} everywhere: ${error.message}`;
      throw new CommandError('forbidden', message, 'Forbidden');
    }
  }
  return found;
}

const versionOf = ({ group, version }: ResourceRef): string => (group === '' ? version : `${group}/${version}`);
