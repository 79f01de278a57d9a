//! `--max-memory`: fewer extensions at once, and less held of each.
//!
//! What a scan needs is decided beforehand from what is held of the extensions that are looked at together, so that the same
//! input under the same bound gives the same report. The factors were measured on scripts that are built to need much, such
//! as megabytes of `({a,b});`; those of honest extensions need a fifth of that.

use super::Config;

/// The least that a scan can be held to.
pub const LEAST_MEMORY: u64 = 128 << 20;

/// What the program needs by itself: rules, tables, the report.
const BASE: u64 = 64 << 20;

/// What one thread gets before a second one is started: large bundles matter more than speed to who sets a bound.
const THREAD: u64 = 512 << 20;

/// The least with which the sealed worker's engine runs anything.
const LEAST_WORKER: u64 = 64 << 20;

/// Bytes that the syntax tree of a script takes for each byte of its text. It goes before the next script is parsed.
const TREE: u64 = 100;

/// Bytes that stay for each byte of all scripts of an extension: the text, the linked program, what is known of its values.
const PROGRAM: u64 = 28;

/// Bytes that a JSON document takes for each byte of its text.
const DOCUMENT: u64 = 8;

/// Sets the bounds of a scan so that all of it, the sealed workers included, stays below `bytes`.
pub(super) fn keep_within(config: &mut Config, bytes: u64) {
    let room = bytes.saturating_sub(BASE);
    let wanted = config.threads.unwrap_or_else(rayon::current_num_threads);
    let threads = usize::try_from(room / THREAD).unwrap_or(usize::MAX).clamp(1, wanted.max(1));
    let mut share = room / threads as u64;
    config.threads = Some(threads);

    let worker = worker(share);
    config.worker &= worker.is_some();
    if let Some(worker) = worker.filter(|_| config.worker) {
        config.budget.memory = config.budget.memory.min(worker);
        share -= config.budget.memory;
    }

    let limits = &mut config.limits;
    limits.held_bytes = limits.held_bytes.min(share / 2 / TREE);
    limits.held_total_bytes = limits.held_total_bytes.min(share / 2 / PROGRAM);
    limits.document_bytes = limits.document_bytes.min(share / DOCUMENT);
    // An archive is held while it is unpacked.
    limits.file_bytes = limits.file_bytes.min(share / 4);
}

/// Whether extensions are run at all within `bytes`.
pub fn runs_scripts_within(bytes: u64) -> bool {
    worker(bytes.saturating_sub(BASE)).is_some()
}

/// What the sealed worker gets of a thread's share; none where that is too little for it.
fn worker(share: u64) -> Option<u64> {
    Some(share / 4).filter(|worker| *worker >= LEAST_WORKER)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_lowers_threads_and_what_is_held_and_never_raises_anything() {
        let within = |bytes: u64| {
            let mut config = Config { threads: Some(8), ..Config::builtin().unwrap() };
            keep_within(&mut config, bytes);
            config
        };
        let (least, small, large) = (within(LEAST_MEMORY), within(1 << 30), within(1 << 40));
        assert_eq!((least.threads, small.threads, large.threads), (Some(1), Some(1), Some(8)));
        assert!(!least.worker && !runs_scripts_within(LEAST_MEMORY) && runs_scripts_within(1 << 30));
        assert!(least.limits.held_bytes > 256 << 10 && least.limits.held_bytes < small.limits.held_bytes);
        let usual = Config::builtin().unwrap();
        assert_eq!(large.limits.held_bytes, usual.limits.held_bytes);
        assert_eq!(large.limits.document_bytes, usual.limits.document_bytes);
        assert_eq!(large.budget.memory, usual.budget.memory);
        // A single thread's share holds whatever its limits let in.
        let needed = |config: &Config| {
            let Config { limits, budget, worker, .. } = config;
            BASE + limits.held_bytes * TREE + limits.held_total_bytes * PROGRAM + if *worker { budget.memory } else { 0 }
        };
        assert!(needed(&least) <= LEAST_MEMORY && needed(&small) <= 1 << 30);
    }
}
