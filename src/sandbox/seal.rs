//! The locks of the child, by platform, strongest last: nothing that the earlier ones need is forbidden too soon.
//!
//! - every Unix: resource limits. No new file descriptor (neither file nor socket), no bytes written to any file, no further
//!   process, no core file; on Linux a limit of memory as well (macOS does not keep to `RLIMIT_AS`).
//! - Linux: landlock takes all access to files and network, seccomp leaves the few system calls that an engine needs.
//! - Windows: a job object that dies with the child; the parent watches its memory.

use super::protocol::Lock;

/// Closes every lock that this system has, and says which are in force.
pub fn close(memory: u64, stack: u64) -> Vec<Lock> {
    // The standard library draws its hash seed once a thread; later it could not.
    let _ = std::collections::HashSet::from([0u8]);
    let mut locks = Vec::new();
    platform::close(memory, stack, &mut locks);
    locks
}

/// A lock and what came of it.
#[allow(dead_code)] // A platform without locks has none to name.
fn lock(locks: &mut Vec<Lock>, name: &str, outcome: Result<&str, String>) {
    let (held, note) = match outcome {
        Ok(note) => (true, note.to_owned()),
        Err(reason) => (false, reason),
    };
    locks.push(Lock { name: name.to_owned(), held, note });
}

#[cfg(unix)]
mod platform {
    use rustix::process::{Resource, Rlimit, setrlimit};

    use super::super::protocol::Lock;
    use super::lock;

    /// Address space that the program and its allocator reserve without ever using it, where the system does not say how much.
    const RESERVED: u64 = 192 << 20;

    /// Bytes of addresses that are taken before any script runs.
    #[cfg(target_os = "linux")]
    fn taken(stack: u64) -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let size = status.lines().find_map(|line| line.strip_prefix("VmSize:"));
        let size: Option<u64> = size.and_then(|size| size.trim().strip_suffix("kB")?.trim().parse().ok());
        size.map_or(stack.saturating_add(RESERVED), |kilobytes| kilobytes.saturating_mul(1024))
    }

    pub fn close(memory: u64, stack: u64, locks: &mut Vec<Lock>) {
        #[cfg(target_os = "linux")]
        {
            let bytes = taken(stack).saturating_add(memory);
            lock(locks, "memory", limit(Resource::As, bytes).map(|()| "RLIMIT_AS"));
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = (memory, stack, RESERVED);
            lock(locks, "memory", Err("this system keeps to no memory limit".to_owned()));
        }
        #[cfg(target_os = "linux")]
        lock(locks, "file access", super::linux::landlock());
        lock(locks, "core files", limit(Resource::Core, 0).map(|()| "RLIMIT_CORE"));
        lock(locks, "writing to files", limit(Resource::Fsize, 0).map(|()| "RLIMIT_FSIZE"));
        lock(locks, "new processes", limit(Resource::Nproc, 0).map(|()| "RLIMIT_NPROC"));
        lock(locks, "new files and sockets", limit(Resource::Nofile, 0).map(|()| "RLIMIT_NOFILE"));
        #[cfg(target_os = "linux")]
        lock(locks, "system calls", super::linux::seccomp());
    }

    /// Sets both the soft and the hard limit, so that neither can be raised again.
    fn limit(resource: Resource, value: u64) -> Result<(), String> {
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) }).map_err(|error| error.to_string())
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;

    use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
    };

    /// Takes away every right over files, ports and other processes that the running kernel knows of.
    pub fn landlock() -> Result<&'static str, String> {
        let status = Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V6))
            .and_then(|rules| rules.handle_access(AccessNet::from_all(ABI::V6)))
            .and_then(|rules| rules.scope(Scope::from_all(ABI::V6)))
            .and_then(Ruleset::create)
            .and_then(landlock::RulesetCreated::restrict_self)
            .map_err(|error| error.to_string())?;
        match status.ruleset {
            RulesetStatus::FullyEnforced => Ok("landlock"),
            RulesetStatus::PartiallyEnforced => Ok("landlock, as far as this kernel has it"),
            RulesetStatus::NotEnforced => Err("this kernel has no landlock".to_owned()),
        }
    }

    /// Leaves the system calls that memory, threads and the two pipes need. Everything else fails with `EPERM`.
    pub fn seccomp() -> Result<&'static str, String> {
        let program = filter().map_err(|error| error.to_string())?;
        seccompiler::apply_filter_all_threads(&program).map_err(|error| error.to_string())?;
        Ok("seccomp")
    }

    fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
        for call in [
            libc::SYS_brk,
            libc::SYS_munmap,
            libc::SYS_mremap,
            libc::SYS_madvise,
            libc::SYS_futex,
            libc::SYS_sched_yield,
            libc::SYS_sigaltstack,
            libc::SYS_rt_sigprocmask,
            libc::SYS_rt_sigreturn,
            libc::SYS_restart_syscall,
            libc::SYS_clock_gettime,
            libc::SYS_exit,
            libc::SYS_exit_group,
        ] {
            rules.insert(call, Vec::new());
        }
        // Only the two pipes.
        rules.insert(libc::SYS_read, vec![argument(0, SeccompCmpOp::Eq, 0)?]);
        rules.insert(libc::SYS_write, vec![argument(0, SeccompCmpOp::Eq, 1)?]);
        // Memory, never memory that can be executed.
        let not_executable = SeccompCmpOp::MaskedEq(libc::PROT_EXEC as u64);
        rules.insert(libc::SYS_mmap, vec![argument(2, not_executable.clone(), 0)?]);
        rules.insert(libc::SYS_mprotect, vec![argument(2, not_executable, 0)?]);
        let refuse = SeccompAction::Errno(libc::EPERM as u32);
        let arch = TargetArch::try_from(std::env::consts::ARCH)?;
        SeccompFilter::new(rules, refuse, SeccompAction::Allow, arch)?.try_into()
    }

    /// A rule over one argument of a call.
    fn argument(index: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
        SeccompRule::new(vec![SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)?])
    }
}

#[cfg(windows)]
mod platform {
    use super::super::protocol::Lock;
    use super::lock;

    pub fn close(_: u64, _: u64, locks: &mut Vec<Lock>) {
        lock(locks, "process tree", job().map(|()| "job object"));
        lock(locks, "memory", Ok("watched by the parent"));
        lock(locks, "files and network", Err("this system offers no lock that needs no privilege".to_owned()));
    }

    /// A job that ends with this process; whatever it might start ends with it.
    fn job() -> Result<(), String> {
        let job = win32job::Job::create().map_err(|error| error.to_string())?;
        let mut info = job.query_extended_limit_info().map_err(|error| error.to_string())?;
        info.limit_kill_on_job_close();
        job.set_extended_limit_info(&info).map_err(|error| error.to_string())?;
        job.assign_current_process().map_err(|error| error.to_string())?;
        // The handle must live as long as the process: closing it would end the process.
        let _ = job.into_handle();
        Ok(())
    }
}

#[cfg(not(any(unix, windows)))]
mod platform {
    use super::super::protocol::Lock;

    pub fn close(_: u64, _: u64, _: &mut Vec<Lock>) {}
}
