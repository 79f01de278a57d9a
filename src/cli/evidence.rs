//! `crxhound evidence`: what an investigation needs of one extension, sealed in one archive, and the way to check such an archive.
//!
//! The archive is written without compression, in a fixed order and with a fixed time, so that the same content is the same
//! bytes: checking builds it anew from what was read, and a change anywhere shows, also between the files. With a password it is
//! put whole into a second archive: programs that hunt malware would else take the evidence out of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Cursor, ErrorKind, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Map, Value, json};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::args::EvidenceArgs;
use super::exit::Exit;
use super::options::{self, Analysis, Common, Targets};
use super::work::{self, Request};
use super::{files, output};
use crate::acquire::Limits;
use crate::acquire::read::{read_regular, real_folder, reason, unix_seconds};
use crate::model::hash::{hex, sha256};
use crate::model::{ExtensionId, json as model_json};
use crate::report::model::ExtensionReport;
use crate::report::text::plain;
use crate::report::{Report, json as report_json};

/// The list of sums, in the form of `sha256sum`; it stands last.
const MANIFEST: &str = "MANIFEST.sha256";
/// A bundle is held in memory, so it may be this large.
const LARGEST: u64 = 1 << 30;
/// The one file of a locked archive.
const LOCKED: &str = "evidence.zip";
/// A file with a password is short.
const PASSWORD_FILE: u64 = 4096;

/// Seals or checks.
pub fn run(args: EvidenceArgs, common: &Common) -> anyhow::Result<Exit> {
    let text = match (&args.verify, &args.extension, &args.output) {
        (Some(file), None, None) => verify(file, args.sha256.as_deref(), password(&args)?.as_deref())?,
        (None, Some(typed), Some(output)) => seal(&options::id(typed)?, output, &args, common)?,
        _ => bail!("wanted: evidence EXTENSION-ID --output FILE.zip, or evidence --verify FILE"),
    };
    output::to_stdout(text.as_bytes(), false, &common.terminal).map_err(anyhow::Error::msg)?;
    Ok(Exit::Clean)
}

