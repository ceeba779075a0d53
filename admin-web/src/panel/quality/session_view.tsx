import type { ComponentChildren } from 'preact';
import { bitrate, duration, milliseconds, number, percent, time, words } from '../format';
import { Answered } from '../states';
import { useRequest } from '../use_request';
import { Rating } from './rating';
import type { SessionDetail } from './rows';

interface SessionAnswer {
  session: SessionDetail;
}

/** One session, whole. */
export function SessionView({ id }: { id: string }) {
  const request = useRequest<SessionAnswer>('session', { session_id: id });
  return (
    <section class="view" aria-label="Session" data-view="session">
      <Answered request={request}>{({ session }) => <Session session={session} />}</Answered>
    </section>
  );
}

function Session({ session }: { session: SessionDetail }) {
  return (
    <>
      <div class="view-head">
        <h2>
          {session.display || session.user_id} in {session.room}
        </h2>
        <Rating rating={session.overall_quality} score={session.quality_score} />
      </div>
      <div class="cards">
        <Facts title="Call">
          <Fact name="Started">{time(session.started_at)}</Fact>
          <Fact name="Length">{duration(session.duration_s)}</Fact>
          <Fact name="Ended because">{words(session.end_reason)}</Fact>
          <Fact name="User">{session.user_id}</Fact>
          <Fact name="Node">{session.node}</Fact>
        </Facts>
        <Facts title="Network">
          <Fact name="Latency, average">{milliseconds(session.latency_avg_ms)}</Fact>
          <Fact name="Latency, p95">{milliseconds(session.latency_p95_ms)}</Fact>
          <Fact name="Jitter">{milliseconds(session.jitter_avg_ms)}</Fact>
          <Fact name="Loss to the server">{percent(session.packet_loss_in_pct)}</Fact>
          <Fact name="Loss to the user">{percent(session.packet_loss_out_pct)}</Fact>
          <Fact name="Bitrate to the server">{bitrate(session.bandwidth_in_kbps)}</Fact>
          <Fact name="Bitrate to the user">{bitrate(session.bandwidth_out_kbps)}</Fact>
        </Facts>
        <Facts title="Picture">
          <Fact name="Frame rate">{number(session.frame_rate_avg, 1)}</Fact>
          <Fact name="Typical size">{session.resolution_typical ?? '–'}</Fact>
          <Fact name="Freezes">{number(session.freeze_count)}</Fact>
        </Facts>
      </div>
    </>
  );
}

export function Facts({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="card">
      <h3>{title}</h3>
      <dl class="facts">{children}</dl>
    </section>
  );
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
