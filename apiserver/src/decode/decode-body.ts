import { ApiError, isObject, type JsonObject } from '@river/crds';
import { badBody, bodyText, type Decoded, decodeJson } from './decode-json.ts';
import { decodeProtobuf } from './decode-protobuf.ts';
import type { YamlReader } from './yaml-reader.ts';

type Format = 'json' | 'yaml' | 'protobuf';

/** The format behind a content type; none at all means JSON, as Kubernetes has it. */
const formatOf = (contentType: string): Format => {
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (type === '' || type === 'application/json' || type.endsWith('+json')) return 'json';
  if (type === 'application/yaml' || type === 'text/yaml' || type === 'application/x-yaml' || type.endsWith('+yaml')) return 'yaml';
  if (type === 'application/vnd.kubernetes.protobuf') return 'protobuf';
  throw new ApiError(
    'UnsupportedMediaType',
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
  );
};

/** JSON is YAML, and what Kubernetes' clients send under a YAML type is JSON: that is read at JSON's speed. */
const asJson = (bytes: Uint8Array): Decoded | undefined => {
  try {
    return decodeJson(bytes);
  } catch (error) {
    if (ApiError.is(error) && error.cause instanceof SyntaxError) return undefined;
    throw error;
  }
};

const decodeYaml = async (bytes: Uint8Array, yaml: YamlReader): Promise<Decoded> => {
  const { text } = bodyText(bytes);
  const direct = /^\s*[{[]/.test(text) ? asJson(bytes) : undefined;
  if (direct) return direct;
  const { json, duplicates } = await yaml.read(text);
  return { value: decodeJson(Buffer.from(json)).value, duplicates };
};

const objectIn = ({ value, ...more }: Decoded): Decoded<JsonObject> => {
  if (!isObject(value)) throw badBody('the body must be one object');
  return { value, ...more };
};

/**
 * The object that a request's body is.
 * @throws ApiError `BadRequest` for what cannot be read, `UnsupportedMediaType` for what is in none of the formats.
 */
export const decodeBody = async (bytes: Uint8Array, contentType: string, { yaml }: { yaml: YamlReader }): Promise<Decoded<JsonObject>> => {
  const format = formatOf(contentType);
  if (format === 'protobuf') return { value: decodeProtobuf(bytes), duplicates: [] };
  return objectIn(format === 'json' ? decodeJson(bytes) : await decodeYaml(bytes, yaml));
};
