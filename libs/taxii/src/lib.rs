//! TAXII 2.1 messages per endpoint, filters and pagination.
