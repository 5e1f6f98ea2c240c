// A Shape says how the value of a key is written and what it becomes: Shape<V> turns a Node into a
// V. It reports faults and never throws; where it reports one it yields nothing.
//
// Errors: config.wrong_type, config.out_of_range, config.bad_word, config.not_built,
// config.bad_name. Shapes are immutable values; threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/document.h"

namespace weir::config {

struct TableDoc;  // reference.h

// Where faults go, and what messages call the place.
struct Reading {
  Faults& faults;
  std::string where;  // "'rows' of 'flush' of pipeline 'sales'"
  std::string
      entity;  // The nearest thing with a name of its own: "pipeline 'sales'"; may be empty.

  // While the value of `key` is read.
  Reading Within(const std::string& key) const;
  // While the entry `name` of a map of such things is read: "column 'price' of pipeline 'sales'".
  Reading Entry(const std::string& what, const std::string& name) const;
  void Add(std::string_view code, std::string message, const Place& place,
           std::string next = {}) const;
};

template <class V>
struct Shape {
  using Value = V;
  std::string values;  // For the reference: "size", "append | upsert", "list of text".
  std::function<std::optional<V>(const Node&, const Reading&)> read;
  std::vector<const TableDoc*> tables = {};  // Of the maps within, for the reference.
};

// A value with where it was written, for faults that are found later ("no connection 'shopdb'").
template <class V>
struct Placed {
  V value{};
  Place place;
};

// One entry of a map from names.
template <class V>
struct Named {
  std::string name;
  Place place;
  V value{};
};

template <class E>
struct WordValue {
  std::string word;
  E value;
  bool later = false;  // In the language, not built: config.not_built.
};

Shape<std::string> Text();
Shape<bool> Bool();  // true | false, nothing else.
Shape<int64_t> Integer(int64_t least, int64_t most = std::numeric_limits<int64_t>::max());
Shape<uint64_t> Bytes();
Shape<std::chrono::microseconds> Duration();
Shape<double> Rate();                         // 5% or 0.05.
Shape<double> PerSecond();                    // 200/s, 5/m, 1/h -> events per second.
Shape<Node> Raw(std::string values = "map");  // Read later by whoever owns it.

// The word's index in `words`; the enum face of it is Word.
Shape<size_t> WordIndex(std::vector<std::string> words, std::vector<bool> later);

// [a-z][a-z0-9_]*: pipelines, connections, models. CheckName adds config.bad_name.
bool IsName(std::string_view name);
bool CheckName(const std::string& name, std::string_view what, const Place& place, Faults& faults);

// What all shapes over a scalar begin with: its text, or a config.wrong_type that says what was
// expected ("a size such as 64MiB").
const std::string* ScalarText(const Node& node, std::string_view expected, const Reading& reading);
void WrongType(const Node& node, std::string_view expected, const Reading& reading);

// Word<Write>({{"append", Write::kAppend}, {"upsert", Write::kUpsert}})
template <class E>
Shape<E> Word(std::vector<WordValue<E>> choices);
// A scalar through a parser of its own: Parsed<Type>("type", columnar::ParseType). An error of the
// parser keeps its code, cause and next step and gets the node's place; its cause is replaced where
// the text came from a variable, which a message must not show.
template <class V>
Shape<V> Parsed(std::string values, std::function<Result<V>(const std::string&)> parse);
// The same over any shape, with the node: make(value, node, reading) -> std::optional<V>.
template <class V, class A, class Make>
Shape<V> Converted(Shape<A> shape, Make make, std::string values = {});
// [a, b]
template <class V>
Shape<std::vector<V>> ListOf(Shape<V> item);
// a, or [a, b]
template <class V>
Shape<std::vector<V>> OneOrMore(Shape<V> item);
// {name: item, ...} in the order of the text. `what` names an entry in messages ("pipeline"); with
// NameRule::kName each name passes CheckName.
enum class NameRule : uint8_t { kAny, kName };
template <class V>
Shape<std::vector<Named<V>>> MapOf(std::string what, Shape<V> item, NameRule rule = NameRule::kAny);
// A scalar (or list) is read by `short_form`, a map by `map_form`: dedupe: COLUMN | {by, within}.
template <class V>
Shape<V> ScalarOr(Shape<V> short_form, Shape<V> map_form);
template <class V>
Shape<Placed<V>> WithPlace(Shape<V> shape);

}  // namespace weir::config

#include "config/shapes_inline.h"
