import { z } from 'zod';
import { atMostOne, cel, dateTime, duration, exactlyOne, listOf, mapOf, quantity } from './schema/field.ts';
import type { CelRule } from './schema/structural-schema.ts';

/** With 512 of them, what a rule that compares two lists may cost at most. Longer texts belong in a file. */
const maxArgument = 32_768;

export const objectName = () =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
const path = () => z.string().min(1).max(4096).regex(/^\//);
/** Without a `..` among its parts. */
const pathInside = () =>
  z
    .string()
    .max(4096)
    .regex(/^([^/.][^/]*|\.([^/.][^/]*)?|\.\.[^/]+)?(\/([^/.][^/]*|\.([^/.][^/]*)?|\.\.[^/]+)?)*$/);
const words = () => listOf(z.string().max(maxArgument), { max: 512 });

/** `node[:numa][::gpu,gpu]`, such as `tiger`, `tiger:0`, `tiger::2,3`. */
export const target = () =>
  z
    .string()
    .max(512)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]+)?(::[0-9]+(,[0-9]+)*)?$/);

const secretKeyRef = z.object({
  name: objectName().describe('The Secret, in the same namespace.'),
  key: z.string().min(1).max(253).describe('The key inside it.'),
  optional: z.boolean().default(false).describe('Go on without the variable when the Secret or the key is missing.'),
});

const envVar = cel(
  z.object({
    name: z
      .string()
      .min(1)
      .max(256)
      .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/)
      .describe('Name of the variable.'),
    value: z.string().max(maxArgument).optional().describe('Its value, as it is.'),
    valueFrom: z
      .object({ secretKeyRef: secretKeyRef.describe('A key of a Secret. The value is read on the node and stands nowhere else.') })
      .optional()
      .describe('Where the value comes from instead.'),
  }),
  [atMostOne('value', 'valueFrom')],
);

const gpus = cel(
  z.object({
    count: z.int().min(0).max(1024).optional().describe('How many GPUs; one when nothing but a model or memory is asked for.'),
    indexes: listOf(z.int().min(0).max(1023), { type: 'set', max: 128 })
      .optional()
      .describe('Exactly these, by their index on the node. Needs a target.'),
    model: z.string().min(1).max(128).optional().describe('Only GPUs whose model contains this text, whatever the case: `H200`.'),
    memory: quantity().optional().describe('Only GPUs with at least this much memory each.'),
  }),
  [atMostOne('count', 'indexes')],
);

const resources = z.object({
  cpu: quantity()
    .default('1')
    .describe('CPU cores, reserved and the most that may be used: `2`, `500m`. `0` reserves none and sets no limit.'),
  memory: quantity().optional().describe('Memory, reserved and the most that may be used: `16Gi`. Left out: none reserved, no limit.'),
  ephemeralStorage: quantity().optional().describe('Disk space for what the workload writes outside its mounts.'),
  sharedMemory: quantity().optional().describe('Size of /dev/shm.'),
  gpus: gpus.optional().describe('GPUs: by count, by index, by model or by memory.'),
});

const mount = cel(
  z.object({
    mountPath: path().describe('Where it appears inside the workload.'),
    readOnly: z.boolean().default(false).describe('May only be read.'),
    shared: z
      .object({ path: pathInside().default('').describe('A folder inside the shared storage, without `..`; empty for all of it.') })
      .optional()
      .describe("The site's storage that every node sees."),
    hostPath: z
      .object({ path: path().describe('The folder on the node.') })
      .optional()
      .describe('A folder of the node that its owner has allowed.'),
    scratch: z
      .object({
        medium: z.enum(['Disk', 'Memory']).default('Disk').describe('On the local disk, or in memory.'),
        sizeLimit: quantity().optional().describe('The most it may hold.'),
      })
      .optional()
      .describe('An empty folder that lives as long as the workload.'),
    secret: z
      .object({
        name: objectName().describe('The Secret, in the same namespace.'),
        defaultMode: z.int().min(0).max(0o777).default(0o400).describe('File mode of each key.'),
      })
      .optional()
      .describe('The keys of a Secret, as files.'),
  }),
  [exactlyOne('shared', 'hostPath', 'scratch', 'secret')],
);

const network = cel(
  z.object({
    mode: z.enum(['Overlay', 'Host', 'None']).default('Overlay').describe('An address of its own, the network of the node, or none.'),
    address: z
      .string()
      .max(45)
      .regex(/^[0-9a-fA-F.:]+$/)
      .optional()
      .describe('Ask for this overlay address.'),
    reservation: objectName().optional().describe('Take the address of this IPReservation.'),
  }),
  [
    atMostOne('address', 'reservation'),
    // A Kubernetes API server judges the default {} before it has filled in the mode.
    {
      rule: "!has(self.mode) || self.mode == 'Overlay' || (!has(self.address) && !has(self.reservation))",
      message: 'only the mode Overlay has addresses',
    },
  ],
);

const logs = z.object({
  limit: quantity().default('100Mi').describe('How much of each of stdout and stderr is kept; the oldest goes first.'),
  keepAfterFinished: duration().default('168h').describe('How long they are kept on the node after the end.'),
});

