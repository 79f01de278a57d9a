//! `crxhound completions` and `crxhound man`: made from the definition of the command line.

use super::args::CompletionsArgs;
use super::exit::Exit;
use super::options::{self, Common};
use super::output;

/// Prints completions for a shell.
pub fn shell(args: CompletionsArgs, common: &Common) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut options::command(), "crxhound", &mut text);
    output::to_stdout(&text, true, &common.terminal).map_err(anyhow::Error::msg)?;
    Ok(Exit::Clean)
}

/// Prints the manual page: the program, then each command.
pub fn man(common: &Common) -> anyhow::Result<Exit> {
    let mut command = options::command();
    command.build();
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        text.extend_from_slice(b".SH COMMAND ");
        text.extend_from_slice(below.get_name().to_uppercase().as_bytes());
        text.push(b'\n');
        let page = clap_mangen::Man::new(below.clone());
        page.render_synopsis_section(&mut text)?;
        page.render_description_section(&mut text)?;
        page.render_options_section(&mut text)?;
    }
    output::to_stdout(&text, true, &common.terminal).map_err(anyhow::Error::msg)?;
    Ok(Exit::Clean)
}
