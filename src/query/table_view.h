// The SQL that reads a table's data files by field id, so that a column that was renamed, added or
// widened since a file was written reads as the table says today.
//
//   flat columns    read_parquet([..], schema => MAP {1: {name: 'id', type: 'BIGINT', ..}, ..})
//   a nested one    read_parquet([..], schema => MAP {'id': {..}, ..}): by name, since DuckDB 1.5
//   among them      gives null for nested columns that it is asked for by id. Right only where
//                   names and ids go together in every file: CheckNames.
//   no files        a typed relation without rows
//
// A field that a file lacks is null. Folders named k=v mean nothing. Pure; threads: any.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "base/result.h"
#include "iceberg/schema.h"

namespace weir::query {

// The type's name in the engine's SQL: "DECIMAL(10,2)", "STRUCT(\"a\" INTEGER)[]". Error
// query.unsupported_type (kUnsupported) for types of a later format.
Result<std::string> SqlType(const iceberg::Type& type);

// SELECT * FROM the files at `paths` (of the local disk) as rows of `schema`. Error
// query.unsupported_type naming the column.
Result<std::string> SelectFiles(const iceberg::Schema& schema, std::span<const std::string> paths);

// Whether SelectFiles reads by name.
bool ReadsByName(const iceberg::Schema& schema);

// Every field at any depth by its path: {"reasons": 5, "reasons.element": 6,
// "reasons.element.code": 7}.
using FieldPaths = std::map<std::string, int32_t>;
FieldPaths PathsOf(const iceberg::Schema& schema);

// ok where a file with the fields `written` reads the same by name and by id. Error
// query.renamed_nested (kUnsupported) naming the field.
Result<void> CheckNames(const FieldPaths& current, const FieldPaths& written);

// SelectFiles by name, of files in which columns had other names: `written` are the fields of each
// of them. Error query.renamed_nested (kUnsupported) where fields within a column had.
Result<std::string> SelectRenamed(const iceberg::Schema& schema, const FieldPaths& written,
                                  std::span<const std::string> paths);

}  // namespace weir::query
