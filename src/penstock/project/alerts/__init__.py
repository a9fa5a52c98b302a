"""Alert rules: files of alerts/, each a pipeline of its own into an `AlertSink`."""
