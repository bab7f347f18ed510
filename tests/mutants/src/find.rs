//! Finds what can be changed, and writes a file with all its changes behind switches.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, BinOp, Expr, Fields, ItemImpl, Member, Pat, Signature, UnOp};

use crate::{Result, cfg, value};

/// A change, and where it is made.
pub struct Mutant {
    pub file: String,
    pub line: usize,
    pub function: String,
    /// What becomes of what; with a number where the function has the same once more.
    pub change: String,
    /// The function whose `const` must go for the switch to be read there.
    constant: Option<String>,
}

impl Mutant {
    /// What names the mutant whatever its line.
    pub fn id(&self) -> String {
        format!("{} | {} | {}", self.file, self.function, self.change)
    }
}

/// A number in [`Found::mutants`], which is also what its switch is called.
type Number = usize;

/// How a place of the source is written with its mutants.
enum Shape {
    /// An expression, in several versions.
    Expr(Vec<(Number, String)>),
    /// A field that stands as a name alone.
    Field(String, Number, String),
    /// The end of a match arm's pattern: an arm that matches nothing.
    Arm(Number),
    /// The start of a function's body: returns that go before it.
    Returns(Vec<(Number, String)>),
    /// The start and the end of a body that yields an iterator, which ends at once.
    IteratorStart(Number),
    IteratorEnd(Number),
    /// The word `const` of a function of this name.
    Const(String),
}

struct Source {
    text: String,
    /// By place, what holds others first.
    sites: BTreeMap<(usize, Reverse<usize>), Shape>,
}

pub struct Found {
    pub mutants: Vec<Mutant>,
    files: BTreeMap<String, Source>,
    /// Mutants that are not compiled in.
    off: BTreeSet<Number>,
}

/// Where a mutant stands in a file that was written.
pub struct Written {
    pub number: Number,
    /// All of its place; an error there is the mutant's, where no other claims it.
    pub whole: Range<usize>,
    /// What is run when it is on.
    pub change: Range<usize>,
}

impl Found {
    /// Leaves out all others.
    pub fn keep(&mut self, mut keep: impl FnMut(&Mutant) -> bool) {
        // The numbers stay what they are in the sites, so those are counted anew.
        let mut numbers = HashMap::new();
        let mut kept = Vec::new();
        for (number, mutant) in std::mem::take(&mut self.mutants).into_iter().enumerate() {
            if keep(&mutant) {
                numbers.insert(number, kept.len());
                kept.push(mutant);
            }
        }
        self.mutants = kept;
        let renumber = |all: &mut Vec<(Number, String)>| {
            all.retain_mut(|(number, _)| numbers.get(number).map(|new| *number = *new).is_some());
            !all.is_empty()
        };
        for source in self.files.values_mut() {
            source.sites.retain(|_, shape| match shape {
                Shape::Expr(all) | Shape::Returns(all) => renumber(all),
                Shape::Field(_, number, _)
                | Shape::Arm(number)
                | Shape::IteratorStart(number)
                | Shape::IteratorEnd(number) => numbers.get(number).map(|new| *number = *new).is_some(),
                Shape::Const(_) => true,
            });
        }
    }

    /// Leaves a mutant out of what is compiled.
    pub fn switch_off(&mut self, number: Number) {
        self.off.insert(number);
    }

    /// Leaves the functions of this path constant, and says whether there are any.
    pub fn keep_constant(&mut self, path: &str) -> bool {
        let path = without_generics(path);
        let of_it = self.mutants.iter().enumerate().filter(|(number, mutant)| {
            // Either may say more of the modules.
            let is_it = mutant.constant.as_deref().is_some_and(|name| {
                let before = path.strip_suffix(name).or_else(|| name.strip_suffix(path.as_str()));
                before.is_some_and(|before| before.is_empty() || before.ends_with("::"))
            });
            is_it && !self.off.contains(number)
        });
        let numbers = of_it.map(|(number, _)| number).collect::<Vec<_>>();
        self.off.extend(&numbers);
        !numbers.is_empty()
    }

