import { isObject, type JsonObject, type ObjectMeta, pathSegment } from '@river/crds';
import { type Check, failForGoodAt, type Run } from './check.ts';
import { invalidValue, required } from './field-causes.ts';
import { metadataCauses } from './metadata-rules.ts';

const checkIdentity = (object: JsonObject, key: 'apiVersion' | 'kind', run: Run): void => {
  const said = Object.hasOwn(object, key) ? object[key] : undefined;
  if (said === undefined || said === null || said === '') failForGoodAt(run, key, (field) => required(field, 'must not be empty'));
  else if (typeof said !== 'string') failForGoodAt(run, key, (field) => invalidValue(field, said, 'must be a string'));
  else {
    const [wrong] = pathSegment(key === 'apiVersion' ? said.replace('/', '') : said);
    if (wrong !== undefined) failForGoodAt(run, key, (field) => invalidValue(field, said, wrong));
  }
};

/** An embedded object may go without a name; one that it has must fit into a path. */
const checkMetadata = (metadata: ObjectMeta, run: Run): void => {
  const named = { ...metadata, name: metadata.name || 'unnamed' };
  for (const cause of metadataCauses(named, { namespaced: Boolean(metadata.namespace), nameRule: 'path-segment' })) {
    failForGoodAt(run, cause.field, (field) => ({ ...cause, field }));
  }
};

/** An object inside an object says what it is, and its metadata is well-formed. `shape` judges the types in metadata. */
export const embeddedCheck = (shape: Check | undefined): Check => {
  return (value, _old, run) => {
    const object = value as JsonObject;
    checkIdentity(object, 'apiVersion', run);
    checkIdentity(object, 'kind', run);
    const metadata = Object.hasOwn(object, 'metadata') ? object.metadata : undefined;
    if (metadata === undefined || metadata === null) return;
    const before = run.causes.length;
    run.path.push('metadata');
    shape?.(metadata, undefined, run);
    run.path.pop();
    if (run.causes.length === before && isObject(metadata)) checkMetadata(metadata as unknown as ObjectMeta, run);
  };
};
