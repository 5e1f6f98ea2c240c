#include <algorithm>
#include <map>
#include <set>

#include "arrow/array.h"
#include "arrow/record_batch.h"
#include "model/model.h"
#include "query/table_uses.h"

namespace weir::model {
namespace {

using catalog::TableName;

// An error within a model's SQL as a fault of its file.
Error AsFault(Error error, const Place& origin) {
  error.kind = ErrorKind::kConfig;
  if (error.code == "query.table") error.code = "model.reference";
  if (error.code == "query.function") error.code = "config.not_built";
  if (error.place.line == 0) {
    error.place = origin;
    return error;
  }
  return engine::PlacedAt(std::move(error), origin);
}

// Whether the query asks for the time or for chance. By name, since that is all a parser knows: a
// column of such a name only costs that the model is never skipped.
Result<bool> IsVolatile(engine::Session& session, const std::string& query) {
  WEIR_ASSIGN(
      const auto statement,
      session.Prepare("SELECT count(*) FROM json_tree(json_serialize_sql(CAST($sql AS VARCHAR))) "
                      "WHERE (key = 'sample' AND type <> 'NULL') OR ((key = 'function_name' OR "
                      "path LIKE '%.column_names') AND "
                      "lower(atom->>'$') IN ('now', 'today', 'age', 'current_date', "
                      "'current_time', 'current_timestamp', 'localtime', "
                      "'localtimestamp', 'get_current_time', 'get_current_timestamp', "
                      "'transaction_timestamp', 'random', 'uuid', "
                      "'uuidv4', 'uuidv7', 'gen_random_uuid', 'nextval'))"));
  columnar::Type varchar;
  WEIR_ASSIGN(const auto stream,
              statement->Query({{.name = "sql", .type = varchar, .text = query}}));
  WEIR_ASSIGN(const auto rows, stream->Next());
  return static_cast<const arrow::Int64Array&>(*rows->column(0)).Value(0) > 0;
}

// `models` are ordered: whoever is read stands before who reads.
void AddViews(std::vector<Model>& models) {
  std::map<TableName, const Model*> before;
  for (Model& model : models) {
    const auto add = [&model](const query::View& view) {
      if (std::ranges::find(model.views, view.name, &query::View::name) == model.views.end())
        model.views.push_back(view);
    };
    std::set<TableName> tables;
    for (const TableName& read : model.reads) {
      const auto known = before.find(read);
      if (known == before.end() || !known->second->is_view()) {
        tables.insert(read);
        continue;
      }
      tables.insert(known->second->tables.begin(), known->second->tables.end());
      std::ranges::for_each(known->second->views, add);
      add(known->second->AsView());
      model.is_volatile = model.is_volatile || known->second->is_volatile;
    }
    model.tables.assign(tables.begin(), tables.end());
    before[model.table] = &model;
  }
}

class ModelReader {
 public:
  ModelReader(const config::Project& project, const KnownTables& known, engine::Session& session,
              config::Faults& faults)
      : project_(project), known_(known), session_(session), faults_(faults) {}

  std::vector<Model> Read() {
    for (const config::SqlFile& file : project_.models) tables_.push_back({file.schema, file.name});
    tables_.insert(tables_.end(), known_.written.begin(), known_.written.end());
    tables_.insert(tables_.end(), known_.existing.begin(), known_.existing.end());
    std::vector<Model> models;
    for (const config::SqlFile& file : project_.models) {
      const size_t before = faults_.size();
      models.push_back(ReadOne(file));
      models.back().faulty = faults_.size() != before;
    }
    return models;
  }

 private:
  Model ReadOne(const config::SqlFile& file) {
    Model model{
        .table = {file.schema, file.name},
        .header = {},
        .query = file.sql.query,
        .place = {.file = file.file, .line = file.sql.query_line, .column = 1, .byte_offset = {}},
        .reads = {}};
    model.header = config::Read(file.sql.header, HeaderFields(), faults_,
                                "model '" + model.table.ToString() + "'");
    if (std::ranges::find(known_.written, model.table) != known_.written.end()) {
      faults_.Add("model.two_writers", "a pipeline writes table " + model.table.ToString() + " too",
                  model.place, "give the model's file another name");
    }
    if (model.query.empty()) return model;
    if (!AddReads(model, model.query, model.place)) return model;
    if (auto is_volatile = IsVolatile(session_, model.query)) model.is_volatile = *is_volatile;
    for (const CheckSpec& check : model.header.checks) {
      const auto* relationship = std::get_if<Relationship>(&check.what);
      if (relationship != nullptr) AddRelationship(model, *relationship, check.place);
      if (std::holds_alternative<Freshness>(check.what)) model.is_volatile = true;
      if (const std::string sql = SubquerySql(check); !sql.empty())
        AddCheckReads(model, sql, check.place);
    }
    std::ranges::sort(model.reads);
    const auto twice = std::ranges::unique(model.reads);
    model.reads.erase(twice.begin(), twice.end());
    return model;
  }

