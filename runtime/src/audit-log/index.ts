export { type ChainHead, chainStart, type LinePlace, placeOf, sealLine } from './chain.ts';
export { auditFileName, auditFilesIn, type FileLine, firstSeqOf, linesIn, longestLine } from './log-files.ts';
