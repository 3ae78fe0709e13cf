import { setImmediate as turn } from 'node:timers/promises';
import { isObject, type JsonObject } from '@river/crds';
import { protobufWriter } from './protobuf-writer.ts';
import { documentEnd, documentStart, longParts } from './v2-messages.ts';

/** After so many bytes others get their turn. */
const turnBytes = 256 * 1024;

/**
 * A swagger 2.0 document as the message `openapi.v2.Document` of gnostic, the one form in which kubectl reads it.
 * Where many kinds are served the document is long, so it is written in turns with whatever else there is to do.
 */
export async function openApiV2Protobuf(document: JsonObject): Promise<Buffer> {
  const out = protobufWriter();
  let turnAt = turnBytes;
  documentEnd(out, document);
  for (const { key, number, entry } of longParts.toReversed()) {
    const part = document[key];
    if (!isObject(part)) continue;
    const lengthBehind = out.length();
    for (const [name, value] of Object.entries(part).reverse()) {
      entry(out, { [name]: value });
      if (out.length() < turnAt) continue;
      turnAt = out.length() + turnBytes;
      await turn();
    }
    out.frame(number, out.length() - lengthBehind);
  }
  documentStart(out, document);
  return out.written();
}
