import { usePanel } from '../context';
import { bitrate, duration, kDash, milliseconds, number, percent, time, words } from '../format';
import { formatPlace } from '../location_state';
import { Severity } from '../severity';
import { Answered, Empty } from '../states';
import { useRequest } from '../use_request';
import type { SessionAnswer } from './answers';
import { Fact, Facts } from './facts';
import { sharedQuery } from './filters';
import { issueWords } from './issue_words';
import { Rating } from './rating';
import type { SessionDetail } from './rows';
import { ScoreBreakdown } from './score_breakdown';
import { SessionTable } from './session_table';
import { TimelineCharts } from './timeline_charts';

/** One session, whole. */
export function SessionView({ id }: { id: string }) {
  const request = useRequest<SessionAnswer>('session', { session_id: id });
  return (
    <section class="view" data-view="session">
      <Answered request={request}>{(answer) => <Session answer={answer} />}</Answered>
    </section>
  );
}

function Session({ answer: { session, participants } }: { answer: SessionAnswer }) {
  const { place } = usePanel();
  const { timeline } = session;
  const inRoom = formatPlace({
    tab: 'quality',
    path: ['sessions'],
    query: { ...sharedQuery(place), room: session.room },
  });
  return (
    <>
      <div class="view-head" data-session={session.session_id}>
        <h2>
          {session.display || session.user_id} in <a href={inRoom}>{session.room}</a>
        </h2>
        <Rating rating={session.overall_quality} score={session.quality_score} />
        <span class="muted">
          {time(session.started_at)}, {duration(session.duration_s)}
        </span>
      </div>
      <div class="cards">
        <ScoreBreakdown session={session} />
        <Directions session={session} />
        <Issues session={session} />
        <Picture session={session} />
        <Connection session={session} />
        <Call session={session} />
      </div>
      <h3>Course</h3>
      {timeline && timeline.points.length > 0 ? (
        <TimelineCharts timeline={timeline} startedAt={session.started_at} />
      ) : (
        <Empty>This session was too short for a timeline.</Empty>
      )}
      <h3>Others in the same call</h3>
      {participants.length > 0 ? (
        <SessionTable rows={participants} caption="Others in the same call" />
      ) : (
        <Empty>Nobody else was in this room at that time.</Empty>
      )}
    </>
  );
}

function Directions({ session }: { session: SessionDetail }) {
  return (
    <section class="card">
      <h3>Network</h3>
      <table class="directions">
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">Figure</span>
            </th>
            <th scope="col">From the user</th>
            <th scope="col">To the user</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Loss</th>
            <td>{percent(session.packet_loss_in_pct, 2)}</td>
            <td>{percent(session.packet_loss_out_pct, 2)}</td>
          </tr>
          <tr>
            <th scope="row">Bitrate</th>
            <td>{bitrate(session.bandwidth_in_kbps)}</td>
            <td>{bitrate(session.bandwidth_out_kbps)}</td>
          </tr>
        </tbody>
      </table>
      <dl class="facts">
        <Fact name="Latency: average, p50">
          {milliseconds(session.latency_avg_ms)}, {milliseconds(session.latency_p50_ms)}
        </Fact>
        <Fact name="Latency: p95, highest">
          {milliseconds(session.latency_p95_ms)}, {milliseconds(session.latency_max_ms)}
        </Fact>
        <Fact name="Jitter: average, p95">
          {milliseconds(session.jitter_avg_ms)}, {milliseconds(session.jitter_p95_ms)}
        </Fact>
        <Fact name="Loss: p95">{percent(session.packet_loss_p95_pct, 2)}</Fact>
        <Fact name="Bitrate: p5">{bitrate(session.bandwidth_p5_kbps)}</Fact>
      </dl>
    </section>
  );
}

function Issues({ session }: { session: SessionDetail }) {
  const issues = session.issues ?? [];
  return (
    <section class="card">
      <h3>Issues</h3>
      {issues.length === 0 && <p class="muted">None.</p>}
      <ul class="plain">
        {issues.map(({ code, severity, samples }) => (
          <li key={code} data-issue={code}>
            <Severity severity={severity} /> <b>{issueWords(code).title}</b>
            {samples !== undefined && <span class="muted"> in {samples} samples</span>}
            <p class="muted">{issueWords(code).helps}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Picture({ session }: { session: SessionDetail }) {
  return (
    <Facts title="Picture">
      <Fact name="Frame rate: average, p5">
        {number(session.frame_rate_avg, 1)}, {number(session.frame_rate_p5, 1)}
      </Fact>
      <Fact name="Size: typical">{session.resolution_typical ?? kDash}</Fact>
      <Fact name="Size: smallest, largest">
        {session.resolution_min ?? kDash}, {session.resolution_max ?? kDash}
      </Fact>
      <Fact name="Freezes">
        {number(session.freeze_count)}, {milliseconds(session.freeze_ms)} in all
      </Fact>
      <Fact name="Quality changes">{number(session.quality_changes)}</Fact>
      <Fact name="Key frames asked for">{number(session.keyframe_requests)}</Fact>
    </Facts>
  );
}

function Connection({ session }: { session: SessionDetail }) {
  return (
    <Facts title="Connection">
      <Fact name="Media through">{session.media_path}</Fact>
      <Fact name="Candidate">{session.candidate_type ?? kDash}</Fact>
      <Fact name="Protocol">{session.protocol ?? kDash}</Fact>
      <Fact name="TURN server">{session.turn_server ?? kDash}</Fact>
      <Fact name="Drops, recoveries">
        {number(session.connection_drops)}, {number(session.recoveries)}
      </Fact>
      <Fact name="Negotiations">{number(session.negotiations)}</Fact>
      <Fact name="Crossing offers, rollbacks">
        {number(session.glare_count)}, {number(session.rollbacks)}
      </Fact>
    </Facts>
  );
}

function Call({ session }: { session: SessionDetail }) {
  const device = Object.entries(session.device_info ?? {});
  return (
    <Facts title="Call">
      <Fact name="User id">{session.user_id}</Fact>
      <Fact name="Node">{session.node}</Fact>
      <Fact name="Provider">
        {session.provider}, measured by the {session.measured_by}
      </Fact>
      <Fact name="Ended">
        {time(session.ended_at)}: {words(session.end_reason)}
      </Fact>
      <Fact name="Samples, good ones">
        {number(session.samples)}, {percent(session.good_share_pct, 0)}
      </Fact>
      {device.map(([name, value]) => (
        <Fact key={name} name={`Device: ${words(name)}`}>
          {typeof value === 'object' ? JSON.stringify(value) : String(value)}
        </Fact>
      ))}
      <Fact name="Session id">{session.session_id}</Fact>
    </Facts>
  );
}
