-- Partitions of one week (from Monday, UTC), made ahead and dropped after retention.

CREATE FUNCTION callroom_week(at timestamptz) RETURNS timestamptz
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog
  RETURN date_trunc('week', at, 'UTC');
COMMENT ON FUNCTION callroom_week IS 'The Monday, 00:00 UTC, that begins the partition of this time';

-- The tables that have such partitions; each has a default partition besides.
CREATE FUNCTION callroom_partitioned() RETURNS SETOF text
  LANGUAGE sql STABLE
  SET search_path = pg_catalog
  BEGIN ATOMIC
    SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'p'
      AND starts_with(relname, 'session_quality_')
      ORDER BY relname DESC;  -- the sessions first, as they are written: else maintenance and writers might wait for one another
  END;

-- Makes one table's partition and moves into it what the default partition holds of its week. The partition is filled
-- before it is attached, so that sessions are inserted meanwhile. False where it is there already.
CREATE FUNCTION callroom_make_partition_of(parent text, week timestamptz) RETURNS boolean
  LANGUAGE plpgsql
  SET search_path = pg_catalog, public, pg_temp
  AS $$
DECLARE
  partition text := parent || to_char(week AT TIME ZONE 'UTC', '_YYYYMMDD');
  rest text := parent || '_default';
  columns text;
BEGIN
  IF to_regclass(format('public.%I', partition)) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING CONSTRAINTS '
                 'INCLUDING STORAGE INCLUDING COMMENTS)', partition, parent);
  EXECUTE format('COMMENT ON TABLE public.%I IS %L', partition, 'Sessions that ended in the week from ' ||
                 to_char(week AT TIME ZONE 'UTC', 'YYYY-MM-DD'));
  EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', rest);
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
    WHERE attrelid = format('public.%I', parent)::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
  EXECUTE format('WITH moved AS (DELETE FROM public.%I WHERE created_at >= %L AND created_at < %L RETURNING %s) '
                 'INSERT INTO public.%I (%s) SELECT %s FROM moved',
                 rest, week, week + interval '7 days', columns, partition, columns, columns);
  EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', parent, partition,
                 week, week + interval '7 days');
  RETURN true;
END
$$;

-- The same for each partitioned table. False where all were there already.
CREATE FUNCTION callroom_make_partition(week timestamptz) RETURNS boolean
  LANGUAGE sql
  SET search_path = pg_catalog, public, pg_temp
  RETURN (SELECT bool_or(callroom_make_partition_of(parent, week)) FROM callroom_partitioned() parent);

-- What else goes with the rows that retention drops. A migration that adds such a table lists it here.
CREATE TABLE callroom_retained (
  table_name text PRIMARY KEY,
  time_column text NOT NULL
);
COMMENT ON TABLE callroom_retained IS 'Tables from which maintenance deletes what is older than the sessions that are kept';
COMMENT ON COLUMN callroom_retained.table_name IS 'Name of the table';
COMMENT ON COLUMN callroom_retained.time_column IS 'Its column that tells how old a row is';
ALTER TABLE callroom_retained ENABLE ROW LEVEL SECURITY;

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

  FOR old IN SELECT child.oid::regclass AS name FROM callroom_partitioned() parent
               JOIN pg_inherits ON inhparent = format('public.%I', parent)::regclass JOIN pg_class child ON child.oid = inhrelid
               WHERE child.relname ~ '_\d{8}$' AND to_timestamp(right(child.relname, 8), 'YYYYMMDD') < cutoff
  LOOP
    EXECUTE format('DROP TABLE %s', old.name);
    dropped := dropped + 1;
  END LOOP;
  FOR old IN SELECT format('public.%I', parent || '_default') AS name FROM callroom_partitioned() parent LOOP
    EXECUTE format('DELETE FROM %s WHERE created_at < %L', old.name, cutoff);
  END LOOP;
  FOR old IN SELECT table_name, time_column FROM callroom_retained LOOP
    EXECUTE format('DELETE FROM public.%I WHERE %I < %L', old.table_name, old.time_column, cutoff);
  END LOOP;
  RETURN format('%s partitions made, %s dropped', made, dropped);
END
$$;
COMMENT ON FUNCTION callroom_maintain IS
  'Makes partitions for the coming four weeks and drops those that lie wholly before retention_days ago';

REVOKE ALL ON FUNCTION callroom_week, callroom_partitioned, callroom_make_partition_of, callroom_make_partition,
  callroom_maintain FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callroom_maintain TO callroom_writer;

SELECT callroom_maintain(36500) \g /dev/null
