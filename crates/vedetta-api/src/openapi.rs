//! The OpenAPI 3.1 description, generated from the same table that the gate enforces: a route
//! cannot be served and not be described.

use serde_json::{Map, Value, json};
use vedetta_model::Role;

use crate::access::{Content, Parameter, Route, TABLE, Verb, Who};
use crate::problem::{Kind, PROBLEM_JSON, Style};

pub use vedetta_schema::{schema, schemas};

/// The whole description. `title` is the node's name.
#[must_use]
pub fn document(title: &str) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": format!("{title}: Vedetta"),
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What a machine may ask of this node. Errors are problem details \
                (RFC 9457) with `where` and `what_to_do`; below /taxii2 they are TAXII error messages.",
            "license": { "name": "EUPL-1.2", "identifier": "EUPL-1.2" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "bearer": [] }, { "basic": [] }, { "certificate": [] }],
        "paths": paths(),
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer",
                    "description": "A token, or that of a session." },
                "basic": { "type": "http", "scheme": "basic",
                    "description": "The account and a token of it, for TAXII clients." },
                "certificate": { "type": "mutualTLS",
                    "description": "A certificate that this node issued to a machine." },
            },
        },
        "x-problems": problems(),
    })
}

fn paths() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in described() {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.verb.as_str().to_ascii_lowercase()] = operation(route);
    }
    Value::Object(paths)
}

/// The routes of other machines: what only the node's own commands may ask is nobody else's.
fn described() -> impl Iterator<Item = &'static Route> {
    TABLE.iter().filter(|route| route.who != Who::Operator)
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route),
        "tags": [tag(route.path)],
        "summary": route.summary,
        "description": who(route.who),
        "responses": responses(route),
    });
    if route.who == Who::Anyone {
        operation["security"] = json!([]);
    }
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = route.takes {
        let mut taken = content(body);
        for other in route.or_takes {
            taken[other.media] = content(*other)[other.media].clone();
        }
        operation["requestBody"] = json!({ "required": true, "content": taken });
    }
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = variables(route.path).map(|name| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    });
    let in_query = route.query.iter().map(Parameter::described);
    in_path.chain(in_query).collect()
}

fn responses(route: &Route) -> Value {
    let taxii_add = route.style() == Style::Taxii && route.verb == Verb::Post;
    let (status, said) = match route.gives {
        None if route.style() == Style::Taxii => ("200", "Done."),
        None => ("204", "Done."),
        Some(_) if taxii_add => ("202", "Done; what became of each object."),
        Some(_) => ("200", "As asked."),
    };
    let mut answer = json!({ "description": said });
    for body in route.gives.iter().chain(route.or_gives) {
        answer["content"][body.media] = content(*body)[body.media].clone();
    }
    let error = match route.style() {
        Style::Problem => Content { media: PROBLEM_JSON, schema: Some("Problem") },
        Style::Taxii => Content { media: taxii::TAXII, schema: Some("TaxiiError") },
    };
    let failure =
        json!({ "description": "Why not, where, and what to do.", "content": content(error) });
    json!({ status: answer, "default": failure })
}

fn content(body: Content) -> Value {
    let schema = match body.schema {
        Some(name) => json!({ "$ref": format!("#/components/schemas/{name}") }),
        None => json!({}),
    };
    json!({ body.media: { "schema": schema } })
}

fn who(who: Who) -> String {
    match who {
        Who::Anyone => "For anyone.".into(),
        Who::SignedIn => "For every account.".into(),
        Who::Operator => "For commands of the node's own.".into(),
        Who::Roles(roles) => format!("For the roles {}.", names(roles)),
        Who::Room(roles) => {
            format!("For the roles {} of the node's own organisation.", names(roles))
        }
    }
}

fn names(roles: &[Role]) -> String {
    let roles: Vec<Value> = roles.iter().map(|role| json!(role)).collect();
    let roles: Vec<&str> = roles.iter().filter_map(Value::as_str).collect();
    roles.join(", ")
}

