"""What Schemathesis has to know of this server's YAML: the tag of a value that is JSON, which stands there as text."""

from schemathesis.core.deserialization import get_yaml_loader

get_yaml_loader().add_constructor("!json", lambda loader, node: loader.construct_scalar(node))
