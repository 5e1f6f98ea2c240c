// Rewrites the SQL of one field so that its seeded calls read columns of random numbers, which the
// engine is given with each batch of rows:
//
//   int(1, 5)             (1 + (_weir_r0 % 5))
//   decimal(4.99, 9.50)   ((499 + (_weir_r0 % 452)) * 0.01)::DECIMAL(18,2)
//   pick('a', 70, 'b', 30)   (CASE WHEN (_weir_r0 % 100) < 70 THEN ('a') ELSE ('b') END)
//   choice(L)             (L)[1 + (_weir_r0 % len(L))]
//   uuid4()               _weir_u0       (36 characters)
//   now()                 _weir_now
//
// `int` and `decimal` are also types: after `::`, after AS and after a name they are left alone.
// A random number is 63 bits: SplitMix64(seed ^ salt, row) >> 1. These rules never change: seeded
// output rests on them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir::source {

struct RandomColumn {
  enum class Kind : uint8_t { kNumber, kUuid };
  Kind kind = Kind::kNumber;
  std::string name;  // In the engine's table.
  uint64_t salt = 0;
};

struct SeededSql {
  std::string sql;
  std::vector<RandomColumn> columns;
  // Where pieces of `sql` stand in the field's text; sorted by `to`.
  struct Origin {
    size_t to = 0;
    size_t from = 0;
  };
  std::vector<Origin> origins;

  // The place in the field's text of byte `offset` of `sql`.
  size_t OriginOf(size_t offset) const;
};

// `first_column` numbers the columns, which are unique over all fields. Error generate.argument
// with place.byte_offset in `text`.
Result<SeededSql> SeedSql(std::string_view field, std::string_view text, size_t first_column);

// The salt of the `call`-th random stream of `name`.
uint64_t SaltOf(std::string_view name, uint64_t call);

}  // namespace weir::source
