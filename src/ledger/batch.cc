#include "ledger/batch.h"

#include <nlohmann/json.hpp>

#include "env/hash.h"

namespace weir::ledger {

using nlohmann::json;

// Found by argument-dependent lookup, which is how the JSON library wants them.
static void to_json(json& made, const ObjectProgress& object) {
  made = {{"object", object.object},     {"version", object.version}, {"size", object.size},
          {"mtime_ns", object.mtime_ns}, {"state", object.state},     {"done", object.done}};
}

static void from_json(const json& stored, ObjectProgress& object) {
  object = {.object = stored.at("object"),
            .version = stored.at("version"),
            .size = stored.at("size"),
            .mtime_ns = stored.at("mtime_ns"),
            .state = stored.at("state"),
            .done = stored.at("done")};
}

static void to_json(json& made, const PlannedInput& input) {
  made = {{"table", input.table}, {"snapshot", input.snapshot}};
}

static void from_json(const json& stored, PlannedInput& input) {
  input = {.table = stored.at("table"), .snapshot = stored.at("snapshot")};
}

static void to_json(json& made, const TableOutcome& table) {
  made = {{"table", table.table}, {"snapshot", table.snapshot}, {"rows", table.rows}};
}

static void from_json(const json& stored, TableOutcome& table) {
  table = {
      .table = stored.at("table"), .snapshot = stored.at("snapshot"), .rows = stored.at("rows")};
}

Counts& Counts::operator+=(const Counts& other) {
  read += other.read;
  accepted += other.accepted;
  rejected += other.rejected;
  duplicate += other.duplicate;
  filtered += other.filtered;
  late += other.late;
  return *this;
}

std::string BatchPlan::ToJson() const {
  return json{{"weir.plan", 1},           {"time", time.micros},
              {"definition", definition}, {"decoder_version", decoder_version},
              {"rows_max", rows_max},     {"bytes_max", bytes_max},
              {"splits", splits},         {"inputs", inputs}}
      .dump();
}

Result<BatchPlan> BatchPlan::FromJson(const std::string& text) {
  try {
    const json stored = json::parse(text);
    if (stored.at("weir.plan") != 1)
      return Fail(ErrorKind::kCorrupt, "ledger.plan",
                  "the plan has a version that this Weir does not know",
                  "use the version of Weir that wrote it");
    BatchPlan plan;
    plan.time = {stored.at("time")};
    plan.definition = stored.at("definition");
    plan.decoder_version = stored.at("decoder_version");
    plan.rows_max = stored.at("rows_max");
    plan.bytes_max = stored.at("bytes_max");
    plan.splits = stored.at("splits").get<std::vector<ObjectProgress>>();
    plan.inputs = stored.at("inputs").get<std::vector<PlannedInput>>();
    return plan;
  } catch (const json::exception& cause) {
    return Fail(ErrorKind::kCorrupt, "ledger.plan",
                std::string("a stored plan cannot be read: ") + cause.what());
  }
}

std::string BatchPlan::Digest() const { return env::Sha256Hex(ToJson()); }

std::string BatchOutcome::ToJson() const {
  return json{{"read", counts.read},
              {"accepted", counts.accepted},
              {"rejected", counts.rejected},
              {"duplicate", counts.duplicate},
              {"filtered", counts.filtered},
              {"late", counts.late},
              {"rejected_by", rejected_by},
              {"warned_by", warned_by},
              {"tables", tables},
              {"bytes", bytes}}
      .dump();
}

Result<BatchOutcome> BatchOutcome::FromJson(const std::string& text) {
  try {
    const json stored = json::parse(text);
    BatchOutcome outcome;
    outcome.counts = {.read = stored.at("read"),
                      .accepted = stored.at("accepted"),
                      .rejected = stored.at("rejected"),
                      .duplicate = stored.at("duplicate"),
                      .filtered = stored.at("filtered"),
                      .late = stored.at("late")};
    outcome.rejected_by = stored.at("rejected_by").get<std::map<std::string, uint64_t>>();
    outcome.warned_by = stored.at("warned_by").get<std::map<std::string, uint64_t>>();
    outcome.tables = stored.at("tables").get<std::vector<TableOutcome>>();
    outcome.bytes = stored.at("bytes");
    return outcome;
  } catch (const json::exception& cause) {
    return Fail(ErrorKind::kCorrupt, "ledger.outcome",
                std::string("a stored outcome cannot be read: ") + cause.what());
  }
}

}  // namespace weir::ledger
