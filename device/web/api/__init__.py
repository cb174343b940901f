"""The API: the same operations as the pages, for a program. Each is declared once, in one place.

From a declaration (``operation.Operation``) come its route, who may use it, what it takes, and its lines in the
OpenAPI document. Those who may use it are people who are logged in, and machines with a token (``tokens``).
"""
