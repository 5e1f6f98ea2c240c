// Bodies of the templates of shapes.h; include that.
#pragma once

#include <memory>

namespace weir::config {

template <class E>
Shape<E> Word(std::vector<WordValue<E>> choices) {
  std::vector<std::string> words;
  std::vector<bool> later;
  for (const auto& choice : choices) {
    words.push_back(choice.word);
    later.push_back(choice.later);
  }
  auto index = WordIndex(std::move(words), std::move(later));
  auto read = [pick = index.read, choices = std::move(choices)](
                  const Node& node, const Reading& reading) -> std::optional<E> {
    const auto at = pick(node, reading);
    if (!at) return std::nullopt;
    return choices[*at].value;
  };
  return {.values = std::move(index.values), .read = std::move(read)};
}

template <class V>
Shape<V> Parsed(std::string values, std::function<Result<V>(const std::string&)> parse) {
  auto read = [values, parse = std::move(parse)](const Node& node,
                                                 const Reading& reading) -> std::optional<V> {
    const std::string* text = ScalarText(node, values, reading);
    if (text == nullptr) return std::nullopt;
    Result<V> value = parse(*text);
    if (value) return std::move(value).value();
    value.error().kind = ErrorKind::kConfig;
    // The parser's words quote the text, which may be a secret here.
    if (!node.written.empty())
      value.error().message = reading.where + " takes " + values + ", not '" + node.shown() + "'";
    reading.faults.Add(std::move(value).error(), node.place);
    return std::nullopt;
  };
  return {.values = values, .read = std::move(read)};
}

template <class V, class A, class Make>
Shape<V> Converted(Shape<A> shape, Make make, std::string values) {
  auto read = [inner = std::move(shape.read), make = std::move(make)](
                  const Node& node, const Reading& reading) -> std::optional<V> {
    std::optional<A> value = inner(node, reading);
    if (!value) return std::nullopt;
    return make(std::move(*value), node, reading);
  };
  return {.values = values.empty() ? std::move(shape.values) : std::move(values),
          .read = std::move(read),
          .tables = std::move(shape.tables)};
}

template <class V>
Shape<std::vector<V>> ListOf(Shape<V> item) {
  const std::string values = "list of " + item.values;
  auto read = [values, inner = std::move(item.read)](
                  const Node& node, const Reading& reading) -> std::optional<std::vector<V>> {
    if (!node.is_sequence()) {
      WrongType(node, "a " + values, reading);
      return std::nullopt;
    }
    std::vector<V> list;
    for (const Node& each : node.items)
      if (auto value = inner(each, reading)) list.push_back(std::move(*value));
    return list;
  };
  return {.values = values, .read = std::move(read), .tables = std::move(item.tables)};
}

template <class V>
Shape<std::vector<V>> OneOrMore(Shape<V> item) {
  const std::string values = item.values + ", or a list";
  auto list = ListOf(item);
  auto read = [one = std::move(item.read), many = std::move(list.read)](
                  const Node& node, const Reading& reading) -> std::optional<std::vector<V>> {
    if (node.is_sequence()) return many(node, reading);
    std::optional<V> value = one(node, reading);
    if (!value) return std::nullopt;
    std::vector<V> single;
    single.push_back(std::move(*value));
    return single;
  };
  return {.values = values, .read = std::move(read), .tables = std::move(item.tables)};
}

template <class V>
Shape<std::vector<Named<V>>> MapOf(std::string what, Shape<V> item, NameRule rule) {
  const std::string values = "map from name to " + item.values;
  auto read = [what = std::move(what), rule, inner = std::move(item.read)](
                  const Node& node,
                  const Reading& reading) -> std::optional<std::vector<Named<V>>> {
    if (!node.is_map()) {
      WrongType(node, "a map from name to " + what, reading);
      return std::nullopt;
    }
    std::vector<Named<V>> named;
    for (const Entry& entry : node.entries) {
      const std::string& name = entry.key.text;
      if (rule == NameRule::kName) CheckName(name, what, entry.key.place, reading.faults);
      if (auto value = inner(entry.value, reading.Entry(what, name)))
        named.push_back({name, entry.key.place, std::move(*value)});
    }
    return named;
  };
  return {.values = values, .read = std::move(read), .tables = std::move(item.tables)};
}

template <class V>
Shape<V> ScalarOr(Shape<V> short_form, Shape<V> map_form) {
  auto read = [brief = std::move(short_form.read), full = std::move(map_form.read)](
                  const Node& node, const Reading& reading) -> std::optional<V> {
    return node.is_map() ? full(node, reading) : brief(node, reading);
  };
  return {.values = short_form.values + " | " + map_form.values,
          .read = std::move(read),
          .tables = std::move(map_form.tables)};
}

template <class V>
Shape<Placed<V>> WithPlace(Shape<V> shape) {
  auto place = [](V value, const Node& node, const Reading&) -> std::optional<Placed<V>> {
    return Placed<V>{std::move(value), node.place};
  };
  return Converted<Placed<V>>(std::move(shape), place);
}

}  // namespace weir::config
