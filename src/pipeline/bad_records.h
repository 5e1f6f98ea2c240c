// `bad_records: { dir, format }`: the refused records of each batch as a file beside the
// dead-letter table, for people and programs that want files.
//
//   Begin -> Write* -> Stage ........ [the batch commits] -> Publish
//                        |  .orders-3f2a9c1e-7.ndjson            |  orders-3f2a9c1e-7.ndjson
//                        +-- dies: the next owner stages it again; dies here: Settle publishes it
//
// Invariants:
//   (1) A file has the batch's name, and is there exactly if the batch is committed (or about to be
//       named, by the next run) and refused records. A batch done again writes the same bytes.
//   (2) Nothing is under its final name before the commit.
//
// As a sink it passes everything on to the dead-letter table's own. Threads: one at a time.
#pragma once

#include <memory>
#include <string>

#include "base/ids.h"
#include "base/path_template.h"
#include "catalog/catalog.h"
#include "config/field_table.h"
#include "env/files.h"
#include "format/format_spec.h"
#include "sink/sink.h"

namespace weir::pipeline {

struct BadRecordsSpec {
  PathTemplate dir;    // {date} and {hour} are those of the batch's plan.
  std::string folder;  // That `dir` stands in, unless it is absolute.
  format::FormatKind format = format::FormatKind::kNdjson;
};

const config::FieldTable<BadRecordsSpec>& BadRecordsFields();

class BadRecordFiles : public sink::Sink {
 public:
  // Gives names to the file of a batch that is committed. No file: it refused nothing.
  // `planned`: when its plan says.
  virtual Result<void> Publish(const BatchId& batch, Instant planned) = 0;
  // Does for batches of `pipeline` what a process that died could not: publishes those of committed
  // ones, removes those of void ones.
  virtual Result<void> Settle(catalog::Catalog& catalog, const std::string& pipeline) = 0;
};

// Passes rows of the dead-letter table's shape on to `dead_letters`.
std::unique_ptr<BadRecordFiles> MakeBadRecordFiles(env::Files& files, BadRecordsSpec spec,
                                                   std::unique_ptr<sink::Sink> dead_letters);

}  // namespace weir::pipeline
