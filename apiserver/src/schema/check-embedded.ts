import { isObject, type JsonObject } from '@river/crds';
import { type Check, failForGoodAt } from './check.ts';
import { invalidValue, required } from './field-causes.ts';

const pathSegment = /[/%]|^\.\.?$/;

/** An object inside an object says what it is, and its metadata is well-formed. */
export const embeddedCheck: Check = (value, _old, run) => {
  const object = value as JsonObject;
  for (const key of ['apiVersion', 'kind']) {
    const said = Object.hasOwn(object, key) ? object[key] : undefined;
    if (said === undefined || said === '') failForGoodAt(run, key, (field) => required(field, 'must not be empty'));
    else if (typeof said !== 'string') failForGoodAt(run, key, (field) => invalidValue(field, said as never, 'must be a string'));
    else if (pathSegment.test(said.replace('/', ''))) failForGoodAt(run, key, (field) => invalidValue(field, said, 'must be a valid name'));
  }
  const metadata = object.metadata;
  if (metadata !== undefined && metadata !== null && !isObject(metadata)) {
    failForGoodAt(run, 'metadata', (field) => invalidValue(field, metadata, 'must be an object'));
  }
};
