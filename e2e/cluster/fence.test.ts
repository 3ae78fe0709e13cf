import { describe, it } from 'node:test';
import { survivesCut } from './cut-off.ts';
import { useStage } from './stage.ts';

describe('a node whose cable is pulled for longer than its lease', () => {
  const used = useStage();

  it('freezes what may be replaced, which is begun elsewhere once and not one step goes on here; the rest goes on', () =>
    survivesCut(used.stage, 'alive', { cut: (node) => node.setCable('down'), heal: (node) => node.setCable('up') }));
});
