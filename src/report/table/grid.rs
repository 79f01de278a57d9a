//! A grid whose cells are wrapped and cut beforehand, so that each line of a cell can have a style of its own; the layout itself
//! is comfy-table's.

use std::io::{self, Write};

use anstyle::Style;
use comfy_table::{ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width};

use super::super::text::{cut, cut_start, plain, width, wrap};
use super::paint::{Paint, STRONG};

/// The blank behind each column, and the one that the table puts between columns.
const PADDING: usize = 1;
const BETWEEN: usize = 1;

/// A column; the one of width 0 takes what is left.
pub struct Column {
    /// Over it.
    pub title: String,
    /// Columns of text, without the blanks beside it.
    pub width: usize,
}

/// One row: for each cell a list of texts that start on lines of their own.
pub struct Row {
    cells: Vec<Vec<Piece>>,
}

struct Piece {
    text: String,
    lines: usize,
    style: Style,
    /// Cut at the beginning: the end of a path says more.
    path: bool,
}

impl Row {
    /// A row of so many empty cells.
    pub fn new(cells: usize) -> Row {
        Row { cells: (0..cells).map(|_| Vec::new()).collect() }
    }

    /// Adds a text to a cell, on so many lines at most.
    pub fn put(&mut self, cell: usize, text: &str, lines: usize, style: Style) {
        if let Some(cell) = self.cells.get_mut(cell) {
            cell.push(Piece { text: plain(text), lines, style, path: false });
        }
    }

    /// Adds a path to a cell, on one line; its end is kept.
    pub fn put_path(&mut self, cell: usize, path: &str, style: Style) {
        if let Some(cell) = self.cells.get_mut(cell) {
            cell.push(Piece { text: plain(path), lines: 1, style, path: true });
        }
    }
}

/// The grid.
pub struct Grid {
    columns: Vec<Column>,
    paint: Paint,
}

impl Grid {
    /// A grid of a width.
    pub fn new(mut columns: Vec<Column>, width: usize, paint: Paint) -> Grid {
        let fixed: usize = columns.iter().map(|column| column.width + PADDING + BETWEEN).sum::<usize>().saturating_sub(BETWEEN);
        if let Some(column) = columns.iter_mut().find(|column| column.width == 0) {
            column.width = width.saturating_sub(fixed).max(20);
        }
        Grid { columns, paint }
    }

    /// Writes the grid.
    pub fn write(&self, rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
        let wrapped: Vec<Vec<Vec<(String, Style)>>> = rows.iter().map(|row| self.wrap(row)).collect();
        let mut table = Table::new();
        table.load_style(style()).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.columns.iter().map(|column| cut(&column.title, column.width)).collect::<Vec<_>>());
        for row in &wrapped {
            table.add_row(row.iter().map(|cell| join(cell)).collect::<Vec<_>>());
        }
        let widths = self.columns.iter().map(|column| u16::try_from(column.width + PADDING).unwrap_or(u16::MAX));
        for column in table.column_iter_mut() {
            column.set_padding((0, 1));
        }
        table.set_constraints(widths.map(|width| ColumnConstraint::Absolute(Width::Fixed(width))));

        let mut lines = table.lines();
        let header = lines.next().unwrap_or_default();
        writeln!(out, "{}", self.paint.text(STRONG, header.trim_end()))?;
        for line in lines.by_ref().take(1) {
            writeln!(out, "{}", line.trim_end())?;
        }
        for (at, row) in wrapped.iter().enumerate() {
            if at > 0 {
                // The separator: an empty line separates as well and is quieter.
                lines.next();
                writeln!(out)?;
            }
            let height = row.iter().map(Vec::len).max().unwrap_or(0).max(1);
            for (number, line) in lines.by_ref().take(height).enumerate() {
                writeln!(out, "{}", self.styled(&line, row, number).trim_end())?;
            }
        }
        Ok(())
    }

    fn wrap(&self, row: &Row) -> Vec<Vec<(String, Style)>> {
        let cells = self.columns.iter().zip(&row.cells);
        cells.map(|(column, cell)| cell.iter().flat_map(|piece| piece.wrap(column.width)).collect()).collect()
    }

    /// Puts the styles of each cell's line into a line of the table.
    fn styled(&self, line: &str, row: &[Vec<(String, Style)>], number: usize) -> String {
        let mut styled = String::new();
        let mut rest = line;
        for (column, cell) in self.columns.iter().zip(row) {
            let (piece, behind) = split_columns(rest, column.width + PADDING + BETWEEN);
            rest = behind;
            match cell.get(number).filter(|(text, _)| !text.is_empty()).and_then(|(text, style)| {
                let (before, after) = piece.split_once(text.as_str())?;
                Some(format!("{before}{}{after}", self.paint.text(*style, text)))
            }) {
                Some(painted) => styled.push_str(&painted),
                None => styled.push_str(piece),
            }
        }
        styled.push_str(rest);
        styled
    }
}

impl Piece {
    fn wrap(&self, width: usize) -> Vec<(String, Style)> {
        if self.path {
            return vec![(cut_start(&self.text, width), self.style)];
        }
        let mut lines = wrap(&self.text, width);
        if lines.len() > self.lines {
            let rest = lines.split_off(self.lines.saturating_sub(1)).join(" ");
            lines.push(cut(&rest, width));
        }
        lines.into_iter().map(|line| (line, self.style)).collect()
    }
}

fn join(cell: &[(String, Style)]) -> String {
    cell.iter().map(|(line, _)| line.as_str()).collect::<Vec<_>>().join("\n")
}

/// Only a line below the heading, and separators that the writer replaces.
fn style() -> TableStyle {
    TableStyle::new()
        .header_separator(LineStyle::none().fill('─').junction('─'))
        .row_separator(LineStyle::none().fill(' ').junction(' '))
}

/// Splits a line after so many columns.
fn split_columns(line: &str, columns: usize) -> (&str, &str) {
    let mut ends = line.char_indices().map(|(at, c)| at + c.len_utf8()).rev();
    // Of the longest that fits: joined characters are narrower together than their beginnings.
    let end = ends.find(|end| line.get(..*end).is_some_and(|start| width(start) <= columns)).unwrap_or(0);
    line.split_at(end)
}
