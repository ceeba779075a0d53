-- Partitions of one week (from Monday, UTC), made ahead and dropped after retention.

CREATE FUNCTION callroom_week(at timestamptz) RETURNS timestamptz
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog
  RETURN date_trunc('week', at, 'UTC');
COMMENT ON FUNCTION callroom_week IS 'The Monday, 00:00 UTC, that begins the partition of this time';

-- Makes the partition and moves into it what the default partition holds of its week. The table is filled before it is
-- attached, so that sessions are inserted meanwhile. False where it is there already.
CREATE FUNCTION callroom_make_partition(week timestamptz) RETURNS boolean
  LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp
  AS $$
DECLARE
  partition text := 'session_quality_logs_' || to_char(week AT TIME ZONE 'UTC', 'YYYYMMDD');
  columns text;
BEGIN
  IF to_regclass('public.' || partition) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.session_quality_logs INCLUDING DEFAULTS INCLUDING GENERATED '
                 'INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMMENTS)', partition);
  EXECUTE format('COMMENT ON TABLE public.%I IS %L', partition, 'Sessions that ended in the week from ' ||
                 to_char(week AT TIME ZONE 'UTC', 'YYYY-MM-DD'));
  LOCK TABLE public.session_quality_logs_default IN ACCESS EXCLUSIVE MODE;
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
    WHERE attrelid = 'public.session_quality_logs'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
  EXECUTE format('WITH moved AS (DELETE FROM public.session_quality_logs_default '
                 'WHERE created_at >= %L AND created_at < %L RETURNING %s) INSERT INTO public.%I (%s) SELECT %s FROM moved',
                 week, week + interval '7 days', columns, partition, columns, columns);
  EXECUTE format('ALTER TABLE public.session_quality_logs ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                 partition, week, week + interval '7 days');
  RETURN true;
END
$$;

-- What depends on rows that retention drops; later migrations extend it.
CREATE FUNCTION callroom_forget_before(cutoff timestamptz) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp
  AS 'BEGIN END';

-- Called by every node about once a minute; one does the work. What it did, or NULL where another one is at it.
CREATE FUNCTION callroom_maintain(retention_days integer) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, public, pg_temp
  SET lock_timeout = '2s'
  SET timezone = 'UTC'
  AS $$
DECLARE
  cutoff timestamptz := callroom_week(now() - make_interval(days => retention_days));
  week timestamptz;
  old record;
  made integer := 0;
  dropped integer := 0;
BEGIN
  IF retention_days IS NULL OR retention_days < 1 THEN
    RAISE EXCEPTION 'retention_days must be at least 1' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT pg_try_advisory_xact_lock(hashtextextended('callroom maintenance', 0)) THEN
    RETURN NULL;
  END IF;

  FOR week IN SELECT generate_series(callroom_week(now()), callroom_week(now() + interval '28 days'), interval '7 days')
              UNION
              SELECT DISTINCT callroom_week(created_at) FROM session_quality_logs_default
                WHERE created_at >= cutoff AND created_at < now() + interval '28 days'
  LOOP
    made := made + callroom_make_partition(week)::integer;
  END LOOP;

  FOR old IN SELECT child.oid::regclass AS name FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
               WHERE inhparent = 'session_quality_logs'::regclass AND child.relname ~ '^session_quality_logs_\d{8}$'
                 AND to_timestamp(right(child.relname, 8), 'YYYYMMDD') < cutoff
  LOOP
    EXECUTE format('DROP TABLE %s', old.name);
    dropped := dropped + 1;
  END LOOP;
  DELETE FROM session_quality_logs_default WHERE created_at < cutoff;
  PERFORM callroom_forget_before(cutoff);
  RETURN format('%s partitions made, %s dropped', made, dropped);
END
$$;
COMMENT ON FUNCTION callroom_maintain IS
  'Makes partitions for the coming four weeks and drops those that lie wholly before retention_days ago';

REVOKE ALL ON FUNCTION callroom_week, callroom_make_partition, callroom_forget_before, callroom_maintain FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callroom_maintain TO callroom_writer;

SELECT callroom_maintain(36500) \g /dev/null
