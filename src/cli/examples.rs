//! Examples of each command, as its help shows them. A test runs their options through the parser.

pub(super) const SCAN_EXAMPLES: &str = "\
Examples:
  crxhound scan                                    every Chromium-family browser of the current user
  crxhound scan --all-users                        of everyone on this machine
  crxhound scan ~/.config/google-chrome            one user-data folder, profile or home folder
  crxhound scan --root /mnt/image                  a mounted disk image of any system
  crxhound scan --format json                      for programs; jsonl for log collectors
  crxhound scan --output r.html --output r.sarif   several forms from one run
  crxhound scan --explain EXTENSION-ID             one extension in full";

pub(super) const INSPECT_EXAMPLES: &str = "\
Examples:
  crxhound inspect extension.crx
  crxhound inspect unpacked-folder --format html --output report.html
  crxhound inspect folder-of-many-extensions --format jsonl";

pub(super) const FLEET_EXAMPLES: &str = "\
Examples:
  crxhound fleet reports/                          every .json, .jsonl and .ndjson file below a folder
  crxhound fleet monday/ late.jsonl --format json  for programs
  crxhound fleet reports/ --output fleet.sqlite    for SQL; or fleet.parquet, for analytical engines
  crxhound fleet tuesday/ --baseline monday/       what is new since

Of each machine the newest report counts. Give it reports of whole scans: what `list`, `inspect` or a filter left out looks
as if it were not there.";

pub(super) const OSQUERY_EXAMPLES: &str = "\
Examples:
  crxhound osquery --socket /var/osquery/osquery.em --all-users --gentle

Tables: crxhound_browsers, crxhound_profiles, crxhound_extensions, crxhound_findings.";

pub(super) const EVIDENCE_EXAMPLES: &str = "\
Examples:
  crxhound evidence EXTENSION-ID --output evidence.zip   prints the SHA-256 of the archive; keep it elsewhere
  crxhound evidence EXTENSION-ID --output evidence.zip --password-file infected.txt
  crxhound evidence --verify evidence.zip --sha256 DIGEST";

pub(super) const PACK_EXAMPLES: &str = "\
Examples:
  openssl genpkey -algorithm ed25519 -out private.pem     a key; it stays with whoever signs
  openssl pkey -in private.pem -pubout -out public.pem    what the programs trust
  crxhound signatures pack our-rules/ --key private.pem --output ours.crxpack
  crxhound scan --signatures ours.crxpack --trust-key public.pem";

pub(super) const REMEDIATE_EXAMPLES: &str = "\
Examples:
  crxhound remediate EXTENSION-ID                  for what is installed here
  crxhound remediate EXTENSION-ID --report r.json  for what an earlier scan found elsewhere";

pub(super) const LIST_EXAMPLES: &str = "\
Examples:
  crxhound list                                    what is installed, of the current user
  crxhound list --all-users --format csv           of everyone on this machine, for a spreadsheet
  crxhound list --root /mnt/image --format json    of a mounted disk image, for programs";

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  crxhound explain                      all rules, one a line
  crxhound explain sends-mail-text      what a finding means and what to do
  crxhound explain SHARPEXT --lang de   a family, in German";

pub(super) const DIFF_EXAMPLES: &str = "\
Examples:
  crxhound diff monday.json friday.json                between two reports of one machine
  crxhound diff Extensions/ID/1.0_0 Extensions/ID/2.0_0  between two versions that lie side by side
  crxhound diff old.crx new.crx --format json          between two packages, for programs";

pub(super) const SIGNATURES_EXAMPLES: &str = "\
Examples:
  crxhound signatures list               every rule that is loaded
  crxhound signatures check our-rules    what is wrong with rules of one's own
  crxhound signatures test our-rules     each against its own cases";

pub(super) const RENDER_EXAMPLES: &str = "\
Examples:
  crxhound render fleet.jsonl --host ws-0417 --output report.html   one machine's page out of many
  crxhound render report.json --format sarif                        any other form
  crxhound render report.json --explain EXTENSION-ID                one extension in full";

pub(super) const DEMO_EXAMPLES: &str = "\
Examples:
  crxhound demo                              tells the story; nothing is kept
  crxhound demo --pause --lang ko            step by step, in Korean
  crxhound demo --output demo                keeps the samples, the story and the report as pages";

pub(super) const SCHEMA_EXAMPLES: &str = "\
Examples:
  crxhound schema --output report.schema.json   of the report
  crxhound schema --lines                       of one line of --format jsonl";

pub(super) const DOCTOR_EXAMPLES: &str = "\
Examples:
  crxhound doctor                        what can be read as this user, and what not
  crxhound doctor --all-users            of everyone on this machine";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  crxhound completions bash > ~/.local/share/bash-completion/completions/crxhound
  crxhound completions zsh > ~/.zfunc/_crxhound
  crxhound completions powershell >> $PROFILE";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  crxhound man > crxhound.1
  crxhound man | man -l -";

#[cfg(test)]
mod tests {
    #[test]
    fn every_command_has_examples_and_each_of_them_is_one() {
        let command = super::super::options::command();
        for one in command.get_subcommands().filter(|one| one.get_name() != "help") {
            let help = one.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<_> = help.lines().filter(|line| line.starts_with("  crxhound ")).collect();
            assert!(help.starts_with("Examples:") && !examples.is_empty(), "{}", one.get_name());
            for example in examples {
                // What follows two blanks is a remark, what follows `>` or `|` the shell's.
                let typed = example.trim_start().split("  ").next().unwrap_or_default();
                let typed = typed.split(['>', '|']).next().unwrap_or_default().split_whitespace();
                assert_eq!(typed.clone().nth(1), Some(one.get_name()), "{example}");
                let matches = command.clone().try_get_matches_from(typed);
                assert!(matches.is_ok(), "{example}: {:?}", matches.err());
            }
        }
    }
}
