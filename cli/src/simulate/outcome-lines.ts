import type { About, Outcome } from '@river/controllers/what-if';
import { alignColumns, printable } from '../output/columns.ts';

/** What becomes of a change, in lines for a person: what starts, what ends, what waits. The Tasks of a set are told together. */
export function outcomeLines({ starts, ends, waits, warnings, underWay }: Outcome, namespace: string, nowMs: number): string[] {
  const rows = [
    ...starts.map((each) => row('starts', each, namespace, startText(each))),
    ...ends.map((each) => row('ends', each, namespace, endText(each))),
    ...waits.map((each) => row('waits', each, namespace, waitText(each, nowMs))),
  ];
  const groups = Map.groupBy(rows, ({ what, shown, text }) => `${what} ${shown} ${text}`);
  const cells = [...groups.values()].flatMap(([first, ...more]) =>
    first ? [[first.what, more.length > 0 ? `${first.shown} (${more.length + 1} Tasks)` : first.shown, first.text]] : [],
  );
  const warned = warnings.map(({ kind, name, reason, message }) =>
    printable(`warning: ${kind.toLowerCase()}/${name}: ${reason}: ${message}`),
  );
  const lines = [...alignColumns(cells), ...warned];
  return [
    ...(lines.length > 0 ? lines : ['Nothing starts, ends or waits because of this.']),
    ...(underWay > 0 ? [`(The cluster has not come to rest: so much starts or ends before that, anyway: ${underWay}.)`] : []),
  ];
}

interface Row {
  what: string;
  shown: string;
  text: string;
}

function row(what: string, about: About, namespace: string, text: string): Row {
  const name = about.set ? `taskset/${about.set.name}` : `task/${about.task}`;
  return { what, shown: about.namespace === namespace ? name : `${name} in ${about.namespace}`, text };
}

const startText = ({ node, gpus, cpuset }: Outcome['starts'][number]): string =>
  [`on ${node}`, ...(gpus.length > 0 ? [`GPU ${gpus.join(',')}`] : []), ...(cpuset === undefined ? [] : [`cores ${cpuset}`])].join(', ');

const endText = ({ node, reason, forTask }: Outcome['ends'][number]): string =>
  `on ${node}: ${reason}${forTask === undefined ? '' : `, to make room for task/${forTask}`}`;

function waitText({ reason, message, estimatedStartMs }: Outcome['waits'][number], nowMs: number): string {
  const minutes = estimatedStartMs === undefined ? undefined : Math.round((estimatedStartMs - nowMs) / 60_000);
  const estimate = minutes === undefined ? '' : minutes < 1 ? ' It starts within a minute.' : ` It starts in about ${minutes} min.`;
  return `${reason}${message === '' ? '' : `: ${message}`}${estimate}`;
}
