//! What a certificate's name becomes in access rules, by Kafka's setting `ssl.principal.mapping.rules` (KIP-371).
//!
//! The setting is a list of rules, with commas or line ends between them. `RULE:pattern/replacement/` takes the names that its
//! pattern matches whole, and puts the replacement into the place of what the pattern finds in there, with `$1` for what its first
//! group took; `L` or `U` behind it turns the result into lower or upper case. `DEFAULT` takes every name as it is. The first rule that
//! takes a name decides; a name that none takes is no principal. A slash in a pattern or a replacement stands behind a backslash.
//!
//! Patterns are those of the crate `regex`: without looking around and without references back, which Java has, and in time that is
//! linear in the name.

use regex::{Captures, Regex, RegexBuilder};

use crate::limits;

/// The rules, in order.
#[derive(Clone, Debug)]
pub struct PrincipalRules(Vec<Rule>);

#[derive(Clone, Debug)]
enum Rule {
    Default,
    Mapping(Box<Mapping>),
}

#[derive(Clone, Debug)]
struct Mapping {
    /// Takes a whole name.
    whole: Regex,
    /// Finds what is replaced in it.
    pattern: Regex,
    replacement: Vec<Piece>,
    case: Case,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Group(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Kept,
    Lower,
    Upper,
}

impl Default for PrincipalRules {
    /// `DEFAULT`.
    fn default() -> Self {
        Self(vec![Rule::Default])
    }
}

impl PrincipalRules {
    /// Reads the setting.
    ///
    /// # Errors
    /// What is wrong, with the rule that it is wrong in.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rules = Vec::new();
        let mut rest = text.trim_start_matches(is_between);
        while !rest.is_empty() {
            if rules.len() == limits::PRINCIPAL_RULES_MAX {
                return Err(format!("there are more than {} rules", limits::PRINCIPAL_RULES_MAX));
            }
            let (rule, after) = rule(rest)?;
            rules.push(rule);
            let next = after.trim_start_matches(is_between);
            let is_apart = next.is_empty() || after[..after.len() - next.len()].contains([',', '\n']);
            if !is_apart {
                return Err(format!("a comma or a line end is missing before \"{next}\""));
            }
            rest = next;
        }
        if rules.is_empty() { Err("there is no rule; DEFAULT takes names as they are".to_owned()) } else { Ok(Self(rules)) }
    }

    /// The principal of a certificate's `subject`, as [`super::ClientCertificate`] has it; `None`: no rule takes it.
    #[must_use]
    pub fn apply(&self, subject: &str) -> Option<String> {
        self.0.iter().find_map(|rule| match rule {
            Rule::Default => Some(subject.to_owned()),
            Rule::Mapping(mapping) => mapping.apply(subject),
        })
    }
}

fn is_between(letter: char) -> bool {
    letter == ',' || letter.is_whitespace()
}

/// The rule at the beginning of a text, and what follows it.
fn rule(text: &str) -> Result<(Rule, &str), String> {
    if let Some(rest) = text.strip_prefix("DEFAULT") {
        return Ok((Rule::Default, rest));
    }
    let unfinished = || format!("\"{text}\" is neither DEFAULT nor RULE:pattern/replacement/");
    let rest = text.strip_prefix("RULE:").ok_or_else(unfinished)?;
    let (pattern, rest) = until_slash(rest).ok_or_else(unfinished)?;
    let (replacement, rest) = until_slash(rest).ok_or_else(unfinished)?;
    let (case, rest) = match rest.chars().next() {
        Some('L') => (Case::Lower, &rest[1..]),
        Some('U') => (Case::Upper, &rest[1..]),
        _ => (Case::Kept, rest),
    };
    let mapping = Mapping::new(pattern, replacement, case).map_err(|error| format!("RULE:{pattern}/{replacement}/: {error}"))?;
    Ok((Rule::Mapping(Box::new(mapping)), rest))
}

