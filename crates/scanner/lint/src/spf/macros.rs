//! Macros and domain specifications (RFC 7208 §7).

/// What is wrong with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bad {
    /// A macro (RFC 7208 §7.1).
    Macro(String),
    /// Anything else.
    Syntax(String),
}

/// One piece of a macro string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Literal(char),
    /// Letter, number of parts (0: all), whether reversed, delimiters.
    Expand(char, usize, bool, &'a str),
}

/// Checks a domain specification; says whether the `p` macro is in it, which is as bad as the ptr mechanism.
pub(crate) fn check_domain(spec: &str) -> Result<bool, Bad> {
    let pieces = pieces(spec)?;
    let ends_in_macro = matches!(pieces.last(), Some(Piece::Expand(..)));
    let top = spec.strip_suffix('.').unwrap_or(spec).rsplit_once('.').map(|(_, top)| top);
    if spec.is_empty() {
        return Err(Bad::Syntax("a domain is missing".to_owned()));
    }
    if !ends_in_macro && !top.is_some_and(is_toplabel) {
        return Err(Bad::Syntax(format!("`{spec}` is no domain name: it has no top-level label")));
    }
    Ok(pieces.iter().any(|piece| matches!(piece, Piece::Expand('p' | 'P', ..))))
}

/// Checks the value of a modifier.
pub(crate) fn check_string(text: &str) -> Result<(), Bad> {
    pieces(text).map(|_| ())
}

/// The domain that a specification means at a domain; none if it depends on the mail.
pub(crate) fn expand(spec: &str, domain: &str) -> Option<String> {
    let mut out = String::new();
    for piece in pieces(spec).ok()? {
        match piece {
            Piece::Literal(c) => out.push(c),
            Piece::Expand('d' | 'D', many, is_reversed, delimiters) => {
                let delimiters: &[char] = &if delimiters.is_empty() { vec!['.'] } else { delimiters.chars().collect() };
                let mut parts: Vec<&str> = domain.split(delimiters).collect();
                if is_reversed {
                    parts.reverse();
                }
                let skipped = if many == 0 { 0 } else { parts.len().saturating_sub(many) };
                out.push_str(&parts[skipped..].join("."));
            }
            Piece::Expand(..) => return None,
        }
    }
    Some(out)
}

/// toplabel of RFC 7208 §7.1: letters, digits and hyphens inside, and not digits alone.
fn is_toplabel(label: &str) -> bool {
    let is_ldh = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !label.is_empty()
        && label.chars().all(is_ldh)
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().any(|c| !c.is_ascii_digit())
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Bad> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c != '%' {
            pieces.push(Piece::Literal(c));
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let (piece, behind) = one_macro(rest)?;
        pieces.push(piece);
        rest = behind;
    }
    Ok(pieces)
}

/// The macro at the beginning, and what stands behind it.
fn one_macro(text: &str) -> Result<(Piece<'_>, &str), Bad> {
    let literal = [("%%", '%'), ("%_", ' '), ("%-", '-')].into_iter().find(|(written, _)| text.starts_with(written));
    if let Some((written, meant)) = literal {
        return Ok((Piece::Literal(meant), &text[written.len()..]));
    }
    let Some((inside, behind)) = text.strip_prefix("%{").and_then(|text| text.split_once('}')) else {
        return Err(Bad::Macro("behind `%` stands `{`…`}`, `%`, `_` or `-`".to_owned()));
    };
    let bad = |why: &str| Err(Bad::Macro(format!("`%{{{inside}}}` {why}")));
    let Some(letter) = inside.chars().next() else { return bad("has no letter") };
    if matches!(letter.to_ascii_lowercase(), 'c' | 'r' | 't') {
        return bad("is for explanations only");
    }
    if !"slodiphv".contains(letter.to_ascii_lowercase()) {
        return bad("is no macro");
    }
    let rest = &inside[1..];
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = rest.split_at(digits);
    let many = if number.is_empty() { 0 } else { number.parse().unwrap_or(usize::MAX) };
    if many == 0 && !number.is_empty() {
        return bad("keeps no parts");
    }
    let without = rest.strip_prefix(['r', 'R']);
    let delimiters = without.unwrap_or(rest);
    if !delimiters.chars().all(|c| ".-+,/_=".contains(c)) {
        return bad("has more behind its letter than digits, `r` and delimiters");
    }
    Ok((Piece::Expand(letter, many, without.is_some(), delimiters), behind))
}
