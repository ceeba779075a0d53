// Perfect negotiation (WebRTC 1.0, section 10.7) as a pure state machine, with the additions that the room's arbitration needs
// (design/p2p-collisions.md): offers carry numbers, answers echo them, and the room may ask to roll back or to offer again.

export type SignalingState = RTCSignalingState;

export type DescriptionVerdict = 'apply' | 'ignore';

export class CollisionRules {
  private making = false;
  private settingRemoteAnswer = false;
  private ignoring = false;
  private pendingOffer: number | undefined;
  private counter = 0;
  private again = false;
  private yielding = false;

  /** `yields`: gives up its own offer for one that crosses it (the polite peer); otherwise it refuses the other's. */
  constructor(readonly yields: boolean) {}

  /**
   * Not while another offer is being made: the first of the two would fail, and an incoming one then be applied on top of the second,
   * which goes out all the same. The browser asks again for what changed since. And not after a rollback that the room asked for: the
   * other side's offer follows; one of ours would refuse that as well, and so on. What is owed is remembered.
   */
  mayOffer(): boolean {
    if (this.yielding) this.again = true;
    return !this.yielding && !this.making;
  }

  /** Between the decision to offer and the offer being set locally, an incoming offer collides. */
  beginOffer(): void {
    this.making = true;
    this.again = false;
  }

  /** The number for the offer that is now set locally. */
  offerSet(): number {
    this.making = false;
    this.pendingOffer = ++this.counter;
    return this.pendingOffer;
  }

  /** The offer is owed still. */
  offerFailed(): void {
    this.making = false;
    this.again = true;
  }

  incomingOffer(state: SignalingState): DescriptionVerdict {
    const ready = !this.making && (state === 'stable' || this.settingRemoteAnswer);
    this.ignoring = !this.yields && !ready;
    return this.ignoring ? 'ignore' : 'apply';
  }

  /** The other side's offer took the place of whatever offer of ours was out; the browser asks for another one by itself. */
  incomingOfferApplied(): void {
    this.pendingOffer = undefined;
    this.yielding = false;
  }

  /** An answer counts only if it names the offer that is out. */
  incomingAnswer(negotiation: number | undefined, state: SignalingState): DescriptionVerdict {
    if (state !== 'have-local-offer') return 'ignore';
    if (negotiation !== undefined && negotiation !== this.pendingOffer) return 'ignore';
    this.settingRemoteAnswer = true;
    return 'apply';
  }

  answerSettled(): void {
    this.settingRemoteAnswer = false;
    this.pendingOffer = undefined;
    this.ignoring = false;
  }

  /** Candidates of an offer that was ignored fail to apply, and that is no error. */
  get ignoresCandidateErrors(): boolean {
    return this.ignoring;
  }

  /** Whether a `glare` event asks for something the browser will not do by itself: a client that refuses offers has to roll back. */
  mustRollBack(negotiation: number, state: SignalingState): boolean {
    return !this.yields && state === 'have-local-offer' && negotiation === this.pendingOffer;
  }

  beginRollback(): void {
    this.pendingOffer = undefined;
    this.again = true;
    this.yielding = true;
  }

  /** The room says that a change of ours was lost. */
  askedToOffer(): void {
    this.again = true;
  }

  /** True when an offer is owed and can be made now. */
  owesOffer(state: SignalingState): boolean {
    return this.again && state === 'stable' && !this.making && !this.yielding;
  }
}