/// What comes before a slash that does not stand behind a backslash, and what comes after it.
fn until_slash(text: &str) -> Option<(&str, &str)> {
    let mut is_escaped = false;
    let end = text.find(|letter| {
        let ends = letter == '/' && !is_escaped;
        is_escaped = letter == '\\' && !is_escaped;
        ends
    })?;
    Some((&text[..end], &text[end + 1..]))
}

impl Mapping {
    fn new(pattern: &str, replacement: &str, case: Case) -> Result<Self, String> {
        let compile = |pattern: &str| RegexBuilder::new(pattern).size_limit(limits::PRINCIPAL_PATTERN_BYTES_MAX).build();
        // Alone first, so that the two halves of a torn pattern do not meet what is put around them.
        let alone = compile(pattern).map_err(|error| error.to_string())?;
        let whole = compile(&format!("\\A(?:{pattern})\\z")).map_err(|error| error.to_string())?;
        let replacement = pieces(replacement, alone.captures_len() - 1)?;
        Ok(Self { whole, pattern: alone, replacement, case })
    }

    fn apply(&self, subject: &str) -> Option<String> {
        if !self.whole.is_match(subject) {
            return None;
        }
        let replaced = self.pattern.replace_all(subject, |found: &Captures<'_>| -> String {
            let piece = |piece: &Piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Group(group) => found.get(*group).map_or_else(String::new, |taken| taken.as_str().to_owned()),
            };
            self.replacement.iter().map(piece).collect()
        });
        Some(match self.case {
            Case::Kept => replaced.into_owned(),
            Case::Lower => replaced.to_lowercase(),
            Case::Upper => replaced.to_uppercase(),
        })
    }
}