    pub fn is_off(&self, number: Number) -> bool {
        self.off.contains(&number)
    }

    /// The text of a file with all that is switched on compiled in; none where it has no mutants.
    pub fn write(&self, file: &str) -> Option<(String, Vec<Written>)> {
        let source = self.files.get(file)?;
        let mut writer = Writer { found: self, source, out: String::new(), written: Vec::new() };
        let sites = source.sites.iter().collect::<Vec<_>>();
        writer.text(0..source.text.len(), &sites);
        Some((writer.out, writer.written))
    }

    /// What stood in the file that was read.
    pub fn text(&self, file: &str) -> &str {
        self.files.get(file).map_or("", |source| &source.text)
    }
}

type Sites<'a> = [(&'a (usize, Reverse<usize>), &'a Shape)];

struct Writer<'a> {
    found: &'a Found,
    source: &'a Source,
    out: String,
    written: Vec<Written>,
}

impl Writer<'_> {
    /// Writes a stretch of the source and the sites in it.
    fn text(&mut self, range: Range<usize>, sites: &Sites<'_>) {
        let mut at = range.start;
        let mut rest = sites;
        while let Some(((place, shape), others)) = rest.split_first() {
            let (start, Reverse(end)) = **place;
            let inside = others.partition_point(|(place, _)| place.0 < end);
            // What begins where an insertion is made stands behind it.
            let inside = if start == end { 0 } else { inside };
            let (inner, behind) = others.split_at(inside);
            self.out.push_str(&self.source.text[at..start]);
            self.site(start..end, shape, inner);
            at = end;
            rest = behind;
        }
        self.out.push_str(&self.source.text[at..range.end]);
    }

    fn on(&mut self, all: &[(Number, String)]) -> Vec<(Number, String)> {
        all.iter().filter(|(number, _)| !self.found.off.contains(number)).cloned().collect()
    }

    fn site(&mut self, range: Range<usize>, shape: &Shape, inner: &Sites<'_>) {
        let whole = self.out.len();
        let first = self.written.len();
        match shape {
            Shape::Expr(all) => {
                let all = self.on(all);
                if all.is_empty() {
                    return self.text(range, inner);
                }
                self.out.push('(');
                for (number, text) in &all {
                    let _ = write!(self.out, "if crate::mutant::on({number}) {{ ");
                    self.change(*number, text);
                    self.out.push_str(" } else ");
                }
                self.out.push_str("{ ");
                let own = self.written.len();
                self.text(range, inner);
                self.out.push_str(" })");
                for written in &mut self.written[first..own] {
                    written.whole = whole..self.out.len();
                }
            }
            Shape::Field(name, number, text) => {
                if self.found.off.contains(number) {
                    return self.text(range, inner);
                }
                let _ = write!(self.out, "{name}: if crate::mutant::on({number}) {{ ");
                self.change(*number, text);
                let _ = write!(self.out, " }} else {{ {name} }}");
                self.written[first].whole = whole..self.out.len();
            }
            Shape::Arm(number) => {
                if !self.found.off.contains(number) {
                    self.change(*number, &format!(" if !crate::mutant::on({number})"));
                }
            }
            Shape::Returns(all) => {
                for (number, text) in self.on(all) {
                    let text = format!(" if crate::mutant::on({number}) {{ return {text}; }}");
                    self.change(number, &text);
                }
            }
            Shape::IteratorStart(number) => {
                if !self.found.off.contains(number) {
                    self.change(*number, &format!(" crate::mutant::ended({number}, {{"));
                }
            }
            Shape::IteratorEnd(number) => {
                if !self.found.off.contains(number) {
                    self.out.push_str("})");
                    if let Some(start) = self.written.iter_mut().find(|all| all.number == *number) {
                        start.whole.end = self.out.len();
                    }
                }
            }
            Shape::Const(function) => {
                if !self.found.any_in(function) {
                    self.text(range, inner);
                }
            }
        }
    }

    fn change(&mut self, number: Number, text: &str) {
        let start = self.out.len();
        self.out.push_str(text);
        let change = start..self.out.len();
        self.written.push(Written { number, whole: change.clone(), change });
    }
}

