#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/letter_case.h"
#include "env/random.h"
#include "source/generate/seeded_sql_internal.h"
#include "source/generate/sql_tokens_internal.h"

namespace weir::source {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// A decimal number without exponent, as digits and the count of those behind the point.
struct PlainNumber {
  int64_t digits = 0;
  int scale = 0;
};

std::optional<PlainNumber> ParsePlainNumber(std::string_view text) {
  std::string digits;
  int scale = 0;
  bool behind_point = false;
  for (const char c : text) {
    if (c == '.' && !behind_point) {
      behind_point = true;
    } else if (IsDigit(c) || (c == '-' && digits.empty())) {
      digits += c;
      scale += behind_point ? 1 : 0;
    } else {
      return std::nullopt;
    }
  }
  PlainNumber number{.digits = 0, .scale = scale};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number.digits);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.size() > 18)
    return std::nullopt;
  return number;
}

std::optional<int64_t> Scaled(PlainNumber number, int scale) {
  for (; number.scale < scale; ++number.scale)
    if (__builtin_mul_overflow(number.digits, int64_t{10}, &number.digits)) return std::nullopt;
  return std::abs(number.digits) < 1'000'000'000'000'000'000 ? std::optional(number.digits)
                                                             : std::nullopt;
}

std::unexpected<Error> FailAt(size_t offset, std::string message, std::string next) {
  Error error{.kind = ErrorKind::kConfig,
              .code = "generate.argument",
              .message = std::move(message),
              .place = {},
              .next = std::move(next)};
  error.place.byte_offset = offset;
  return std::unexpected(std::move(error));
}

class Rewriter {
 public:
  Rewriter(std::string_view field, std::string_view text, size_t first_column)
      : field_(field), text_(text), tokens_(SqlTokens(text)), next_column_(first_column) {}

  Result<SeededSql> Rewrite() {
    WEIR_TRY(Copy(0, tokens_.size()));
    return std::move(out_);
  }

 private:
  struct Range {  // Of tokens.
    size_t begin = 0;
    size_t end = 0;
  };

  std::string_view TextOf(const Token& token) const {
    return text_.substr(token.begin, token.end - token.begin);
  }
  std::string_view TextOf(Range range) const {
    if (range.begin == range.end) return {};
    return text_.substr(tokens_[range.begin].begin,
                        tokens_[range.end - 1].end - tokens_[range.begin].begin);
  }
  bool Is(size_t token, char c) const {
    return tokens_[token].kind == TokenKind::kOther &&
           TextOf(tokens_[token]) == std::string_view(&c, 1);
  }

  void Emit(std::string_view sql, size_t origin) {
    out_.origins.push_back({out_.sql.size(), origin});
    out_.sql += sql;
  }

  Result<void> Copy(size_t begin, size_t end) {
    std::optional<size_t> previous;  // The last token that is no blank.
    for (size_t i = begin; i < end;) {
      const Token& token = tokens_[i];
      if (token.kind == TokenKind::kBlank) {
        Emit(" ", token.begin);
        ++i;
        continue;
      }
      const auto open = OpenBracket(i, end);
      if (token.kind == TokenKind::kWord && open && IsSeeded(Lower(TextOf(token))) &&
          MayCall(previous)) {
        WEIR_ASSIGN(const size_t after, Call(i, *open, end));
        previous = after - 1;
        i = after;
        continue;
      }
      Emit(TextOf(token), token.begin);
      previous = i++;
    }
    return {};
  }

  static bool IsSeeded(std::string_view word) {
    static constexpr std::array<std::string_view, 6> kCalls = {"uuid4", "int",    "decimal",
                                                               "pick",  "choice", "now"};
    return std::ranges::find(kCalls, word) != kCalls.end();
  }

  // A type follows a name (struct(a int)), `::`, AS, or a dot; a call follows anything else.
  bool MayCall(std::optional<size_t> previous) const {
    if (!previous) return true;
    const Token& token = tokens_[*previous];
    const std::string_view text = TextOf(token);
    if (token.kind == TokenKind::kOther) return text != "::" && text != ".";
    if (token.kind == TokenKind::kText) return text[0] != '"';
    if (token.kind != TokenKind::kWord) return true;
    static constexpr std::array<std::string_view, 19> kBefore = {
        "then",  "else", "when",     "case", "and",    "or", "not",   "between", "in",    "like",
        "ilike", "is",   "distinct", "by",   "select", "if", "where", "from",    "escape"};
    return std::ranges::find(kBefore, Lower(text)) != kBefore.end();
  }

  std::optional<size_t> OpenBracket(size_t word, size_t end) const {
    size_t i = word + 1;
    while (i < end && tokens_[i].kind == TokenKind::kBlank) ++i;
    return i < end && Is(i, '(') ? std::optional(i) : std::nullopt;
  }

