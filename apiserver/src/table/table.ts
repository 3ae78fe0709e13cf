import type { Json, KubeObject } from '@river/crds';
import type { ResourceInfo } from '../registry/resource-info.ts';
import type { ColumnDefinition } from './column.ts';
import { columnsFor } from './columns.ts';
import { type ListMeta, type MetaVersion, type PartialObjectMetadata, partialObject } from './partial-object.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableRow {
  cells: Json[];
  object: KubeObject | PartialObjectMetadata | null;
}

export interface Table {
  kind: 'Table';
  apiVersion: `meta.k8s.io/${MetaVersion}`;
  metadata: ListMeta;
  /** Null in every watch event but the first. */
  columnDefinitions: ColumnDefinition[] | null;
  rows: TableRow[];
}

export interface TableOptions {
  /** Against which ages are told, in epoch milliseconds. */
  now: number;
  includeObject?: IncludeObject;
  version?: MetaVersion;
  /** The list's, or of a single object its resourceVersion. */
  metadata?: ListMeta;
  /** A watch names the columns once; its later events leave them out. */
  omitColumns?: boolean;
}

/** Shows objects of one kind as Tables. Made once per watch or list: the columns' paths are compiled here. */
export function tablePrinter(info: ResourceInfo): (objects: readonly KubeObject[], options: TableOptions) => Table {
  const columns = columnsFor(info);
  return (objects, { now, includeObject = 'Metadata', version = 'v1', metadata = { resourceVersion: '' }, omitColumns = false }) => ({
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: omitColumns ? null : columns.map(({ definition }) => definition),
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object, now)),
      object: rowObject(object, includeObject, version),
    })),
  });
}

/** One Table of the objects; whoever makes many of one kind keeps a {@link tablePrinter}. */
export const tableFor = (info: ResourceInfo, objects: readonly KubeObject[], options: TableOptions): Table =>
  tablePrinter(info)(objects, options);

function rowObject(object: KubeObject, include: IncludeObject, version: MetaVersion): TableRow['object'] {
  if (include === 'None') return null;
  return include === 'Object' ? object : partialObject(object, version);
}

/** The `includeObject` query parameter; undefined for a value that is none. */
export function parseIncludeObject(value: string | null | undefined): IncludeObject | undefined {
  if (value === undefined || value === null || value === '') return 'Metadata';
  return value === 'None' || value === 'Metadata' || value === 'Object' ? value : undefined;
}
