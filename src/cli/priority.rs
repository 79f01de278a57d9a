//! `--gentle`: the scan stands back for everything else that runs.
//!
//! Linux takes the priority of the disk from that of the processor where none is set (`ioprio_set(2)`), so the lowest nice
//! value lowers both. It belongs to a thread and passes on to those that it starts, as to the sealed workers: it must be
//! lowered before there are any.

/// What a system lowers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lowered {
    /// The processor and the disk.
    #[cfg_attr(not(unix), expect(dead_code, reason = "Linux alone lowers both at once"))]
    CpuAndDisk,
    /// The processor alone: the system has no way to the disk's priority that needs no unsafe code.
    Cpu,
}

/// Lowers the priority of this process for good. The error is the system's, in words.
#[cfg(unix)]
pub fn lower() -> Result<Lowered, String> {
    const LOWEST: i32 = 19;
    rustix::process::nice(LOWEST).map_err(|error| error.to_string())?;
    Ok(if cfg!(target_os = "linux") { Lowered::CpuAndDisk } else { Lowered::Cpu })
}

/// Lowers the priority of this process for good. The error is the system's, in words.
#[cfg(windows)]
pub fn lower() -> Result<Lowered, String> {
    let mut limits = win32job::ExtendedLimitInfo::new();
    limits.limit_priority_class(win32job::PriorityClass::Idle);
    let job = win32job::Job::create_with_limit_info(&limits).map_err(|error| error.to_string())?;
    job.assign_current_process().map_err(|error| error.to_string())?;
    // The job stays as long as a process is in it, whether or not somebody holds it.
    Ok(Lowered::Cpu)
}

/// Lowers the priority of this process for good. The error is the system's, in words.
#[cfg(not(any(unix, windows)))]
pub fn lower() -> Result<Lowered, String> {
    Err("this system is not known".to_owned())
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_are_started_later_are_gentle_too() {
        // Only this thread is lowered, not the other tests.
        let nice = std::thread::spawn(|| {
            assert_eq!(lower(), Ok(Lowered::CpuAndDisk));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
            pool.install(|| rustix::process::getpriority_process(None).unwrap())
        });
        assert_eq!(nice.join().unwrap(), 19);
    }
}
