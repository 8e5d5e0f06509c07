//! Leaf: the shape of what a file may hold, taken from the very types that read it.
//!
//! In: a type that serde reads. Out: its JSON Schema. Invariant: keys, types, words of enums and which keys are needed come
//! from the `Deserialize` of the type, so the schema cannot fall behind the reader. Refuses to know texts: whatever a
//! type reads from a text is a string here, and what reads anything is anything.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Texts that types with a grammar of their own are tried with, until one is taken.
const TEXTS: &[&str] = &[
    "x",
    "5m",
    "openai",
    "openai/main",
    "2027-01-01",
    "2027-01-01T00:00:00Z",
    "127.0.0.1:1",
    "10.0.0.0/8",
    "https://a.example/",
    "env:X",
    "/x",
    "0 9 * * *",
    "09:00",
    "UTC",
    "30d before",
    "owner",
];
/// Enough for every text of the largest type to be tried, and an end for a type that takes none.
const RUNS: usize = 5_000;
const DEEPEST: usize = 24;

/// The JSON Schema of a type.
pub fn of<T: DeserializeOwned>() -> Value {
    let trace = RefCell::new(Trace::default());
    for _ in 0..RUNS {
        if T::deserialize(At::root(&trace)).is_ok() || !trace.borrow_mut().try_another_text() {
            break;
        }
    }
    let structs: Vec<(String, Vec<&str>)> =
        trace.borrow().nodes.iter().filter_map(|(p, n)| n.fields().map(|f| (p.clone(), f.to_vec()))).collect();
    for (path, _) in structs {
        let mut needed = BTreeSet::new();
        loop {
            trace.borrow_mut().only = Some((path.clone(), needed.clone()));
            match T::deserialize(At::root(&trace)) {
                Err(Failed::Missing(field)) if needed.insert(field) => {}
                Ok(_) | Err(_) => break,
            }
        }
        let mut t = trace.borrow_mut();
        t.only = None;
        t.needed.insert(path, needed);
    }
    trace.into_inner().schema("")
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Anything,
    Of(&'static str),
    Words(&'static [&'static str]),
    List,
    Map,
    Struct(&'static [&'static str]),
}

impl Node {
    fn fields(&self) -> Option<&'static [&'static str]> {
        match self {
            Node::Struct(f) => Some(f),
            Node::Anything | Node::Of(_) | Node::Words(_) | Node::List | Node::Map => None,
        }
    }
}

/// What is known so far; a path is `/owners/{}/slack`.
#[derive(Default)]
struct Trace {
    nodes: BTreeMap<String, Node>,
    /// Which text each place is tried with.
    texts: BTreeMap<String, usize>,
    /// Places whose texts are exhausted: left out.
    given_up: BTreeSet<String>,
    /// The last text that was given.
    last: Option<String>,
    /// In this place, only these keys are given.
    only: Option<(String, BTreeSet<&'static str>)>,
    needed: BTreeMap<String, BTreeSet<&'static str>>,
}

impl Trace {
    fn note(&mut self, path: &str, node: Node) {
        self.nodes.insert(path.to_owned(), node);
    }

    /// The next text for the place that refused; whether there is anything left to try.
    fn try_another_text(&mut self) -> bool {
        let Some(place) = self.last.take() else { return false };
        let next = self.texts.entry(place.clone()).or_default();
        *next += 1;
        *next < TEXTS.len() || self.given_up.insert(place)
    }

    fn text(&mut self, path: &str) -> &'static str {
        self.last = Some(path.to_owned());
        TEXTS.get(self.texts.get(path).copied().unwrap_or(0)).copied().unwrap_or("x")
    }

    fn gives(&self, path: &str, field: &str) -> bool {
        let wanted = self.only.as_ref().is_none_or(|(p, fields)| p != path || fields.contains(field));
        wanted && !self.given_up.contains(&format!("{path}/{field}"))
    }

