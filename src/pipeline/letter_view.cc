#include "pipeline/letter_view.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <set>

#include "base/limits.h"
#include "engine/sql.h"

namespace weir::pipeline {
namespace {

using engine::QuotedName;
using engine::QuotedText;

const catalog::TableName kStandings{"weir", "letters"};
const catalog::TableName kWanted{"weir", "wanted"};

// What `letters` has beside the columns that are taken from the table as they are.
constexpr const char* kJoined =
    "coalesce(s.state, 'open') AS state, coalesce(s.attempts, 0) AS attempts, "
    "d.reasons[1].code AS code, d.reasons[1].\"column\" AS \"column\", d.reasons[1].detail AS "
    "detail, d.reasons, d.kind, d.source, d.line, d.\"offset\", d.raw, d.raw_length, d.raw_hash, "
    "d.sink, d.batch, d.received_at";

std::unexpected<Error> FromArrow(const arrow::Status& status) {
  return Fail(ErrorKind::kInvalid, "pipeline.memory", status.ToString());
}

std::shared_ptr<arrow::Schema> StandingSchema() {
  return arrow::schema(
      {arrow::field("pipeline", arrow::utf8()), arrow::field("id", arrow::utf8()),
       arrow::field("state", arrow::utf8()), arrow::field("attempts", arrow::int64()),
       arrow::field("fix", arrow::utf8()), arrow::field("last_replay", arrow::utf8()),
       arrow::field("note", arrow::utf8())});
}

class StandingColumns {
 public:
  arrow::Status Add(const std::string& pipeline, const std::string& id,
                    const ledger::LetterStanding& standing) {
    const auto optional = [](arrow::StringBuilder& column, const std::string& text) {
      return text.empty() ? column.AppendNull() : column.Append(text);
    };
    ARROW_RETURN_NOT_OK(texts_[0].Append(pipeline));
    ARROW_RETURN_NOT_OK(texts_[1].Append(id));
    ARROW_RETURN_NOT_OK(texts_[2].Append(std::string(ledger::ToString(standing.state))));
    ARROW_RETURN_NOT_OK(attempts_.Append(static_cast<int64_t>(standing.attempts)));
    ARROW_RETURN_NOT_OK(optional(texts_[3], standing.fix));
    ARROW_RETURN_NOT_OK(optional(texts_[4], standing.batch));
    return optional(texts_[5], standing.detail);
  }

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Finish() {
    arrow::ArrayVector columns(7);
    for (size_t i = 0; i < 6; ++i)
      ARROW_RETURN_NOT_OK(texts_[i].Finish(&columns[i < 3 ? i : i + 1]));
    ARROW_RETURN_NOT_OK(attempts_.Finish(&columns[3]));
    const int64_t rows = columns[0]->length();
    return arrow::RecordBatch::Make(StandingSchema(), rows, std::move(columns));
  }