/// The first line of the file of `--password-file`.
fn password(args: &EvidenceArgs) -> anyhow::Result<Option<String>> {
    let Some(path) = &args.password_file else { return Ok(None) };
    let shown = format!("--password-file {}", path.display());
    let (bytes, _) = read_regular(path, PASSWORD_FILE).map_err(|error| anyhow!("{shown}: {}", reason(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| anyhow!("{shown}: is not UTF-8 text"))?;
    let password = text.lines().next().unwrap_or_default();
    if password.is_empty() {
        bail!("{shown}: its first line is to be the password, and is empty");
    }
    Ok(Some(password.to_owned()))
}

/// One file of a bundle.
struct Item {
    bytes: Vec<u8>,
    modified: Option<i64>,
}

/// The files of a bundle by path, and what could not be taken into it.
#[derive(Default)]
struct Bundle {
    items: BTreeMap<String, Item>,
    left_out: Vec<String>,
    total: u64,
}

impl Bundle {
    fn add(&mut self, path: String, bytes: Vec<u8>, modified: Option<i64>) {
        self.total = self.total.saturating_add(bytes.len() as u64);
        self.items.insert(path, Item { bytes, modified });
    }

    fn document(&mut self, path: String, value: &impl serde::Serialize) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        report_json::document(value, &mut bytes)?;
        self.add(path, bytes, None);
        Ok(())
    }

    /// The files below a folder. Links are not followed: what they lead to is no part of the extension.
    fn folder(&mut self, prefix: &str, folder: &Path, limits: &Limits) {
        for entry in walkdir::WalkDir::new(folder).max_depth(limits.depth).sort_by_file_name() {
            let entry = match entry {
                Ok(entry) if entry.file_type().is_dir() => continue,
                Ok(entry) => entry,
                Err(error) => {
                    self.left_out.push(error.to_string());
                    continue;
                }
            };
            let below = entry.path().strip_prefix(folder).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
            if self.items.len() >= limits.entries {
                self.left_out.push(format!("{prefix}: more than {} files", limits.entries));
                return;
            }
            let room = limits.file_bytes.min((LARGEST / 2).saturating_sub(self.total));
            // A name with a line break would break the list of sums.
            if !entry.file_type().is_file() || below.chars().any(char::is_control) {
                self.left_out.push(format!("{prefix}/{}: no regular file with a plain name", plain(&below)));
                continue;
            }
            match read_regular(entry.path(), room) {
                Ok((bytes, data)) => {
                    let modified = data.modified().ok().and_then(unix_seconds);
                    self.add(format!("{prefix}/{below}"), bytes, modified);
                }
                Err(error) => self.left_out.push(format!("{prefix}/{below}: {}", reason(&error))),
            }
        }
    }
}

fn seal(id: &ExtensionId, output: &Path, args: &EvidenceArgs, common: &Common) -> anyhow::Result<String> {
    let with_account = args.with_account.unwrap_or_default();
    let targets = Targets { ids: vec![id.clone()], ..Targets::new(args.target.clone())? };
    let mut report = work::report(&Request::Scan(targets), &Analysis::default(), true, &common.terminal)?;
    if report.extensions.is_empty() {
        bail!("{id} was not found in what was looked at; name the user-data folder, or use --all-users or --root");
    }
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = real_folder(folder).with_context(|| format!("--output {}: no such folder", output.display()))?;
    for browser in &mut report.browsers {
        if real_folder(Path::new(&browser.user_data_dir)).is_ok_and(|data| folder.starts_with(data)) {
            bail!("--output {}: lies in the browser's own folder, which stays untouched", output.display());
        }
        for profile in browser.profiles.iter_mut().filter(|_| !with_account) {
            (profile.account, profile.name) = (None, None);
        }
    }
    let mut bundle = Bundle::default();
    let limits = Limits::default();
    for (number, extension) in report.extensions.iter().enumerate() {
        let prefix = format!("copy-{}", number + 1);
        match extension.path.as_deref().map(Path::new).filter(|path| path.is_dir()) {
            Some(path) => bundle.folder(&format!("{prefix}/files"), path, &limits),
            None => bundle.left_out.push(format!("{prefix}/files: there is no folder of the extension")),
        }
        preferences(&mut bundle, &prefix, extension, with_account, &limits)?;
    }
    bundle.document("machine.json".to_owned(), &surroundings(id, &report))?;
    bundle.document("report.json".to_owned(), &report)?;
    let custody = custody(id, &report, &bundle, with_account);
    bundle.add("CUSTODY.txt".to_owned(), custody.into_bytes(), None);

    let sums = sums(&bundle);
    let mut entries: Vec<(&str, &[u8])> =
        bundle.items.iter().map(|(path, item)| (path.as_str(), item.bytes.as_slice())).collect();
    entries.push((MANIFEST, sums.as_bytes()));
    let mut bytes = archive(&entries)?;
    if let Some(password) = password(args)? {
        bytes = lock(&bytes, &password)?;
    }
    files::write(output, &bytes).with_context(|| format!("--output {}: cannot be written", output.display()))?;
    for what in &bundle.left_out {
        common.terminal.warn(format!("left out: {what}"));
    }
    let digest = hex(&sha256(&bytes));
    Ok(format!(
        "{digest}  {}\nKeep this SHA-256 apart from the file: it alone shows later that the file is the same.\n",
        output.display()
    ))
}

/// The entry of one extension in each preference file of its profile, with the codes over it.
fn preferences(
    bundle: &mut Bundle,
    prefix: &str,
    extension: &ExtensionReport,
    with_account: bool,
    limits: &Limits,
) -> anyhow::Result<()> {
    let (Some(data), Some(profile)) = (&extension.user_data_dir, &extension.profile) else { return Ok(()) };
    let mut kept = vec![
        format!("/extensions/settings/{}", extension.id),
        format!("/protection/macs/extensions/settings/{}", extension.id),
        format!("/protection/macs/extensions/settings_encrypted_hash/{}", extension.id),
    ];
    if with_account {
        kept.extend(["/account_info", "/google/services", "/signin"].map(str::to_owned));
    }
    for name in ["Preferences", "Secure Preferences"] {
        let file = Path::new(data).join(profile).join(name);
        let path = format!("{prefix}/preferences/{name}.json");
        let (bytes, times) = match read_regular(&file, limits.document_bytes) {
            Ok(read) => read,
            // Where the browser keeps no codes it has the first file alone.
            Err(error) if error.kind() == ErrorKind::NotFound && name == "Secure Preferences" => continue,
            Err(error) => {
                bundle.left_out.push(format!("{path}: {}", reason(&error)));
                continue;
            }
        };
        let Ok(value) = model_json::parse(&bytes) else {
            bundle.left_out.push(format!("{path}: is not JSON"));
            continue;
        };
        let slice: Map<String, Value> =
            kept.iter().filter_map(|pointer| Some((pointer.clone(), value.pointer(pointer)?.clone()))).collect();
        let modified = times.modified().ok().and_then(unix_seconds);
        let whole = json!({"file": file.to_string_lossy(), "sha256_of_the_whole_file": hex(&sha256(&bytes)), "values": slice});
        bundle.document(path.clone(), &whole)?;
        if let Some(item) = bundle.items.get_mut(&path) {
            item.modified = modified;
        }
    }
    Ok(())
}

/// What outside the profile names the extension.
fn surroundings(id: &ExtensionId, report: &Report) -> Value {
    let (machine, id) = (&report.machine, id.as_str());
    let policies: Vec<_> = machine.policies.iter().filter(|policy| policy.extension.as_deref() == Some(id)).collect();
    let external: Vec<_> = machine.external.iter().filter(|entry| entry.id == id).collect();
    let hosts: Vec<_> = machine.native_hosts.iter().filter(|host| host.allowed.iter().any(|a| a.contains(id))).collect();
    json!({"policies": policies, "external": external, "native_hosts": hosts, "launchers": machine.launchers})
}

fn custody(id: &ExtensionId, report: &Report, bundle: &Bundle, with_account: bool) -> String {
    let mut text = format!(
        "Chain of custody\n\nExtension:  {id}\nHost:       {} ({})\nTaken by:   {}\nTaken at:   {} (UTC, clock of that host)\nTool:       {} {}, signatures {}\nScan:       {}\n",
        report.host.name,
        report.host.id,
        report.host.user,
        report.started_at,
        report.tool.name,
        report.tool.version,
        report.tool.signatures,
        report.scan_id
    );
    let account = if with_account { "included, as asked for" } else { "left out" };
    let _ = writeln!(
        text,
        "Account:    data of the signed-in account {account}\n\nFiles were read and nothing in the profile was changed."
    );
    let _ = writeln!(
        text,
        "{MANIFEST} lists the SHA-256 of each file and, where it is a copy, when the original was last written."
    );
    for what in &bundle.left_out {
        let _ = writeln!(text, "Left out: {}", plain(what));
    }
    text.push_str("\nHanded over (date, from, to, signature):\n\n\n");
    text
}

fn sums(bundle: &Bundle) -> String {
    let mut text = String::new();
    for (path, item) in &bundle.items {
        if let Some(time) = item.modified.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()) {
            let _ = writeln!(text, "# last written {time}: {path}");
        }
        let _ = writeln!(text, "{}  {path}", hex(&sha256(&item.bytes)));
    }
    text
}

