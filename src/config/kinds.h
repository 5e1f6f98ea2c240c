// Maps that are one of several kinds, where the kind is a key: sources, sinks, connections.
//
//   source: { files: "in/*.csv", format: csv }   flat: `files` and its siblings are one table
//   source: { http: { route: /in } }             inner: the value of `http` is the table's map
//
//   Field("source", &PipelineSpec::source,
//         OneOfKinds<SourceSpec>("source", {FlatKind<SourceSpec>("files", FilesFields()),
//                                           InnerKind<SourceSpec>("generate", GenerateFields()),
//                                           LaterKind<SourceSpec>("kafka")}),
//         Required(), "where rows come from")
//
// V is made from each table's struct by its converting constructor: std::variant<FilesSpec, ...>.
// Errors: config.missing_kind (none of the kinds' keys), config.two_kinds, config.not_built,
// config.unknown_key (beside an inner kind), and those of the tables. Threads: any.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/field_table.h"

namespace weir::config {

enum class KindForm : uint8_t { kFlat, kInner, kLater };

struct KindDoc {
  std::string key;
  KindForm form = KindForm::kFlat;
  const TableDoc* table = nullptr;
};

template <class V>
struct KindOf {
  KindDoc doc;
  std::function<std::optional<V>(const Node&, const Reading&)> read;
};

template <class V, class T>
KindOf<V> FlatKind(std::string key, const FieldTable<T>& table) {
  auto read = [&table](const Node& node, const Reading& reading) -> std::optional<V> {
    T value{};
    table.ReadInto(node, reading, value);
    return V(std::move(value));
  };
  return {{std::move(key), KindForm::kFlat, &table.doc()}, std::move(read)};
}

template <class V, class T>
KindOf<V> InnerKind(std::string key, const FieldTable<T>& table) {
  KindOf<V> kind = FlatKind<V>(std::move(key), table);
  kind.doc.form = KindForm::kInner;
  return kind;
}

// The value of the kind's key through a shape: `{postgres: DSN}`.
template <class V, class A>
KindOf<V> ShapeKind(std::string key, Shape<A> shape) {
  auto read = [inner = std::move(shape.read)](const Node& node,
                                              const Reading& reading) -> std::optional<V> {
    auto value = inner(node, reading);
    if (!value) return std::nullopt;
    return V(std::move(*value));
  };
  const TableDoc* table = shape.tables.empty() ? nullptr : shape.tables.front();
  return {{std::move(key), KindForm::kInner, table}, std::move(read)};
}

// In the language, not built yet.
template <class V>
KindOf<V> LaterKind(std::string key) {
  return {{std::move(key), KindForm::kLater, nullptr}, {}};
}

// Which of `kinds` the map is; none with a fault added. For an inner kind, faults its siblings.
std::optional<size_t> FindKind(const std::string& noun, const std::vector<KindDoc>& kinds,
                               const Node& node, const Reading& reading);

template <class V>
Shape<V> OneOfKinds(std::string noun, std::vector<KindOf<V>> kinds) {
  Shape<V> shape;
  std::vector<KindDoc> docs;
  for (const KindOf<V>& kind : kinds) {
    docs.push_back(kind.doc);
    if (kind.doc.form == KindForm::kLater) continue;
    shape.values += (shape.values.empty() ? "one of `" : ", `") + kind.doc.key + "`";
    if (kind.doc.table != nullptr) shape.tables.push_back(kind.doc.table);
  }
  shape.read = [noun = std::move(noun), docs = std::move(docs), kinds = std::move(kinds)](
                   const Node& node, const Reading& reading) -> std::optional<V> {
    const auto at = FindKind(noun, docs, node, reading);
    if (!at) return std::nullopt;
    const KindOf<V>& kind = kinds[*at];
    if (kind.doc.form == KindForm::kFlat) return kind.read(node, reading);
    return kind.read(*node.Find(kind.doc.key), reading.Within(kind.doc.key));
  };
  return shape;
}

}  // namespace weir::config
