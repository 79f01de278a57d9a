//! All integration tests, in one binary: one link step instead of many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod architecture;
mod audit;
mod binary;
mod bounds;
mod browser;
mod cache;
mod commands;
mod corpus;
mod decode;
mod demo;
mod docs;
mod drift;
mod emulate;
mod evidence;
mod fixtures;
mod fleet;
mod flows;
mod forms;
mod fuzz;
mod homes;
mod hostile_bytes;
mod hostile_profiles;
mod images;
mod integrations;
mod integrity;
mod interrupted;
mod near;
mod origins;
mod osquery;
mod packages;
#[cfg(target_os = "linux")]
mod packaging;
mod packs;
mod pages;
mod real_profiles;
mod remediate;
mod reports;
mod rules;
mod sandbox;
mod schemas;
mod sharing;
mod sql;
mod store_packages;
mod support;
mod whitewash;
