import { expect, test } from 'vitest';
import { CollisionRules } from '../../src/room-client/collision_rules';

function offering(yields: boolean) {
  const rules = new CollisionRules(yields);
  rules.beginOffer();
  const negotiation = rules.offerSet();
  return { rules, negotiation };
}

test('who yields takes a crossing offer; who refuses does not', () => {
  const polite = offering(true).rules.incomingOffer('have-local-offer');
  const impolite = offering(false).rules.incomingOffer('have-local-offer');
  const idle = new CollisionRules(false).incomingOffer('stable');
  expect([polite, impolite, idle]).toEqual(['apply', 'ignore', 'apply']);
});

test('an offer in the making collides as well', () => {
  const rules = new CollisionRules(false);
  rules.beginOffer();
  const verdict = rules.incomingOffer('stable');
  expect(verdict).toBe('ignore');
});

test('answers to older offers are ignored', () => {
  const { rules, negotiation } = offering(true);
  const stale = rules.incomingAnswer(negotiation - 1, 'have-local-offer');
  const right = rules.incomingAnswer(negotiation, 'have-local-offer');
  rules.answerSettled();
  const twice = rules.incomingAnswer(negotiation, 'stable');
  expect([stale, right, twice]).toEqual(['ignore', 'apply', 'ignore']);
});

test('an answer after the offer was given up is ignored', () => {
  const { rules, negotiation } = offering(true);
  rules.incomingOffer('have-local-offer');
  rules.incomingOfferApplied();
  const verdict = rules.incomingAnswer(negotiation, 'have-local-offer');
  expect(verdict).toBe('ignore');
});

test('candidate errors are ignored only while an offer is', () => {
  const { rules, negotiation } = offering(false);
  rules.incomingOffer('have-local-offer');
  const during = rules.ignoresCandidateErrors;
  rules.incomingAnswer(negotiation, 'have-local-offer');
  rules.answerSettled();
  expect([during, rules.ignoresCandidateErrors]).toEqual([true, false]);
});

test('glare asks only a client that refuses, and only for the offer that is out, to roll back', () => {
  const strict = offering(false);
  const perfect = offering(true);
  const verdicts = [
    strict.rules.mustRollBack(strict.negotiation, 'have-local-offer'),
    strict.rules.mustRollBack(strict.negotiation + 1, 'have-local-offer'),
    strict.rules.mustRollBack(strict.negotiation, 'stable'),
    perfect.rules.mustRollBack(perfect.negotiation, 'have-local-offer'),
  ];
  expect(verdicts).toEqual([true, false, false, false]);
});

test("after a rollback the other side's offer comes first, and what is owed follows it", () => {
  const { rules } = offering(false);
  rules.beginRollback();
  const before = [rules.mayOffer(), rules.owesOffer('stable')];
  const verdict = rules.incomingOffer('stable');
  rules.incomingOfferApplied();
  const after = [rules.mayOffer(), rules.owesOffer('have-remote-offer'), rules.owesOffer('stable')];
  expect([before, verdict, after]).toEqual([[false, false], 'apply', [true, false, true]]);
});

test('an offer that the room asked for is owed until it is made, and only once stable', () => {
  const rules = new CollisionRules(true);
  rules.askedToOffer();
  const early = rules.owesOffer('have-remote-offer');
  const stable = rules.owesOffer('stable');
  rules.beginOffer();
  rules.offerSet();
  expect([early, stable, rules.owesOffer('stable')]).toEqual([false, true, false]);
});

test('no second offer is begun while one is being made', () => {
  const rules = new CollisionRules(false);
  const first = rules.mayOffer();
  rules.beginOffer();
  const second = rules.mayOffer();
  const verdict = rules.incomingOffer('stable');
  rules.offerSet();
  expect([first, second, verdict, rules.mayOffer()]).toEqual([true, false, 'ignore', true]);
});