/** What is run: the part of a workload that an approval is about and that never changes. */
export const executable = () => ({
  image: z.string().min(1).max(512).describe('Container image: `busybox`, `registry.lab/train:3`.'),
  imagePullPolicy: z.enum(['IfNotPresent', 'Always', 'Never']).default('IfNotPresent').describe('When the image is fetched.'),
  imagePullSecrets: listOf(z.object({ name: objectName().describe('The Secret, of type kubernetes.io/dockerconfigjson.') }), {
    type: 'map',
    keys: ['name'],
    max: 16,
  })
    .optional()
    .describe('Credentials for the registry.'),
  command: words().optional().describe("The program and its first arguments, run without a shell. Left out: the image's entrypoint."),
  args: words().optional().describe("More arguments. Left out with command left out: the image's own."),
  env: listOf(envVar, { type: 'map', keys: ['name'], max: 512 })
    .optional()
    .describe('Environment variables.'),
  workingDirectory: path().optional().describe("Where the program starts. Left out: the image's own."),
  user: z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?$/)
    .optional()
    .describe("User and group to run as, `1000:1000`. Left out: the image's own."),
  resources: resources.prefault({}).describe('What it needs, and the most it gets.'),
  mounts: listOf(mount, { type: 'map', keys: ['mountPath'], max: 64 })
    .optional()
    .describe('What of the outside it sees.'),
  privileged: z.boolean().default(false).describe('Run with the powers of the host. Needs a policy that allows it.'),
  network: network.prefault({}).describe('How it is reached.'),
  gracePeriod: duration().default('30s').describe('Between the polite signal and the kill.'),
  timeout: duration().optional().describe('The longest one attempt may run, pauses included.'),
  onDisconnect: z
    .enum(['Continue', 'Fence'])
    .default('Continue')
    .describe('While the node is cut off: go on and be replaced by nothing, or freeze so that another may take over.'),
  logs: logs.prefault({}).describe('What is kept of the output.'),
});

/** The fields of {@link executable} that a draft may leave out and no default fills in. */
const optionalExecutable = ['imagePullSecrets', 'command', 'args', 'env', 'workingDirectory', 'user', 'mounts', 'timeout'];
const givenExecutable = ['image', 'imagePullPolicy', 'resources', 'privileged', 'network', 'gracePeriod', 'onDisconnect', 'logs'];

/** A rule that keeps a field as it was first written, there or not. */
export const unchanged = (field: string): CelRule => ({
  rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
  message: `${field} cannot be changed: what is run is fixed, write a new object`,
});

/** For a field that, once given, stays as it is. */
export const setOnce = (field: string): CelRule => ({
  rule: `!has(oldSelf.${field}) || (has(self.${field}) && self.${field} == oldSelf.${field})`,
  message: `${field} cannot be changed once it is set`,
});

export const executableRules: readonly CelRule[] = [...givenExecutable, ...optionalExecutable].map(unchanged);

const toleration = z.object({
  key: z.string().max(317).optional().describe('The taint; left out, with the operator Exists, every taint.'),
  operator: z.enum(['Equal', 'Exists']).default('Equal').describe('Whether the value counts.'),
  value: z.string().max(63).optional().describe('The value that the taint must have.'),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional().describe('The effect that is tolerated; left out, all.'),
});

/** Where it may run and in which order: the part that may still change while it waits. */
export const scheduling = () => ({
  targets: listOf(target(), { type: 'set', max: 64 })
    .optional()
    .describe('Only these places, `node[:numa][::gpu,gpu]`; the first that fits is taken.'),
  nodeSelector: mapOf(z.string().max(63), { max: 64 }).optional().describe('Only nodes with all these labels.'),
  tolerations: listOf(toleration, { max: 64 }).optional().describe('Taints that do not keep it away.'),
  priority: z.int32().optional().describe("Higher starts first. Left out: the priority class's value, else 0."),
  priorityClassName: objectName().optional().describe('A PriorityClass.'),
  queue: objectName().optional().describe("The Queue that is charged. Left out: the namespace's own."),
});

/** Why something waits, and what would let it start. */
export const waiting = z.object({
  reason: z.string().max(1024).describe('In one word: Quota, Resources, Approval, Dependency, Suspended, Backoff.'),
  message: z.string().max(32768).optional().describe('What would let it start.'),
  estimatedStartTime: dateTime().optional().describe('When it is expected to start, as far as can be told.'),
  nodes: listOf(
    z.object({
      name: z.string().max(253).describe('The node.'),
      reason: z.string().max(1024).describe('The first constraint that it fails.'),
      message: z.string().max(4096).optional().describe('How much is missing.'),
    }),
    { type: 'map', keys: ['name'] },
  )
    .optional()
    .describe('Per node, what keeps it from there.'),
});

/** How one run of a program went. */
export const outcome = () => ({
  exitCode: z.int32().optional().describe('Exit code of the program; 128 + n for signal n.'),
  reason: z.string().max(1024).optional().describe('Why it is in this phase, in one word.'),
  message: z.string().max(32768).optional().describe('Why it is in this phase, for people.'),
  startTime: dateTime().optional().describe('When the program started.'),
  finishTime: dateTime().optional().describe('When it ended.'),
});

/** Amounts by resource name: `cpu`, `memory`, `ephemeralStorage`, `gpus`. */
export const amounts = () => mapOf(quantity(), { max: 64 });
