"""librdkafka by confluent-kafka."""
