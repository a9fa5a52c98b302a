-- What was before: people, their organisations, past meetings, and what each person did on each day.
-- `penstock simulate collab --history 90 --into DIR` fills them; a product would load them from its own database.

CREATE TABLE user_profiles (
  user_id STRING,
  username STRING,
  email STRING,
  organization_id STRING,
  user_role STRING,
  timezone STRING,
  created_at TIMESTAMP(3),
  last_login TIMESTAMP(3),
  is_active BOOLEAN
) WITH ('connector' = 'filesystem', 'path' = 'history/user_profiles', 'format' = 'parquet');

CREATE TABLE organization_plans (
  organization_id STRING,
  organization_name STRING,
  plan_type STRING,
  max_users INT,
  features STRING,
  billing_status STRING,
  created_at TIMESTAMP(3)
) WITH ('connector' = 'filesystem', 'path' = 'history/organization_plans', 'format' = 'parquet');

CREATE TABLE meeting_history (
  meeting_id STRING,
  organization_id STRING,
  start_time TIMESTAMP(3),
  end_time TIMESTAMP(3),
  duration_seconds BIGINT,
  max_participants INT,
  total_messages BIGINT,
  avg_latency_ms DOUBLE,
  meeting_type STRING
) WITH ('connector' = 'filesystem', 'path' = 'history/meeting_history', 'format' = 'parquet');

-- Days that are over, in UTC; today is in user_activity.
CREATE TABLE user_activity_summary (
  user_id STRING,
  activity_date DATE,
  meetings_attended BIGINT,
  total_messages BIGINT,
  total_duration_seconds BIGINT,
  avg_engagement_score DOUBLE
) WITH ('connector' = 'filesystem', 'path' = 'history/user_activity_summary', 'format' = 'parquet');
