//! The Authentication-Results field (RFC 8601 §2.2).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Why a field body is no Authentication-Results.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no Authentication-Results field (RFC 8601 §2.2) at octet {at}: expected {what}")]
pub struct AuthenticationResultsError {
    /// Offset in the field body.
    pub at: usize,
    /// What was expected there.
    pub what: &'static str,
}

/// One Authentication-Results field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationResults {
    /// Who says so.
    pub authserv_id: String,
    /// What it says; empty for `none`.
    pub results: Vec<MethodResult>,
}

/// One `resinfo`: what a method found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodResult {
    /// Such as `spf`, in lower case.
    pub method: String,
    /// Such as `softfail`, in lower case.
    pub result: String,
    /// `reason=`, or the comments behind the result, joined.
    pub reason: Option<String>,
    /// `ptype.property=value`, in order.
    pub properties: Vec<Property>,
}

/// One `ptype.property=value` of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// `smtp`, `header`, `body` or `policy`, in lower case.
    pub ptype: String,
    /// Such as `mailfrom`, in lower case.
    pub property: String,
    /// The value, quotes removed.
    pub value: String,
}

/// The authserv-id that a field body begins with, as a lenient reader takes it: quoted or not, among comments, whatever
/// follows it.
#[must_use]
pub fn authserv_id(body: &str) -> Option<String> {
    let mut reader = Reader { text: body, at: 0 };
    reader.cfws().ok()?;
    reader.value("an authserv-id").ok().map(|id| id.split('/').next().unwrap_or_default().to_owned())
}

impl MethodResult {
    /// Value of this property, such as `("header", "d")`.
    #[must_use]
    pub fn property(&self, ptype: &str, property: &str) -> Option<&str> {
        self.properties.iter().find(|p| p.ptype == ptype && p.property == property).map(|p| p.value.as_str())
    }
}

/// Reads a field body, folded or not.
impl FromStr for AuthenticationResults {
    type Err = AuthenticationResultsError;

    fn from_str(body: &str) -> Result<Self, AuthenticationResultsError> {
        let mut reader = Reader { text: body, at: 0 };
        reader.cfws()?;
        let authserv_id = reader.value("an authserv-id")?;
        reader.cfws()?;
        if reader.peek().is_some_and(|c| c.is_ascii_digit()) {
            reader.run(|c| c.is_ascii_digit());
            reader.cfws()?;
        }
        let mut results = Vec::new();
        while reader.take(';') {
            reader.cfws()?;
            let at = reader.at;
            let method = reader.keyword("a method")?;
            reader.cfws()?;
            if results.is_empty() && method == "none" && reader.peek().is_none() {
                return Ok(Self { authserv_id, results });
            }
            if method == "none" {
                return Err(AuthenticationResultsError { at, what: "a method; `none` stands alone" });
            }
            results.push(reader.method_result(method)?);
        }
        match reader.peek() {
            None if !results.is_empty() => Ok(Self { authserv_id, results }),
            _ => Err(reader.fault("`;` and a result")),
        }
    }
}

/// A field body on one line, as the grammar has it; values are quoted where they must be.
impl fmt::Display for AuthenticationResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted(&self.authserv_id))?;
        if self.results.is_empty() {
            return f.write_str("; none");
        }
        self.results.iter().try_for_each(|result| write!(f, "; {result}"))
    }
}

impl fmt::Display for MethodResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.method, self.result)?;
        if let Some(reason) = &self.reason {
            write!(f, " reason={}", quoted(reason))?;
        }
        self.properties.iter().try_for_each(|p| write!(f, " {}.{}={}", p.ptype, p.property, quoted(&p.value)))
    }
}

