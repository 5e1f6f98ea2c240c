// A model's or an endpoint's file: `--|` lines of YAML before the query.
//
//   -- models/processed/events_by_type.sql     comments and blank lines may stand between
//   --| materialize: table                     the header; a place in it is a place in this file
//   SELECT ...                                 the query, to the end of the file
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/document.h"

namespace weir::config {

struct SqlText {
  Node header;              // A map; empty where there are no `--|` lines.
  std::string query;        // From its first line on, which is neither blank nor a comment.
  uint64_t query_line = 1;  // Of the file, where `query` begins.
};

// Errors added: those of ParseDocument; config.header_place for a `--|` line after the query began;
// config.no_query where nothing follows the header. `text` is UTF-8 without a mark.
SqlText SplitSqlHeader(std::string_view text, const std::string& file, Faults& faults);

}  // namespace weir::config
