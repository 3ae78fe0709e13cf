import type { Attributes, PathAttributes } from './attributes.ts';

/** One rule of a role, as it is written. */
export interface PolicyRule {
  verbs: readonly string[];
  apiGroups?: readonly string[];
  resources?: readonly string[];
  resourceNames?: readonly string[];
  nonResourceURLs?: readonly string[];
}

/** A role made ready for look-ups: whether it allows something does not depend on how many rules it has. */
export interface CompiledRules {
  rules: readonly PolicyRule[];
  /** As in {@link pieceCount}. */
  pieces: number;
  allow(asked: Asked): boolean;
}

const all = '*';

/** What allows everything. */
export const everything: readonly PolicyRule[] = [
  { verbs: [all], apiGroups: [all], resources: [all] },
  { verbs: [all], nonResourceURLs: [all] },
];

const none: readonly string[] = [];

/** For any name, or for these. */
type Names = Set<string> | 'any';

/** A question made ready for look-ups: somebody may have thousands of roles, and it is put to each. */
export type Asked = PathAttributes | { keys: readonly string[]; name: string };

export function askedOf(wanted: Attributes): Asked {
  if ('path' in wanted) return wanted;
  const { verb, group, resource, subresource, name } = wanted;
  const whole = subresource === '' ? resource : `${resource}/${subresource}`;
  const forms = subresource === '' ? [whole, all] : [whole, all, `${all}/${subresource}`];
  const keys = [verb, all].flatMap((aVerb) => [group, all].flatMap((aGroup) => forms.map((form) => keyOf(aVerb, aGroup, form))));
  return { keys, name };
}

const keyOf = (verb: string, group: string, resource: string): string => `${verb} ${group} ${resource}`;

/** A role may come to so many pieces: a few kilobytes of rules can multiply to billions. */
export const mostPieces = 16_384;

/** How many rights some rules give, of one verb, group, resource and name each. */
export const pieceCount = (rules: readonly PolicyRule[]): number =>
  rules.reduce((sum, { verbs, apiGroups = none, resources = none, resourceNames = none, nonResourceURLs = none }) => {
    const things = apiGroups.length * resources.length * Math.max(1, resourceNames.length) + nonResourceURLs.length;
    return sum + verbs.length * things;
  }, 0);

/** Of more pieces than a role may come to: none. */
export function compileRules(given: readonly PolicyRule[]): CompiledRules {
  const rules = pieceCount(given) > mostPieces ? [] : given;
  const resources = new Map<string, Names>();
  const paths = new Map<string, { exact: Set<string>; prefixes: string[] }>();
  for (const rule of rules) {
    for (const verb of rule.verbs) {
      addResources(resources, verb, rule);
      addPaths(paths, verb, rule);
    }
  }
  return {
    rules,
    pieces: pieceCount(rules),
    allow: (asked) => ('path' in asked ? allowsPath(paths, asked) : asked.keys.some((key) => isNamed(resources.get(key), asked.name))),
  };
}

function addResources(into: Map<string, Names>, verb: string, { apiGroups = none, resources = none, resourceNames = none }: PolicyRule) {
  for (const group of apiGroups) {
    for (const resource of resources) {
      const key = keyOf(verb, group, resource);
      const known = into.get(key);
      if (known === 'any' || resourceNames.length === 0) into.set(key, 'any');
      else if (known) for (const name of resourceNames) known.add(name);
      else into.set(key, new Set(resourceNames));
    }
  }
}

function addPaths(into: Map<string, { exact: Set<string>; prefixes: string[] }>, verb: string, { nonResourceURLs = none }: PolicyRule) {
  if (nonResourceURLs.length === 0) return;
  const known = into.get(verb) ?? { exact: new Set(), prefixes: [] };
  into.set(verb, known);
  for (const url of nonResourceURLs) {
    if (url.endsWith(all)) known.prefixes.push(url.slice(0, -1));
    else known.exact.add(url);
  }
}

const isNamed = (names: Names | undefined, name: string): boolean =>
  names === 'any' || (names !== undefined && name !== '' && names.has(name));

function allowsPath(paths: ReadonlyMap<string, { exact: Set<string>; prefixes: string[] }>, { verb, path }: PathAttributes): boolean {
  return [verb, all].some((each) => {
    const known = paths.get(each);
    return known !== undefined && (known.exact.has(path) || known.prefixes.some((prefix) => path.startsWith(prefix)));
  });
}

/**
 * Whether all that some rules allow is allowed by the rights that somebody has: only then may they be handed on.
 * `has` judges one thing; `*` is judged as itself, so who hands on everything must have everything.
 */
export function uncovered(rules: readonly PolicyRule[], has: (attributes: Attributes) => boolean): PolicyRule[] {
  return rules.flatMap(piecesOf).filter((piece) => !has(attributesOf(piece)));
}

/** Of one verb, one group, one resource and at most one name each. */
function piecesOf(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = none, resources = none, resourceNames = none, nonResourceURLs = none } = rule;
  return verbs.flatMap((verb) => [
    ...apiGroups.flatMap((group) =>
      resources.flatMap((resource): PolicyRule[] => {
        const piece = { verbs: [verb], apiGroups: [group], resources: [resource] };
        return resourceNames.length === 0 ? [piece] : resourceNames.map((name) => ({ ...piece, resourceNames: [name] }));
      }),
    ),
    ...nonResourceURLs.map((url): PolicyRule => ({ verbs: [verb], nonResourceURLs: [url] })),
  ]);
}

function attributesOf({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): Attributes {
  const verb = verbs[0] ?? '';
  const path = nonResourceURLs?.[0];
  if (path !== undefined) return { verb, path };
  const [resource = '', subresource = ''] = (resources?.[0] ?? '').split('/');
  return { verb, group: apiGroups?.[0] ?? '', resource, subresource, namespace: '', name: resourceNames?.[0] ?? '' };
}
