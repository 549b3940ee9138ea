//! From the path of a wrong value to its place in the text. Not here: what is wrong with it.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::error::Finding;
use crate::validate::{Point, Problem, Step};

/// The problems with their places in `text`, which is known to be TOML.
pub(crate) fn findings(text: &str, problems: Vec<Problem>) -> Vec<Finding> {
    let table = DeTable::parse(text).ok();
    problems
        .into_iter()
        .map(|problem| {
            let span = table
                .as_ref()
                .map_or(0..0, |root| span_of(root.get_ref(), &problem));
            Finding::new(span, problem.message)
        })
        .collect()
}

/// Where the value is; where it was left out, its stand-in's place or that of the table it belongs in.
fn span_of(root: &DeTable<'_>, problem: &Problem) -> Range<usize> {
    let (found, span) = walk(root, &problem.path, problem.point);
    if let (false, Some(stand_in), Some((_, parents))) =
        (found, problem.stand_in, problem.path.split_last())
    {
        let mut path = parents.to_vec();
        path.push(Step::Key(stand_in.to_owned()));
        return walk(root, &path, problem.point).1;
    }
    span
}

/// Follows `path` as far as it goes: whether that was to its end, and the place it came to.
fn walk(root: &DeTable<'_>, path: &[Step], point: Point) -> (bool, Range<usize>) {
    let mut table = Some(root);
    let mut value: Option<&DeValue<'_>> = None;
    let mut span = 0..0;
    for (depth, step) in path.iter().enumerate() {
        let last = depth + 1 == path.len();
        let next = match step {
            Step::Key(name) => table.and_then(|table| {
                let (key, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
                let at_key = last && point == Point::Key;
                Some((value, if at_key { key.span() } else { value.span() }))
            }),
            Step::Index(index) => value
                .and_then(DeValue::as_array)
                .and_then(|array| array.get(*index))
                .map(|value| (value, value.span())),
        };
        let Some((next, at)) = next else {
            return (false, span);
        };
        value = Some(next.get_ref());
        table = next.get_ref().as_table();
        span = at;
    }
    (true, span)
}
