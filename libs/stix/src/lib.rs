//! STIX 2.1: objects, identifiers, markings, patterns; parse, validate, print canonically.

pub mod pattern;