  // Rewrites the call whose name is token `word`; the token after its closing bracket.
  Result<size_t> Call(size_t word, size_t open, size_t end) {
    std::vector<Range> arguments;
    int depth = 0;
    size_t begin = open + 1;
    for (size_t i = open; i < end; ++i) {
      if (Is(i, '(') || Is(i, '[') || Is(i, '{')) ++depth;
      if (Is(i, ')') || Is(i, ']') || Is(i, '}')) --depth;
      if (depth == 0 || (depth == 1 && Is(i, ','))) {
        const Range range = Trim({begin, i});
        if (range.begin != range.end || depth == 1 || !arguments.empty())
          arguments.push_back(range);
        begin = i + 1;
      }
      if (depth == 0) {
        WEIR_TRY(Write(Lower(TextOf(tokens_[word])), tokens_[word].begin, arguments));
        return i + 1;
      }
    }
    return FailAt(tokens_[open].begin, "'(' is not closed", "add ')'");
  }

  Range Trim(Range range) const {
    while (range.begin < range.end && tokens_[range.begin].kind == TokenKind::kBlank) ++range.begin;
    while (range.begin < range.end && tokens_[range.end - 1].kind == TokenKind::kBlank) --range.end;
    return range;
  }

  Result<void> Write(const std::string& name, size_t origin, const std::vector<Range>& arguments) {
    for (const Range& argument : arguments)
      if (argument.begin == argument.end)
        return FailAt(origin, name + "() has an empty argument", "remove the comma");
    if (name == "now" || name == "uuid4") {
      if (!arguments.empty())
        return FailAt(origin, name + "() takes no argument", "write " + name + "()");
      Emit(name == "now" ? "_weir_now" : NewColumn(RandomColumn::Kind::kUuid), origin);
      return {};
    }
    if (name == "int") return WriteInt(origin, arguments);
    if (name == "decimal") return WriteDecimal(origin, arguments);
    if (name == "pick") return WritePick(origin, arguments);
    return WriteChoice(origin, arguments);
  }

  Result<void> WriteInt(size_t origin, const std::vector<Range>& arguments) {
    if (arguments.size() != 2)
      return FailAt(origin, "int(least, most) takes two arguments", "write int(1, 100)");
    const auto least = Integer(arguments[0]);
    const auto most = Integer(arguments[1]);
    if (HasCall(arguments[0]))
      return FailAt(origin, "the least of int(least, most) cannot be random",
                    "give it a field of its own");
    const std::string random = NewColumn(RandomColumn::Kind::kNumber);
    if (least && most) {
      if (*least > *most)
        return FailAt(origin, "int(least, most): least is more than most", "swap them");
      Emit(Uniform(random, *least, *most), origin);
      return {};
    }
    Emit("((", origin);
    WEIR_TRY(Copy(arguments[0].begin, arguments[0].end));
    Emit(")::BIGINT + (" + random + " % ((", origin);
    WEIR_TRY(Copy(arguments[1].begin, arguments[1].end));
    Emit(")::BIGINT - (", origin);
    WEIR_TRY(Copy(arguments[0].begin, arguments[0].end));
    Emit(")::BIGINT + 1)))", origin);
    return {};
  }

  Result<void> WriteDecimal(size_t origin, const std::vector<Range>& arguments) {
    static const std::string kNext =
        "write decimal(4.99, 499.00): the digits behind the point are the scale";
    if (arguments.size() != 2)
      return FailAt(origin, "decimal(least, most) takes two numbers", kNext);
    const auto least = ParsePlainNumber(Joined(arguments[0]));
    const auto most = ParsePlainNumber(Joined(arguments[1]));
    if (!least || !most)
      return FailAt(origin, "decimal(least, most) takes two plain numbers", kNext);
    const int scale = std::max(least->scale, most->scale);
    const auto from = Scaled(*least, scale);
    const auto to = Scaled(*most, scale);
    if (scale > 17 || !from || !to)
      return FailAt(origin, "decimal(least, most) holds at most 18 digits", kNext);
    if (*from > *to)
      return FailAt(origin, "decimal(least, most): least is more than most", "swap them");
    const std::string cast = "::DECIMAL(18," + std::to_string(scale) + ")";
    std::string number = Uniform(NewColumn(RandomColumn::Kind::kNumber), *from, *to);
    if (scale > 0)
      number = "(" + number + "::DECIMAL(18,0) * 0." +
               std::string(static_cast<size_t>(scale) - 1, '0') + "1)";
    Emit(number + cast, origin);
    return {};
  }

