"""What the scenarios share: data that can be told apart, the cluster, the load, and the report."""