/// Bare if it is a token, or local-part and domain without quotes; a quoted-string otherwise (RFC 5322 §3.2.4).
fn quoted(value: &str) -> String {
    let token = |c: char| c.is_ascii_graphic() && !"()<>,;:\\\"/[]?=".contains(c);
    if !value.is_empty() && value.chars().all(token) {
        return value.to_owned();
    }
    let mut text = String::from('"');
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
    text
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// What follows `; method`.
    fn method_result(&mut self, method: String) -> Result<MethodResult, AuthenticationResultsError> {
        if self.take('/') {
            self.cfws()?;
            self.run(|c| c.is_ascii_digit());
            self.cfws()?;
        }
        self.expect('=', "`=` and a result")?;
        self.cfws()?;
        let result = self.keyword("a result")?;
        let comments = self.cfws()?;
        let mut reason = (!comments.is_empty()).then_some(comments);
        let mut properties = Vec::new();
        while self.peek().is_some_and(|c| c != ';') {
            let ptype = self.keyword("`reason`, ptype.property or `;`")?;
            self.cfws()?;
            if ptype == "reason" && properties.is_empty() && self.take('=') {
                self.cfws()?;
                reason = Some(self.value("a reason")?);
                self.cfws()?;
                continue;
            }
            self.expect('.', "`.` and a property")?;
            self.cfws()?;
            let property = self.keyword("a property")?;
            self.cfws()?;
            self.expect('=', "`=` and a value")?;
            self.cfws()?;
            let value = self.property_value()?;
            self.cfws()?;
            properties.push(Property { ptype, property, value });
        }
        Ok(MethodResult { method, result, reason, properties })
    }

    /// White space and comments, nested ones too (RFC 5322 §3.2.2). Returns what the comments say, joined.
    fn cfws(&mut self) -> Result<String, AuthenticationResultsError> {
        let mut said = String::new();
        loop {
            self.run(|c| c.is_ascii_whitespace());
            if !self.take('(') {
                return Ok(said);
            }
            if !said.is_empty() {
                said.push(' ');
            }
            let mut depth = 1;
            while depth > 0 {
                let c = self.next().ok_or_else(|| self.fault("`)` at the end of a comment"))?;
                match c {
                    '(' => depth += 1,
                    ')' => depth -= 1,
                    _ => {}
                }
                match c {
                    '\\' => said.extend(self.next()),
                    _ if depth > 0 => said.push(c),
                    _ => {}
                }
            }
        }
    }

    /// Keyword of RFC 5321 §4.1.2, in lower case; `_` is tolerated.
    fn keyword(&mut self, what: &'static str) -> Result<String, AuthenticationResultsError> {
        match self.run(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
            "" => Err(self.fault(what)),
            word => Ok(word.to_ascii_lowercase()),
        }
    }

    /// A quoted-string, or what stands before white space, `;` or a comment.
    fn value(&mut self, what: &'static str) -> Result<String, AuthenticationResultsError> {
        if self.peek() == Some('"') {
            return self.quoted_string();
        }
        match self.run(|c| !c.is_ascii_whitespace() && !";()\"".contains(c)) {
            "" => Err(self.fault(what)),
            word => Ok(word.to_owned()),
        }
    }

    /// `pvalue`: as `value`, but a quoted local-part may be followed by `@` and a domain, and nothing at all is
    /// tolerated.
    fn property_value(&mut self) -> Result<String, AuthenticationResultsError> {
        let mut value = String::new();
        loop {
            match self.peek() {
                Some('"') => value.push_str(&self.quoted_string()?),
                Some(c) if !c.is_ascii_whitespace() && !";()".contains(c) => value.extend(self.next()),
                _ => return Ok(value),
            }
        }
    }

    fn quoted_string(&mut self) -> Result<String, AuthenticationResultsError> {
        let end = "`\"` at the end of a quoted string";
        let mut value = String::new();
        self.expect('"', end)?;
        loop {
            match self.next().ok_or_else(|| self.fault(end))? {
                '"' => return Ok(value),
                '\\' => value.push(self.next().ok_or_else(|| self.fault(end))?),
                c => value.push(c),
            }
        }
    }

    fn expect(&mut self, c: char, what: &'static str) -> Result<(), AuthenticationResultsError> {
        if self.take(c) { Ok(()) } else { Err(self.fault(what)) }
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn run(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    const fn fault(&self, what: &'static str) -> AuthenticationResultsError {
        AuthenticationResultsError { at: self.at, what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(body: &str) -> AuthenticationResults {
        body.parse().unwrap_or_else(|e| panic!("{body}: {e}"))
    }

    #[test]
    fn opendkim_writes_no_space_and_quotes() {
        let field = read(
            "mx.gateway.example;\r\n\tdkim=pass (1024-bit key; unprotected) header.d=bank.example \
             header.i=@bank.example \
             header.a=rsa-sha256 header.s=s1 header.b=\"Ab/+c=\";\r\n\tdkim-atps=neutral",
        );
        let dkim = &field.results[0];
        assert_eq!((dkim.method.as_str(), dkim.result.as_str()), ("dkim", "pass"));
        assert_eq!(dkim.reason.as_deref(), Some("1024-bit key; unprotected"));
        assert_eq!(dkim.property("header", "b"), Some("Ab/+c="));
        assert_eq!(dkim.property("header", "i"), Some("@bank.example"));
        assert_eq!(field.results[1].method, "dkim-atps");
    }

    #[test]
    fn comments_may_stand_anywhere_and_nest() {
        let field = read(
            "(a (b) \\) c) foo.example (d) 1 (e); (f) dkim (g) / (h) 1 (i) = (j) fail (bad (very)) \
             policy (k) . (l) expired (m) = (n) 1362471462 (o)",
        );
        assert_eq!(field.authserv_id, "foo.example");
        assert_eq!(field.results[0].reason.as_deref(), Some("bad (very)"));
        assert_eq!(field.results[0].property("policy", "expired"), Some("1362471462"));
    }

    #[test]
    fn a_reason_goes_before_comments() {
        let field =
            read("x.example; spf=FAIL (c) reason=\"not \\\"you\\\"\" SMTP.MailFrom=\"a b\"@y.example; auth=pass");
        assert_eq!(field.results[0].reason.as_deref(), Some("not \"you\""));
        assert_eq!(field.results[0].result, "fail");
        assert_eq!(field.results[0].property("smtp", "mailfrom"), Some("a b@y.example"));
        assert_eq!(field.results.len(), 2);
    }

    #[test]
    fn none_stands_alone() {
        assert_eq!(read("x.example 1; none").results, []);
        assert_eq!(read("x.example;none (nothing was tried)").to_string(), "x.example; none");
        for bad in ["x.example; none; spf=pass", "x.example; spf=pass; none", "x.example", "x.example;", "", "; none"] {
            assert!(bad.parse::<AuthenticationResults>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_fault_says_where() {
        let fault = "x.example; spf pass".parse::<AuthenticationResults>().unwrap_err();
        assert_eq!(
            fault.to_string(),
            "no Authentication-Results field (RFC 8601 §2.2) at octet 15: expected `=` and a result"
        );
    }

    fn field() -> impl Strategy<Value = AuthenticationResults> {
        let property = ("[a-z]{1,8}", "[a-z][a-z0-9-]{0,8}", "\\PC{0,12}")
            .prop_map(|(ptype, property, value)| Property { ptype, property, value });
        let result = (
            "m[a-z-]{1,6}",
            "[a-z]{2,8}",
            proptest::option::of("\\PC{0,20}"),
            proptest::collection::vec(property, 0..4),
        )
            .prop_map(|(method, result, reason, properties)| MethodResult {
                method,
                result,
                reason,
                properties,
            });
        ("\\PC{1,20}", proptest::collection::vec(result, 0..4))
            .prop_map(|(authserv_id, results)| AuthenticationResults { authserv_id, results })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(field in field()) {
            prop_assert_eq!(field.to_string().parse(), Ok(field));
        }

        #[test]
        fn any_text_is_read_or_refused(body in "\\PC*", tail in "[a-z.=;()\" \\\\/]{0,40}") {
            if let Ok(field) = format!("{body}{tail}").parse::<AuthenticationResults>() {
                prop_assert_eq!(field.to_string().parse(), Ok(field));
            }
        }
    }
}
