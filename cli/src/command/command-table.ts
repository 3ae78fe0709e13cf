import type { Command } from './command.ts';

interface Entry {
  summary: string;
  load(): Promise<Command>;
}

/** Every command, by name. A command's code is loaded when it is called; the summaries are here so that help loads none. */
export const commandTable: Record<string, Entry> = {
  apply: {
    summary: 'make the server hold what files say (server-side apply)',
    load: () => import('../commands/apply.ts').then((chunk) => chunk.applyCommand),
  },
  'api-resources': {
    summary: 'list the kinds that the server serves',
    load: () => import('../commands/api-resources.ts').then((chunk) => chunk.apiResourcesCommand),
  },
  backup: {
    summary: 'write all that the server keeps into a file',
    load: () => import('../commands/backup.ts').then((chunk) => chunk.backupCommand),
  },
  delete: { summary: 'delete objects', load: () => import('../commands/delete.ts').then((chunk) => chunk.deleteCommand) },
  describe: {
    summary: 'show an object and its events in words',
    load: () => import('../commands/describe.ts').then((chunk) => chunk.describeCommand),
  },
  diff: { summary: 'show what apply would change', load: () => import('../commands/diff.ts').then((chunk) => chunk.diffCommand) },
  edit: { summary: 'edit an object in your editor', load: () => import('../commands/edit.ts').then((chunk) => chunk.editCommand) },
  events: { summary: 'list events, newest last', load: () => import('../commands/events.ts').then((chunk) => chunk.eventsCommand) },
  explain: {
    summary: 'describe the fields of a kind',
    load: () => import('../commands/explain.ts').then((chunk) => chunk.explainCommand),
  },
  get: { summary: 'list objects, or show some', load: () => import('../commands/get.ts').then((chunk) => chunk.getCommand) },
  version: {
    summary: 'show the versions of riverctl and the server',
    load: () => import('../commands/version.ts').then((chunk) => chunk.versionCommand),
  },
  wait: { summary: 'wait until objects meet a condition', load: () => import('../commands/wait.ts').then((chunk) => chunk.waitCommand) },
};
