import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { finalPhases, type Phase, type PhaseCondition, phaseOf, phases } from './phase.ts';

type Said = Partial<Record<PhaseCondition, 'True' | 'False' | 'Unknown'>> & { outcome?: string };

const phaseFrom = ({ outcome = '', ...said }: Said) =>
  phaseOf(Object.entries(said).map(([type, status]) => ({ type, status, reason: type === 'Finished' ? outcome : 'Because' })));

const ways: [Phase, Said][] = [
  ['Pending', {}],
  ['Pending', { Approved: 'True', Scheduled: 'False' }],
  ['PendingApproval', { Approved: 'False', Scheduled: 'True' }],
  ['PendingApproval', { Approved: 'Unknown' }],
  ['Assigned', { Scheduled: 'True' }],
  ['Starting', { Scheduled: 'True', Accepted: 'True', Running: 'False' }],
  ['Running', { Scheduled: 'True', Accepted: 'True', Running: 'True', Paused: 'False', Reachable: 'True' }],
  ['Paused', { Scheduled: 'True', Accepted: 'True', Running: 'True', Paused: 'True' }],
  ['Unreachable', { Scheduled: 'True', Running: 'True', Paused: 'True', Reachable: 'Unknown' }],
  ['Succeeded', { Finished: 'True', outcome: 'Succeeded', Running: 'True', Scheduled: 'True' }],
  ['KilledOOM', { Finished: 'True', outcome: 'KilledOOM', Reachable: 'False' }],
  ['Rejected', { Finished: 'True', outcome: 'Rejected', Approved: 'False' }],
  ['Failed', { Finished: 'True', outcome: 'DeadlineExceeded' }],
  ['Running', { Finished: 'False', Scheduled: 'True', Running: 'True' }],
];

const status = fc.constantFrom('True' as const, 'False' as const, 'Unknown' as const);
const anyConditions = fc.array(fc.record({ type: fc.string(), status, reason: fc.string() }));

describe('phaseOf', () => {
  for (const [phase, said] of ways) it(`is ${phase} for ${JSON.stringify(said)}`, () => assert.equal(phaseFrom(said), phase));

  it('knows every final phase', () => {
    for (const outcome of finalPhases) assert.equal(phaseFrom({ Finished: 'True', outcome }), outcome);
  });

  it('always gives a phase, whatever else stands among the conditions', () => {
    fc.assert(fc.property(anyConditions, (conditions) => phases.includes(phaseOf(conditions))));
  });

  it('does not depend on the order of the conditions', () => {
    const types: PhaseCondition[] = ['Finished', 'Approved', 'Scheduled', 'Accepted', 'Running', 'Paused', 'Reachable'];
    const distinct = fc.uniqueArray(fc.record({ type: fc.constantFrom(...types), status, reason: fc.constantFrom(...finalPhases) }), {
      selector: (condition) => condition.type,
    });
    fc.assert(fc.property(distinct, (conditions) => phaseOf(conditions) === phaseOf([...conditions].reverse())));
  });
});
