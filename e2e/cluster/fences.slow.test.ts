import { describe, it } from 'node:test';
import { eventually } from '../server/eventually.ts';
import type { ClusterNode, Part } from './cluster-node.ts';
import { survivesCut } from './cut-off.ts';
import { useStage } from './stage.ts';

/** The other ways in which a node can be cut off; the plain one is in fence.test.ts. */
describe('a node that is cut off for longer than its lease', () => {
  const used = useStage();

  /** And whoever is left has started another. */
  const killed = async (node: ClusterNode, part: Part) => {
    const pid = node.pidOf(part);
    await node.signal(part, 'SIGKILL');
    await eventually(
      `${node.name} has another ${part}`,
      () => node.pidOf(part),
      (next) => next !== undefined && next !== pid,
      20_000,
    );
  };

  it('with its agent killed, and then its guard', () =>
    survivesCut(used.stage, 'killed', {
      async cut(node) {
        await node.setCable('down');
        await killed(node, 'agent');
        await killed(node, 'guard');
      },
      heal: (node) => node.setCable('up'),
    }));

  it('with its agent stopped', () =>
    survivesCut(used.stage, 'stopped', {
      cut: (node) => node.signal('agent', 'SIGSTOP'),
      heal: (node) => node.signal('agent', 'SIGCONT'),
    }));

  it('with its container engine dead', () =>
    survivesCut(used.stage, 'engine', {
      async cut(node) {
        await node.setCable('down');
        await node.signal('dockerd', 'SIGKILL');
      },
      async heal(node) {
        await node.setCable('up');
        await node.start('dockerd');
      },
    }));
});