/// The archive of these files: the same files give the same bytes.
fn archive(entries: &[(&str, &[u8])]) -> anyhow::Result<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o600);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in entries {
        writer.start_file(*path, options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// A bundle within an archive that a password opens.
fn lock(bundle: &[u8], password: &str) -> anyhow::Result<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o600)
        .with_aes_encryption(zip::AesMode::Aes256, password);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(LOCKED, options)?;
    writer.write_all(bundle)?;
    Ok(writer.finish()?.into_inner())
}

/// The bundle within a locked archive; nothing where it is not locked.
fn unlock(bytes: &[u8], password: Option<&str>) -> anyhow::Result<Option<Vec<u8>>> {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return Ok(None) };
    if archive.len() != 1 || !archive.by_index_raw(0).is_ok_and(|entry| entry.encrypted()) {
        return Ok(None);
    }
    let password = password.context("it is locked; --password-file FILE names its password")?;
    let entry = archive.by_index_decrypt(0, password.as_bytes()).map_err(|error| match error {
        ZipError::InvalidPassword => anyhow!("the password of --password-file does not open it"),
        other => other.into(),
    })?;
    let mut bundle = Vec::new();
    entry.take(bytes.len() as u64).read_to_end(&mut bundle).context("the locked file was changed")?;
    Ok(Some(bundle))
}

