// Bodies of the templates of field_table.h; include that.
#pragma once

namespace weir::config {

// A default's text as a node; it is ours, so a fault in it is a broken invariant.
Node DefaultNode(const std::string& key, const std::string& text);

template <class T, class M, class V>
FieldOf<T> Field(std::string key, M T::* member, Shape<V> shape, Presence presence,
                 std::string meaning) {
  FieldOf<T> field;
  if (presence.kind == Presence::Kind::kDefault)
    field.default_node = DefaultNode(key, presence.text);
  field.doc = {.key = std::move(key),
               .values = std::move(shape.values),
               .default_text = std::move(presence.text),
               .meaning = std::move(meaning),
               .required = presence.kind == Presence::Kind::kRequired,
               .later = false,
               .tables = std::move(shape.tables)};
  field.read = [member, inner = std::move(shape.read)](const Node& node, const Reading& reading,
                                                       T& into) {
    const size_t before = reading.faults.size();
    auto value = inner(node, reading);
    if (value) into.*member = std::move(*value);
    return value.has_value() && reading.faults.size() == before;
  };
  return field;
}

template <class T>
FieldTable<T>::FieldTable(std::string title, std::vector<FieldOf<T>> fields, Check check)
    : fields_(std::move(fields)), check_(std::move(check)) {
  doc_.title = std::move(title);
  for (const auto& field : fields_) {
    doc_.fields.push_back(field.doc);
    if (!field.default_node) continue;
    Faults faults;
    T scratch{};
    WEIR_CHECK(field.read(*field.default_node, Reading{faults, {}, {}}, scratch));
  }
}

template <class T>
void FieldTable<T>::ReadInto(const Node& node, const Reading& reading, T& into) const {
  const FoundFields found = FindFields(doc_, node, reading);
  bool clean = found.clean;
  for (size_t i = 0; i < fields_.size(); ++i) {
    const auto& field = fields_[i];
    const Reading within = reading.Within(field.doc.key);
    if (const Node* value = found.values[i]; value != nullptr) {
      clean = field.read(*value, within, into) && clean;
    } else if (field.default_node) {
      field.read(*field.default_node, within, into);
    }
  }
  if (clean && check_) check_(into, node, reading);
}

}  // namespace weir::config
