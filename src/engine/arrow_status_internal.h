// Arrow's statuses as our errors. Private to engine/.
#pragma once

#include "arrow/result.h"
#include "arrow/status.h"
#include "engine/engine_internal.h"

#define WEIR_ARROW(expr)                                                             \
  do {                                                                               \
    const ::arrow::Status weir_status = (expr);                                      \
    if (!weir_status.ok())                                                           \
      return std::unexpected(::weir::engine::ErrorFromArrow(weir_status.message())); \
  } while (false)

#define WEIR_ARROW_ASSIGN(target, expr) \
  WEIR_ARROW_ASSIGN_INNER(WEIR_CONCAT(weir_arrow_, __LINE__), target, expr)
#define WEIR_ARROW_ASSIGN_INNER(result, target, expr)                                  \
  auto result = (expr);                                                                \
  if (!result.ok())                                                                    \
    return std::unexpected(::weir::engine::ErrorFromArrow(result.status().message())); \
  target = std::move(result).ValueUnsafe()
