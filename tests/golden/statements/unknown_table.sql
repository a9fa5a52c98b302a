SELECT id FROM nowhere;
