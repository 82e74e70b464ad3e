//! One build on the engine, with its output as it comes.

use crate::{
    Engine, EngineError, File, archive,
    bollard::{body_full, errors::Error, models::BuildInfo, query_parameters::BuildImageOptionsBuilder},
    image::Ingredient,
    program::Tail,
};
use futures_util::StreamExt;
use std::collections::{BTreeMap, HashMap};

impl Engine {
    /// Builds a Dockerfile. A failed or abandoned build leaves no image with this tag.
    pub(crate) async fn build(
        &self,
        name: &str,
        tag: &str,
        args: &BTreeMap<String, String>,
        ingredients: &[Ingredient],
        progress: &(dyn Fn(&str) + Sync),
    ) -> Result<(), EngineError> {
        progress(&format!("building {tag}"));
        let args: HashMap<&str, &str> = args.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let options =
            BuildImageOptionsBuilder::new().dockerfile("Dockerfile").t(tag).rm(true).forcerm(true).buildargs(&args);
        let files: Vec<File> = ingredients
            .iter()
            .map(|file| File {
                mode: if file.executable { 0o755 } else { 0o644 },
                ..File::new(format!("/{}", file.path), file.contents.clone())
            })
            .collect();
        let context = body_full(archive::pack(&files)?.into());
        let mut tail = Tail::default();
        let mut steps = self.docker.build_image(options.build(), None, Some(context));
        while let Some(step) = steps.next().await {
            let failed = match step {
                Ok(BuildInfo { error_detail: Some(error), .. }) => error.message.unwrap_or_default(),
                Ok(step) => {
                    for line in step.stream.iter().flat_map(|text| text.lines()) {
                        tail.push(line, |line| progress(&format!("{name}: {line}")));
                    }
                    continue;
                }
                Err(Error::DockerStreamError { error }) => error,
                Err(error) => return Err(EngineError::new(format!("build the image {tag}"), &error)),
            };
            return Err(EngineError::build(name, failed, tail.text()));
        }
        Ok(())
    }
}
