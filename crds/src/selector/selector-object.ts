import { type LabelMatcher, labelMatcher } from './label-matcher.ts';
import { checked, type Operator, type Requirement, SelectorError } from './requirement.ts';

/** Kubernetes' LabelSelector object, as it stands in specs. */
export interface LabelSelectorObject {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: readonly string[] }[];
}

/** The requirements of a LabelSelector object. @throws SelectorError */
export function requirementsOf(selector: LabelSelectorObject): Requirement[] {
  const fromLabels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => checked({ key, operator: 'In', values: [value] }));
  const fromExpressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    if (!isObjectOperator(operator)) throw new SelectorError(`${JSON.stringify(operator)} is not a valid label selector operator`);
    return checked({ key, operator, values: values ?? [] });
  });
  return [...fromLabels, ...fromExpressions];
}

/** Matches what a LabelSelector object selects: nothing when there is none, everything when it is empty. @throws SelectorError */
export const selectorMatcher = (selector: LabelSelectorObject | undefined): LabelMatcher =>
  selector === undefined ? () => false : labelMatcher(requirementsOf(selector));

const isObjectOperator = (operator: string): operator is Operator => ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator);
