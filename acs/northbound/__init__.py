"""What people and systems reach: the REST API, its OpenAPI document, health and metrics."""
