"""Whether the parts that a project needs do their work: probes of them, kept; what follows from those over days."""
