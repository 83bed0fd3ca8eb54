//! Rows in the binary format of COPY (PostgreSQL 15, SQL commands, COPY, "Binary Format").

use std::io;

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// How much goes into one message.
const CHUNK: usize = 1 << 18;

/// Rows to be sent in one go.
pub(crate) struct CopyBuffer {
    columns: i16,
    bytes: Vec<u8>,
    rows: u64,
}

impl CopyBuffer {
    /// For rows of so many columns.
    pub(crate) const fn new(columns: i16) -> Self {
        Self { columns, bytes: Vec::new(), rows: 0 }
    }

    /// How many rows wait.
    pub(crate) const fn rows(&self) -> u64 {
        self.rows
    }

    /// How many bytes wait.
    pub(crate) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether none waits.
    pub(crate) const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Begins a row; its fields follow.
    pub(crate) fn row(&mut self) -> &mut Self {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(HEADER);
        }
        self.rows += 1;
        self.bytes.extend_from_slice(&self.columns.to_be_bytes());
        self
    }

    /// A `text`, `bytea` or `uuid` (anything that is sent as its bytes).
    pub(crate) fn bytes(&mut self, field: &[u8]) -> &mut Self {
        let length = i32::try_from(field.len()).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(field);
        self
    }

    /// A `bigint`.
    pub(crate) fn long(&mut self, field: i64) -> &mut Self {
        self.bytes(&field.to_be_bytes())
    }

    /// An `integer`.
    pub(crate) fn small(&mut self, field: i32) -> &mut Self {
        self.bytes(&field.to_be_bytes())
    }

    /// A `smallint`.
    pub(crate) fn short(&mut self, field: i16) -> &mut Self {
        self.bytes(&field.to_be_bytes())
    }

    /// A `boolean`, as 0 or 1.
    pub(crate) fn flag(&mut self, field: u8) -> &mut Self {
        self.bytes(&[field])
    }

    /// Hands everything over in pieces and is empty again.
    pub(crate) fn drain(
        &mut self,
        send: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        self.bytes.extend_from_slice(&TRAILER);
        let sent = self.bytes.chunks(CHUNK).try_for_each(send);
        self.bytes.clear();
        self.rows = 0;
        sent
    }
}
