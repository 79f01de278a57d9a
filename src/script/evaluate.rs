//! How the pure layers ask for a decoder to be run.
//!
//! A decoder function that plain value propagation cannot follow (RC4 over a rotated string array, a packer's loop) is
//! handed over as text, together with the calls whose results are wanted. Who runs it is not this layer's business: the
//! sealed worker in `sandbox`, or nobody at all ([`NoEvaluator`]).

/// One request: definitions that are run once, then expressions over them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct DecoderJob {
    /// Source text that defines what the calls need: decoder functions, string arrays, the rotation of an array.
    pub prelude: String,
    /// Expressions, each with a string for a result.
    pub calls: Vec<String>,
}

/// Runs decoders somewhere where they can do no harm.
pub trait Evaluate: Sync {
    /// The result of each call of `job`, in order: the string, or `None` where the call threw, gave something else than a
    /// string, or was not run at all. The answer always has as many entries as `job` has calls.
    fn evaluate(&self, job: &DecoderJob) -> Vec<Option<String>>;

    /// The code that `program` hands to `eval`, `Function` or a string timer when it is run, in order of appearance. A
    /// packed script shows itself that way. What it creates runs in the same sealed place, where there is nothing to act on.
    fn unpack(&self, program: &str) -> Vec<String> {
        let _ = program;
        Vec::new()
    }
}

/// Runs nothing: for tests, fuzzing, and builds without the sealed worker.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvaluator;

impl Evaluate for NoEvaluator {
    fn evaluate(&self, job: &DecoderJob) -> Vec<Option<String>> {
        vec![None; job.calls.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_answers_with_as_many_nothings_as_there_were_calls() {
        let job = DecoderJob { prelude: "function f() {}".into(), calls: vec!["f()".into(), "f(1)".into()] };
        assert_eq!(NoEvaluator.evaluate(&job), [None, None]);
        assert!(NoEvaluator.unpack("eval('1')").is_empty());
    }
}
