import { decodeObject } from '../object/encode.ts';
import { presentBytes } from '../read/present.ts';
import type { ResourceInfo } from '../registry/resource-info.ts';
import { type IncludeObject, type MediaChoice, partialObject, tablePrinter } from '../table/index.ts';
import { bookmarkObject, frame, line, type Shown, type WatchFormat } from './watch-format.ts';

/** The format that a watcher asked for in its Accept header. */
export function watchFormatFor(shown: Shown, media: MediaChoice, include: IncludeObject, now: () => number): WatchFormat {
  if (media.as === 'table') return tableFormat(shown, media, include, now);
  if (media.as === 'object') return objectFormat(shown);
  return partialFormat(shown, media);
}

function objectFormat({ version, cache }: Shown): WatchFormat {
  const { apiVersion, info } = version;
  return {
    id: 'object',
    isShared: true,
    event: ({ type, object }) => frame(type, presentBytes(object, version, cache)),
    bookmark: (revision, isInitialEnd) => line({ type: 'BOOKMARK', object: bookmarkObject(apiVersion, info.kind, revision, isInitialEnd) }),
  };
}

function partialFormat({ version, cache }: Shown, media: MediaChoice): WatchFormat {
  const apiVersion = `meta.k8s.io/${media.version}`;
  return {
    id: `partial ${media.version}`,
    isShared: true,
    event: ({ type, object }) => line({ type, object: partialObject(decodeObject(presentBytes(object, version, cache)), media.version) }),
    bookmark: (revision, isInitialEnd) =>
      line({ type: 'BOOKMARK', object: bookmarkObject(apiVersion, 'PartialObjectMetadata', revision, isInitialEnd) }),
  };
}

function tableFormat({ version, cache }: Shown, media: MediaChoice, includeObject: IncludeObject, now: () => number): WatchFormat {
  const info: ResourceInfo = version.info;
  const print = tablePrinter(info);
  let hasNamedColumns = false;
  return {
    id: `table ${media.version} ${includeObject}`,
    isShared: false,
    event({ type, object }) {
      const decoded = decodeObject(presentBytes(object, version, cache));
      const metadata = { resourceVersion: decoded.metadata.resourceVersion ?? '' };
      const omitColumns = hasNamedColumns;
      hasNamedColumns = true;
      return line({ type, object: print([decoded], { now: now(), includeObject, version: media.version, metadata, omitColumns }) });
    },
    bookmark(revision, isInitialEnd) {
      const { kind, apiVersion, metadata } = bookmarkObject(version.apiVersion, info.kind, revision, isInitialEnd);
      const table = print([], {
        now: now(),
        version: media.version,
        metadata: { resourceVersion: revision.toString() },
        omitColumns: true,
      });
      return line({ type: 'BOOKMARK', object: { ...table, rows: [{ cells: [], object: { kind, apiVersion, metadata } }] } });
    },
  };
}
