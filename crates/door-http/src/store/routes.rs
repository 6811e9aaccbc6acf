//! What a route is, and how a request finds its own.

use axum::{
    http::{Method, StatusCode},
    response::Response,
};
use futures_util::future::BoxFuture;

use super::call::Call;
use crate::{keys::Operation as Right, problem::Problem};

/// Answers a call.
pub(crate) type Handler = for<'a> fn(&'a mut Call) -> BoxFuture<'a, Result<Response, Problem>>;

/// A route, with all that is told of it.
pub(crate) struct Route {
    pub(crate) method: Method,
    /// Segments in braces take any text, percent-encoded.
    pub(crate) path: &'static str,
    /// Its name, unique.
    pub(crate) name: &'static str,
    pub(crate) group: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) access: Access,
    pub(crate) query: &'static [Parameter],
    pub(crate) headers: &'static [Parameter],
    pub(crate) body: Option<BodyOf>,
    /// What it answers when all is well, and further statuses of its own.
    pub(crate) answers: Vec<Answer>,
    /// Names of problems that it answers with beside those of all routes.
    pub(crate) problems: &'static [StatusCode],
    pub(crate) handler: Handler,
}

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Anybody,
    /// Who has this right in the namespace that the path names.
    Here(Right),
    /// Who has this right in some namespace: the handler looks at which.
    Somewhere(Right),
    /// Who has this right everywhere.
    Everywhere(Right),
}

/// A parameter of a query, or a header.
#[derive(Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
    pub(crate) says: &'static str,
}

/// What a parameter is.
#[derive(Clone, Copy)]
pub(crate) enum Type {
    Text,
    Number,
    /// A number of things of a list, which is brought within its bounds.
    Limit,
    Flag,
    OneOf(&'static [&'static str]),
}

/// What a body may be.
pub(crate) struct BodyOf {
    pub(crate) is_required: bool,
    /// Content types, and the names of their schemas.
    pub(crate) forms: &'static [(&'static str, &'static str)],
}

/// What is answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) says: &'static str,
    /// Content types, and the names of their schemas.
    pub(crate) forms: &'static [(&'static str, &'static str)],
}

/// What a path leads to.
pub(crate) enum Found<'a> {
    /// A route, and the segments that it takes, as they were sent.
    Route(&'static Route, Vec<&'a str>),
    /// Routes of other methods.
    Method(Vec<&'static Method>),
    Nothing,
}

/// Finds the route of a request among `routes`. `HEAD` is a `GET` whose answer has no body.
pub(crate) fn find<'a>(routes: &'static [Route], method: &Method, path: &'a str) -> Found<'a> {
    let wanted = if *method == Method::HEAD { &Method::GET } else { method };
    let mut others = Vec::new();
    for route in routes {
        let Some(taken) = matches(route.path, path) else { continue };
        if route.method == *wanted {
            return Found::Route(route, taken);
        }
        others.push(&route.method);
    }
    if others.is_empty() { Found::Nothing } else { Found::Method(others) }
}

/// The segments that a pattern takes of a path.
fn matches<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut taken = Vec::new();
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return Some(taken),
            (Some(part), Some(segment)) if part.starts_with('{') => {
                if segment.is_empty() {
                    return None;
                }
                taken.push(segment);
            }
            (Some(part), Some(segment)) if part == segment => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_whole_segments() {
        assert_eq!(matches("/a/{x}/b/{y}", "/a/1%2F2/b/3"), Some(vec!["1%2F2", "3"]));
        assert_eq!(matches("/a/b", "/a/b"), Some(vec![]));
        for path in ["/a/1/b", "/a/1/b/", "/a/1/c/3", "/a//b/3", "/a/1/b/3/4", ""] {
            assert_eq!(matches("/a/{x}/b/{y}", path), None, "{path}");
        }
    }
}
