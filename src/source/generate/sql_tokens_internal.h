// Cuts SQL into tokens, as far as needed to tell words from texts, comments and numbers. Total:
// every byte is in exactly one token, and what is not closed reaches to the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::source {

enum class TokenKind : uint8_t {
  kBlank,  // Blanks or a comment.
  kWord,   // A name or keyword without quotes.
  kNumber,
  kText,   // Anything in quotes, names too: 'a', "a", e'a', $$a$$.
  kOther,  // One character, or `::`.
};

struct Token {
  TokenKind kind = TokenKind::kOther;
  size_t begin = 0;
  size_t end = 0;
};

std::vector<Token> SqlTokens(std::string_view sql);

}  // namespace weir::source