    fn schema(&self, path: &str) -> Value {
        let below = |name: &str| self.schema(&format!("{path}/{name}"));
        match self.nodes.get(path) {
            None | Some(Node::Anything) => json!({}),
            Some(Node::Of(word)) => json!({ "type": word }),
            Some(Node::Words(all)) => json!({ "type": "string", "enum": all }),
            Some(Node::List) => json!({ "type": "array", "items": below("[]") }),
            Some(Node::Map) => json!({ "type": "object", "additionalProperties": below("{}") }),
            Some(Node::Struct(fields)) => {
                let keys: Map<String, Value> = fields.iter().map(|f| ((*f).to_owned(), below(f))).collect();
                let mut out = json!({ "type": "object", "properties": keys, "additionalProperties": false });
                if let Some(needed) = self.needed.get(path).filter(|n| !n.is_empty()) {
                    out["required"] = json!(needed);
                }
                out
            }
        }
    }
}

#[derive(Debug)]
enum Failed {
    Missing(&'static str),
    Other,
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failed::Missing(field) => write!(f, "{field} is missing"),
            Failed::Other => f.write_str("not taken"),
        }
    }
}
impl std::error::Error for Failed {}
impl de::Error for Failed {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Failed::Other
    }
    fn missing_field(field: &'static str) -> Self {
        Failed::Missing(field)
    }
}

/// A place that gives whatever it is asked for, and takes down what that was.
struct At<'t> {
    trace: &'t RefCell<Trace>,
    path: String,
    deep: usize,
}

impl<'t> At<'t> {
    fn root(trace: &'t RefCell<Trace>) -> Self {
        Self { trace, path: String::new(), deep: 0 }
    }
    fn below(&self, name: &str) -> Self {
        Self { trace: self.trace, path: format!("{}/{name}", self.path), deep: self.deep + 1 }
    }
    fn is(&self, node: Node) {
        self.trace.borrow_mut().note(&self.path, node);
    }
}

macro_rules! numbers {
    ($($method:ident)+) => {$(
        fn $method<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
            self.is(Node::Of("integer"));
            v.visit_u64(1)
        }
    )+};
}

impl<'de> Deserializer<'de> for At<'_> {
    type Error = Failed;

    numbers! { deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }

    fn deserialize_f32<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        self.deserialize_f64(v)
    }
    fn deserialize_f64<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        self.is(Node::Of("number"));
        v.visit_f64(1.0)
    }
    fn deserialize_bool<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        self.is(Node::Of("boolean"));
        v.visit_bool(true)
    }
    fn deserialize_any<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        self.is(Node::Anything);
        let text = self.trace.borrow_mut().text(&self.path);
        v.visit_str(text)
    }
    fn deserialize_str<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        self.is(Node::Of("string"));
        let text = self.trace.borrow_mut().text(&self.path);
        v.visit_str(text)
    }
    fn deserialize_option<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        v.visit_some(self)
    }
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, v: V) -> Result<V::Value, Failed> {
        v.visit_newtype_struct(self)
    }
    fn deserialize_seq<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        self.is(Node::List);
        v.visit_seq(Once(Some(self)))
    }
    fn deserialize_map<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        self.is(Node::Map);
        // What is read as a table of anything has no shape of its own.
        v.visit_map(Entry { at: self, key: true })
    }
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        v: V,
    ) -> Result<V::Value, Failed> {
        // The wrapper by which toml hands out places: begin, end, value.
        if name.starts_with("$__") {
            return v.visit_map(Fields { at: self, left: fields.iter(), next: None, wrapper: true });
        }
        if self.deep > DEEPEST {
            return Err(Failed::Other);
        }
        self.is(Node::Struct(fields));
        v.visit_map(Fields { at: self, left: fields.iter(), next: None, wrapper: false })
    }
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        v: V,
    ) -> Result<V::Value, Failed> {
        self.is(Node::Words(variants));
        v.visit_enum(Word(variants.first().copied().unwrap_or_default()))
    }

    serde::forward_to_deserialize_any! { i128 u128 unit unit_struct tuple tuple_struct }

    fn deserialize_char<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        self.deserialize_str(v)
    }
    fn deserialize_string<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        self.deserialize_str(v)
    }
    fn deserialize_bytes<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        self.deserialize_str(v)
    }
    fn deserialize_byte_buf<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        self.deserialize_str(v)
    }
    fn deserialize_identifier<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        self.deserialize_str(v)
    }
    fn deserialize_ignored_any<V: Visitor<'de>>(self, v: V) -> Result<V::Value, Failed> {
        v.visit_unit()
    }
}

