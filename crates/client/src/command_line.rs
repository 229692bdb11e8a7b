//! `credential_process`: a program that prints credentials.

use std::process::Stdio;

use tokio::io::AsyncReadExt;

use crate::limits::{CREDENTIALS_BYTES_MAX, PROCESS_TIMEOUT};

/// Runs the command, without a shell, and returns what it prints.
///
/// # Errors
/// Why nothing can be had of it; its own errors go to standard error, where a person sees them.
pub(crate) async fn output_of(command: &str) -> Result<Vec<u8>, String> {
    let words = split(command).ok_or("its quotes do not match")?;
    let (program, arguments) = words.split_first().ok_or("it is empty")?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let output = child.stdout.take().ok_or("it has no output")?;
    let whole = async {
        let mut bytes = Vec::new();
        output.take(CREDENTIALS_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).await?;
        if bytes.len() <= CREDENTIALS_BYTES_MAX {
            let status = child.wait().await?;
            return Ok((bytes, Some(status)));
        }
        Ok::<_, std::io::Error>((bytes, None))
    };
    let ended = tokio::time::timeout(PROCESS_TIMEOUT, whole).await;
    let ended = ended.map_err(|_| format!("no end within {} s", PROCESS_TIMEOUT.as_secs()))?;
    match ended.map_err(|error| error.to_string())? {
        (bytes, Some(status)) if status.success() => Ok(bytes),
        (_, Some(status)) => Err(format!("it ended with {status}")),
        (_, None) => Err(format!("it printed more than {CREDENTIALS_BYTES_MAX} bytes")),
    }
}

/// Words as a shell splits them: quotes and backslashes, nothing else.
fn split(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => {
                let inside = word.get_or_insert_default();
                loop {
                    match characters.next()? {
                        '\'' => break,
                        other => inside.push(other),
                    }
                }
            }
            '"' => {
                let inside = word.get_or_insert_default();
                loop {
                    match characters.next()? {
                        '"' => break,
                        '\\' => match characters.next()? {
                            escaped @ ('"' | '\\') => inside.push(escaped),
                            other => inside.extend(['\\', other]),
                        },
                        other => inside.push(other),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(characters.next()?),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        for (command, expected) in [
            ("a b  c", Some(vec!["a", "b", "c"])),
            (r#""/a b/c" 'd "e' f\ g ''"#, Some(vec!["/a b/c", "d \"e", "f g", ""])),
            (r#"x"y\"z"w"#, Some(vec!["xy\"zw"])),
            ("", Some(vec![])),
            ("'a", None),
            ("\"a", None),
        ] {
            let words = split(command);
            assert_eq!(words, expected.map(|w| w.into_iter().map(str::to_owned).collect()));
        }
    }
}
