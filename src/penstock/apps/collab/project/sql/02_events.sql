-- All events, in the order of their time.

CREATE VIEW all_events AS
SELECT
  event_time, event_id, place, meeting_id, user_id, event_type,
  CAST(NULL AS INT) AS message_length, CAST(NULL AS INT) AS latency_ms, CAST(NULL AS DECIMAL(7, 4)) AS packet_loss
FROM user_events
UNION ALL
SELECT
  event_time, event_id, place, meeting_id, user_id, event_type,
  CASE WHEN event_type = 'message' THEN message_length END, CAST(NULL AS INT), CAST(NULL AS DECIMAL(7, 4))
FROM chat_events
UNION ALL
SELECT
  event_time, event_id, place, meeting_id, user_id, event_type,
  CAST(NULL AS INT),
  CASE WHEN event_type = 'network_lag' THEN latency_ms END,
  CASE WHEN event_type = 'network_lag' THEN packet_loss END
FROM meeting_events;

-- An event counts once: the same id again within 24 hours is passed over. The ids of a topic and their offsets grow
-- together in one partition, so the first of an id is the one whose offset is the first.
CREATE VIEW events AS
SELECT event_time, meeting_id, user_id, event_type, message_length, latency_ms, packet_loss
FROM (
  SELECT
    *,
    FIRST_VALUE(place) OVER (
      PARTITION BY event_id ORDER BY event_time
      RANGE BETWEEN INTERVAL '24' HOUR PRECEDING AND CURRENT ROW
    ) AS first_place
  FROM all_events
)
WHERE place = first_place;