impl Found {
    /// Whether a mutant that is compiled in stands in a constant function of this name.
    fn any_in(&self, function: &str) -> bool {
        self.mutants.iter().enumerate().any(|(number, mutant)| {
            !self.off.contains(&number) && mutant.constant.as_deref() == Some(function)
        })
    }
}

/// Finds the mutants of the files in these folders that a build of these features holds, or of all.
pub fn find(root: &Path, folders: &[&str], features: Option<&BTreeSet<String>>) -> Result<Found> {
    let mut found = Found { mutants: Vec::new(), files: BTreeMap::new(), off: BTreeSet::new() };
    // From file to file as the modules are declared, for that is where some are left out.
    let src = root.join("src");
    let mut files = vec![(src.join("lib.rs"), src)];
    while let Some((path, modules)) = files.pop() {
        let name = path.strip_prefix(root)?.to_string_lossy().into_owned();
        for module in found.read(&path, &name, features)? {
            let beside = modules.join(format!("{module}.rs"));
            let folder = modules.join(module);
            let path = if beside.exists() { beside } else { folder.join("mod.rs") };
            files.push((path, folder));
        }
    }
    found.keep(|mutant| folders.iter().any(|folder| mutant.file.starts_with(folder)));
    Ok(found)
}

impl Found {
    /// Reads a file, and yields the modules whose files it names.
    fn read(
        &mut self,
        path: &Path,
        name: &str,
        features: Option<&BTreeSet<String>>,
    ) -> Result<Vec<String>> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
        let syntax = syn::parse_file(&text).map_err(|error| format!("{name}: {error}"))?;
        let first = self.mutants.len();
        let mut visitor = Visitor {
            features,
            text: &text,
            file: name,
            mutants: &mut self.mutants,
            sites: BTreeMap::new(),
            names: Vec::new(),
            module: String::new(),
            owner: None,
            constant: None,
            modules: Vec::new(),
        };
        visitor.visit_file(&syntax);
        let (sites, modules) = (visitor.sites, visitor.modules);
        let mut seen = HashMap::<String, usize>::new();
        for mutant in &mut self.mutants[first..] {
            let times = seen.entry(mutant.id()).or_default();
            *times += 1;
            if *times > 1 {
                let _ = write!(mutant.change, " #{times}");
            }
        }
        self.files.insert(name.to_owned(), Source { text, sites });
        Ok(modules)
    }
}

struct Visitor<'a> {
    features: Option<&'a BTreeSet<String>>,
    text: &'a str,
    file: &'a str,
    mutants: &'a mut Vec<Mutant>,
    sites: BTreeMap<(usize, Reverse<usize>), Shape>,
    /// The functions that stand in one another.
    names: Vec<String>,
    /// The modules within the file that are open, `outer::inner::`.
    module: String,
    /// The type, or the type and its trait, whose functions are seen.
    owner: Option<String>,
    constant: Option<String>,
    /// Files that the file names as its modules.
    modules: Vec<String>,
}

