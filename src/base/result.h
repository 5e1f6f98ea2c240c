// Result<T> is a T or the Error that explains why there is none.
#pragma once

#include <expected>
#include <string>
#include <utility>

#include "base/error.h"

namespace weir {

template <class T>
using Result = std::expected<T, Error>;

// return Fail(ErrorKind::kNotFound, "table.not_found", "no table raw.events", "weir table ls");
inline std::unexpected<Error> Fail(ErrorKind kind, std::string code, std::string message,
                                   std::string next = {}) {
  return std::unexpected(Error{.kind = kind,
                               .code = std::move(code),
                               .message = std::move(message),
                               .place = {},
                               .next = std::move(next)});
}

inline std::unexpected<Error> Fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace weir

#define WEIR_CONCAT_INNER(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_INNER(a, b)

// The one propagating macro family. WEIR_TRY(expr) returns the error of `expr` from the enclosing
// function; WEIR_ASSIGN(target, expr) does so or else assigns (or declares) `target`.
#define WEIR_TRY(expr)                                                        \
  do {                                                                        \
    auto weir_result = (expr);                                                \
    if (!weir_result) return std::unexpected(std::move(weir_result).error()); \
  } while (false)

#define WEIR_ASSIGN(target, expr) \
  WEIR_ASSIGN_INNER(WEIR_CONCAT(weir_result_, __LINE__), target, expr)
#define WEIR_ASSIGN_INNER(result, target, expr)                   \
  auto result = (expr);                                           \
  if (!result) return std::unexpected(std::move(result).error()); \
  target = std::move(result).value()
