// Arrow columns as the room's columnar code sees them: checked once per batch, then raw.
#pragma once

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/type.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "iceberg/schema.h"

namespace weir::iceberg {

inline std::unexpected<Error> WrongColumnType(const std::string& column, const Type& wanted,
                                              const arrow::DataType& got) {
  return Fail(
      ErrorKind::kInvalid, "iceberg.column_type",
      "column '" + column + "' holds " + got.ToString() + " where the table has " + ToText(wanted));
}

// The array in its storage form if it has the Arrow type of `type`: uuid as fixed_size_binary(16),
// everything else as itself. Nested types are compared by kind; their children are checked in turn.
inline Result<std::shared_ptr<arrow::Array>> StorageOf(const std::shared_ptr<arrow::Array>& array,
                                                       const Type& type,
                                                       const std::string& column) {
  const arrow::DataType& got = *array->type();
  const auto is = [&](arrow::Type::type id) { return got.id() == id; };
  switch (type.kind) {
    case TypeKind::kUuid:
      if (is(arrow::Type::EXTENSION)) {
        const auto& extension = static_cast<const arrow::ExtensionArray&>(*array);
        if (extension.extension_type()->extension_name() == "arrow.uuid")
          return extension.storage();
      }
      if (is(arrow::Type::FIXED_SIZE_BINARY) && got.byte_width() == 16) return array;
      break;
    case TypeKind::kStruct:
      if (is(arrow::Type::STRUCT) && got.num_fields() == static_cast<int>(type.children.size()))
        return array;
      break;
    case TypeKind::kList:
      if (is(arrow::Type::LIST) || is(arrow::Type::LARGE_LIST)) return array;
      break;
    case TypeKind::kMap:
      if (is(arrow::Type::MAP)) return array;
      break;
    case TypeKind::kTimestamptz: {
      // Any zone's name: the values are UTC in each.
      if (!is(arrow::Type::TIMESTAMP)) break;
      const auto& timestamp = static_cast<const arrow::TimestampType&>(got);
      if (timestamp.unit() == arrow::TimeUnit::MICRO && !timestamp.timezone().empty()) return array;
      break;
    }
    default: {
      WEIR_ASSIGN(const std::shared_ptr<arrow::DataType> wanted, ToArrowType(type));
      if (wanted->Equals(got)) return array;
    }
  }
  return WrongColumnType(column, type, got);
}

}  // namespace weir::iceberg