impl Visitor<'_> {
    fn compiled(&self, attributes: &[Attribute]) -> bool {
        cfg::compiled(attributes, self.features)
    }

    fn text_of(&self, spanned: &impl Spanned) -> &str {
        &self.text[spanned.span().byte_range()]
    }

    /// A mutant, unless it stands where nothing is run.
    fn mutant(&mut self, line: usize, change: String) -> Number {
        self.mutants.push(Mutant {
            file: self.file.to_owned(),
            line,
            function: self.names.last().cloned().unwrap_or_default(),
            change,
            constant: self.constant.clone(),
        });
        self.mutants.len() - 1
    }

    fn expr(&mut self, at: &impl Spanned, line: usize, versions: Vec<(String, String)>) {
        if self.names.is_empty() {
            return;
        }
        let range = at.span().byte_range();
        let versions: Vec<_> =
            versions.into_iter().map(|(text, change)| (self.mutant(line, change), text)).collect();
        let place = (range.start, Reverse(range.end));
        match self.sites.get_mut(&place) {
            Some(Shape::Expr(all)) => all.extend(versions),
            _ => {
                self.sites.insert(place, Shape::Expr(versions));
            }
        }
    }

    fn function(
        &mut self,
        sig: &Signature,
        body: &syn::Block,
        returns: bool,
        visit: &mut dyn FnMut(&mut Self),
    ) {
        let name = match (&self.owner, self.names.last()) {
            (_, Some(outer)) => format!("{outer}::{}", sig.ident),
            (Some(owner), None) => format!("{}{owner}::{}", self.module, sig.ident),
            (None, None) => format!("{}{}", self.module, sig.ident),
        };
        self.names.push(name);
        let outer = self.constant.take();
        if let Some(word) = &sig.constness {
            let range = word.span().byte_range();
            let name = self.names.last().map(|name| without_generics(name)).unwrap_or_default();
            self.sites.insert((range.start, Reverse(range.end)), Shape::Const(name.clone()));
            self.constant = Some(name);
        }
        if returns {
            self.returns(sig, body);
        }
        visit(self);
        self.constant = outer;
        self.names.pop();
    }

    fn returns(&mut self, sig: &Signature, body: &syn::Block) {
        let line = sig.ident.span().start().line;
        let range = body.span().byte_range();
        let (start, end) = (range.start + 1, range.end - 1);
        let own = flat(self.text.get(start..end).unwrap_or_default());
        if value::is_iterator(&sig.output) {
            let number = self.mutant(line, "returns an iterator that ends at once".into());
            self.sites.insert((start, Reverse(start)), Shape::IteratorStart(number));
            self.sites.insert((end, Reverse(end)), Shape::IteratorEnd(number));
            return;
        }
        let values = value::of_return(&sig.output);
        // One that does nothing, or that already.
        let values =
            values.into_iter().filter(|value| *value != own && !(own.is_empty() && value == "()"));
        let all: Vec<_> =
            values.map(|value| (self.mutant(line, format!("returns {value}")), value)).collect();
        if !all.is_empty() {
            self.sites.insert((start, Reverse(start)), Shape::Returns(all));
        }
    }
}

/// A path as the compiler and the source both write it.
fn without_generics(path: &str) -> String {
    let mut depth = 0;
    let kept = path.chars().filter(|letter| {
        depth += i32::from(*letter == '<') - i32::from(*letter == '>');
        depth == 0 && *letter != '>'
    });
    kept.collect::<String>().replace("::::", "::")
}

/// Text in one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The end, or the beginning, of a text that is long.
fn short(text: &str, end: bool) -> String {
    const MOST: usize = 48;
    let text = flat(text);
    let letters = text.chars().count();
    if letters <= MOST {
        text
    } else if end {
        format!("…{}", text.chars().skip(letters - MOST).collect::<String>())
    } else {
        format!("{}…", text.chars().take(MOST).collect::<String>())
    }
}

fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(both) => has_let(&both.left) || has_let(&both.right),
        _ => false,
    }
}

