// Field tables: the keys of a map, declared once by the room that owns them. Reading, checking and
// the reference (reference.h) all come from the one table.
//
//   const FieldTable<FlushSpec>& FlushFields() {
//     static const FieldTable<FlushSpec> table{
//         "flush",
//         {Field("rows", &FlushSpec::rows, Integer(1), Default("100000"), "rows of a batch"),
//          Field("every", &FlushSpec::every, Duration(), Optional(), "cut after this time")}};
//     return table;
//   }
//   const FlushSpec flush = Read(node, FlushFields(), faults, "flush");
//
// Within another table: Field("flush", &PipelineSpec::flush, Nested(FlushFields()), Optional(), "")
//
// Read always yields a T: a member whose key is left out or faulty keeps the value it has in a
// fresh T, so look at `faults` before using it.
//
// Errors added: config.unknown_key, config.missing_key, config.not_built, config.wrong_type and
// those of the shapes, each at the key or the value. A missing key that was only misspelled counts
// once.
//
// A table lives for ever (function-local static) and is immutable after construction; threads: any.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "config/document.h"
#include "config/reference.h"
#include "config/shapes.h"

namespace weir::config {

struct Presence {
  enum class Kind : uint8_t { kRequired, kOptional, kDefault };
  Kind kind = Kind::kOptional;
  std::string text;
};
inline Presence Required() { return {Presence::Kind::kRequired, {}}; }
// The member keeps its initial value.
inline Presence Optional() { return {Presence::Kind::kOptional, {}}; }
// `text` is YAML ("100000", "[json, csv]") and is read by the field's own shape, so that what the
// reference says is what happens.
inline Presence Default(std::string text) { return {Presence::Kind::kDefault, std::move(text)}; }

template <class T>
struct FieldOf {
  FieldDoc doc;
  // Reads the value into the member; false where it added a fault.
  std::function<bool(const Node&, const Reading&, T&)> read;
  std::optional<Node> default_node = std::nullopt;

  // Known to the language, not built yet: writing it is config.not_built.
  FieldOf Later() && {
    doc.later = true;
    doc.required = false;
    return std::move(*this);
  }
};

// `member` is a V, or anything a V can be assigned to, such as std::optional<V>.
template <class T, class M, class V>
FieldOf<T> Field(std::string key, M T::* member, Shape<V> shape, Presence presence,
                 std::string meaning);

template <class T>
class FieldTable {
 public:
  using Check = std::function<void(const T&, const Node&, const Reading&)>;

  // `title` heads the table in the reference: "pipelines.NAME.flush".
  // `check` (optional) looks at keys together; it runs only where the map's own keys had no fault.
  FieldTable(std::string title, std::vector<FieldOf<T>> fields, Check check = {});
  FieldTable(const FieldTable&) = delete;
  FieldTable& operator=(const FieldTable&) = delete;

  const TableDoc& doc() const { return doc_; }
  void ReadInto(const Node& node, const Reading& reading, T& into) const;

 private:
  TableDoc doc_;
  std::vector<FieldOf<T>> fields_;
  Check check_;
};

// `where` names the map in messages: "pipeline 'sales'".
template <class T>
T Read(const Node& node, const FieldTable<T>& table, Faults& faults, std::string where) {
  T value{};
  table.ReadInto(node, Reading{faults, where, where}, value);
  return value;
}

// The map of `table` as the value of a key.
template <class T>
Shape<T> Nested(const FieldTable<T>& table, std::string values = "map") {
  auto read = [&table](const Node& node, const Reading& reading) -> std::optional<T> {
    T value{};
    table.ReadInto(node, reading, value);
    return value;
  };
  return {.values = std::move(values), .read = std::move(read), .tables = {&table.doc()}};
}

// What does not depend on T: finds each field's value in the map `node`, adding config.unknown_key,
// config.not_built and config.missing_key. The answer has one pointer per field, null where the
// field is not to be read.
struct FoundFields {
  std::vector<const Node*> values;
  bool clean = true;  // No fault was added.
};
FoundFields FindFields(const TableDoc& doc, const Node& node, const Reading& reading);

}  // namespace weir::config

#include "config/field_table_inline.h"
