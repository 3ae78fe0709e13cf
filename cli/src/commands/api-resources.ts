import * as Flags from '@oclif/core/flags';
import type { DiscoveredResource } from '@river/runtime';
import { command } from '../command/command.ts';
import { alignColumns } from '../output/columns.ts';

const apiVersion = ({ group, version }: DiscoveredResource) => (group ? `${group}/${version}` : version);

const isPreferred = (resource: DiscoveredResource, all: readonly DiscoveredResource[]) =>
  all.find(({ group, plural }) => group === resource.group && plural === resource.plural) === resource;

export const apiResourcesCommand = command({
  name: 'api-resources',
  summary: 'list the kinds that the server serves',
  usage: '',
  examples: ['riverctl api-resources', 'riverctl api-resources --api-group=river.dev -o wide'],
  flags: {
    'api-group': Flags.string({ helpValue: 'GROUP', description: 'only of this group ("" is the core group)' }),
    namespaced: Flags.string({ options: ['true', 'false'], description: 'only kinds with, or without, namespaces' }),
    output: Flags.string({ char: 'o', options: ['wide', 'name'], description: 'wide: verbs and categories too; name: names only' }),
  },
  run: async ({ flags }, context) => {
    const { resources, failures } = await context.discovery();
    const shown = resources
      .filter((resource) => isPreferred(resource, resources))
      .filter(({ group }) => flags['api-group'] === undefined || group === flags['api-group'])
      .filter(({ namespaced }) => flags.namespaced === undefined || String(namespaced) === flags.namespaced)
      .toSorted((a, b) => (a.group === b.group ? (a.plural < b.plural ? -1 : 1) : a.group < b.group ? -1 : 1));
    for (const { groupVersion } of failures) context.note(`warning: ${groupVersion} does not answer`);
    context.result(shown);
    if (flags.output === 'name') return context.say(shown.map(({ plural, group }) => (group ? `${plural}.${group}` : plural)).join('\n'));
    const isWide = flags.output === 'wide';
    const header = ['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND', ...(isWide ? ['VERBS', 'CATEGORIES'] : [])];
    const rows = shown.map((resource) => [
      ...[resource.plural, resource.shortNames.join(','), apiVersion(resource), String(resource.namespaced), resource.kind],
      ...(isWide ? [resource.verbs.join(','), resource.categories.join(',')] : []),
    ]);
    for (const line of alignColumns([header, ...rows])) context.say(line);
  },
});