/// What stands for an operator in its stead.
fn instead(op: &BinOp) -> (&'static str, &'static [&'static str]) {
    match op {
        BinOp::Eq(_) => ("==", &["!="]),
        BinOp::Ne(_) => ("!=", &["=="]),
        BinOp::Lt(_) => ("<", &["==", ">", "<="]),
        BinOp::Gt(_) => (">", &["==", "<", ">="]),
        BinOp::Le(_) => ("<=", &[">", "<"]),
        BinOp::Ge(_) => (">=", &["<", ">"]),
        BinOp::And(_) => ("&&", &["||"]),
        BinOp::Or(_) => ("||", &["&&"]),
        BinOp::Add(_) => ("+", &["-", "*"]),
        BinOp::Sub(_) => ("-", &["+", "/"]),
        BinOp::Mul(_) => ("*", &["+", "/"]),
        BinOp::Div(_) => ("/", &["%", "*"]),
        BinOp::Rem(_) => ("%", &["/", "+"]),
        BinOp::BitAnd(_) => ("&", &["|", "^"]),
        BinOp::BitOr(_) => ("|", &["&", "^"]),
        BinOp::BitXor(_) => ("^", &["|", "&"]),
        BinOp::Shl(_) => ("<<", &[">>"]),
        BinOp::Shr(_) => (">>", &["<<"]),
        BinOp::AddAssign(_) => ("+=", &["-=", "*="]),
        BinOp::SubAssign(_) => ("-=", &["+=", "/="]),
        BinOp::MulAssign(_) => ("*=", &["+=", "/="]),
        BinOp::DivAssign(_) => ("/=", &["%=", "*="]),
        BinOp::RemAssign(_) => ("%=", &["/=", "+="]),
        BinOp::BitAndAssign(_) => ("&=", &["|=", "^="]),
        BinOp::BitOrAssign(_) => ("|=", &["&=", "^="]),
        BinOp::BitXorAssign(_) => ("^=", &["|=", "&="]),
        BinOp::ShlAssign(_) => ("<<=", &[">>="]),
        BinOp::ShrAssign(_) => (">>=", &["<<="]),
        _ => ("", &[]),
    }
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if self.compiled(&item.attrs) {
            let name = item.ident.to_string();
            if item.content.is_none() {
                return self.modules.push(name);
            }
            let outer = self.module.clone();
            self.module.push_str(&format!("{name}::"));
            visit::visit_item_mod(self, item);
            self.module = outer;
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if self.compiled(&item.attrs) {
            self.function(&item.sig, &item.block, true, &mut |this| this.visit_block(&item.block));
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if self.compiled(&item.attrs) {
            // Its value would be itself, for ever.
            let own = self.owner.as_deref().is_some_and(|owner| owner.ends_with(" as Default>"));
            self.function(&item.sig, &item.block, !own, &mut |this| this.visit_block(&item.block));
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default
            && self.compiled(&item.attrs)
        {
            self.function(&item.sig, body, true, &mut |this| this.visit_block(body));
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        if self.compiled(&item.attrs) {
            let outer = self.owner.replace(item.ident.to_string());
            visit::visit_item_trait(self, item);
            self.owner = outer;
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if !self.compiled(&item.attrs) {
            return;
        }
        let own = flat(self.text_of(&item.self_ty));
        let name = match &item.trait_ {
            Some((_, path, _)) => {
                let last = path.segments.last();
                if last.is_some_and(|last| last.ident == "Debug") {
                    return;
                }
                format!("<{own} as {}>", last.map(|last| flat(self.text_of(last))).unwrap_or_default())
            }
            None => own,
        };
        let outer = self.owner.replace(name);
        visit::visit_item_impl(self, item);
        self.owner = outer;
    }

    fn visit_expr_binary(&mut self, both: &'ast syn::ExprBinary) {
        // In a chain with `let` each other link is taken for true, and for false.
        if has_let(&both.left) || has_let(&both.right) {
            for side in [&both.left, &both.right] {
                if !has_let(side) {
                    let text = short(self.text_of(side), false);
                    let line = side.span().start().line;
                    let versions = ["true", "false"]
                        .map(|word| (word.to_owned(), format!("`{text}` in a chain: {word}")));
                    self.expr(side, line, versions.into());
                }
                self.visit_expr(side);
            }
            return;
        }
        let (op, others) = instead(&both.op);
        let (left, right) = (self.text_of(&both.left), self.text_of(&both.right));
        let what = format!("`{} {op} {}`", short(left, true), short(right, false));
        let is_assignment = op.ends_with('=') && !matches!(op, "==" | "!=" | "<=" | ">=");
        let versions = others
            .iter()
            .map(|other| {
                let text = if is_assignment {
                    format!("{left} {other} ({right})")
                } else {
                    format!("({left}) {other} ({right})")
                };
                (text, format!("{what}: {other}"))
            })
            .collect();
        self.expr(both, both.op.span().start().line, versions);
        visit::visit_expr_binary(self, both);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        if matches!(unary.op, UnOp::Not(_) | UnOp::Neg(_)) {
            let inner = self.text_of(&unary.expr);
            let sign = if matches!(unary.op, UnOp::Not(_)) { '!' } else { '-' };
            let version =
                (format!("({inner})"), format!("`{sign}{}`: without {sign}", short(inner, false)));
            self.expr(unary, unary.span().start().line, vec![version]);
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_match(&mut self, item: &'ast syn::ExprMatch) {
        self.visit_expr(&item.expr);
        let all = item.arms.last().is_some_and(|last| {
            last.guard.is_none()
                && match &last.pat {
                    Pat::Wild(_) => true,
                    // A small letter: a name for what is left, and no constant.
                    Pat::Ident(name) => {
                        name.subpat.is_none()
                            && name.ident.to_string().starts_with(|c: char| c.is_lowercase())
                    }
                    _ => false,
                }
        });
        for (index, arm) in item.arms.iter().enumerate() {
            if !self.compiled(&arm.attrs) {
                continue;
            }
            if let Some((_, guard)) = &arm.guard {
                if !has_let(guard) {
                    let text = short(self.text_of(guard), false);
                    let versions = ["true", "false"]
                        .map(|word| (word.to_owned(), format!("`if {text}` of an arm: {word}")));
                    self.expr(guard, guard.span().start().line, versions.into());
                }
                self.visit_expr(guard);
            } else if all && index + 1 < item.arms.len() && !self.names.is_empty() {
                let text = short(self.text_of(&arm.pat), false);
                let number = self.mutant(arm.span().start().line, format!("without the arm `{text}`"));
                let end = arm.pat.span().byte_range().end;
                self.sites.insert((end, Reverse(end)), Shape::Arm(number));
            }
            self.visit_expr(&arm.body);
        }
    }

    fn visit_expr_struct(&mut self, item: &'ast syn::ExprStruct) {
        if let Some(base) = &item.rest
            && !self.names.is_empty()
        {
            for field in &item.fields {
                let Member::Named(name) = &field.member else { continue };
                let text = format!("({}).{name}", self.text_of(base));
                let change =
                    format!("without the field `{name}` of `{}`", flat(self.text_of(&item.path)));
                let line = field.span().start().line;
                if field.colon_token.is_some() {
                    self.expr(&field.expr, line, vec![(text, change)]);
                } else {
                    let number = self.mutant(line, change);
                    let range = field.span().byte_range();
                    let shape = Shape::Field(name.to_string(), number, text);
                    self.sites.insert((range.start, Reverse(range.end)), shape);
                }
            }
        }
        for field in item.fields.iter().filter(|field| field.colon_token.is_some()) {
            self.visit_expr(&field.expr);
        }
        if let Some(base) = &item.rest {
            self.visit_expr(base);
        }
    }

    fn visit_expr(&mut self, expr: &'ast Expr) {
        let attributes = match expr {
            Expr::Block(inner) => &inner.attrs[..],
            Expr::If(inner) => &inner.attrs,
            Expr::Match(inner) => &inner.attrs,
            Expr::Call(inner) => &inner.attrs,
            Expr::MethodCall(inner) => &inner.attrs,
            Expr::Return(inner) => &inner.attrs,
            _ => &[],
        };
        if self.compiled(attributes) {
            visit::visit_expr(self, expr);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if self.compiled(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    // Where nothing is run, or not then: patterns, types and constants.
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
    fn visit_generics(&mut self, _: &'ast syn::Generics) {}
    fn visit_generic_argument(&mut self, _: &'ast syn::GenericArgument) {}
    fn visit_fields(&mut self, _: &'ast Fields) {}
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
struct Ring { keys: Vec<u8> }

impl Ring {
    const MOST: usize = 2 + 2;

    pub const fn is_full(&self) -> bool {
        self.keys.len() >= Self::MOST
    }

    fn find(&self, key: Option<u8>) -> Option<usize> {
        if let Some(key) = key && !self.keys.is_empty() {
            return self.keys.iter().position(|other| *other == key);
        }
        match key { Some(0) => Some(0), Some(one) if one > 9 => None, _ => Some([0; 1 + 1].len()) }
    }

    fn all(&self) -> impl Iterator<Item = &u8> {
        self.keys.iter()
    }
}

impl std::fmt::Debug for Ring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("ring") }
}

#[cfg(test)]
mod tests {
    fn helper() -> bool { 1 == 2 }
}

#[cfg(all(feature = "there", not(feature = "gone")))]
fn there() {
    drop(1);
}

#[cfg(feature = "gone")]
fn gone() {
    drop(1);
}
"#;

    fn found(name: &str) -> Found {
        let root = std::env::temp_dir().join(format!("symbolon-mutants-{name}-{}", std::process::id()));
        std::fs::create_dir_all(root.join("src")).unwrap();
        std::fs::write(root.join("src/lib.rs"), SOURCE).unwrap();
        let features = BTreeSet::from(["there".to_owned()]);
        let found = find(&root, &["src"], Some(&features)).unwrap();
        std::fs::remove_dir_all(&root).unwrap();
        found
    }

    #[test]
    fn finds_what_is_run_and_nothing_else() {
        let found = found("finds");
        let all = found.mutants.iter().map(|mutant| format!("{} | {}", mutant.function, mutant.change));
        assert_eq!(
            all.collect::<Vec<_>>(),
            [
                "Ring::is_full | returns true",
                "Ring::is_full | returns false",
                "Ring::is_full | `self.keys.len() >= Self::MOST`: <",
                "Ring::is_full | `self.keys.len() >= Self::MOST`: >",
                "Ring::find | returns None",
                "Ring::find | returns Some(0)",
                "Ring::find | returns Some(1)",
                "Ring::find | `!self.keys.is_empty()` in a chain: true",
                "Ring::find | `!self.keys.is_empty()` in a chain: false",
                "Ring::find | `!self.keys.is_empty()`: without !",
                "Ring::find | `*other == key`: !=",
                "Ring::find | without the arm `Some(0)`",
                "Ring::find | `if one > 9` of an arm: true",
                "Ring::find | `if one > 9` of an arm: false",
                "Ring::find | `one > 9`: ==",
                "Ring::find | `one > 9`: <",
                "Ring::find | `one > 9`: >=",
                "Ring::all | returns an iterator that ends at once",
                "there | returns ()",
            ]
        );
    }

    #[test]
    fn writes_each_behind_its_switch() {
        let mut found = found("writes");
        let (text, written) = found.write("src/lib.rs").unwrap();
        syn::parse_file(&text).unwrap();
        assert_eq!(written.len(), found.mutants.len());
        assert!(text.contains("pub  fn is_full"), "{text}");
        for one in written {
            assert!(one.whole.start <= one.change.start && one.change.end <= one.whole.end);
            assert!(
                text[one.whole].contains(&format!("crate::mutant::on({})", one.number))
                    || one.number == 17
            );
        }

        // With all off it is the source again.
        assert!(found.keep_constant("some::Ring::<'a>::is_full"));
        (0..found.mutants.len()).for_each(|number| found.switch_off(number));
        assert_eq!(found.write("src/lib.rs").unwrap().0, SOURCE);
    }

    #[test]
    fn those_that_are_kept_are_counted_anew() {
        let mut found = found("keeps");
        found.keep(|mutant| mutant.change.contains("of an arm"));
        let (text, written) = found.write("src/lib.rs").unwrap();
        assert_eq!(written.iter().map(|one| one.number).collect::<Vec<_>>(), [0, 1]);
        assert!(text.contains(
            "if (if crate::mutant::on(0) { true } else if crate::mutant::on(1) { false } else {"
        ));
        assert!(text.contains("pub const fn is_full"));
    }
}
