#include <algorithm>

#include "arrow/type.h"
#include "iceberg/partition_spec.h"
#include "model/check_run_internal.h"
#include "model/model.h"
#include "model/reshape.h"
#include "query/snapshot_query.h"

namespace weir::model {
namespace {

using catalog::TableName;

class Binding {
 public:
  Binding(KnownColumns columns, engine::Session& session, config::Faults& faults)
      : columns_(std::move(columns)), session_(session), faults_(faults) {}

  void Bind(const Model& model) {
    // What the lake has under its name is replaced.
    columns_.erase(model.table);
    if (model.faulty) return;
    if (auto bound = BindOne(model); !bound) AddFault(std::move(bound).error());
  }

  KnownColumns Take() && { return std::move(columns_); }

 private:
  // Only what is surely wrong: a constant that cannot be computed may never be asked for.
  void AddFault(Error error) {
    if (error.kind != ErrorKind::kConfig && !error.code.starts_with("engine.bind")) return;
    error.kind = ErrorKind::kConfig;
    faults_.Add(std::move(error));
  }

  Result<void> BindOne(const Model& model) {
    std::vector<query::View> views = model.views;
    if (model.is_view()) views.push_back(model.AsView());
    WEIR_ASSIGN(const auto query, query::SnapshotQuery::WithoutLake(session_, views));
    if (!AddTables(*query, model)) return {};
    for (const query::View& view : model.views)
      if (!columns_.contains(view.name)) return {};  // Told already, or not to be judged.
    auto bound = query->Bind(model.query);
    if (!bound) return Fail(engine::PlacedAt(std::move(bound).error(), model.place));
    if ((*bound)->schema() == nullptr) return {};
    WEIR_ASSIGN(const auto shape, ShapeOf(model, *(*bound)->schema()));
    WEIR_ASSIGN(auto schema, Placed(iceberg::FromColumnar(shape.schema), model));
    if (auto spec = iceberg::ParsePartitionSpec(shape.partition_by, schema); !spec) {
      Error error = std::move(spec).error();
      error.place = model.header.partition_by.front().place;
      return Fail(std::move(error));
    }
    if (!model.is_view()) WEIR_TRY(query->AddFiles(model.table, schema, {}));
    columns_[model.table] = schema;
    BindChecks(model, {.query = *query, .name = model.table, .columns = {}, .now = {}});
    return {};
  }

  // False where the columns of one are not known.
  bool AddTables(query::SnapshotQuery& query, const Model& model) const {
    return std::ranges::all_of(model.tables, [&](const TableName& table) {
      const auto known = columns_.find(table);
      return known != columns_.end() && query.AddFiles(table, known->second, {}).has_value();
    });
  }

  void BindChecks(const Model& model, const CheckedRelation& relation) {
    for (const CheckSpec& check : model.header.checks) {
      const auto scope = ScopeOf(check, relation);
      if (!scope) {
        AddFault(scope.error());
      } else if (*scope == Scope::kAllRows && check.on_fail == OnFail::kReject) {
        AddFault(NotOfRows(check));
      }
    }
  }

  template <class T>
  static Result<T> Placed(Result<T> result, const Model& model) {
    if (result) return result;
    Error error = std::move(result).error();
    if (!error.place.known()) error.place = model.place;
    return Fail(std::move(error));
  }

  KnownColumns columns_;
  engine::Session& session_;
  config::Faults& faults_;
};

}  // namespace

KnownColumns BindModels(const std::vector<Model>& models, KnownColumns columns,
                        engine::Session& session, config::Faults& faults) {
  Binding binding(std::move(columns), session, faults);
  for (const Model& model : models) binding.Bind(model);
  return std::move(binding).Take();
}

}  // namespace weir::model
