"""What an operator waits for: finding messages in a topic, halting a pipeline and letting it go on."""
