-- Pages of sessions: for every filter and order an index that has its rows in the order of the page, so that Postgres
-- walks along it and stops at the page's last row.

DROP INDEX session_quality_logs_user, session_quality_logs_room, session_quality_logs_rating, session_quality_logs_provider,
  session_quality_logs_worst;
-- Of a user or a room the worst are found by sorting. What is sorted and filtered by and what row-level security looks at
-- is in the indexes, so that only the rows of the page itself are read.
CREATE INDEX session_quality_logs_user ON session_quality_logs (user_id, created_at, session_id) INCLUDE (worst_rank);
CREATE INDEX session_quality_logs_room ON session_quality_logs (room, created_at, session_id) INCLUDE (worst_rank, user_id);
CREATE INDEX session_quality_logs_rating ON session_quality_logs (overall_quality, created_at, session_id);
CREATE INDEX session_quality_logs_provider ON session_quality_logs (provider, created_at, session_id);
CREATE INDEX session_quality_logs_node ON session_quality_logs (node, created_at, session_id);
-- The worst first, of one rating; those of several are merged.
CREATE INDEX session_quality_logs_worst ON session_quality_logs (overall_quality, worst_rank, created_at DESC, session_id DESC)
  INCLUDE (provider, node, user_id);

-- The keys of the issues know what else a page can be filtered by: a session is looked at only when it is on the page.
TRUNCATE session_quality_issues;
ALTER TABLE session_quality_issues ADD COLUMN rating text NOT NULL, ADD COLUMN provider text NOT NULL, ADD COLUMN node text NOT NULL;
COMMENT ON COLUMN session_quality_issues.rating IS 'overall_quality of session_quality_logs';
COMMENT ON COLUMN session_quality_issues.provider IS 'As in session_quality_logs';
COMMENT ON COLUMN session_quality_issues.node IS 'As in session_quality_logs';

DO $$
DECLARE
  source text := pg_get_functiondef('callroom_rollup_add'::regproc);
  was text := 'INSERT INTO session_quality_issues (code, severity, created_at, session_id, worst_rank) '
              'SELECT code, severity, created_at, session_id, worst_rank FROM found';
  becomes text := 'INSERT INTO session_quality_issues (code, severity, created_at, session_id, worst_rank, rating, provider, node) '
                  'SELECT code, severity, created_at, session_id, worst_rank, rating, provider, node FROM found';
BEGIN
  IF position(was IN source) = 0 THEN
    RAISE EXCEPTION 'callroom_rollup_add is not as migration 0003 made it';
  END IF;
  EXECUTE replace(source, was, becomes);
END
$$;

INSERT INTO session_quality_issues (code, severity, created_at, session_id, worst_rank, rating, provider, node)
  SELECT issue.code, issue.severity, created_at, session_id, worst_rank, overall_quality, provider, node
    FROM session_quality_logs, jsonb_to_recordset(issues) AS issue (code text, severity text)
    WHERE issues <> '[]' AND issue.code IS NOT NULL AND issue.severity IS NOT NULL ON CONFLICT DO NOTHING;

DROP INDEX session_quality_issues_worst;
CREATE INDEX session_quality_issues_worst ON session_quality_issues (code, severity, worst_rank, created_at DESC, session_id DESC)
  INCLUDE (provider, node);
CREATE INDEX session_quality_issues_rating ON session_quality_issues (code, severity, rating, created_at, session_id)
  INCLUDE (provider, node);
CREATE INDEX session_quality_issues_rating_worst ON session_quality_issues (code, severity, rating, worst_rank, created_at DESC, session_id DESC)
  INCLUDE (provider, node);
