//! Says a dialogue that is written out, and nothing else.

use super::{Dialogue, Job, speaker::Speaker};
use mail::Nonce;
use plan::{Step, Transcript};
use rustls_pki_types::ServerName;
use std::collections::VecDeque;

/// What was said and not answered yet.
#[derive(Default)]
struct Open {
    /// What the next replies answer, in order.
    owed: VecDeque<String>,
    /// Octets of the segment under way.
    octets: Vec<u8>,
    /// Lines since the last reply.
    lines: Vec<String>,
    /// The server does not want the message: what comes behind DATA it reads as commands.
    is_data_refused: bool,
}

/// Says it to its end, or until a reply is not the one that is waited for. Without QUIT or `-- close --` of its own it ends with
/// QUIT.
pub(super) async fn play(
    mut speaker: Speaker,
    job: &Job,
    transcript: &Transcript,
    nonce: &Nonce,
    name: Option<&ServerName<'static>>,
) -> Dialogue {
    let mut open = Open { owed: VecDeque::from(["connect".to_owned()]), ..Open::default() };
    let mut says_quit = false;
    for step in &transcript.steps {
        match step {
            Step::Send(sent) => {
                open.octets.extend(sent.octets(nonce.as_str(), &job.message));
                open.lines.push(sent.text.clone());
                open.owed.extend(sent.answers.iter().cloned());
                says_quit |= sent.answers.iter().any(|to| to == "quit");
            }
            Step::Await(awaited) => {
                open.flush(&mut speaker).await;
                if open.hear(&mut speaker, Some(awaited.value.clone())).await.is_none() || !speaker.is_as_awaited() {
                    return speaker.end().await;
                }
            }
            Step::Tls => {
                open.flush(&mut speaker).await;
                let Some(name) = name else { return speaker.end().await };
                if speaker.secure(name, &job.anchor).await.is_none() {
                    return speaker.end().await;
                }
            }
            Step::Close => {
                open.flush(&mut speaker).await;
                return speaker.end().await;
            }
        }
    }
    open.flush(&mut speaker).await;
    while !open.owed.is_empty() {
        if open.hear(&mut speaker, None).await.is_none() {
            return speaker.end().await;
        }
    }
    if says_quit { speaker.end().await } else { speaker.quit().await }
}

impl Open {
    async fn flush(&mut self, speaker: &mut Speaker) {
        let octets = std::mem::take(&mut self.octets);
        if !octets.is_empty() {
            speaker.write(&octets).await;
        }
    }

    /// Hears the next reply; `None`: the dialogue cannot go on.
    async fn hear(&mut self, speaker: &mut Speaker, awaited: Option<String>) -> Option<()> {
        let owed = self.owed.pop_front().unwrap_or_else(|| "unexpected".to_owned());
        let to = if self.is_data_refused && owed == "end-of-data" { "octets" } else { &owed };
        let lines = std::mem::take(&mut self.lines).join("\n");
        let reply = speaker.hear_awaited(to, lines, awaited).await?;
        if owed == "data" {
            self.is_data_refused = reply.code != 354;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests;
