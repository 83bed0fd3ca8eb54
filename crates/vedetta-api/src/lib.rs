//! Machine HTTP: TAXII, JSON with OpenAPI, streams; thin handlers.
