#include <algorithm>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "engine/sql.h"
#include "query/footers_internal.h"

namespace weir::query {
namespace {

// A footer lists its tree depth first, each node with the number of its children.
class FooterTree {
 public:
  void Add(const std::string& name, int32_t id, int64_t children) {
    // The layers that Parquet puts around a list's element have no id and no place in a path.
    const std::string prefix = open_.empty() ? "" : open_.back().prefix;
    const std::string path = id < 0 ? prefix : prefix + name;
    if (id >= 0) paths_.emplace(path, id);
    if (!open_.empty()) --open_.back().left;
    if (children > 0) open_.push_back({id < 0 ? prefix : path + ".", children});
    while (!open_.empty() && open_.back().left == 0) open_.pop_back();
  }
  bool complete() const { return open_.empty(); }
  FieldPaths Take() { return std::exchange(paths_, {}); }

 private:
  struct Open {
    std::string prefix;
    int64_t left;
  };
  std::vector<Open> open_;
  FieldPaths paths_;
};

}  // namespace

Result<std::map<FieldPaths, std::vector<std::string>>> ReadFooters(
    engine::Session& session, std::span<const std::string> paths) {
  std::string sql =
      "SELECT name, coalesce(field_id, -1)::BIGINT, coalesce(num_children, 0)::BIGINT, file_name "
      "FROM parquet_schema([";
  for (const std::string& path : paths) sql += engine::QuotedText(path) + ", ";
  sql.resize(sql.size() - 2);
  sql += "])";
  WEIR_ASSIGN(const auto stream, session.Query(sql));
  std::map<FieldPaths, std::vector<std::string>> footers;
  FooterTree tree;
  for (;;) {
    WEIR_ASSIGN(const auto batch, stream->Next());
    if (!batch) return footers;
    const auto& names = static_cast<const arrow::StringArray&>(*batch->column(0));
    const auto& ids = static_cast<const arrow::Int64Array&>(*batch->column(1));
    const auto& children = static_cast<const arrow::Int64Array&>(*batch->column(2));
    const auto& files = static_cast<const arrow::StringArray&>(*batch->column(3));
    for (int64_t i = 0; i < batch->num_rows(); ++i) {
      tree.Add(names.GetString(i), static_cast<int32_t>(ids.Value(i)), children.Value(i));
      if (!tree.complete()) continue;
      footers[tree.Take()].push_back(files.GetString(i));
    }
  }
}

}  // namespace weir::query
