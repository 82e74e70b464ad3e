//! Images: built once, in order, and with an error that shows why not.

use crate::{DOCKER, Test, debian, ensure, recipe, runtime, settings};
use libtest_mimic::Failed;
use mailproof_container::{Base, Engine, EngineError, ImageRecipe};
use std::{collections::BTreeMap, fs, sync::Mutex};

pub(crate) fn trials() -> Vec<Test> {
    vec![
        ("images::the_same_image_is_built_once", the_same_image_is_built_once),
        ("images::a_failed_build_shows_why", a_failed_build_shows_why),
    ]
}

fn the_same_image_is_built_once() -> Result<(), Failed> {
    runtime().block_on(async {
        let engine = Engine::connect(DOCKER).await?;
        let internet = recipe("internet", Base::Recipe(Box::new(debian())));
        let said = Mutex::new(Vec::new());
        let progress = |line: &str| said.lock().expect("no panic").push(line.to_owned());
        let settings = settings();
        let (one, other) = tokio::try_join!(
            engine.ensure(&internet, &settings, &progress),
            engine.ensure(&internet, &settings, &progress)
        )?;
        ensure(one == other && one.starts_with("mailproof/internet:"), || format!("{one} {other}"))?;
        let begun = format!("building {one}");
        let count = said.lock().expect("no panic").iter().filter(|line| **line == begun).count();
        ensure(count <= 1, || format!("built {count} times"))?;
        said.lock().expect("no panic").clear();
        let again = engine.ensure(&internet, &settings, &progress).await?;
        let said = said.lock().expect("no panic");
        ensure(again == one && said.is_empty(), || format!("{again} {said:?}"))
    })
}

fn a_failed_build_shows_why() -> Result<(), Failed> {
    runtime().block_on(async {
        let directory = tempfile::tempdir()?;
        fs::write(
            directory.path().join("Dockerfile"),
            "ARG BASE\nFROM ${BASE}\nRUN echo the reason is this >&2; exit 3\n",
        )?;
        let engine = Engine::connect(DOCKER).await?;
        let broken = ImageRecipe {
            name: "broken".to_owned(),
            directory: directory.path().to_owned(),
            base: Base::Recipe(Box::new(debian())),
            args: BTreeMap::new(),
        };
        let error = engine.ensure(&broken, &settings(), &|_| {}).await.err().ok_or("it was built")?;
        let text = error.to_string();
        ensure(matches!(error, EngineError::Build { .. }), || format!("{error:?}"))?;
        ensure(text.contains("the reason is this") && text.contains("broken") && text.contains('3'), || text.clone())
    })
}
