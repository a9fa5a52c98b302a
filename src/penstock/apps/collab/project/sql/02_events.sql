-- All events, in the order in which they came.
CREATE VIEW events AS
SELECT event_time, meeting_id, user_id, event_type, CAST(NULL AS INT) AS latency_ms, CAST(NULL AS DECIMAL(7, 4)) AS packet_loss
FROM user_events
UNION ALL
SELECT event_time, meeting_id, user_id, event_type, CAST(NULL AS INT), CAST(NULL AS DECIMAL(7, 4))
FROM chat_events
UNION ALL
SELECT event_time, meeting_id, user_id, event_type, latency_ms, packet_loss
FROM meeting_events;