/// A list of one.
struct Once<'t>(Option<At<'t>>);
impl<'de> SeqAccess<'de> for Once<'_> {
    type Error = Failed;
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Failed> {
        self.0.take().map(|at| seed.deserialize(at.below("[]"))).transpose()
    }
}

/// A table of one.
struct Entry<'t> {
    at: At<'t>,
    key: bool,
}
impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = Failed;
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Failed> {
        if !std::mem::take(&mut self.key) {
            return Ok(None);
        }
        let text = self.at.trace.borrow_mut().text(&format!("{}/{{key}}", self.at.path));
        seed.deserialize(IntoDeserializer::<Failed>::into_deserializer(text)).map(Some)
    }
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Failed> {
        seed.deserialize(self.at.below("{}"))
    }
}

/// The keys of a struct; of toml's wrapper the value alone is a place.
struct Fields<'t> {
    at: At<'t>,
    left: std::slice::Iter<'static, &'static str>,
    next: Option<&'static str>,
    wrapper: bool,
}
impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Failed;
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Failed> {
        let trace = self.at.trace.borrow();
        let gives = |f: &&&'static str| self.wrapper || trace.gives(&self.at.path, f);
        self.next = self.left.by_ref().find(gives).copied();
        drop(trace);
        // The wrapper of toml takes its keys borrowed only.
        let Some(field) = self.next else { return Ok(None) };
        seed.deserialize(BorrowedStrDeserializer::<Failed>::new(field)).map(Some)
    }
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Failed> {
        match self.next {
            Some(f) if !self.wrapper => seed.deserialize(self.at.below(f)),
            Some(f) if f.ends_with("value") => {
                seed.deserialize(At { trace: self.at.trace, path: self.at.path.clone(), deep: self.at.deep })
            }
            Some(_) | None => seed.deserialize(IntoDeserializer::<Failed>::into_deserializer(0_usize)),
        }
    }
}

/// A word of an enum.
struct Word(&'static str);
impl<'de> EnumAccess<'de> for Word {
    type Error = Failed;
    type Variant = Self;
    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Failed> {
        let value = seed.deserialize(IntoDeserializer::<Failed>::into_deserializer(self.0))?;
        Ok((value, self))
    }
}
impl<'de> VariantAccess<'de> for Word {
    type Error = Failed;
    fn unit_variant(self) -> Result<(), Failed> {
        Ok(())
    }
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, Failed> {
        Err(Failed::Other)
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Failed> {
        Err(Failed::Other)
    }
    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Failed> {
        Err(Failed::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use toml::Spanned;

    #[allow(dead_code)]
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Colour {
        DarkRed,
        Blue,
    }

    #[allow(dead_code)]
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        on: Spanned<jiff::civil::Date>,
        #[serde(default)]
        colours: Vec<Colour>,
    }

    #[allow(dead_code)]
    #[derive(Deserialize)]
    struct Outer {
        name: String,
        size: Option<u16>,
        #[serde(default, rename = "loud")]
        is_loud: bool,
        inner: BTreeMap<String, Spanned<Inner>>,
        free: Option<toml::Value>,
    }

    #[test]
    fn a_schema_says_what_the_reader_reads() {
        let inner = json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["on"],
            "properties": {
                "on": { "type": "string" },
                "colours": { "type": "array", "items": { "type": "string", "enum": ["dark_red", "blue"] } },
            },
        });
        let outer = json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["inner", "name"],
            "properties": {
                "name": { "type": "string" },
                "size": { "type": "integer" },
                "loud": { "type": "boolean" },
                "free": {},
                "inner": { "type": "object", "additionalProperties": inner },
            },
        });
        assert_eq!(of::<Outer>(), outer);
    }
}
