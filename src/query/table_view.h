// The SQL that reads a table's data files by field id, so that a column that was renamed, added or
// widened since a file was written reads as the table says today.
//
//   flat columns only    read_parquet([..], schema => MAP {1: {name: 'id', type: 'BIGINT', ..}, ..})
//   a list, struct, map  read_parquet([..], schema => MAP {'id': {..}, ..}): by name, since DuckDB 1.5
//                        gives null for nested columns that it is asked for by id. That is right as
//                        long as no field of the table's history had another name, or another field
//                        had its name; where one had, error query.renamed_nested.
//   no files             a typed relation without rows
//
// A field that a file lacks is null. Folders named k=v mean nothing. Pure; threads: any.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "iceberg/metadata.h"
#include "iceberg/schema.h"

namespace weir::query {

// The type's name in the engine's SQL: "DECIMAL(10,2)", "STRUCT(\"a\" INTEGER)[]". Error
// query.unsupported_type (kUnsupported) for types of a later format.
Result<std::string> SqlType(const iceberg::Type& type);

// SELECT ... FROM the files at `paths` (of the local disk) as rows of `schema`. `history` holds the
// schemas that files may have been written with. Errors: query.unsupported_type,
// query.renamed_nested (kUnsupported), both naming the column.
Result<std::string> SelectFiles(const iceberg::Schema& schema, std::span<const iceberg::Schema> history,
                                std::span<const std::string> paths);

}  // namespace weir::query
