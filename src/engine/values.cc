// Parameters: DuckDB itself reads their text, so that a parameter means what a CAST means.
#include <array>

#include "engine/engine_internal.h"

namespace weir::engine {
namespace {

template <class Value>
Value At(duckdb_vector vector) {
  return *static_cast<const Value*>(duckdb_vector_get_data(vector));
}

duckdb_value DecimalValue(duckdb_vector vector, const columnar::Type& type) {
  const OwnedType logical(duckdb_vector_get_column_type(vector));
  duckdb_hugeint number = {};
  const auto set = [&number](int64_t value) {
    number.lower = static_cast<uint64_t>(value);
    number.upper = value < 0 ? -1 : 0;
  };
  switch (duckdb_decimal_internal_type(logical.get())) {
    case DUCKDB_TYPE_SMALLINT:
      set(At<int16_t>(vector));
      break;
    case DUCKDB_TYPE_INTEGER:
      set(At<int32_t>(vector));
      break;
    case DUCKDB_TYPE_BIGINT:
      set(At<int64_t>(vector));
      break;
    default:
      number = At<duckdb_hugeint>(vector);
  }
  return duckdb_create_decimal({.width = static_cast<uint8_t>(type.precision),
                                .scale = static_cast<uint8_t>(type.scale),
                                .value = number});
}

duckdb_value ValueIn(duckdb_vector vector, const columnar::Type& type) {
  using columnar::Kind;
  switch (type.kind) {
    case Kind::kBool:
      return duckdb_create_bool(At<bool>(vector));
    case Kind::kInt:
      return duckdb_create_int32(At<int32_t>(vector));
    case Kind::kBigint:
      return duckdb_create_int64(At<int64_t>(vector));
    case Kind::kDouble:
      return duckdb_create_double(At<double>(vector));
    case Kind::kDecimal:
      return DecimalValue(vector, type);
    case Kind::kUuid: {
      const auto stored = At<duckdb_hugeint>(vector);
      return duckdb_create_uuid(
          {.lower = stored.lower, .upper = static_cast<uint64_t>(stored.upper) ^ (1ULL << 63)});
    }
    case Kind::kDate:
      return duckdb_create_date(At<duckdb_date>(vector));
    case Kind::kTime:
      return duckdb_create_time(At<duckdb_time>(vector));
    case Kind::kTimestamp:
      return duckdb_create_timestamp(At<duckdb_timestamp>(vector));
    case Kind::kTimestamptz:
      return duckdb_create_timestamp_tz(At<duckdb_timestamp>(vector));
    case Kind::kBinary: {
      auto bytes = At<duckdb_string_t>(vector);
      return duckdb_create_blob(reinterpret_cast<const uint8_t*>(duckdb_string_t_data(&bytes)),
                                duckdb_string_t_length(bytes));
    }
    default:
      return nullptr;
  }
}

std::unexpected<Error> BadValue(const Parameter& parameter, std::string reason) {
  return Fail(ErrorKind::kInvalid, "engine.parameter",
              "$" + parameter.name + ": " + std::move(reason),
              "give a " + columnar::ToText(parameter.type));
}

}  // namespace

Result<duckdb_value> MakeValue(Connection& connection, const Parameter& parameter) {
  using columnar::Kind;
  const Kind kind = parameter.type.kind;
  if (!parameter.text) return duckdb_create_null_value();
  if (kind == Kind::kVarchar || kind == Kind::kJson)
    return duckdb_create_varchar_length(parameter.text->data(), parameter.text->size());
  if (kind == Kind::kList || kind == Kind::kStruct)
    return BadValue(parameter, "a parameter cannot be a list or struct");

  duckdb_prepared_statement handle = nullptr;
  const std::string sql = "SELECT CAST($1 AS " + columnar::ToSql(parameter.type) + ")";
  const auto prepared = duckdb_prepare(connection.handle, sql.c_str(), &handle);
  const OwnedPrepared owned(handle);
  if (prepared != DuckDBSuccess) return Fail(ErrorFrom(duckdb_prepare_error(handle), sql));
  duckdb_bind_varchar_length(handle, 1, parameter.text->data(), parameter.text->size());
  OwnedResult result;
  if (duckdb_execute_prepared(handle, &result.handle) != DuckDBSuccess)
    return BadValue(parameter, ErrorFrom(duckdb_result_error(&result.handle), {}).message);
  const OwnedChunk chunk(duckdb_fetch_chunk(result.handle));
  duckdb_value value = ValueIn(duckdb_data_chunk_get_vector(chunk.get(), 0), parameter.type);
  if (value == nullptr) return BadValue(parameter, "a parameter cannot have this type");
  return value;
}

}  // namespace weir::engine