/// Takes a replacement apart as Java's `Matcher.replaceAll` does: `\x` is `x`, and `$12` is the twelfth group if there are so many,
/// otherwise the first one and a 2.
fn pieces(replacement: &str, groups: usize) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut letters = replacement.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.push(letters.next().ok_or("there is nothing behind the backslash at its end")?),
            '$' => {
                let digit = |letter: &char| letter.to_digit(10).map(|digit| digit as usize);
                let mut group =
                    letters.next().as_ref().and_then(digit).ok_or("a $ names a group, as $1; one for itself is \\$")?;
                if group > groups {
                    return Err(format!("the replacement names group {group}, and the pattern has {groups}"));
                }
                while let Some(longer) =
                    letters.peek().and_then(digit).map(|digit| group * 10 + digit).filter(|group| *group <= groups)
                {
                    group = longer;
                    letters.next();
                }
                pieces.push(Piece::Text(std::mem::take(&mut text)));
                pieces.push(Piece::Group(group));
            }
            _ => text.push(letter),
        }
    }
    pieces.push(Piece::Text(text));
    pieces.retain(|piece| *piece != Piece::Text(String::new()));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(rules: &str, subject: &str) -> Option<String> {
        PrincipalRules::parse(rules).unwrap().apply(subject)
    }

    /// The rules of Kafka's manual.
    const MANUAL: &str = r"
        RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/,
        RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L,
        RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/L,
        DEFAULT";

    #[test]
    fn the_first_rule_that_takes_a_name_decides() {
        for (subject, expected) in [
            ("CN=serviceuser,OU=ServiceUsers,O=Unknown,L=Unknown,ST=Unknown,C=Unknown", "serviceuser"),
            ("CN=adminUser,OU=Admin,O=Unknown,L=Unknown,ST=Unknown,C=Unknown", "adminuser@admin"),
            ("CN=Alice.B,O=acme", "alice.b"),
            ("OU=JQTest,O=acme", "OU=JQTest,O=acme"),
        ] {
            assert_eq!(mapped(MANUAL, subject).as_deref(), Some(expected));
        }
        assert_eq!(mapped("RULE:CN=a/b/", "CN=c"), None, "nobody takes it");
        assert_eq!(PrincipalRules::default().apply("CN=c").as_deref(), Some("CN=c"));
    }

    #[test]
    fn a_pattern_takes_whole_names_and_replaces_what_it_finds() {
        assert_eq!(mapped("RULE:CN=a/b/", "CN=a,O=acme"), None);
        assert_eq!(mapped("RULE:a|CN=b/x/", "CN=bc"), None, "both halves of a choice are whole names");
        assert_eq!(mapped("RULE:CN=a|CN=b/x/", "CN=b").as_deref(), Some("x"));
        // As in Java, what is found may be less than what was matched.
        assert_eq!(mapped("RULE:CN=(.*?)/<$1>/", "CN=ab").as_deref(), Some("<>ab"));
        assert_eq!(mapped("RULE:CN=(.*)/$1/U", "CN=straße").as_deref(), Some("STRASSE"));
    }

    #[test]
    fn replacements_are_read_as_java_reads_them() {
        for (rule, expected) in [
            (r"RULE:CN=(\w+),O=(\w+)/$2\/$1/", "acme/al"),
            (r"RULE:CN=(\w+),O=(\w+)/\$1 \\ $0/", r"$1 \ CN=al,O=acme"),
            (r"RULE:CN=(\w+),O=(\w+)/$12/", "al2"),
            (r"RULE:CN=(a)(l),O=(a)(c)(m)(e)()()()(x?)/$1$10$2/", "al"),
            (r"RULE:CN=(al|(x)),O=acme/$1$2./", "al."),
            ("RULE:CN=al,O=acme//", ""),
        ] {
            assert_eq!(mapped(rule, "CN=al,O=acme").as_deref(), Some(expected), "{rule}");
        }
        assert_eq!(mapped(r"RULE:CN=a\/b/x/", "CN=a/b").as_deref(), Some("x"));
        assert_eq!(mapped(r"RULE:CN=a\\/x/", r"CN=a\").as_deref(), Some("x"));
    }

    #[test]
    fn rules_are_apart_by_commas_or_line_ends() {
        assert_eq!(mapped(" , RULE:a/1/L\nRULE:b/2/ ,, DEFAULT ,", "b").as_deref(), Some("2"));
        for (rules, expected) in [
            ("", "there is no rule; DEFAULT takes names as they are"),
            (" ,\n", "there is no rule; DEFAULT takes names as they are"),
            ("DEFAULT RULE:a/b/", "a comma or a line end is missing before \"RULE:a/b/\""),
            ("DEFAULTS", "a comma or a line end is missing before \"S\""),
            ("RULE:a/b/LU", "a comma or a line end is missing before \"U\""),
            ("default", "\"default\" is neither DEFAULT nor RULE:pattern/replacement/"),
            ("RULE:a/b", "\"RULE:a/b\" is neither DEFAULT nor RULE:pattern/replacement/"),
            (r"RULE:a/b\/", r#""RULE:a/b\/" is neither DEFAULT nor RULE:pattern/replacement/"#),
            ("RULE:a/$1/", "RULE:a/$1/: the replacement names group 1, and the pattern has 0"),
            ("RULE:a/$x/", "RULE:a/$x/: a $ names a group, as $1; one for itself is \\$"),
            ("RULE:a/$/", "RULE:a/$/: a $ names a group, as $1; one for itself is \\$"),
        ] {
            assert_eq!(PrincipalRules::parse(rules).err().as_deref(), Some(expected));
        }
        for torn in ["RULE:(/x/", "RULE:a)(b/x/", "RULE:(?=a)/x/", "RULE:(\\w{1000}){1000}/x/"] {
            assert!(PrincipalRules::parse(torn).is_err(), "{torn}");
        }
        assert!(PrincipalRules::parse(&"DEFAULT,".repeat(limits::PRINCIPAL_RULES_MAX)).is_ok());
        assert!(PrincipalRules::parse(&"DEFAULT,".repeat(limits::PRINCIPAL_RULES_MAX + 1)).is_err());
    }
}
