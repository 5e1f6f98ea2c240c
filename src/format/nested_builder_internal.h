// NestedBuilder makes one list or struct column out of JSON values, element by element. A cell is
// all or nothing: where any part of it cannot be read, the cell is null and the reason names the
// part, "items[3].qty: 'x' is not an int" (elements count from 0).
//
//   (Append | AppendNull | Truncate)* -> Finish -> as new
//
// Members that no field of a struct takes are kept: unknown() has them under their paths. A field
// that is missing is null. Within a value the rules of a JSON record hold, without `format`, `zone`
// and `default`, which belong to columns.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arrow/type_fwd.h"
#include "columnar/column_spec.h"
#include "columnar/rejected_row.h"
#include "format/json_cursor_internal.h"
#include "format/scalars.h"

namespace weir::format {

// Bytes of a value that always takes as many; 0: a bit (bool), or bytes of any length.
size_t WidthOf(columnar::Kind kind);

class NestedBuilder {
 public:
  explicit NestedBuilder(const columnar::ColumnSpec& spec);

  // Adds a cell made of `value`, which is valid JSON and UTF-8; a null one where there is a reason.
  std::optional<columnar::Reason> Append(std::string_view value);
  void AppendNull();
  // Takes back the cells behind the first `cells`.
  void Truncate(size_t cells) { Truncate(root_, cells); }

  // Of the last Append, the members of a JSON object: "place.z":1,"items[3].colour":"red".
  const std::string& unknown() const { return unknown_; }
  // Made since the last Finish, nulls too: what the column weighs.
  size_t values() const { return values_; }

  std::shared_ptr<arrow::Array> Finish();

 private:
  struct Node {
    columnar::ColumnSpec spec;      // Its name is the column's, for reasons; the type its own.
    std::vector<std::string> keys;  // Of a struct's fields.
    size_t width = 0;               // Of a value in `bytes`; 0: `ends` tells.
    std::vector<uint8_t> valid;     // One for each value.
    std::vector<int32_t> ends;      // Where each text, or list in its child, ends.
    std::string bytes;
    std::vector<Node> children;
  };
  // A step of the path to where the reading is.
  struct Step {
    const std::string* key = nullptr;  // Null: an element of a list.
    size_t index = 0;
  };

  static Node MakeNode(const std::string& column, const columnar::Type& type);
  static void Truncate(Node& node, size_t count);
  static std::shared_ptr<arrow::ArrayData> FinishNode(Node& node);

  // False: reason_ says why.
  bool Read(Node& node, JsonCursor& cursor);
  bool ReadList(Node& node, JsonCursor& cursor);
  bool ReadStruct(Node& node, JsonCursor& cursor);
  bool ReadMember(Node& node, JsonCursor& cursor, std::vector<bool>& seen);
  bool ReadScalar(Node& node, JsonCursor& cursor);
  Parsed<void> Push(Node& node, std::string_view text);
  Parsed<void> PushText(Node& node, std::string_view text);
  void PushNull(Node& node);
  bool KeepUnknown(std::string_view key, std::string_view value);

  std::string Path() const;
  bool Refuse(std::string code, const std::string& detail);
  bool Refuse(const Node& node, ScalarFault fault, std::string_view text);

  Node root_;
  std::vector<Step> steps_;
  std::optional<columnar::Reason> reason_;
  std::string unknown_;
  std::string strings_;  // Of the cursor.
  std::string scratch_;
  size_t values_ = 0;
  size_t values_before_ = 0;  // The cell that is being read.
};

}  // namespace weir::format
