import { usePanel } from '../context';
import { duration, milliseconds, number, percent, time, words } from '../format';
import { formatPlace } from '../location_state';
import { sharedQuery } from './filters';
import { Rating } from './rating';
import type { SessionRow } from './rows';

/** Sessions as a table; each row leads to its session. */
export function SessionTable({ rows, caption }: { rows: readonly SessionRow[]; caption?: string }) {
  const { place } = usePanel();
  const query = sharedQuery(place);
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={caption ?? 'Sessions'}>
      <table class="rows" data-rows={rows.length}>
        <thead>
          <tr>
            <th scope="col">Ended</th>
            <th scope="col">Quality</th>
            <th scope="col">User</th>
            <th scope="col">Room</th>
            <th scope="col">Provider</th>
            <th scope="col" class="figure">
              Length
            </th>
            <th scope="col" class="figure">
              Latency
            </th>
            <th scope="col" class="figure">
              Loss in / out
            </th>
            <th scope="col" class="figure">
              Drops
            </th>
            <th scope="col">Issues</th>
            <th scope="col">End</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.session_id} data-session={row.session_id}>
              <td>
                <a href={formatPlace({ tab: 'quality', path: ['session', row.session_id], query })}>
                  {time(row.ended_at)}
                </a>
              </td>
              <td>
                <Rating rating={row.overall_quality} score={row.quality_score} />
              </td>
              <td class="name" title={row.user_id}>
                {row.display || row.user_id}
              </td>
              <td class="name" title={row.room}>
                {row.room}
              </td>
              <td>{row.provider}</td>
              <td class="figure">{duration(row.duration_s)}</td>
              <td class="figure">{milliseconds(row.latency_avg_ms)}</td>
              <td class="figure">
                {number(row.packet_loss_in_pct, 1)} / {percent(row.packet_loss_out_pct)}
              </td>
              <td class="figure">{number(row.connection_drops)}</td>
              <td class="issues">{row.issues?.length ? row.issues.map(({ code }) => words(code)).join(', ') : ''}</td>
              <td>{words(row.end_reason)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
