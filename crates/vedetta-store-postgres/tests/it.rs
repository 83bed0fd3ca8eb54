//! The ledger on PostgreSQL passes the suite of every backend, and its own checks. They need a
//! server, whose connection string is in `VEDETTA_TEST_POSTGRES`; each has a schema of its own.

#[cfg(test)]
#[path = "it/crash.rs"]
mod crash;
#[cfg(test)]
#[path = "it/house.rs"]
mod house;
#[cfg(test)]
#[path = "it/secured.rs"]
mod secured;
#[cfg(test)]
#[path = "it/tampering.rs"]
mod tampering;
#[cfg(test)]
#[path = "it/trouble.rs"]
mod trouble;
#[cfg(test)]
#[path = "it/wire.rs"]
mod wire;

#[cfg(test)]
mod conforms {
    use vedetta_store::conformance::House;

    use super::house::Rooms;

    fn house() -> Option<Box<dyn House>> {
        Rooms::new().map(|rooms| Box::new(rooms) as Box<dyn House>)
    }

    vedetta_store::conformance!(house);
}
