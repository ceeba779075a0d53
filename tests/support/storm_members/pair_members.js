// People of a storm who talk directly with one other, with less collision handling of their own than the room client.
// Needs page_client.js.
(() => {
  const { Member, kKinds, listen, members, ufragOf } = window.storm;

  /** One PeerConnection to one other person; what such clients have in common. */
  class PairMember extends Member {
    open() {
      this.peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
      this.peer.onnegotiationneeded = () => this.offer();
      this.peer.onsignalingstatechange = () => this.again && this.peer.signalingState === 'stable' && this.offer();
      this.peer.onicecandidate = ({ candidate }) => this.sendCandidate(candidate?.toJSON() ?? null);
      this.peer.ontrack = ({ track }) => listen(track);
      this.tail = Promise.resolve();
      this.again = false;
      this.taken = new Set(); // transceivers whose track is on its way
    }

    /** Messages are dealt with one after the other. */
    queue(task) {
      this.tail = this.tail.then(task).catch((error) => this.problems.push(String(error)));
    }

    publish(source) {
      const track = this.devices.track(source);
      const idle = this.peer.getTransceivers().find(
        (each) => !each.sender.track && !this.taken.has(each) && each.receiver.track.kind === track.kind && each.direction !== 'stopped' && !each.stopped);
      this.tracks.set(source, track);
      if (!idle) return void this.peer.addTrack(track, new MediaStream([track]));
      idle.direction = 'sendrecv';
      this.taken.add(idle);
      return idle.sender.replaceTrack(track).finally(() => this.taken.delete(idle));
    }

    unpublish(source) {
      const track = this.tracks.get(source);
      this.tracks.delete(source);
      const sender = this.peer.getSenders().find((each) => each.track === track);
      this.peer.getTransceivers().find((each) => each.sender === sender).direction = 'recvonly';
      track.stop();
      return sender.replaceTrack(null);
    }

    restart() {
      this.peer.restartIce();
    }

    restarted() {
      return ufragOf(this.peer) !== this.former.get(this.peer);
    }

    seen() {
      return this.peer.getTransceivers()
        .filter(({ currentDirection }) => currentDirection === 'sendrecv' || currentDirection === 'recvonly')
        .map(({ receiver: { track } }) => ({ track, source: undefined }));
    }

    label({ source, track }) {
      return track ? track.kind : kKinds[source];
    }
  }

  /** Naive: no collision handling of its own, the browser's implicit rollback alone. Says that it yields. */
  class NaiveMember extends PairMember {
    static kind = 'naive';
    collision = 'yields';

    async join({ url, room }, others) {
      this.janus = await client.Janus.connect(url);
      this.handle = await this.janus.attach('janus.plugin.callroom');
      this.counter = 0;
      this.open();
      let arrived;
      const other = new Promise((resolve) => { arrived = resolve; });
      this.handle.onEvent = ({ data }) => {
        if (data?.callroom === 'participant_joined') arrived(data.id);
        else if (data) this.queue(() => this.take(data));
      };
      const { data } = await this.handle.ask({ request: 'join', room, user_id: this.user, collision: this.collision });
      this.to = data.participants[0]?.id ?? (await other);
      const sources = [...this.tracks.keys()];
      for (const source of sources) await this.publish(source);
    }

    send(signal) {
      if (!this.to) return;
      this.handle.ask({ request: 'signal', to: this.to, ...signal }).catch((error) => this.problems.push(String(error)));
    }

    sendCandidate(candidate) {
      this.send({ negotiation: this.described ?? 0, candidate });
    }

    async offer() {
      if (this.yielding) {
        this.again = true;
        return;
      }
      this.again = false;
      this.making = true;
      let offer;
      try {
        offer = await this.peer.createOffer();
        await this.peer.setLocalDescription(offer);
      } catch {
        this.again = true;
        return;
      } finally {
        this.making = false;
      }
      this.pending = this.described = ++this.counter;
      this.send({ negotiation: this.pending, description: { type: 'offer', sdp: offer.sdp } });
    }

    async take(event) {
      if (event.callroom === 'negotiate') {
        this.again = true;
        if (this.peer.signalingState === 'stable') await this.offer();
      } else if (event.callroom === 'glare') {
        await this.glare(event);
      } else if (event.description?.type === 'offer') {
        await this.takeOffer(event);
      } else if (event.description) {
        if (this.peer.signalingState === 'have-local-offer' && event.negotiation === this.pending) await this.peer.setRemoteDescription(event.description);
      } else if (event.callroom === 'signal') {
        await this.peer.addIceCandidate(event.candidate ?? undefined).catch(() => {});
      }
    }

    async takeOffer({ negotiation, description }) {
      await this.peer.setRemoteDescription(description);
      await this.peer.setLocalDescription(await this.peer.createAnswer());
      this.described = negotiation;
      this.send({ negotiation, description: { type: 'answer', sdp: this.peer.localDescription.sdp } });
    }

    async glare() {}

    async leave() {
      await this.handle.ask({ request: 'leave' });
      this.peer.close();
      await this.janus.close();
    }
  }

  /**
   * Strict: never takes an offer while it has one out, but rolls its own back when the room says so. An offer that is
   * being made counts as out: signalingState is "stable" still, and the browser would roll it back by itself.
   */
  class StrictMember extends NaiveMember {
    static kind = 'strict';
    collision = 'refuses';

    async takeOffer(event) {
      if (this.making || this.peer.signalingState !== 'stable') return;
      this.yielding = false;
      await super.takeOffer(event);
    }

    async glare({ negotiation }) {
      if (negotiation !== this.pending || this.peer.signalingState !== 'have-local-offer') return;
      this.yielding = true; // the other's offer follows: to make another one now would refuse that too, and so on for ever
      await this.peer.setLocalDescription({ type: 'rollback' });
    }
  }

  for (const each of [NaiveMember, StrictMember]) members[each.kind] = each;
  window.storm.PairMember = PairMember;
})();
