// A model as its file declares it: `--|` header and one SELECT.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/table_name.h"
#include "config/field_table.h"
#include "config/project.h"
#include "model/check.h"
#include "query/snapshot_query.h"

namespace weir::model {

enum class Materialize : uint8_t { kView, kTable, kIncremental, kScd2 };

// `export: { csv: data/processed/x.csv }`: copies for those who read no tables, written after each
// commit. A relative path starts at the project's folder; empty: not wanted.
struct ExportSpec {
  std::string csv;
  std::string parquet;
  std::string ndjson;
};

// The header's keys.
struct HeaderSpec {
  Materialize materialize = Materialize::kTable;
  std::vector<config::Placed<std::string>> partition_by;
  std::vector<CheckSpec> checks;
  std::optional<ExportSpec> exported;
  std::optional<config::Node> schedule;  // Read by schedule/.
  // Not built yet, as the table of fields says.
  std::string by;
  std::vector<std::string> key;
  std::string time;
  std::vector<std::string> track;
  std::string newest_wins;
  std::string drop_when;
};

const config::FieldTable<HeaderSpec>& HeaderFields();

struct Model {
  catalog::TableName table;
  HeaderSpec header;
  std::string query;
  Place place;                            // Where the query begins in its file.
  std::vector<catalog::TableName> reads;  // Sorted, each once; those of relationship checks too.
  // It asks for the time or for chance, in its query or by a freshness check: equal inputs may have
  // another outcome.
  bool is_volatile = false;
  bool faulty = false;                          // Not all of it could be read: the faults say why.
  std::vector<catalog::TableName> tables = {};  // That it reads, through views too; sorted.
  std::vector<query::View> views = {};          // That it reads, each behind those it reads itself.

  bool is_view() const { return header.materialize == Materialize::kView; }
  query::View AsView() const { return {.name = table, .sql = query, .place = place}; }
  // Its name in the ledger: "model/processed.events_by_type".
  std::string pipeline() const { return "model/" + table.ToString(); }
};

// What a batch's plan refers to by digest: all that decides on the rows and on their acceptance, as
// canonical JSON text.
std::string Definition(const Model& model);

}  // namespace weir::model
