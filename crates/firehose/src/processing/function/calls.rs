//! How often a function is called for a batch.

use crate::sink::SinkError;

/// The attempts of one batch. Only calls that failed as a whole are made again; an answer is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calls {
    made: u32,
    retries: u32,
}

/// What to do after a call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Call again.
    Again,
    /// All records of the batch have failed, with this code and message.
    Fail {
        /// The code.
        code: String,
        /// The message.
        message: String,
    },
}

impl Calls {
    /// Before the first call. `retries` is `NumberOfRetries`.
    pub fn new(retries: u32) -> Self {
        Calls { made: 0, retries }
    }

    /// A call begins.
    pub fn begin(&mut self) {
        self.made = self.made.saturating_add(1);
    }

    /// How many calls were made.
    pub fn made(self) -> u32 {
        self.made
    }

    /// A call failed: the function could not be called, or it raised an error. Whatever the reason, AWS calls again as
    /// often as is configured. A code of another family is told as the function's own failure.
    pub fn failed(self, error: &SinkError) -> Next {
        if self.made <= self.retries {
            return Next::Again;
        }
        let (code, message) = if error.code.starts_with("Lambda.") {
            (error.code.clone(), error.message.clone())
        } else {
            let (code, message) = super::FUNCTION_ERROR;
            (code.to_owned(), message.to_owned())
        };
        Next::Fail { code, message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::Then;

    #[test]
    fn a_failing_function_is_called_once_and_as_often_again_as_configured() {
        let error = SinkError {
            code: "Lambda.InvokeLimitExceeded".into(),
            message: "m".into(),
            then: Then::Retry,
        };
        for retries in [0, 1, 3] {
            let mut calls = Calls::new(retries);
            for _ in 0..retries {
                calls.begin();
                assert_eq!(calls.failed(&error), Next::Again);
            }
            calls.begin();
            let Next::Fail { code, .. } = calls.failed(&error) else { panic!("{retries}") };
            assert_eq!(code, "Lambda.InvokeLimitExceeded");
            assert_eq!(calls.made(), retries + 1);
        }
    }

    #[test]
    fn a_code_of_another_family_becomes_the_functions_error() {
        let error = SinkError { code: "x".into(), message: "secret".into(), then: Then::GiveUp };
        let mut calls = Calls::new(0);
        calls.begin();
        let Next::Fail { code, message } = calls.failed(&error) else { panic!() };
        assert_eq!((&*code, &*message), super::super::FUNCTION_ERROR);
    }
}
