//! OpenAPI 3.1, made from the table of routes.

use std::{collections::BTreeSet, sync::OnceLock};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::{Map, Value, json};

use super::{
    call::Call,
    json as written,
    routes::{Access, Parameter, Route, Type},
    schemas, table,
};
use crate::problem::Problem;

/// Statuses that every route may answer with, whatever it is.
const ALWAYS: [u16; 9] = [400, 404, 405, 429, 500, 503, 504, 414, 431];

pub(crate) fn get(_: &mut Call) -> BoxFuture<'_, Result<Response, Problem>> {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let text = TEXT.get_or_init(|| Bytes::from(describe(table::routes()).to_string())).clone();
    async move { Ok(written::of_type("application/json", Body::from(text))) }.boxed()
}

/// The description of these routes.
pub(crate) fn describe(routes: &[Route]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in routes {
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods[route.method.as_str().to_ascii_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Manifold: the configuration store",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Namespaces, typed keys with all their versions, exact watches and an audit trail that can be proved. \
                            A namespace is one percent-encoded segment. A position numbers the store's changes: it is ETag, what \
                            watches resume from and the number of the audit record.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "key": [] }, { "bearer": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": { "type": "apiKey", "in": "header", "name": "X-Api-Key" },
                "bearer": { "type": "http", "scheme": "bearer" },
            },
            "schemas": schemas::all(),
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut parameters: Vec<Value> = segments(route.path).map(segment).collect();
    parameters.extend(route.query.iter().map(|one| parameter(one, "query")));
    parameters.extend(route.headers.iter().map(|one| parameter(one, "header")));
    let correlation = "names the request in logs and in the audit trail; one is made if there is none";
    parameters.push(parameter(&Parameter { name: "X-Correlation-Id", kind: Type::Text, says: correlation }, "header"));
    let mut operation = json!({
        "operationId": route.name,
        "tags": [route.group],
        "summary": route.summary,
        "parameters": parameters,
        "responses": responses(route),
    });
    if let Some(body) = &route.body {
        operation["requestBody"] = json!({ "required": body.is_required, "content": content(body.forms) });
    }
    if route.access == Access::Anybody {
        operation["security"] = json!([]);
    }
    operation
}

/// What a path takes.
pub(crate) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn segment(name: &str) -> Value {
    let (says, schema) = match name {
        "ns" => {
            ("a namespace such as teams/payments, percent-encoded as one segment", json!({ "$ref": schema("NamespacePath") }))
        }
        "key" => ("a key, percent-encoded as one segment", json!({ "$ref": schema("Key") })),
        _ => ("a number", json!({ "type": "integer", "minimum": 0 })),
    };
    json!({ "name": name, "in": "path", "required": true, "description": says, "schema": schema })
}

fn parameter(parameter: &Parameter, place: &str) -> Value {
    let schema = match parameter.kind {
        Type::Text => json!({ "type": "string" }),
        Type::Number => json!({ "type": "integer", "minimum": 0 }),
        Type::Limit => json!({ "type": "integer" }),
        Type::Flag => json!({ "type": "string", "enum": ["0", "1", "true", "false"] }),
        Type::OneOf(names) => json!({ "type": "string", "enum": names }),
    };
    json!({ "name": parameter.name, "in": place, "required": false, "description": parameter.says, "schema": schema })
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    for answer in &route.answers {
        let mut told = json!({ "description": answer.says });
        if !answer.forms.is_empty() {
            told["content"] = content(answer.forms);
        }
        responses.insert(answer.status.as_u16().to_string(), told);
    }
    let mut problems: BTreeSet<u16> = ALWAYS.into_iter().collect();
    problems.extend(route.problems.iter().map(|status| status.as_u16()));
    if route.access != Access::Anybody {
        problems.extend([401, 403]);
    }
    for status in problems {
        let problem = json!({
            "description": "a problem; its detail says what to do",
            "content": { "application/problem+json": { "schema": { "$ref": schema("Problem") } } },
        });
        let told = responses.entry(status.to_string()).or_insert_with(|| problem.clone());
        // One status with two meanings has two forms.
        if told != &problem {
            told["content"]["application/problem+json"] = problem["content"]["application/problem+json"].clone();
        }
    }
    Value::Object(responses)
}

fn content(forms: &[(&str, &str)]) -> Value {
    let forms = forms.iter().map(|(media, name)| ((*media).to_owned(), json!({ "schema": { "$ref": schema(name) } })));
    Value::Object(forms.collect())
}

fn schema(name: &str) -> String {
    format!("#/components/schemas/{name}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// All references in a value.
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| references(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn the_description_has_every_route_and_no_other() {
        let routes = table::routes();
        let told = describe(routes);
        let paths = told["paths"].as_object().expect("is an object");
        let told: BTreeSet<(String, String)> = paths
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().expect("is an object").keys().map(move |method| (path.clone(), method.to_uppercase()))
            })
            .collect();
        let served: BTreeSet<(String, String)> =
            routes.iter().map(|route| (route.path.to_owned(), route.method.to_string())).collect();
        assert_eq!(told, served);
        assert_eq!(served.len(), routes.len(), "a route is there twice");
    }

    #[test]
    fn routes_are_told_whole_and_what_they_refer_to_is_there() {
        let mut names = HashSet::new();
        for route in table::routes() {
            assert!(names.insert(route.name), "{} is there twice", route.name);
            assert!(!route.summary.is_empty() && !route.group.is_empty() && !route.answers.is_empty(), "{}", route.name);
        }
        let told = describe(table::routes());
        let mut found = BTreeSet::new();
        references(&told, &mut found);
        let schemas = told["components"]["schemas"].as_object().expect("is an object");
        for reference in &found {
            let name = reference.trim_start_matches("#/components/schemas/");
            assert!(schemas.contains_key(name), "there is no schema {name}");
        }
        for name in schemas.keys() {
            assert!(found.contains(&schema(name)), "nothing refers to {name}");
        }
    }
}
