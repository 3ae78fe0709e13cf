import { encodingFunctions } from './encodings.ts';
import { listFunctions } from './lists.ts';
import { mathFunctions } from './math.ts';
import { namedFormatFunctions } from './named-formats.ts';
import { networkFunctions } from './network.ts';
import { optionalFunctions } from './optionals.ts';
import { accepts, type Overload } from './overload.ts';
import { quantityFunctions } from './quantities.ts';
import { regexFunctions } from './regexes.ts';
import { semverFunctions } from './semvers.ts';
import { standardFunctions } from './standard.ts';
import { stringFunctions } from './strings.ts';
import { urlFunctions } from './urls.ts';

export { accepts };

/** Every function an expression may call, by name. */
export interface Functions {
  /** All overloads of a function or method of this name, whatever their number of arguments. */
  find(name: string, isMethod: boolean): readonly Overload[];
}

const index = (overloads: readonly Overload[]): Functions => {
  const groups = Map.groupBy(overloads, (overload) => `${overload.isMethod ? '.' : ''}${overload.name}`);
  return { find: (name, isMethod) => groups.get(isMethod ? `.${name}` : name) ?? [] };
};

/** CEL's own functions and those that Kubernetes adds. */
export const kubernetesFunctions = (more: readonly Overload[] = []): Functions =>
  index([
    ...standardFunctions,
    ...stringFunctions,
    ...listFunctions,
    ...regexFunctions,
    ...urlFunctions,
    ...quantityFunctions,
    ...networkFunctions,
    ...semverFunctions,
    ...namedFormatFunctions,
    ...mathFunctions,
    ...encodingFunctions,
    ...optionalFunctions,
    ...more,
  ]);
