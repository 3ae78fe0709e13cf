import { coversJson, parseAccept } from '../discovery/accept.ts';

/** By the name that may stand in a Content-Type, and by the older one, which kubectl asks for. */
const protobufTypes: ReadonlySet<string> = new Set([
  'com.github.proto-openapi.spec.v2.v1.0+protobuf',
  'com.github.proto-openapi.spec.v2@v1.0+protobuf',
]);

/** The Content-Type of the document in protobuf, whichever of its names was asked for: Go's parser refuses the other. */
export const openApiV2ProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** The form in which `/openapi/v2` is answered. */
export function negotiateOpenApiV2(accept: string | undefined): 'json' | 'protobuf' | 'notAcceptable' {
  for (const range of parseAccept(accept)) {
    if (coversJson(range)) return 'json';
    if (range.type === 'application' && protobufTypes.has(range.subtype)) return 'protobuf';
  }
  return 'notAcceptable';
}
