// A person of a storm with the browser's defaults on janus.plugin.videocall. Needs page_client.js.
(() => {
  const { PairMember, members } = window.storm;

  /** A client of janus.plugin.videocall with the browser's own defaults: what happens without a room that arbitrates. */
  class VideocallMember extends PairMember {
    static kind = 'videocall';

    async join({ url, room }, others, first) {
      this.janus = await client.Janus.connect(url);
      this.handle = await this.janus.attach('janus.plugin.videocall');
      this.open();
      this.setUp = new Promise((resolve) => { this.isUp = resolve; });
      this.handle.onEvent = ({ data, jsep }) => this.queue(() => this.take(data?.result, jsep));
      await this.handle.ask({ request: 'register', username: `${room}-${this.user}` });
      window.registered = true;
      const sources = [...this.tracks.keys()];
      for (const source of sources) await this.publish(source);
      if (first) {
        await this.peer.setLocalDescription(await this.peer.createOffer());
        const jsep = this.peer.localDescription.toJSON();
        this.handle.ask({ request: 'call', username: `${room}-${first}` }, jsep);
      }
      await this.setUp;
    }

    async take(result, jsep) {
      const { peer } = this;
      if (jsep?.type === 'offer') {
        await peer.setRemoteDescription(jsep);
        await peer.setLocalDescription(await peer.createAnswer());
        const request = result?.event === 'incomingcall' ? 'accept' : 'set';
        await this.handle.ask({ request }, peer.localDescription.toJSON());
      } else if (jsep && peer.signalingState === 'have-local-offer') {
        await peer.setRemoteDescription(jsep);
      }
      if (jsep) this.isUp();
    }

    sendCandidate(candidate) {
      this.janus.send({ janus: 'trickle', handle_id: this.handle.id, candidate: candidate ?? { completed: true } });
    }

    async offer() {
      if (!this.peer.currentLocalDescription) return; // the first offer is the call's
      try {
        await this.peer.setLocalDescription(await this.peer.createOffer());
      } catch {
        return;
      }
      await this.handle.ask({ request: 'set' }, this.peer.localDescription.toJSON()).catch((error) => this.problems.push(String(error)));
    }

    async leave() {
      this.peer.close();
      await this.janus.close();
    }
  }

  members[VideocallMember.kind] = VideocallMember;
})();