  Result<void> WritePick(size_t origin, const std::vector<Range>& arguments) {
    static const std::string kNext = "write pick('view', 70, 'purchase', 30)";
    if (arguments.empty() || arguments.size() % 2 != 0)
      return FailAt(origin, "pick() takes values, each followed by its weight", kNext);
    std::vector<PlainNumber> weights;
    int scale = 0;
    for (size_t i = 1; i < arguments.size(); i += 2) {
      const auto weight = ParsePlainNumber(Joined(arguments[i]));
      if (!weight || weight->digits < 0 || weight->scale > 9)
        return FailAt(tokens_[arguments[i].begin].begin,
                      "the weight '" + std::string(TextOf(arguments[i])) + "' is no number", kNext);
      weights.push_back(*weight);
      scale = std::max(scale, weight->scale);
    }
    std::vector<int64_t> limits;
    int64_t total = 0;
    for (const PlainNumber& weight : weights) {
      const auto scaled = Scaled(weight, scale);
      if (!scaled || __builtin_add_overflow(total, *scaled, &total))
        return FailAt(origin, "the weights are too large", kNext);
      limits.push_back(total);
    }
    if (total == 0) return FailAt(origin, "all weights are zero", kNext);
    const std::string random = NewColumn(RandomColumn::Kind::kNumber);
    Emit("(CASE", origin);
    for (size_t i = 0; i < limits.size(); ++i) {
      if (i + 1 < limits.size())
        Emit(" WHEN (" + random + " % " + std::to_string(total) + ") < " +
                 std::to_string(limits[i]) + " THEN (",
             origin);
      else
        Emit(" ELSE (", origin);
      WEIR_TRY(Copy(arguments[2 * i].begin, arguments[2 * i].end));
      Emit(")", origin);
    }
    Emit(" END)", origin);
    return {};
  }

  Result<void> WriteChoice(size_t origin, const std::vector<Range>& arguments) {
    if (arguments.size() != 1)
      return FailAt(origin, "choice(list) takes one list", "write choice(['a', 'b'])");
    const std::string random = NewColumn(RandomColumn::Kind::kNumber);
    if (HasCall(arguments[0]))
      return FailAt(origin, "the list of choice(list) cannot be random",
                    "give it a field of its own");
    Emit("(", origin);
    WEIR_TRY(Copy(arguments[0].begin, arguments[0].end));
    Emit(")[1 + (" + random + " % len(", origin);
    WEIR_TRY(Copy(arguments[0].begin, arguments[0].end));
    Emit("))]", origin);
    return {};
  }

  // "(least + (random % span))", of type BIGINT.
  static std::string Uniform(const std::string& random, int64_t least, int64_t most) {
    return "(" + std::to_string(least) + " + (" + random + " % " +
           std::to_string(most - least + 1) + "))";
  }

  // The argument's text without blanks between a sign and its number.
  std::string Joined(Range range) const {
    std::string joined;
    for (size_t i = range.begin; i < range.end; ++i)
      if (tokens_[i].kind != TokenKind::kBlank) joined += TextOf(tokens_[i]);
    return joined;
  }

  std::optional<int64_t> Integer(Range range) const {
    const auto number = ParsePlainNumber(Joined(range));
    return number && number->scale == 0 ? std::optional(number->digits) : std::nullopt;
  }

  bool HasCall(Range range) const {
    for (size_t i = range.begin; i < range.end; ++i) {
      const std::string word = Lower(TextOf(tokens_[i]));
      if (tokens_[i].kind == TokenKind::kWord && word != "now" && IsSeeded(word) &&
          OpenBracket(i, range.end) &&
          MayCall(i == range.begin ? std::nullopt : std::optional(i - 1)))
        return true;
    }
    return false;
  }

  std::string NewColumn(RandomColumn::Kind kind) {
    const char* prefix = kind == RandomColumn::Kind::kUuid ? "_weir_u" : "_weir_r";
    out_.columns.push_back(
        {kind, prefix + std::to_string(next_column_++), SaltOf(field_, calls_++)});
    return out_.columns.back().name;
  }

  std::string_view field_;
  std::string_view text_;
  std::vector<Token> tokens_;
  size_t next_column_;
  uint64_t calls_ = 0;
  SeededSql out_;
};

}  // namespace

size_t SeededSql::OriginOf(size_t offset) const {
  const auto after = std::ranges::upper_bound(origins, offset, {}, &Origin::to);
  if (after == origins.begin()) return 0;
  const Origin& origin = *(after - 1);
  return origin.from +
         (after == origins.end() || after->from > origin.from ? offset - origin.to : 0);
}

Result<SeededSql> SeedSql(std::string_view field, std::string_view text, size_t first_column) {
  return Rewriter(field, text, first_column).Rewrite();
}

uint64_t SaltOf(std::string_view name, uint64_t call) {
  uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a, 64 bits.
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return env::SplitMix64(hash, call);
}

}  // namespace weir::source
