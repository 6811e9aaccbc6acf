"""aiokafka, a client written in Python."""