  // False where the query cannot even be parsed.
  bool AddReads(Model& model, const std::string& sql, const Place& origin) {
    auto uses = query::FindTableUses(session_, sql, tables_, query::Outside::kDenied);
    if (!uses) {
      faults_.Add(AsFault(std::move(uses).error(), origin));
      return false;
    }
    for (Error& fault : uses->faults) faults_.Add(AsFault(std::move(fault), origin));
    for (query::TableUse& use : uses->tables) model.reads.push_back(std::move(use.table));
    return true;
  }

  // A check's text may be quoted or folded in the YAML: its own place has to do.
  void AddCheckReads(Model& model, const std::string& sql, const Place& place) {
    auto uses = query::FindTableUses(session_, sql, tables_, query::Outside::kDenied);
    Errors faults;
    if (uses) {
      faults = std::move(uses->faults);
      for (query::TableUse& use : uses->tables)
        if (use.table != model.table) model.reads.push_back(std::move(use.table));
    } else {
      faults.push_back(std::move(uses).error());
    }
    for (Error& fault : faults) {
      fault.place = {};
      faults_.Add(AsFault(std::move(fault), place));
    }
  }

  void AddRelationship(Model& model, const Relationship& check, const Place& place) {
    if (check.table == model.table || std::ranges::find(tables_, check.table) != tables_.end()) {
      if (check.table != model.table) model.reads.push_back(check.table);
      return;
    }
    faults_.Add(AsFault(query::UnknownTable(check.table.ToString(), tables_, place), place));
  }

  const config::Project& project_;
  const KnownTables& known_;
  engine::Session& session_;
  config::Faults& faults_;
  std::vector<TableName> tables_;  // All that anything may read.
};

// Depth first, so that each model stands behind all that it reads.
class Ordering {
 public:
  Ordering(std::vector<Model> models, config::Faults& faults)
      : models_(std::move(models)), faults_(faults) {
    for (size_t i = 0; i < models_.size(); ++i) by_name_.emplace(models_[i].table, i);
    state_.resize(models_.size(), State::kNew);
  }

  std::vector<Model> Run() {
    for (const auto& [name, at] : by_name_) Visit(at);
    std::vector<Model> ordered;
    for (const size_t at : order_) ordered.push_back(std::move(models_[at]));
    return ordered;
  }

 private:
  enum class State : uint8_t { kNew, kOpen, kDone };

  void Visit(size_t at) {
    if (state_[at] == State::kDone) return;
    if (state_[at] == State::kOpen) return AddCycle(at);
    state_[at] = State::kOpen;
    path_.push_back(at);
    for (const TableName& read : models_[at].reads)
      if (const auto model = by_name_.find(read); model != by_name_.end()) Visit(model->second);
    path_.pop_back();
    state_[at] = State::kDone;
    order_.push_back(at);
  }

  void AddCycle(size_t at) {
    std::string names;
    for (auto step = std::ranges::find(path_, at); step != path_.end(); ++step)
      names += models_[*step].table.ToString() + " -> ";
    names += models_[at].table.ToString();
    faults_.Add("model.cycle",
                path_.back() == at ? "the model reads itself: " + names
                                   : "models read each other in a circle: " + names,
                models_[path_.back()].place, "let one of them read another table");
  }

  std::vector<Model> models_;
  config::Faults& faults_;
  std::map<TableName, size_t> by_name_;
  std::vector<State> state_;
  std::vector<size_t> path_;  // Open models, each read by the one before.
  std::vector<size_t> order_;
};

}  // namespace

std::vector<Model> ReadModels(const config::Project& project, const KnownTables& known,
                              engine::Session& session, config::Faults& faults) {
  auto models = Ordering(ModelReader(project, known, session, faults).Read(), faults).Run();
  AddViews(models);
  return models;
}

std::vector<query::View> ReadViews(const config::Project& project, const config::Faults& faults) {
  std::vector<query::View> views;
  const Errors known = faults.Sorted();
  for (const config::SqlFile& file : project.models) {
    const config::Node* materialize = file.sql.header.Find("materialize");
    if (materialize == nullptr || materialize->text != "view") continue;
    config::Faults of_header;
    (void)config::Read(file.sql.header, HeaderFields(), of_header, file.file);
    query::View view{
        .name = {file.schema, file.name},
        .sql = file.sql.query,
        .place = {.file = file.file, .line = file.sql.query_line, .column = 1, .byte_offset = {}}};
    const auto of_file = [&](const Error& error) { return error.place.file == file.file; };
    if (const auto fault = std::ranges::find_if(known, of_file); fault != known.end())
      view.fault = *fault;
    else if (!of_header.empty())
      view.fault = of_header.Sorted().front();
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace weir::model
