//! Media types, as `typ` and `cty` spell them.

/// Whether two media types are one: RFC 7515 §4.1.9 lets `application/` go unsaid, and case does
/// not count (RFC 2045 §5.1).
pub(crate) fn same_media_type(one: &str, other: &str) -> bool {
    fn short(typ: &str) -> &str {
        const PREFIX: &str = "application/";
        match typ.split_at_checked(PREFIX.len()) {
            Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
            _ => typ,
        }
    }
    short(one).eq_ignore_ascii_case(short(other))
}
