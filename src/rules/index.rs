//! An index over patterns: which of many services or routes may be meant, without trying them all.
//!
//! In: what each names of a provider. Out: the places of those that may match, in their order. Invariant: none that would
//! match is missing; some that do not may be there. Refuses to decide: matching does.

use std::collections::HashMap;

/// Of patterns, by the provider and by what they name of it.
#[derive(Debug, Clone, Default)]
pub struct Index {
    by_provider: HashMap<String, Named>,
    /// Whose provider is a pattern, or none.
    any: Named,
}

#[derive(Debug, Clone, Default)]
struct Named {
    /// All of them.
    all: Vec<usize>,
    /// Those that name nothing, or a pattern.
    wide: Vec<usize>,
    /// Those that name one thing.
    exact: HashMap<String, Vec<usize>>,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// Whatever is named of a provider.
    Anything,
    /// One of these, or nothing in particular.
    Names(&'a [&'a str]),
}

impl Index {
    /// Notes what the one at a place names.
    pub fn add(&mut self, place: usize, provider: Option<&str>, name: Option<&str>) {
        let plain = |text: Option<&str>| text.filter(|t| !t.contains('*')).map(str::to_owned);
        let named = match plain(provider) {
            Some(p) => self.by_provider.entry(p).or_default(),
            None => &mut self.any,
        };
        named.all.push(place);
        match plain(name) {
            Some(n) => named.exact.entry(n).or_default().push(place),
            None => named.wide.push(place),
        }
    }

    /// The places of those that may be meant, in order, each once.
    pub fn find<'p>(&self, providers: impl IntoIterator<Item = &'p str>, wanted: Wanted<'_>) -> Vec<usize> {
        let mut out = Vec::new();
        let mut last = None;
        // Mostly all are one.
        let providers = providers.into_iter().filter(|p| last.replace(*p) != Some(*p));
        for named in providers.filter_map(|p| self.by_provider.get(p)).chain([&self.any]) {
            match wanted {
                Wanted::Anything => out.extend(&named.all),
                Wanted::Names(names) => {
                    out.extend(&named.wide);
                    out.extend(names.iter().filter_map(|n| named.exact.get(*n)).flatten());
                }
            }
        }
        out.sort_unstable();
        out.dedup();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::glob;
    use proptest::prelude::*;

    fn word() -> impl Strategy<Value = Option<&'static str>> {
        prop::option::of(prop::sample::select(vec!["a", "b", "ab", "a*", "*b", "*"]))
    }

    proptest! {
        #[test]
        fn nothing_that_matches_is_missing_and_all_come_in_order(
            patterns in prop::collection::vec((word(), word()), 0..12),
            provider in prop::sample::select(vec!["a", "b", "ab"]),
            names in prop::collection::vec(prop::sample::select(vec!["a", "b", "ab"]), 0..3),
        ) {
            let mut index = Index::default();
            for (place, (p, n)) in patterns.iter().enumerate() {
                index.add(place, *p, *n);
            }
            let fits = |p: &Option<&str>, v: &str| p.is_none_or(|p| glob(p, v));
            let of_provider: Vec<usize> =
                patterns.iter().enumerate().filter(|(_, (p, _))| fits(p, provider)).map(|(i, _)| i).collect();
            let found = index.find([provider], Wanted::Names(&names));
            let all = index.find([provider], Wanted::Anything);
            for i in of_provider {
                prop_assert!(all.contains(&i));
                let meant = patterns[i].1.is_none() || names.iter().any(|n| fits(&patterns[i].1, n));
                prop_assert!(!meant || found.contains(&i), "{i} of {patterns:?}");
            }
            prop_assert!(found.is_sorted_by(|a, b| a < b) && all.is_sorted_by(|a, b| a < b));
        }
    }
}