/// The variables of a path.
fn variables(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn tag(path: &str) -> &str {
    let mut parts =
        path.split('/').filter(|part| !part.is_empty() && *part != "api" && *part != "v1");
    parts.next().unwrap_or("node")
}

fn operation_id(route: &Route) -> String {
    let words = route.path.split(['/', '-', '.']).filter(|part| !part.is_empty());
    let words = words.filter(|part| !matches!(*part, "api" | "v1"));
    let words = words.map(|part| part.trim_matches(['{', '}'])).collect::<Vec<_>>().join("_");
    format!("{}_{words}", route.verb.as_str().to_ascii_lowercase())
}

fn problems() -> Value {
    let one = |kind: Kind| {
        let (slug, status, title) = kind.face();
        (slug.to_owned(), json!({ "title": title, "status": status.as_u16() }))
    };
    Value::Object(Kind::ALL.into_iter().map(one).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn describes_every_route_once() {
        let document = document("Prova");
        let mut ids = BTreeSet::new();
        for route in described() {
            let operation = &document["paths"][route.path][route.verb.as_str().to_lowercase()];
            assert!(operation.is_object(), "{}", route.path);
            assert!(ids.insert(operation["operationId"].to_string()), "{operation}");
        }
        let operations: usize = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .map(|path| path.as_object().unwrap().len())
            .sum();
        assert_eq!(operations, described().count());
    }

    #[test]
    fn says_every_form_that_a_body_may_have() {
        let document = document("Prova");
        let taken = |path: &str, verb: &str| {
            let content = &document["paths"][path][verb]["requestBody"]["content"];
            content.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        let stix = ["application/json", "application/stix+json", taxii::TAXII, "text/csv"];
        assert_eq!(taken("/api/v1/items", "post"), stix);
        assert_eq!(taken("/api/v1/imports", "post"), ["application/json", "text/csv"]);
        let given = |path: &str| {
            let content = &document["paths"][path]["get"]["responses"]["200"]["content"];
            content.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        };
        assert_eq!(given("/api/v1/stream"), ["text/event-stream", "application/x-ndjson"]);
        assert_eq!(given("/api/v1/exports/{file}"), ["application/json", "text/csv"]);
        let report = given("/api/v1/incidents/{number}/report");
        assert_eq!(report, ["application/json", "text/html", "application/pdf"]);
    }

    #[test]
    fn the_filters_of_taxii_are_those_of_its_endpoints() {
        for endpoint in taxii::endpoint::ALL {
            let path = match endpoint.path {
                "/taxii2/" => "/taxii2/".to_owned(),
                below => format!("/taxii2/root{below}"),
            };
            let is_it = |it: &&Route| it.path == path && it.verb.as_str() == endpoint.verb.as_str();
            let route = TABLE.iter().find(is_it).unwrap_or_else(|| panic!("{path}"));
            let described: BTreeSet<_> = route.query.iter().map(|it| it.name).collect();
            let taken = endpoint.filters.iter().map(|it| it.parameter()).collect();
            assert_eq!(described, taken, "{} {path}", endpoint.verb.as_str());
        }
        let ours = TABLE.iter().filter(|it| it.style() == Style::Taxii).count();
        assert_eq!(ours, taxii::endpoint::ALL.len());
    }

    #[test]
    fn parameters_have_their_types() {
        let document = document("Prova");
        let shape = |path: &str, name: &str| {
            let given = document["paths"][path]["get"]["parameters"].as_array().unwrap();
            given.iter().find(|it| it["name"] == name).unwrap()["schema"].clone()
        };
        let agreements = "/api/v1/agreements";
        let limit = json!({ "type": "integer", "minimum": 1, "maximum": 1_000, "default": 100 });
        assert_eq!(shape(agreements, "limit"), limit);
        assert_eq!(shape(agreements, "stage")["enum"][1], "in-force");
        assert_eq!(shape("/api/v1/mail/reports", "contested")["type"], "boolean");
        assert_eq!(shape("/api/v1/stream", "since")["format"], "date-time");
        let objects = "/taxii2/root/collections/{collection}/objects/";
        assert_eq!(shape(objects, "match[id]")["type"], "array");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document("Prova");
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        for kind in Kind::ALL {
            assert!(document["x-problems"][kind.face().0]["title"].is_string());
        }
    }
}