 private:
  arrow::StringBuilder texts_[6];
  arrow::Int64Builder attempts_;
};

template <class Array>
const Array& ColumnOf(const arrow::RecordBatch& rows, const char* name) {
  return static_cast<const Array&>(*rows.GetColumnByName(name));
}

Result<source::Letter> ReadLetter(const arrow::RecordBatch& rows, int64_t row) {
  const auto text = [&](const char* name) {
    const auto& column = ColumnOf<arrow::StringArray>(rows, name);
    return column.IsNull(row) ? std::string() : column.GetString(row);
  };
  const auto number = [&](const char* name) {
    const auto& column = ColumnOf<arrow::Int64Array>(rows, name);
    return column.IsNull(row) ? uint64_t{0} : static_cast<uint64_t>(column.Value(row));
  };
  source::Letter letter;
  letter.id = text("id");
  letter.source = text("source");
  letter.batch = text("batch");
  letter.line = number("line");
  letter.offset = number("offset");
  letter.raw = ColumnOf<arrow::BinaryArray>(rows, "raw").GetString(row);
  letter.raw_length = number("raw_length");
  letter.raw_hash = text("raw_hash");
  letter.whole_object = text("kind") == "object";
  letter.reason = text("code");
  if (const std::string read_as = text("read_as"); !read_as.empty()) {
    WEIR_ASSIGN(letter.read_as, source::ReadAs::FromJson(read_as, letter.source));
  }
  if (const std::string fix = text("fix"); !fix.empty()) {
    WEIR_ASSIGN(letter.fix, source::Fix::FromJson(fix));
  }
  return letter;
}

}  // namespace

Result<std::vector<std::string>> PipelinesWithLetters(catalog::Catalog& catalog) {
  WEIR_ASSIGN(const auto tables, catalog.Tables());
  std::vector<std::string> pipelines;
  for (const catalog::TableName& table : tables)
    if (table.space == "dead_letters") pipelines.push_back(table.name);
  return pipelines;
}

Result<std::unique_ptr<LetterView>> LetterView::Open(const query::QueryContext& context,
                                                     const std::vector<std::string>& pipelines,
                                                     int64_t until) {
  std::unique_ptr<LetterView> view(new LetterView());
  StandingColumns columns;
  for (const std::string& pipeline : pipelines) {
    WEIR_ASSIGN(auto entries, context.catalog.Letters(pipeline));
    if (!entries.empty()) view->last_entry_ = std::max(view->last_entry_, entries.back().sequence);
    std::erase_if(entries, [until](const ledger::LetterEntry& entry) {
      return until != 0 && entry.sequence > until && !ledger::Settles(entry.step);
    });
    for (const auto& [id, standing] : ledger::Standings(entries)) {
      if (const auto added = columns.Add(pipeline, id, standing); !added.ok())
        return FromArrow(added);
    }
    WEIR_ASSIGN(const auto state, context.lake.Load({"dead_letters", pipeline}));
    const bool read_as = state->metadata.schema().Find("read_as") != nullptr;
    view->letters_ += (view->letters_.empty() ? "SELECT " : " UNION ALL SELECT ") +
                      QuotedText(pipeline) + " AS pipeline, d.id, " + kJoined + ", " +
                      (read_as ? "d.read_as" : "NULL::VARCHAR AS read_as") +
                      ", s.fix, s.last_replay, s.note FROM dead_letters." + QuotedName(pipeline) +
                      " d LEFT JOIN weir.letters s ON s.pipeline = " + QuotedText(pipeline) +
                      " AND s.id = d.id";
  }
  auto standings = columns.Finish();
  if (!standings.ok()) return FromArrow(standings.status());
  WEIR_ASSIGN(view->standings_, context.session.AddTable("weir_letters", StandingSchema()));
  view->standings_->Set({*standings});
  WEIR_ASSIGN(
      view->wanted_,
      context.session.AddTable("weir_wanted", arrow::schema({arrow::field("id", arrow::utf8())})));
  WEIR_ASSIGN(view->query_, query::SnapshotQuery::Make(context));
  WEIR_TRY(view->query_->AddRelation(kStandings, "temp.weir_letters"));
  WEIR_TRY(view->query_->AddRelation(kWanted, "temp.weir_wanted"));
  return view;
}

Result<std::unique_ptr<engine::ArrowStream>> LetterView::Run(const std::string& select) {
  return query_->Run("WITH letters AS (" + letters_ + ") " + select);
}

Error InWhere(Error error) {
  if (error.kind != ErrorKind::kInvalid) return error;
  error.place = {};
  if (error.next.empty()) error.next = "write a condition of SQL, such as \"code = 'type.bigint'\"";
  return WithContext(std::move(error), "--where");
}

Result<std::vector<std::string>> LetterView::Select(const std::string& where) {
  auto stream = Run("SELECT id FROM letters WHERE " + (where.empty() ? "true" : where) +
                    " ORDER BY received_at, source, \"offset\", id");
  if (!stream) return Fail(InWhere(std::move(stream).error()));
  std::vector<std::string> ids;
  std::set<std::string> known;  // A file that was lost twice has two rows of one id.
  while (true) {
    WEIR_ASSIGN(const auto rows, (*stream)->Next());
    if (rows == nullptr) return ids;
    const auto& column = ColumnOf<arrow::StringArray>(*rows, "id");
    for (int64_t row = 0; row < rows->num_rows(); ++row)
      if (known.insert(column.GetString(row)).second) ids.push_back(column.GetString(row));
  }
}

Result<void> LetterView::Want(std::span<const std::string> ids) {
  arrow::StringBuilder column;
  for (const std::string& id : ids)
    if (const auto added = column.Append(id); !added.ok()) return FromArrow(added);
  auto finished = column.Finish();
  if (!finished.ok()) return FromArrow(finished.status());
  wanted_->Set({arrow::RecordBatch::Make(arrow::schema({arrow::field("id", arrow::utf8())}),
                                         (*finished)->length(), {*finished})});
  return {};
}

Result<std::vector<std::string>> LetterView::SelectOpen(std::span<const std::string> ids) {
  WEIR_TRY(Want(ids));
  WEIR_ASSIGN(const auto open,
              Select("state IN ('open', 'fixed') AND id IN (SELECT id FROM weir.wanted)"));
  const std::set<std::string> known(open.begin(), open.end());
  std::vector<std::string> left;
  for (const std::string& id : ids)
    if (known.contains(id)) left.push_back(id);
  return left;
}

Result<std::vector<source::Letter>> LetterView::Read(std::span<const std::string> ids) {
  WEIR_TRY(Want(ids));
  WEIR_ASSIGN(const auto stream,
              Run("SELECT l.* FROM letters l JOIN weir.wanted w ON w.id = l.id"));
  std::map<std::string, source::Letter> found;
  while (true) {
    WEIR_ASSIGN(const auto rows, stream->Next());
    if (rows == nullptr) break;
    for (int64_t row = 0; row < rows->num_rows(); ++row) {
      WEIR_ASSIGN(source::Letter letter, ReadLetter(*rows, row));
      found.emplace(letter.id, std::move(letter));
    }
  }
  std::vector<source::Letter> letters;
  for (const std::string& id : ids)
    if (auto one = found.extract(id)) letters.push_back(std::move(one.mapped()));
  return letters;
}

Result<std::vector<std::span<const std::string>>> LetterView::Runs(
    std::span<const std::string> ids) {
  WEIR_TRY(Want(ids));
  WEIR_ASSIGN(const auto stream,
              Run("SELECT l.id, l.raw_length FROM letters l JOIN weir.wanted w ON w.id = l.id"));
  std::map<std::string, uint64_t> bytes_of;
  while (true) {
    WEIR_ASSIGN(const auto rows, stream->Next());
    if (rows == nullptr) break;
    for (int64_t row = 0; row < rows->num_rows(); ++row)
      bytes_of[ColumnOf<arrow::StringArray>(*rows, "id").GetString(row)] =
          static_cast<uint64_t>(ColumnOf<arrow::Int64Array>(*rows, "raw_length").Value(row));
  }
  std::vector<std::span<const std::string>> runs;
  size_t begin = 0;
  uint64_t bytes = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    bytes += bytes_of[ids[i]];
    if (i + 1 < ids.size() && bytes < kReplayBytesAtOnce && i + 1 - begin < kReplayLettersAtOnce)
      continue;
    runs.push_back(ids.subspan(begin, i + 1 - begin));
    begin = i + 1;
    bytes = 0;
  }
  return runs;
}

}  // namespace weir::pipeline
