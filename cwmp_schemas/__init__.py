"""Data that the project ships, and the loader that opens it by name: XML schemas and parameter models."""
