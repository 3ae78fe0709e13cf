import { setImmediate as turn } from 'node:timers/promises';
import { etagOf } from '../discovery/etag.ts';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { openApiV3, openApiV3Path } from './open-api-v3.ts';

/** One link for each group and version. */
interface Index {
  paths: Record<string, { serverRelativeURL: string }>;
}

/** After so many characters others get their turn. */
const turnLength = 256 * 1024;

const hashOf = (text: string): string => etagOf(text).slice(1, -1);

/**
 * What `/openapi/v3` answers: one document per group and version, each under a link that changes with its content,
 * so that a client may keep what it has read there for ever. A document is the sum of what is said of each of its kinds,
 * and so is its hash; what was hashed once is not said again, so that one new kind costs as much as one kind.
 */
export function openApiV3Index(): (infos: readonly ResourceInfo[]) => Promise<Index> {
  const hashes = new WeakMap<ResourceInfo, string>();

  const hashAll = async (infos: readonly ResourceInfo[]): Promise<void> => {
    let lengthSinceTurn = 0;
    for (const info of infos) {
      if (hashes.has(info)) continue;
      const said = JSON.stringify(openApiV3([info], openApiV3Path(info)));
      hashes.set(info, hashOf(said));
      lengthSinceTurn += said.length;
      if (lengthSinceTurn < turnLength) continue;
      lengthSinceTurn = 0;
      await turn();
    }
  };

  return async (infos) => {
    await hashAll(infos);
    const served = Map.groupBy(infos, openApiV3Path);
    const links = [...served].map(([path, kinds]) => {
      const hash = hashOf(
        kinds
          .map((info) => hashes.get(info))
          .sort()
          .join(),
      );
      return [path, { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` }] as const;
    });
    return { paths: Object.fromEntries(links.sort(([a], [b]) => (a < b ? -1 : 1))) };
  };
}
