//! A text is refused, or read as something that is indexed and found as an asset.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vedetta_directory::{Observable, Relevance};
use vedetta_model::OrganisationNumber;
use vedetta_model::asset::AssetValue;

fuzz_target!(|text: &str| {
    let Ok(observable) = Observable::read(text) else { return };
    let asset = match &observable {
        Observable::Address(address) => AssetValue::Network(address.to_string()),
        Observable::Network(network) => AssetValue::Network(network.to_string()),
        Observable::Domain(name) => AssetValue::Domain(name.to_string()),
        Observable::Url(url) => AssetValue::Service(url.as_str().into()),
        Observable::Email(mailbox) => AssetValue::MailDomain(mailbox.domain().to_string()),
        Observable::Cpe(cpe) => AssetValue::Product(cpe.to_string()),
        Observable::Asn(number) => AssetValue::Asn(*number),
        Observable::Supplier(name) => AssetValue::Supplier(name.as_str().into()),
    };
    let (relevance, refused) = Relevance::build([(OrganisationNumber(7), &asset)]);
    let found = relevance.concerned(&observable).everyone();
    // A bare public suffix is nobody's.
    let nobodys = matches!(&observable, Observable::Url(_)) || !refused.is_empty();
    assert!(nobodys || found.contains(OrganisationNumber(7)), "{observable:?}");
    if let Observable::Domain(name) = &observable {
        let supplier = AssetValue::Supplier(name.to_string());
        let (relevance, refused) = Relevance::build([(OrganisationNumber(7), &supplier)]);
        let found = relevance.concerned(&observable).everyone();
        // Nobody is called without a letter.
        let nobodys = !refused.is_empty();
        assert!(nobodys || found.contains(OrganisationNumber(7)), "a supplier of the name {name}");
    }
});
