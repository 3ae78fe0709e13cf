import { parentPort } from 'node:worker_threads';
import { type Document, isMap, isScalar, isSeq, type ParsedNode, parseDocument, type YAMLParseError } from 'yaml';
import type { YamlAnswer } from './yaml-reader.ts';

/** How many duplicates are named. */
const mostNamed = 100;

const findDuplicates = (node: unknown, path: string, found: string[]): void => {
  if (isSeq(node)) for (const [at, item] of node.items.entries()) findDuplicates(item, `${path}[${at}]`, found);
  if (!isMap(node)) return;
  const seen = new Set<string>();
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : String(key);
    const at = path === '' ? name : `${path}.${name}`;
    if (seen.has(name) && found.length < mostNamed && !found.includes(at)) found.push(at);
    seen.add(name);
    findDuplicates(value, at, found);
  }
};

/** Known to V8, not yet to TypeScript's library. */
const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

/** Integers keep every digit on the way, so that the one place that judges JSON numbers judges these too. */
const exactly = (_key: string, value: unknown): unknown => {
  if (typeof value === 'bigint') return rawJson(value.toString());
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${value} is not a JSON number`);
  return value;
};

/** The words before whatever is quoted of the text, which may be a Secret. */
const withoutQuote = (message: string): string => message.split(/[:"\\\n]| at line /, 1)[0] ?? '';

const faultOf = ({ message, linePos }: YAMLParseError): string => {
  const [at] = linePos ?? [];
  return at ? `${withoutQuote(message)} at line ${at.line}, column ${at.col}` : withoutQuote(message);
};

const toJson = (document: Document.Parsed<ParsedNode>): YamlAnswer => {
  const [error] = document.errors;
  if (error) return { error: faultOf(error) };
  const duplicates: string[] = [];
  findDuplicates(document.contents, '', duplicates);
  return { json: JSON.stringify(document.toJS({ maxAliasCount: 100 }), exactly), duplicates };
};

const read = (text: string): YamlAnswer => {
  try {
    return toJson(
      parseDocument(text, { version: '1.2', schema: 'core', merge: true, uniqueKeys: false, intAsBigInt: true, logLevel: 'error' }),
    );
  } catch (error) {
    return { error: error instanceof Error ? withoutQuote(error.message) : 'it cannot be read' };
  }
};

parentPort?.on('message', (text: string) => parentPort?.postMessage(read(text)));
