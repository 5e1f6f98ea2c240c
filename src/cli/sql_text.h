// SQL as it is typed: where a statement ends, and which word stands before the cursor. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace weir::cli {

// The place of the first `;` that ends a statement: one outside of quotes, comments and $$ texts.
std::optional<size_t> FindStatementEnd(std::string_view sql);

// Whether there is nothing in it but blanks and comments.
bool IsBlankSql(std::string_view sql);

// Where the name before the end of `before` begins: letters, digits, _ and dots.
size_t NameBegins(std::string_view before);

// SQL's words that are completed, in capitals, sorted.
std::span<const std::string_view> SqlKeywords();

}  // namespace weir::cli
