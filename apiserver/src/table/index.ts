/**
 * How objects look to those who do not want them whole: as rows of a Table, as metadata alone, or as the values at a path.
 * @module
 */
export { compileJsonPath, setAtSimplePath } from './json-path.ts';
export { type MediaChoice, negotiateMedia } from './negotiate-media.ts';
export { partialObject, partialObjectList } from './partial-object.ts';
export { type IncludeObject, parseIncludeObject, tableFor, tablePrinter } from './table.ts';
