#include "cli/test_rows.h"

#include <algorithm>
#include <charconv>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "arrow/type.h"
#include "engine/sql.h"

namespace weir::cli {
namespace {

using config::Node;
using engine::QuotedName;
using engine::QuotedText;

std::string Nested(const Node& node) {
  if (node.is_sequence()) {
    std::string text;
    for (const Node& item : node.items) text += (text.empty() ? "" : ", ") + Nested(item);
    return "[" + text + "]";
  }
  if (node.is_map()) {
    std::string text;
    for (const auto& entry : node.entries)
      text += (text.empty() ? "" : ", ") + QuotedText(entry.key.text) + ": " + Nested(entry.value);
    return "{" + text + "}";
  }
  const auto value = ValueText(node);
  return !value ? "NULL" : node.quoted ? QuotedText(*value) : *value;
}

bool IsNumber(const std::string& text, bool whole) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() &&
         (!whole || text.find_first_of(".eEnN") == std::string::npos);
}

std::string TypeOf(const std::vector<const Node*>& values) {
  const auto all = [&](auto holds) {
    return std::ranges::all_of(values, [&](const Node* node) {
      return node->is_scalar() && !node->quoted && holds(node->text);
    });
  };
  if (values.empty()) return "VARCHAR";
  if (all([](const std::string& text) { return IsNumber(text, true); })) return "BIGINT";
  if (all([](const std::string& text) { return IsNumber(text, false); })) return "DOUBLE";
  if (all([](const std::string& text) { return text == "true" || text == "false"; }))
    return "BOOLEAN";
  return "VARCHAR";
}

std::string Cast(const std::optional<std::string>& text, const std::string& type) {
  return text ? "TRY_CAST(" + QuotedText(*text) + " AS " + type + ")" : "NULL::" + type;
}

// One row of texts, each through its column's type and back.
std::optional<Cells> Canonical(const Cells& cells, const TypedColumns& columns,
                               engine::Session& session) {
  std::string sql;
  for (const auto& [name, type] : columns)
    if (const auto cell = cells.find(name); cell != cells.end())
      sql += (sql.empty() ? "SELECT " : ", ") + Cast(cell->second, type) + "::VARCHAR AS " +
             QuotedName(name);
  if (sql.empty()) return Cells{};
  const auto stream = session.Query(sql);
  if (!stream) return std::nullopt;
  auto rows = CellsOf(**stream);
  if (!rows || rows->size() != 1) return std::nullopt;
  return std::move(rows->front());
}

// Gives `expected` the first partner that is free, or whose own partner can move on.
class Pairing {
 public:
  Pairing(size_t expected, size_t actual, const std::function<bool(size_t, size_t)>& matches)
      : matches_(matches), expected_(expected), partner_(actual) {}

  Unmatched Run() {
    Unmatched left;
    for (size_t i = 0; i < expected_; ++i) {
      tried_.assign(partner_.size(), false);
      if (!Place(i)) left.missing.push_back(i);
    }
    for (size_t j = 0; j < partner_.size(); ++j)
      if (!partner_[j]) left.extra.push_back(j);
    return left;
  }

 private:
  bool Place(size_t expected) {
    for (size_t j = 0; j < partner_.size(); ++j) {
      if (tried_[j] || !matches_(expected, j)) continue;
      tried_[j] = true;
      if (!partner_[j] || Place(*partner_[j])) {
        partner_[j] = expected;
        return true;
      }
    }
    return false;
  }

  const std::function<bool(size_t, size_t)>& matches_;
  size_t expected_;
  std::vector<std::optional<size_t>> partner_;  // Of each actual row.
  std::vector<bool> tried_;
};

}  // namespace

std::optional<std::string> ValueText(const Node& node) {
  if (!node.is_scalar()) return Nested(node);
  if (node.is_empty() || (!node.quoted && (node.text == "null" || node.text == "~")))
    return std::nullopt;
  return node.text;
}

