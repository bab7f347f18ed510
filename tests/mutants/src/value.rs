//! What a function could return instead: simple values of its type.

use syn::{GenericArgument, PathArguments, ReturnType, Type, TypeParamBound};

/// The most values that one function is tried with.
const MOST: usize = 6;

pub fn of_return(output: &ReturnType) -> Vec<String> {
    match output {
        ReturnType::Default => vec!["()".into()],
        ReturnType::Type(_, of) => of_type(of),
    }
}

/// Whether the function returns an iterator of a type without a name.
pub fn is_iterator(output: &ReturnType) -> bool {
    let ReturnType::Type(_, of) = output else { return false };
    let Type::ImplTrait(bounds) = &**of else { return false };
    bounds.bounds.iter().any(|bound| {
        matches!(bound, TypeParamBound::Trait(bound)
            if bound.path.segments.last().is_some_and(|last| last.ident == "Iterator"))
    })
}

fn of_type(of: &Type) -> Vec<String> {
    let mut values = match of {
        Type::Path(path) => of_path(path),
        Type::Tuple(tuple) => {
            let mut rows = vec![String::new()];
            for element in &tuple.elems {
                let values = of_type(element);
                rows = rows
                    .iter()
                    .flat_map(|row| values.iter().map(move |value| format!("{row}{value}, ")))
                    .collect();
            }
            rows.iter().map(|row| format!("({})", row.trim_end())).collect()
        }
        Type::Array(array) if matches!(&*array.elem, Type::Path(of) if is(of, "u8")) => {
            ["0", "1"].map(|byte| format!("[{byte}; _]")).into()
        }
        Type::Array(_) => vec!["Default::default()".into()],
        Type::Reference(reference) => match &*reference.elem {
            Type::Path(path) if is(path, "str") && reference.mutability.is_none() => {
                vec!["\"\"".into(), "\"xyzzy\"".into()]
            }
            Type::Slice(slice) => {
                let mut values = vec!["Vec::leak(Vec::new())".into()];
                values.extend(
                    of_type(&slice.elem).iter().map(|value| format!("Vec::leak(vec![{value}])")),
                );
                values
            }
            inner => {
                of_type(inner).iter().map(|value| format!("Box::leak(Box::new({value}))")).collect()
            }
        },
        Type::Paren(inner) => of_type(&inner.elem),
        Type::Group(inner) => of_type(&inner.elem),
        _ => vec![],
    };
    values.truncate(MOST);
    values
}

fn is(path: &syn::TypePath, name: &str) -> bool {
    path.path.segments.last().is_some_and(|last| last.ident == name)
}

fn of_path(path: &syn::TypePath) -> Vec<String> {
    let Some(last) = path.path.segments.last() else { return vec![] };
    let inner = match &last.arguments {
        PathArguments::AngleBracketed(arguments) => {
            arguments.args.iter().find_map(|argument| match argument {
                GenericArgument::Type(of) => Some(of),
                _ => None,
            })
        }
        _ => None,
    };
    let each = |shape: &dyn Fn(&str) -> String| {
        inner.map(of_type).unwrap_or_default().iter().map(|value| shape(value)).collect::<Vec<_>>()
    };
    let some = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    match last.ident.to_string().as_str() {
        "bool" => some(&["true", "false"]),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => some(&["0", "1"]),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => some(&["0", "1", "-1"]),
        "f32" | "f64" => some(&["0.0", "1.0", "-1.0"]),
        "String" => some(&["String::new()", "\"xyzzy\".into()"]),
        "Result" => match inner {
            // `fmt::Result` and its like.
            None => some(&["Ok(())"]),
            Some(_) => each(&|value| format!("Ok({value})")),
        },
        "Option" => {
            let mut values = some(&["None"]);
            values.extend(each(&|value| format!("Some({value})")));
            values
        }
        "Vec" => {
            let mut values = some(&["vec![]"]);
            values.extend(each(&|value| format!("vec![{value}]")));
            values
        }
        name @ ("Box" | "Rc" | "Arc" | "Mutex" | "Zeroizing") => {
            each(&|value| format!("{name}::new({value})"))
        }
        "Cow" => each(&|value| format!("Cow::Owned({value}.to_owned())")),
        _ => some(&["Default::default()"]),
    }
}
