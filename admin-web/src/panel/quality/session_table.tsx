import { usePanel } from '../context';
import { duration, milliseconds, number, percent, time, words } from '../format';
import { formatPlace } from '../location_state';
import { figure, Table } from '../table';
import { sharedQuery } from './filters';
import { Rating } from './rating';
import type { SessionRow } from './rows';

const kHeads = [
  'Ended',
  'Quality',
  'User',
  'Room',
  'Provider',
  figure('Length'),
  figure('Latency'),
  figure('Loss in / out'),
  figure('Drops'),
  'Issues',
  'End',
];

/** Sessions as a table; each row leads to its session. */
export function SessionTable({ rows, caption }: { rows: readonly SessionRow[]; caption?: string }) {
  const { place } = usePanel();
  const query = sharedQuery(place);
  return (
    <Table label={caption ?? 'Sessions'} heads={kHeads}>
      {rows.map((row) => (
        <tr key={row.session_id} data-session={row.session_id}>
          <td>
            <a href={formatPlace({ tab: 'quality', path: ['session', row.session_id], query })}>{time(row.ended_at)}</a>
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
    </Table>
  );
}