TypedColumns TypesFromRows(const std::vector<Node>& rows) {
  std::vector<std::string> names;
  std::map<std::string, std::vector<const Node*>> values;
  for (const Node& row : rows)
    for (const auto& entry : row.entries) {
      const auto [known, is_new] = values.try_emplace(entry.key.text);
      if (is_new) names.push_back(entry.key.text);
      if (ValueText(entry.value)) known->second.push_back(&entry.value);
    }
  TypedColumns columns;
  for (const std::string& name : names) columns.emplace_back(name, TypeOf(values[name]));
  return columns;
}

std::vector<Cells> ReadRows(const std::vector<Node>& rows, const TypedColumns& columns,
                            engine::Session& session, config::Faults& faults) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.first);
  std::vector<Cells> read;
  for (const Node& row : rows) {
    if (!row.is_map()) {
      faults.Add("test.row", "a row is a map from columns to values", row.place,
                 "{ COLUMN: VALUE }");
      continue;
    }
    Cells cells;
    for (const auto& [key, value] : row.entries) {
      if (std::ranges::find(names, key.text) == names.end()) {
        faults.Add("test.column", "there is no column '" + key.text + "'", key.place,
                   config::Suggestion(key.text, names));
        continue;
      }
      cells[key.text] = ValueText(value);
    }
    auto canonical = Canonical(cells, columns, session);
    for (const auto& [name, text] : cells) {
      if (!text || (canonical && (*canonical)[name])) continue;
      const auto column = std::ranges::find(columns, name, &TypedColumns::value_type::first);
      faults.Add("test.value", "'" + *text + "' is no " + column->second, row.Find(name)->place,
                 "");
    }
    read.push_back(canonical ? std::move(*canonical) : std::move(cells));
  }
  return read;
}

std::string RowsSql(const std::vector<Cells>& rows, const TypedColumns& columns) {
  const auto select = [&](const Cells& cells) {
    std::string sql;
    for (const auto& [name, type] : columns) {
      const auto cell = cells.find(name);
      sql += (sql.empty() ? "SELECT " : ", ") +
             Cast(cell == cells.end() ? std::nullopt : cell->second, type) + " AS " +
             QuotedName(name);
    }
    return sql;
  };
  if (rows.empty()) return select({}) + " WHERE false";
  std::string sql;
  for (const Cells& cells : rows) sql += (sql.empty() ? "" : " UNION ALL ") + select(cells);
  return sql;
}

Result<std::vector<Cells>> CellsOf(engine::ArrowStream& stream) {
  std::vector<Cells> rows;
  for (;;) {
    WEIR_ASSIGN(const auto batch, stream.Next());
    if (batch == nullptr) return rows;
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      Cells cells;
      for (int c = 0; c < batch->num_columns(); ++c) {
        const auto& texts = static_cast<const arrow::StringArray&>(*batch->column(c));
        cells[batch->schema()->field(c)->name()] =
            texts.IsNull(i) ? std::nullopt : std::optional(texts.GetString(i));
      }
      rows.push_back(std::move(cells));
    }
  }
}

Unmatched MatchRows(size_t expected, size_t actual,
                    const std::function<bool(size_t, size_t)>& matches) {
  return Pairing(expected, actual, matches).Run();
}

Unmatched MatchInOrder(size_t expected, size_t actual,
                       const std::function<bool(size_t, size_t)>& matches) {
  Unmatched left;
  for (size_t i = 0; i < std::max(expected, actual); ++i) {
    if (i < expected && i < actual && matches(i, i)) continue;
    if (i < expected) left.missing.push_back(i);
    if (i < actual) left.extra.push_back(i);
  }
  return left;
}

bool Has(const Cells& actual, const Cells& expected) {
  return std::ranges::all_of(expected, [&](const auto& cell) {
    const auto found = actual.find(cell.first);
    return found != actual.end() && found->second == cell.second;
  });
}

std::string ToText(const Cells& cells, const Cells& only) {
  std::string text;
  for (const auto& [name, value] : cells) {
    if (!only.empty() && !only.contains(name)) continue;
    text += (text.empty() ? "" : ", ") + name + ": " + value.value_or("null");
  }
  return "{ " + text + " }";
}

}  // namespace weir::cli
