//! One connection and its prepared statements.

use std::collections::HashMap;
use std::io::Write as _;
use std::ops::ControlFlow;

use postgres::fallible_iterator::FallibleIterator as _;
use postgres::types::ToSql;
use postgres::{Client, NoTls, Row, Statement};
use vedetta_store::StoreError;

use crate::address::Address;
use crate::copy::CopyBuffer;
use crate::fault::{Fault, Told};
use crate::security::Security;

/// The parameters of a statement.
pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection whose statements are prepared once.
pub(crate) struct Engine {
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

/// Every statement here goes by an index, row by row, in the index's order: so no plan made while a
/// table was small, or before it was analysed, walks or sorts ten million rows later. Where rows
/// must be sorted all the same, `+ 0` keeps an index that has their order from being walked whole.
const SETTINGS: &str = "-- name: settings
SET application_name = 'vedetta'; SET client_min_messages = warning;
SET synchronous_commit = on; SET lock_timeout = '2s'; SET jit = off;
SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off;
SET enable_hashjoin = off; SET enable_mergejoin = off;";

impl Engine {
    /// Connects.
    pub(crate) fn connect(address: &Address) -> Result<Self, StoreError> {
        let settings = format!("{SETTINGS} SET search_path = {};", address.schema());
        let connect = || {
            let mut client = match address.security() {
                Security::Plain => address.config().connect(NoTls)?,
                Security::Verified(tls) => address.config().connect(tls.clone())?,
            };
            client.batch_execute(&settings)?;
            Ok(Self { client, statements: HashMap::new() })
        };
        connect().map_err(|fault: Fault| fault.at(address.place()))
    }

    /// Runs statements without parameters.
    pub(crate) fn script(&mut self, sql: &str) -> Told<()> {
        Ok(self.client.batch_execute(sql)?)
    }

    /// Runs a statement; how many rows it touched.
    pub(crate) fn run(&mut self, sql: &'static str, params: Params<'_>) -> Told<u64> {
        let statement = self.prepared(sql)?;
        Ok(self.client.execute(&statement, params)?)
    }

    /// All rows.
    pub(crate) fn rows(&mut self, sql: &'static str, params: Params<'_>) -> Told<Vec<Row>> {
        let statement = self.prepared(sql)?;
        Ok(self.client.query(&statement, params)?)
    }

    /// The first row, if there is one.
    pub(crate) fn row(&mut self, sql: &'static str, params: Params<'_>) -> Told<Option<Row>> {
        Ok(self.rows(sql, params)?.into_iter().next())
    }

    /// The row that is always there.
    pub(crate) fn always(&mut self, sql: &'static str, params: Params<'_>) -> Told<Row> {
        self.row(sql, params)?.ok_or_else(|| Fault::damaged("the schema", "a row is missing"))
    }

    /// Row by row, until `take` has enough.
    pub(crate) fn each(
        &mut self,
        sql: &'static str,
        params: Params<'_>,
        take: &mut dyn FnMut(&Row) -> Told<ControlFlow<()>>,
    ) -> Told<()> {
        let statement = self.prepared(sql)?;
        let mut rows = self.client.query_raw(&statement, params.iter().copied())?;
        while let Some(row) = rows.next()? {
            if take(&row)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Sends rows by `COPY … FROM STDIN BINARY`.
    pub(crate) fn copy(&mut self, sql: &'static str, buffer: &mut CopyBuffer) -> Told<()> {
        if buffer.is_empty() {
            return Ok(());
        }
        let statement = self.prepared(sql)?;
        let rows = buffer.rows();
        let mut sink = self.client.copy_in(&statement)?;
        // When the engine refuses a row, sending may fail too; finishing tells why.
        let sent = buffer.drain(&mut |bytes| sink.write_all(bytes));
        let stored = sink.finish()?;
        if stored == rows && sent.is_ok() {
            Ok(())
        } else {
            Err(Fault::damaged("a COPY", format!("{stored} rows of {rows} were stored")))
        }
    }

    fn prepared(&mut self, sql: &'static str) -> Told<Statement> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }
}
