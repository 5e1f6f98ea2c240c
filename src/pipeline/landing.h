// `land: "data/raw/{date}/{name}"`: the bytes that a batch reads, kept as files as they were
// received.
//
// Invariants:
//   (1) What a batch read for the first time is landed, durably, before the batch commits: nothing
//       committed is without its raw bytes.
//   (2) A file that is there is never changed. One that holds the same bytes is the one: a batch
//       done again makes no second file. Where it holds others, the new one gets a name of its own.
//
// A name that is too long for a disk is shortened, the same way each time; its ending stays. Of a
// file that grew, the bytes from where it was read on are landed. Threads: one at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/path_template.h"
#include "catalog/catalog.h"
#include "config/shapes.h"
#include "env/files.h"
#include "source/source.h"

namespace weir::pipeline {

struct LandSpec {
  PathTemplate path;   // .gz and .zst compress what is not compressed already.
  std::string folder;  // The project's: what the path is relative to.
};

// Further errors: path.* of base/path_template.h, land.path, config.not_built (an object store).
config::Shape<LandSpec> LandShape();

struct Landing {
  env::Files& files;
  catalog::Catalog& catalog;
  source::Source& source;
  const LandSpec& spec;

  // `splits` as they were planned. Errors: source.lost, source.changed, land.taken (kExists:
  // somebody changed a file that was landed), those of files and catalog.
  Result<void> Land(const BatchId& batch, const std::vector<ledger::ObjectProgress>& splits) const;
};

}  // namespace weir::pipeline
