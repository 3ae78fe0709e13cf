import type { KubeObject } from '@river/crds';

/** A meta.k8s.io/v1 Table: the columns that the server wants a person to see. */
export interface ServerTable {
  kind: 'Table';
  metadata?: { resourceVersion?: string; continue?: string };
  /** Said once: left out of the later events of a watch. */
  columnDefinitions?: { name: string; priority?: number }[] | null;
  rows?: { cells: unknown[]; object?: KubeObject }[] | null;
}

export const acceptTable = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

export const isTable = (value: unknown): value is ServerTable =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Table';

export interface TableStyle {
  isWide: boolean;
  withNamespace: boolean;
  withHeader: boolean;
  /** Before each name, as in `task.river.dev/`, where several kinds are shown. */
  namePrefix: string;
}

const cellText = (cell: unknown): string => {
  if (cell === null || cell === undefined) return '';
  return (typeof cell === 'object' ? JSON.stringify(cell) : String(cell)).replace(/\n[\s\S]*/, '...');
};

/** The table's rows as text, header first when asked for. */
export const tableRows = (table: ServerTable, style: TableStyle): string[][] => {
  const shown = (table.columnDefinitions ?? [])
    .map((column, at) => ({ ...column, at }))
    .filter(({ priority }) => style.isWide || !priority);
  const header = [...(style.withNamespace ? ['NAMESPACE'] : []), ...shown.map(({ name }) => name.toUpperCase())];
  const rows = (table.rows ?? []).map(({ cells, object }) => [
    ...(style.withNamespace ? [object?.metadata.namespace ?? ''] : []),
    ...shown.map(({ at, name }) => (name.toLowerCase() === 'name' ? style.namePrefix : '') + cellText(cells[at])),
  ]);
  return style.withHeader ? [header, ...rows] : rows;
};
