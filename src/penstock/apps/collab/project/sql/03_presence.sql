-- Who is there. Somebody is there from a join to a leave; a second join, or a leave without a join, changes nothing.
-- When a meeting has been silent for 10 minutes nobody is there any more: what comes next is its next episode.
--
-- Events of one time count one after the other, as they came: ROWS tells them apart, where LAG would take them together.

CREATE VIEW paced AS
SELECT
  *,
  FIRST_VALUE(event_time) OVER (
    PARTITION BY meeting_id ORDER BY event_time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
  ) AS event_before
FROM events;

CREATE VIEW episodes AS
SELECT
  event_time, meeting_id, user_id, event_type, message_length, latency_ms, packet_loss,
  SUM(CASE WHEN event_time <= event_before + INTERVAL '10' MINUTE THEN 0 ELSE 1 END) OVER (
    PARTITION BY meeting_id ORDER BY event_time
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS episode
FROM paced;

-- What each event that concerns presence makes of its user: there or not, with video or without.
CREATE VIEW states AS
SELECT
  *,
  LAST_VALUE(CASE event_type WHEN 'join' THEN 1 WHEN 'leave' THEN 0 END) OVER person AS is_there,
  LAST_VALUE(CASE event_type WHEN 'video_start' THEN 1 WHEN 'video_stop' THEN 0 WHEN 'leave' THEN 0 END) OVER person
    AS is_on
FROM episodes
WHERE user_id IS NOT NULL AND event_type IN ('join', 'leave', 'video_start', 'video_stop')
WINDOW person AS (
  PARTITION BY meeting_id, episode, user_id ORDER BY event_time
  ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
);

CREATE VIEW shown AS
SELECT
  event_time, meeting_id, user_id, event_type, episode,
  COALESCE(is_there, 0) AS is_there,
  COALESCE(is_there, 0) * COALESCE(is_on, 0) AS is_seen
FROM states;

-- How much each event changes the number of those who are there, and of those who are there with their video on.
CREATE VIEW moves AS
SELECT
  event_time, meeting_id, user_id, event_type, episode,
  CAST(NULL AS INT) AS message_length, CAST(NULL AS INT) AS latency_ms, CAST(NULL AS DECIMAL(7, 4)) AS packet_loss,
  is_there - CASE WHEN COUNT(*) OVER pair = 2 THEN FIRST_VALUE(is_there) OVER pair ELSE 0 END AS comes,
  is_seen - CASE WHEN COUNT(*) OVER pair = 2 THEN FIRST_VALUE(is_seen) OVER pair ELSE 0 END AS shows
FROM shown
WINDOW pair AS (
  PARTITION BY meeting_id, episode, user_id ORDER BY event_time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW
)
UNION ALL
SELECT
  event_time, meeting_id, user_id, event_type, episode, message_length, latency_ms, packet_loss, 0, 0
FROM episodes
WHERE user_id IS NULL OR event_type NOT IN ('join', 'leave', 'video_start', 'video_stop');

-- All events with the users there after each. `last_active` and `last_video` grow with each event of a meeting and end
-- in those numbers, so that their maximum in any window is the state at its end.
CREATE VIEW attended AS
SELECT
  event_time, meeting_id, user_id, event_type, message_length, latency_ms, packet_loss, comes,
  (CAST(episode AS BIGINT) * 1000000000 + events_so_far) * 10000 + active_users AS last_active,
  (CAST(episode AS BIGINT) * 1000000000 + events_so_far) * 10000 + video_users AS last_video
FROM (
  SELECT
    *,
    COUNT(*) OVER meeting AS events_so_far,
    SUM(comes) OVER meeting AS active_users,
    SUM(shows) OVER meeting AS video_users
  FROM moves
  WINDOW meeting AS (
    PARTITION BY meeting_id, episode ORDER BY event_time
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
);
