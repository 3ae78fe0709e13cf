/**
 * How objects look to those who do not want them whole: as rows of a Table, as metadata alone, or as the values at a path.
 * @module
 */
export type { ColumnDefinition } from './column.ts';
export { humanAge, humanDuration } from './human-duration.ts';
export { compileJsonPath, isJsonPath, isSimplePath, type JsonPath, setAtSimplePath } from './json-path.ts';
export { type MediaChoice, negotiateMedia } from './negotiate-media.ts';
export { type ListMeta, type MetaVersion, type PartialObjectMetadata, partialObject, partialObjectList } from './partial-object.ts';
export { type IncludeObject, parseIncludeObject, type Table, type TableOptions, type TableRow, tableFor, tablePrinter } from './table.ts';
