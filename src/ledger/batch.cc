#include "ledger/batch.h"

#include <nlohmann/json.hpp>

#include "env/hash.h"

namespace weir::ledger {

using nlohmann::json;

// Found by argument-dependent lookup, which is how the JSON library wants them.
static void to_json(json& made, const ObjectProgress& object) {
  made = {{"object", object.object},     {"version", object.version}, {"size", object.size},
          {"mtime_ns", object.mtime_ns}, {"state", object.state},     {"done", object.done}};
  if (object.whole) made["whole"] = true;
}

static void from_json(const json& stored, ObjectProgress& object) {
  object = {.object = stored.at("object"),
            .version = stored.at("version"),
            .size = stored.at("size"),
            .mtime_ns = stored.at("mtime_ns"),
            .state = stored.at("state"),
            .done = stored.at("done"),
            .whole = stored.value("whole", false)};
}

static void to_json(json& made, const PlannedInput& input) {
  made = {{"table", input.table}, {"snapshot", input.snapshot}};
}

static void from_json(const json& stored, PlannedInput& input) {
  input = {.table = stored.at("table"), .snapshot = stored.at("snapshot")};
}

static void to_json(json& made, const TableOutcome& table) {
  made = {{"table", table.table}, {"snapshot", table.snapshot}, {"rows", table.rows}};
  if (table.total) made["total"] = *table.total;
}

static void from_json(const json& stored, TableOutcome& table) {
  table = {
      .table = stored.at("table"), .snapshot = stored.at("snapshot"), .rows = stored.at("rows")};
  if (stored.contains("total")) table.total = stored.at("total").get<uint64_t>();
}

static void to_json(json& made, const ReplayCounts& counts) {
  made = {{"tried", counts.tried},         {"replayed", counts.replayed},
          {"duplicate", counts.duplicate}, {"filtered", counts.filtered},
          {"still_bad", counts.still_bad}, {"rejected", counts.rejected}};
}

static void from_json(const json& stored, ReplayCounts& counts) {
  counts = {.tried = stored.at("tried"),
            .replayed = stored.at("replayed"),
            .duplicate = stored.at("duplicate"),
            .filtered = stored.at("filtered"),
            .still_bad = stored.at("still_bad"),
            .rejected = stored.at("rejected")};
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

ReplayCounts& ReplayCounts::operator+=(const ReplayCounts& other) {
  tried += other.tried;
  replayed += other.replayed;
  duplicate += other.duplicate;
  filtered += other.filtered;
  still_bad += other.still_bad;
  rejected += other.rejected;
  return *this;
}

std::string BatchPlan::ToJson() const {
  json made{{"weir.plan", 1},           {"time", time.micros},
            {"definition", definition}, {"decoder_version", decoder_version},
            {"rows_max", rows_max},     {"bytes_max", bytes_max},
            {"splits", splits},         {"inputs", inputs}};
  // Only where they say something: the digest of a stored plan must stay what it was.
  if (!letters.empty()) {
    made["letters"] = letters;
    made["letters_until"] = letters_until;
  }
  return made.dump();
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
    if (stored.contains("letters")) {
      plan.letters = stored.at("letters").get<std::vector<std::string>>();
      plan.letters_until = stored.at("letters_until");
    }
    return plan;
  } catch (const json::exception& cause) {
    return Fail(ErrorKind::kCorrupt, "ledger.plan",
                std::string("a stored plan cannot be read: ") + cause.what());
  }
}

std::string BatchPlan::Digest() const { return env::Sha256Hex(ToJson()); }

std::string BatchOutcome::ToJson() const {
  json made{{"read", counts.read},
            {"accepted", counts.accepted},
            {"rejected", counts.rejected},
            {"duplicate", counts.duplicate},
            {"filtered", counts.filtered},
            {"late", counts.late},
            {"rejected_by", rejected_by},
            {"warned_by", warned_by},
            {"tables", tables},
            {"bytes", bytes}};
  if (replay) made["replay"] = *replay;
  return made.dump();
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
    if (stored.contains("replay")) outcome.replay = stored.at("replay").get<ReplayCounts>();
    return outcome;
  } catch (const json::exception& cause) {
    return Fail(ErrorKind::kCorrupt, "ledger.outcome",
                std::string("a stored outcome cannot be read: ") + cause.what());
  }
}

}  // namespace weir::ledger