fn verify(file: &Path, wanted: Option<&str>, password: Option<&str>) -> anyhow::Result<String> {
    let (bytes, _) = read_regular(file, LARGEST).map_err(|error| anyhow!("{}: {}", file.display(), reason(&error)))?;
    let digest = hex(&sha256(&bytes));
    let unlocked = unlock(&bytes, password);
    let count = unlocked.and_then(|inside| check(inside.as_deref().unwrap_or(&bytes)));
    let count = count.with_context(|| format!("{}: refused", file.display()))?;
    let verdict = match wanted.map(|wanted| wanted.trim().eq_ignore_ascii_case(&digest)) {
        Some(true) => "complete, and the same that the SHA-256 was made of",
        Some(false) => bail!("{}: refused: its SHA-256 is {digest}, another than the one given", file.display()),
        None => {
            "complete, not authentic: whoever changes it can seal it anew; --sha256 DIGEST compares with one kept elsewhere"
        }
    };
    Ok(format!("{digest}  {}\n{count} files: {verdict}\n", file.display()))
}

/// Checks each file against the list of sums, and the archive against the one that would be written.
fn check(bytes: &[u8]) -> anyhow::Result<usize> {
    let limits = Limits::default();
    let mut archive_read = ZipArchive::new(Cursor::new(bytes)).context("not a readable archive")?;
    if archive_read.len() > limits.entries + 16 {
        bail!("more files than a bundle has");
    }
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    let mut room = bytes.len() as u64;
    for index in 0..archive_read.len() {
        let name = archive_read.name_for_index(index).and_then(Result::ok).map(|name| name.into_owned()).unwrap_or_default();
        let shown = plain(&name);
        let entry = archive_read.by_index(index).with_context(|| format!("{shown}: cannot be read"))?;
        if entry.compression() != CompressionMethod::Stored {
            bail!("{shown}: was not written by this program");
        }
        let mut content = Vec::new();
        entry.take(room.saturating_add(1)).read_to_end(&mut content).with_context(|| format!("{shown}: was changed"))?;
        room = room.checked_sub(content.len() as u64).with_context(|| format!("{shown}: larger than the bundle"))?;
        found.push((name, content));
    }
    let (sums, rest) = match found.split_last() {
        Some(((name, sums), rest)) if name == MANIFEST => (String::from_utf8_lossy(sums), rest),
        _ => bail!("{MANIFEST}: is missing"),
    };
    let listed: BTreeMap<&str, &str> = sums
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once("  "))
        .map(|(sum, path)| (path, sum))
        .collect();
    for (path, content) in rest {
        match listed.get(path.as_str()) {
            Some(sum) if *sum == hex(&sha256(content)) => {}
            Some(_) => bail!("{}: was changed", plain(path)),
            None => bail!("{}: is not in {MANIFEST}", plain(path)),
        }
    }
    if let Some(path) = listed.keys().find(|path| !rest.iter().any(|(there, _)| there == *path)) {
        bail!("{}: is missing", plain(path));
    }
    let entries: Vec<(&str, &[u8])> = found.iter().map(|(path, content)| (path.as_str(), content.as_slice())).collect();
    if archive(&entries)? != bytes {
        bail!("the archive around the files was changed");
    }
    Ok(rest.len())
}
