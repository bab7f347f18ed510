//! Which code a build holds: `#[cfg(…)]`, judged by the features alone.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

/// Whether an item with these attributes is compiled, and not for tests alone. Without `features` all
/// are taken to be there, and all to be missing, as either wants it.
pub fn compiled(attributes: &[Attribute], features: Option<&BTreeSet<String>>) -> bool {
    attributes.iter().all(|attribute| {
        if attribute.path().is_ident("test") {
            return false;
        }
        if !attribute.path().is_ident("cfg") {
            return true;
        }
        // What cannot be read is left to the compiler.
        attribute.parse_args::<Meta>().ok().and_then(|meta| holds(&meta, features)).unwrap_or(true)
    })
}

/// None where only the compiler knows.
fn holds(meta: &Meta, features: Option<&BTreeSet<String>>) -> Option<bool> {
    match meta {
        Meta::Path(path) => (path.is_ident("test") || path.is_ident("doctest")).then_some(false),
        Meta::NameValue(pair) => {
            let Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) = &pair.value else { return None };
            match pair.path.get_ident()?.to_string().as_str() {
                "feature" => features.map(|all| all.contains(&name.value())),
                "target_arch" => features.map(|_| name.value() == std::env::consts::ARCH),
                _ => None,
            }
        }
        Meta::List(list) => {
            let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
            let mut parts = parts.iter().map(|part| holds(part, features)).collect::<Vec<_>>();
            if list.path.is_ident("not") {
                return parts.pop()?.map(|part| !part);
            }
            let (is_all, unknown) = (list.path.is_ident("all"), parts.contains(&None));
            let decides = Some(!is_all);
            if parts.contains(&decides) { decides } else { (!unknown).then_some(is_all) }
        }
    }
}
