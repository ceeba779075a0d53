// A person of a storm with the product's room client, which is `callroom`.
(() => {
  const { Member, late, listen, members, pause } = window.storm;

  /** The product's own client. */
  class RoomMember extends Member {
    static kind = 'callroom';

    async join({ url, room, delayMs, iceTransportPolicy }, others) {
      this.client = new callroom.RoomClient({ connect: late(callroom.webSocket(url), delayMs), iceTransportPolicy });
      this.client.on('problem', (error) => this.problems.push(String(error?.message ?? error)));
      this.client.on('tracks', ({ tracks }) => tracks.forEach(({ track }) => listen(track)));
      for (const source of this.tracks.keys()) this.publish(source);
      await this.client.join({ room, userId: this.user });
      while (this.client.others.length < others) await pause(20);
    }

    publish(source) {
      this.tracks.set(source, this.client.publish(this.devices.track(source), source));
    }

    unpublish(source) {
      const publication = this.tracks.get(source);
      this.tracks.delete(source);
      this.client.unpublish(publication);
      publication.track.stop();
    }

    mute(source, muted) {
      this.client.mute(this.tracks.get(source), muted);
    }

    restart() {
      return this.client.restart();
    }

    seen(user) {
      return this.client.others.find(({ userId }) => userId === user)?.tracks ?? [];
    }

    label({ source }) {
      return source;
    }

    async leave() {
      await this.client.leave();
    }
  }

  members[RoomMember.kind] = RoomMember;
})();
