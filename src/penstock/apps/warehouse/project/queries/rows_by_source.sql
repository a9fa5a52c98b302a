-- What became of the rows of each source, run by run: read = loaded + duplicate + quarantined + dropped.
SELECT loaded_at, source, target, "read", loaded, duplicate, quarantined, dropped, run
FROM _loads
ORDER BY loaded_at DESC, source
