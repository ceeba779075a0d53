-- Checks of STUN and TURN servers over time.

CREATE TABLE turn_checks (
  check_id uuid PRIMARY KEY,
  checked_at timestamptz NOT NULL,
  node text NOT NULL CHECK (octet_length(node) BETWEEN 1 AND 255),
  server_id text NOT NULL CHECK (octet_length(server_id) BETWEEN 1 AND 64),
  url text NOT NULL CHECK (octet_length(url) <= 512),
  transport text NOT NULL CHECK (transport IN ('udp', 'tcp', 'tls')),
  trigger text NOT NULL CHECK (trigger IN ('schedule', 'request')),
  verdict text NOT NULL CHECK (octet_length(verdict) BETWEEN 1 AND 64),
  status text NOT NULL CHECK (status IN ('pass', 'warn', 'fail', 'skipped')),
  reachable boolean NOT NULL,
  reason text NOT NULL DEFAULT '',
  ipv4_verdict text,
  ipv6_verdict text,
  duration_ms double precision NOT NULL CHECK (duration_ms >= 0),
  rtt_ms double precision CHECK (rtt_ms >= 0),
  jitter_ms double precision CHECK (jitter_ms >= 0),
  loss_pct double precision CHECK (loss_pct BETWEEN 0 AND 100),
  certificate_days_left integer
);
CREATE INDEX turn_checks_server ON turn_checks (server_id, checked_at);
CREATE INDEX turn_checks_date ON turn_checks (checked_at);

COMMENT ON TABLE turn_checks IS 'Checks of the configured STUN and TURN servers, from the Janus servers'' point of view';
COMMENT ON COLUMN turn_checks.check_id IS 'Key: a check that is delivered twice counts once';
COMMENT ON COLUMN turn_checks.checked_at IS 'When the check began';
COMMENT ON COLUMN turn_checks.node IS 'Janus server that checked';
COMMENT ON COLUMN turn_checks.server_id IS 'Id of the server in the plugin''s configuration';
COMMENT ON COLUMN turn_checks.url IS 'Its URL at that time; never credentials';
COMMENT ON COLUMN turn_checks.transport IS 'udp, tcp, tls';
COMMENT ON COLUMN turn_checks.trigger IS 'schedule (check_every) or request (the panel)';
COMMENT ON COLUMN turn_checks.verdict IS 'ok, credentials_rejected, no_response, …';
COMMENT ON COLUMN turn_checks.status IS 'pass, warn, fail, skipped';
COMMENT ON COLUMN turn_checks.reachable IS 'Whether clients could have used it';
COMMENT ON COLUMN turn_checks.reason IS 'What the server or the network said';
COMMENT ON COLUMN turn_checks.ipv4_verdict IS 'Over IPv4; NULL where its name has no such address';
COMMENT ON COLUMN turn_checks.ipv6_verdict IS 'Over IPv6; NULL where its name has no such address';
COMMENT ON COLUMN turn_checks.duration_ms IS 'Of the whole check, ms';
COMMENT ON COLUMN turn_checks.rtt_ms IS 'Round trip through the relay (of the Binding, for STUN), mean, ms';
COMMENT ON COLUMN turn_checks.jitter_ms IS 'Mean difference of consecutive round trips, ms';
COMMENT ON COLUMN turn_checks.loss_pct IS 'Packets that did not come back through the relay, percent';
COMMENT ON COLUMN turn_checks.certificate_days_left IS 'Days until the TLS certificate ends; negative once it has';

ALTER TABLE turn_checks ENABLE ROW LEVEL SECURITY;
CREATE POLICY admins_read ON turn_checks FOR SELECT TO callroom_reader USING ((SELECT callroom_is_admin()));
CREATE POLICY writer_inserts ON turn_checks FOR INSERT TO callroom_writer WITH CHECK (true);
GRANT SELECT ON turn_checks TO callroom_reader;
GRANT INSERT ON turn_checks TO callroom_writer;

INSERT INTO callroom_retained (table_name, time_column) VALUES ('turn_checks', 'checked_at');
