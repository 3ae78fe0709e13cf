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
  'audit search': {
    summary: 'look for requests in the audit log on this machine',
    load: () => import('../commands/audit.ts').then((chunk) => chunk.auditSearchCommand),
  },
  'audit verify': {
    summary: 'see whether the audit log on this machine is whole and unchanged',
    load: () => import('../commands/audit.ts').then((chunk) => chunk.auditVerifyCommand),
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
  'node approve': {
    summary: 'show what a machine that wants to join says of itself, and let it in',
    load: () => import('../commands/node-decide.ts').then((chunk) => chunk.nodeApproveCommand),
  },
  'node cordon': {
    summary: 'have nothing new start on nodes; what runs goes on',
    load: () => import('../commands/node-change.ts').then((chunk) => chunk.nodeCordonCommand),
  },
  'node deny': {
    summary: 'refuse a machine that wants to join',
    load: () => import('../commands/node-decide.ts').then((chunk) => chunk.nodeDenyCommand),
  },
  'node drain': {
    summary: 'empty nodes: nothing new starts there, what may move moves',
    load: () => import('../commands/node-change.ts').then((chunk) => chunk.nodeDrainCommand),
  },
  'node join': {
    summary: 'make this machine a node (run on the node)',
    load: () => import('../commands/node-join.ts').then((chunk) => chunk.nodeJoinCommand),
  },
  'node join-token': {
    summary: 'make a token with which one machine may join',
    load: () => import('../commands/node-join-token.ts').then((chunk) => chunk.nodeJoinTokenCommand),
  },
  'node join-token delete': {
    summary: 'delete join tokens',
    load: () => import('../commands/node-join-token.ts').then((chunk) => chunk.nodeJoinTokenDeleteCommand),
  },
  'node join-token list': {
    summary: 'list the join tokens that are there',
    load: () => import('../commands/node-join-token.ts').then((chunk) => chunk.nodeJoinTokenListCommand),
  },
  'node list': {
    summary: 'list nodes, when their certificates end, and who wants to join',
    load: () => import('../commands/node-list.ts').then((chunk) => chunk.nodeListCommand),
  },
  'node remove': {
    summary: 'forget nodes; with --dead also those that hold work and never come back',
    load: () => import('../commands/node-change.ts').then((chunk) => chunk.nodeRemoveCommand),
  },
  'node renew': {
    summary: "renew this node's certificate when it is time (run on the node)",
    load: () => import('../commands/node-join.ts').then((chunk) => chunk.nodeRenewCommand),
  },
  'node revoke': {
    summary: "make a node's certificates, or one certificate, worth nothing at once",
    load: () => import('../commands/node-revoke.ts').then((chunk) => chunk.nodeRevokeCommand),
  },
  'node uncordon': {
    summary: 'have work start on nodes again',
    load: () => import('../commands/node-change.ts').then((chunk) => chunk.nodeUncordonCommand),
  },
  simulate: {
    summary: 'say what would start, end and wait if a change were made; changes nothing',
    load: () => import('../commands/simulate.ts').then((chunk) => chunk.simulateCommand),
  },
  'task approve': {
    summary: 'agree to a Task that waits for somebody to do so',
    load: () => import('../commands/task-decide.ts').then((chunk) => chunk.taskApproveCommand),
  },
  'task kill': {
    summary: 'end Tasks for good',
    load: () => import('../commands/task-change.ts').then((chunk) => chunk.taskKillCommand),
  },
  'task list': {
    summary: 'list Tasks',
    load: () => import('../commands/task-show.ts').then((chunk) => chunk.taskListCommand),
  },
  'task logs': {
    summary: 'show what a Task has written',
    load: () => import('../commands/task-logs.ts').then((chunk) => chunk.taskLogsCommand),
  },
  'task pause': {
    summary: 'hold Tasks: what has not started waits, what runs is paused',
    load: () => import('../commands/task-change.ts').then((chunk) => chunk.taskPauseCommand),
  },
  'task reject': {
    summary: 'say no to a Task that waits for somebody to agree',
    load: () => import('../commands/task-decide.ts').then((chunk) => chunk.taskRejectCommand),
  },
  'task resume': {
    summary: 'let Tasks go on that were held',
    load: () => import('../commands/task-change.ts').then((chunk) => chunk.taskResumeCommand),
  },
  'task retry': {
    summary: 'run a Task that is over once more, as a new Task',
    load: () => import('../commands/task-retry.ts').then((chunk) => chunk.taskRetryCommand),
  },
  'task status': {
    summary: 'show where Tasks stand, and their events',
    load: () => import('../commands/task-show.ts').then((chunk) => chunk.taskStatusCommand),
  },
  'task submit': {
    summary: 'run a command somewhere: makes a Task, or a TaskSet of many',
    load: () => import('../commands/task-submit.ts').then((chunk) => chunk.taskSubmitCommand),
  },
  'task watch': {
    summary: 'follow what becomes of Tasks, until interrupted',
    load: () => import('../commands/task-show.ts').then((chunk) => chunk.taskWatchCommand),
  },
  'token create': {
    summary: 'get a token of a ServiceAccount',
    load: () => import('../commands/token.ts').then((chunk) => chunk.tokenCreateCommand),
  },
  'token exec-credential': {
    summary: 'give kubectl or riverctl the credential of a ServiceAccount, for exec in a kubeconfig',
    load: () => import('../commands/token.ts').then((chunk) => chunk.tokenExecCredentialCommand),
  },
  'top nodes': {
    summary: 'show how much of each node is given away',
    load: () => import('../commands/top.ts').then((chunk) => chunk.topNodesCommand),
  },
  'top placements': {
    summary: 'show what runs and how much it was given, the most first',
    load: () => import('../commands/top.ts').then((chunk) => chunk.topPlacementsCommand),
  },
  'user add-group': {
    summary: 'put a person into groups',
    load: () => import('../commands/user.ts').then((chunk) => chunk.userAddGroupCommand),
  },
  'user add-key': { summary: 'give a person SSH keys', load: () => import('../commands/user.ts').then((chunk) => chunk.userAddKeyCommand) },
  'user create': { summary: 'let River know a person', load: () => import('../commands/user.ts').then((chunk) => chunk.userCreateCommand) },
  'user delete': {
    summary: 'forget a person, and take away the roles that `user create` gave',
    load: () => import('../commands/user.ts').then((chunk) => chunk.userDeleteCommand),
  },
  'user disable': {
    summary: 'shut a person out, at once',
    load: () => import('../commands/user.ts').then((chunk) => chunk.userDisableCommand),
  },
  'user enable': { summary: 'let a person in again', load: () => import('../commands/user.ts').then((chunk) => chunk.userEnableCommand) },
  'user kubeconfig': {
    summary: 'make a kubeconfig for a person, with a key and a certificate of their own',
    load: () => import('../commands/user-kubeconfig.ts').then((chunk) => chunk.userKubeconfigCommand),
  },
  'user list': { summary: 'list people', load: () => import('../commands/user.ts').then((chunk) => chunk.userListCommand) },
  'user remove-group': {
    summary: 'take a person out of groups',
    load: () => import('../commands/user.ts').then((chunk) => chunk.userRemoveGroupCommand),
  },
  'user remove-key': {
    summary: "take a person's SSH keys away, by their names",
    load: () => import('../commands/user.ts').then((chunk) => chunk.userRemoveKeyCommand),
  },
  version: {
    summary: 'show the versions of riverctl and the server',
    load: () => import('../commands/version.ts').then((chunk) => chunk.versionCommand),
  },
  wait: { summary: 'wait until objects meet a condition', load: () => import('../commands/wait.ts').then((chunk) => chunk.waitCommand) },
  why: {
    summary: 'say why something waits, what would let it start and when, or why it ended',
    load: () => import('../commands/why.ts').then((chunk) => chunk.whyCommand),
  },
};
