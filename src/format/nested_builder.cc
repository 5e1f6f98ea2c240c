#include "format/nested_builder_internal.h"

#include <arrow/api.h>
#include <arrow/util/bit_util.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "format/times.h"

namespace weir::format {

using columnar::Kind;
using columnar::Reason;

namespace {

bool TakesNumber(Kind kind) {
  return kind == Kind::kInt || kind == Kind::kBigint || kind == Kind::kDouble ||
         kind == Kind::kDecimal || kind == Kind::kVarchar;
}

std::shared_ptr<arrow::Buffer> Bits(const std::string_view flags) {
  auto made = arrow::AllocateEmptyBitmap(static_cast<int64_t>(flags.size()));
  WEIR_CHECK(made.ok());
  for (size_t i = 0; i < flags.size(); ++i)
    if (flags[i] != 0) arrow::bit_util::SetBit((*made)->mutable_data(), static_cast<int64_t>(i));
  return std::move(made).ValueUnsafe();
}

}  // namespace

size_t WidthOf(Kind kind) {
  switch (kind) {
    case Kind::kInt:
    case Kind::kDate:
      return 4;
    case Kind::kBigint:
    case Kind::kDouble:
    case Kind::kTime:
    case Kind::kTimestamp:
    case Kind::kTimestamptz:
      return 8;
    case Kind::kDecimal:
    case Kind::kUuid:
      return 16;
    default:
      return 0;
  }
}

NestedBuilder::NestedBuilder(const columnar::ColumnSpec& spec)
    : root_(MakeNode(spec.name, spec.type)) {}

NestedBuilder::Node NestedBuilder::MakeNode(const std::string& column, const columnar::Type& type) {
  Node node;
  node.spec.name = column;
  node.spec.type = type;
  node.width = type.kind == Kind::kBool ? 1 : WidthOf(type.kind);  // Bits at Finish.
  for (const columnar::Field& field : type.children) {
    node.keys.push_back(field.name);
    node.children.push_back(MakeNode(column, field.type));
  }
  return node;
}

// Goes down in any case: a cell that broke off leaves values in children alone.
void NestedBuilder::Truncate(Node& node, size_t count) {
  node.valid.resize(count);
  if (node.spec.type.kind == Kind::kStruct) {
    for (Node& child : node.children) Truncate(child, count);
  } else if (node.width != 0) {
    node.bytes.resize(count * node.width);
  } else {
    node.ends.resize(count);
    const size_t end = count == 0 ? 0 : static_cast<size_t>(node.ends.back());
    if (node.spec.type.kind == Kind::kList) {
      Truncate(node.children.front(), end);
    } else {
      node.bytes.resize(end);
    }
  }
}

void NestedBuilder::AppendNull() { PushNull(root_); }

void NestedBuilder::PushNull(Node& node) {
  ++values_;
  node.valid.push_back(0);
  if (node.spec.type.kind == Kind::kStruct) {
    for (Node& child : node.children) PushNull(child);
  } else if (node.width != 0) {
    node.bytes.append(node.width, '\0');
  } else {
    node.ends.push_back(node.ends.empty() ? 0 : node.ends.back());
  }
}

std::optional<Reason> NestedBuilder::Append(std::string_view value) {
  const size_t cells = root_.valid.size();
  values_before_ = values_;
  unknown_.clear();
  steps_.clear();
  reason_.reset();
  JsonCursor cursor(value, strings_);
  if (Read(root_, cursor)) return std::nullopt;
  Truncate(cells);
  AppendNull();
  unknown_.clear();
  return std::move(reason_);
}

bool NestedBuilder::Read(Node& node, JsonCursor& cursor) {
  if (values_ - values_before_ >= kNestedValuesMax)
    return Refuse("type.too_many", "more than " + std::to_string(kNestedValuesMax) + " values");
  if (cursor.TakeBytes("null")) {
    PushNull(node);
    return true;
  }
  const Kind kind = node.spec.type.kind;
  if (kind == Kind::kList && cursor.peek() == '[') return ReadList(node, cursor);
  if (kind == Kind::kStruct && cursor.peek() == '{') return ReadStruct(node, cursor);
  ++values_;
  if (kind != Kind::kJson) return ReadScalar(node, cursor);
  cursor.ClearBlanks();
  const std::string_view value = cursor.ReadValue(1);
  const auto pushed = PushText(node, cursor.blanks() ? StripBlanks(value, scratch_) : value);
  return pushed ? true : Refuse(node, pushed.error(), value);
}

bool NestedBuilder::ReadList(Node& node, JsonCursor& cursor) {
  Node& child = node.children.front();
  steps_.push_back({});
  cursor.Take('[');
  cursor.SkipBlanks();
  while (!cursor.Take(']')) {
    if (!Read(child, cursor)) return false;
    ++steps_.back().index;
    cursor.SkipBlanks();
    if (cursor.Take(',')) cursor.SkipBlanks();
  }
  steps_.pop_back();
  ++values_;
  node.valid.push_back(1);
  node.ends.push_back(static_cast<int32_t>(child.valid.size()));
  return true;
}

bool NestedBuilder::ReadStruct(Node& node, JsonCursor& cursor) {
  std::vector<bool> seen(node.children.size());
  cursor.Take('{');
  cursor.SkipBlanks();
  while (!cursor.Take('}')) {
    if (!ReadMember(node, cursor, seen)) return false;
    cursor.SkipBlanks();
    if (cursor.Take(',')) cursor.SkipBlanks();
  }
  for (size_t i = 0; i < seen.size(); ++i)
    if (!seen[i]) PushNull(node.children[i]);
  ++values_;
  node.valid.push_back(1);
  return true;
}

bool NestedBuilder::ReadMember(Node& node, JsonCursor& cursor, std::vector<bool>& seen) {
  const auto text = cursor.ReadString();
  if (!text) return Refuse("json.syntax", cursor.fault());
  const auto unescaped = text->escaped ? cursor.Unescape(*text) : text->raw;
  if (!unescaped) return Refuse("json.syntax", cursor.fault());
  const std::string_view key = *unescaped;
  size_t field = 0;
  while (field < node.keys.size() && node.keys[field] != key) ++field;
  // `key` may stand in the cursor's scratch, which the value overwrites.
  const std::string unknown_key(field == node.keys.size() ? key : std::string_view());
  cursor.SkipBlanks();
  cursor.Take(':');
  cursor.SkipBlanks();
  if (field == node.keys.size()) return KeepUnknown(unknown_key, cursor.ReadValue(1));
  steps_.push_back({.key = &node.keys[field], .index = 0});
  if (seen[field]) return Refuse("json.duplicate_key", "the key comes twice");
  seen[field] = true;
  if (!Read(node.children[field], cursor)) return false;
  steps_.pop_back();
  return true;
}

bool NestedBuilder::ReadScalar(Node& node, JsonCursor& cursor) {
  const Kind kind = node.spec.type.kind;
  const char first = cursor.peek();
  std::string_view value;
  bool fits = false;
  if (first == '"') {
    const char* const begin = cursor.position();
    const auto text = cursor.ReadString();
    if (!text) return Refuse("json.syntax", cursor.fault());
    fits = kind != Kind::kBool && kind != Kind::kList && kind != Kind::kStruct;
    value = {begin, text->raw.size() + 2};
    if (fits) {
      const auto unescaped = text->escaped ? cursor.Unescape(*text) : text->raw;
      if (!unescaped) return Refuse("json.syntax", cursor.fault());
      value = *unescaped;
    }
  } else {
    value = cursor.ReadValue(1);
    const bool word = first == 't' || first == 'f';
    const bool container = first == '{' || first == '[';
    fits = word ? kind == Kind::kBool || kind == Kind::kVarchar : !container && TakesNumber(kind);
  }
  if (!fits) return Refuse(node, ScalarFault::kJsonKind, value);
  const auto pushed = Push(node, value);
  return pushed ? true : Refuse(node, pushed.error(), value);
}

Parsed<void> NestedBuilder::PushText(Node& node, std::string_view text) {
  node.bytes += text;
  node.ends.push_back(static_cast<int32_t>(node.bytes.size()));
  node.valid.push_back(1);
  return {};
}

Parsed<void> NestedBuilder::Push(Node& node, std::string_view text) {
  const columnar::Type& type = node.spec.type;
  const auto store = [&](const auto& value) -> Parsed<void> {
    if (!value) return std::unexpected(value.error());
    node.bytes.append(reinterpret_cast<const char*>(&*value), sizeof(*value));
    node.valid.push_back(1);
    return {};
  };
  switch (type.kind) {
    case Kind::kVarchar:
      if (text.find('\0') != std::string_view::npos) return std::unexpected(ScalarFault::kNul);
      if (type.length != 0 && CountCodePoints(text) > type.length)
        return std::unexpected(ScalarFault::kTooLong);
      return PushText(node, text);
    case Kind::kBool:
      return store(ParseBool(text));
    case Kind::kInt:
      return store(ParseInt(text));
    case Kind::kBigint:
      return store(ParseBigint(text));
    case Kind::kDouble:
      return store(ParseDouble(text));
    case Kind::kDecimal:
      return store(ParseDecimal(text, type.precision, type.scale));
    case Kind::kUuid:
      return store(ParseUuid(text));
    case Kind::kDate:
      return store(ParseDate(text));
    case Kind::kTime:
      return store(ParseTime(text));
    case Kind::kTimestamp:
      return store(ParseTimestamp(text));
    case Kind::kTimestamptz:
      return store(ParseTimestamptz(text, nullptr));
    case Kind::kBinary: {
      scratch_.resize(text.size() / 4 * 3);
      const auto made = DecodeBase64(text, scratch_);
      if (!made) return std::unexpected(made.error());
      return PushText(node, std::string_view(scratch_).substr(0, *made));
    }
    case Kind::kJson:
    case Kind::kList:
    case Kind::kStruct:
      break;
  }
  WEIR_CHECK(false);
}

bool NestedBuilder::KeepUnknown(std::string_view key, std::string_view value) {
  if (!unknown_.empty()) unknown_ += ',';
  AppendJsonString(unknown_, Path() + "." + std::string(key));
  unknown_ += ':';
  unknown_ += StripBlanks(value, scratch_);
  return unknown_.size() <= kRecordBytesMax ||
         Refuse("type.too_many", "more unknown members than can be kept");
}

std::string NestedBuilder::Path() const {
  std::string path = root_.spec.name;
  for (const Step& step : steps_)
    path += step.key == nullptr ? "[" + std::to_string(step.index) + "]" : "." + *step.key;
  return path;
}

bool NestedBuilder::Refuse(std::string code, const std::string& detail) {
  reason_ = {.code = std::move(code),
             .rule = {},
             .column = root_.spec.name,
             .detail = steps_.empty() ? detail : Path() + ": " + detail};
  return false;
}

bool NestedBuilder::Refuse(const Node& node, ScalarFault fault, std::string_view text) {
  const Reason reason = ExplainFault(node.spec, fault, text);
  return Refuse(reason.code, reason.detail);
}

std::shared_ptr<arrow::Array> NestedBuilder::Finish() {
  values_ = 0;
  return arrow::MakeArray(FinishNode(root_));
}

std::shared_ptr<arrow::ArrayData> NestedBuilder::FinishNode(Node& node) {
  const Kind kind = node.spec.type.kind;
  const auto length = static_cast<int64_t>(node.valid.size());
  const auto valid = std::exchange(node.valid, {});
  const auto nulls = static_cast<int64_t>(std::count(valid.begin(), valid.end(), uint8_t{0}));
  std::vector<std::shared_ptr<arrow::Buffer>> buffers(1);
  if (nulls != 0) buffers[0] = Bits({reinterpret_cast<const char*>(valid.data()), valid.size()});
  if (kind == Kind::kBool) {
    buffers.push_back(Bits(node.bytes));
    node.bytes.clear();
  } else if (kind != Kind::kStruct) {
    if (node.width == 0) {
      node.ends.insert(node.ends.begin(), 0);
      buffers.push_back(arrow::Buffer::FromVector(std::exchange(node.ends, {})));
    }
    if (kind != Kind::kList)
      buffers.push_back(arrow::Buffer::FromString(std::exchange(node.bytes, {})));
  }
  auto data =
      arrow::ArrayData::Make(columnar::ToArrow(node.spec.type), length, std::move(buffers), nulls);
  for (Node& child : node.children) data->child_data.push_back(FinishNode(child));
  return data;
}

}  // namespace weir::format
