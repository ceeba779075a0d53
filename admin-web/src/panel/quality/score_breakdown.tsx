import { number } from '../format';
import type { SessionDetail } from './rows';

const kCauses = {
  delay: 'Delay',
  loss: 'Loss',
  freezes: 'Freezes',
  frame_rate: 'Frame rate',
  resolution: 'Resolution',
  bitrate: 'Bitrate',
  drops: 'Drops',
} as const;

/** Where the points of the score went. */
export function ScoreBreakdown({ session }: { session: SessionDetail }) {
  const { score_breakdown: lost, quality_score: score } = session;
  if (!lost || score === null) {
    return (
      <section class="card">
        <h3>Where the points went</h3>
        <p class="muted">
          {session.overall_quality === 'failed'
            ? 'No media was ever received, so that there is no score.'
            : 'This session has no score.'}
        </p>
      </section>
    );
  }
  const causes = Object.entries(kCauses).map(([key, title]) => ({
    title,
    points: lost[key as keyof typeof kCauses] ?? 0,
  }));
  return (
    <section class="card" aria-label="Where the points went">
      <h3>Where the points went</h3>
      <table class="distribution">
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Cause</th>
            <th scope="col">Share</th>
            <th scope="col">Points lost</th>
          </tr>
        </thead>
        <tbody>
          {causes
            .sort((a, b) => b.points - a.points)
            .map(({ title, points }) => (
              <tr key={title}>
                <td>{title}</td>
                <td>
                  <i class="bar fill-poor" style={{ width: `${Math.min(100, points)}%` }} />
                </td>
                <td class="figure">{points >= 0.05 ? `−${number(points, 1)}` : number(0)}</td>
              </tr>
            ))}
          <tr>
            <th scope="row">Score</th>
            <td>
              <i class={`bar fill-${session.overall_quality}`} style={{ width: `${score}%` }} />
            </td>
            <td class="figure">
              <b>{number(score, 1)}</b>
            </td>
          </tr>
        </tbody>
      </table>
    </section>
  );
}
