//! Lies about changed settings.

use super::{are_found, of};
use crate::settings::{seen, settings};
use claims::setting::Changed;
use evidence::{Evidence, Setting};

fn changed(settings: Vec<Setting>) -> Evidence {
    Evidence { settings, ..Evidence::default() }
}

#[test]
fn each_lie_is_found() {
    let good = || changed(seen([true, true], [&[], &[]]));
    let refused = || changed(seen([true, false], [&[], &["Fatal: no"]]));
    let planted = vec![
        of("taken = true", good())
            .lie("the second is refused", |e| e.settings[1].is_taken = false)
            .unseen("the second", |e| e.settings.truncate(1)),
        of("taken = false", refused())
            .lie("both are taken", |e| e.settings[1].is_taken = true)
            .unseen("the refused one", |e| e.settings.truncate(1)),
        of("says = \"unused\"", changed(seen([true, true], [&[], &["warning: unused"]])))
            .lie("another text", |e| e.settings[1].said = vec!["warning: x".to_owned()])
            .lie("nothing", |e| e.settings[1].said.clear())
            .unseen("the one that speaks", |e| e.settings.truncate(1)),
        of("silent = true", good())
            .lie("a word", |e| e.settings[0].said = vec!["x".to_owned()])
            .unseen("the second", |e| e.settings.truncate(1)),
    ];
    let planted = planted.into_iter().map(|planted| planted.or_not_reached()).collect();
    are_found::<Changed>(planted, |claim| {
        // that a setting is refused makes the rest unclear unless that is claimed
        settings(vec![claim.to_owned()])
    });
}
