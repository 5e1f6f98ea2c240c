// weir token create|ls|revoke. They work beside a running server, which sees a change within a
// second.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/tokens.h"
#include "catalog/token_store.h"
#include "cli/commands.h"
#include "cli/make_runner.h"
#include "cli/open_project.h"
#include "cli/state_lock.h"
#include "config/rate.h"
#include "env/clock.h"

namespace weir::cli {
namespace {

using nlohmann::ordered_json;

struct Opened {
  ReadProject read;
  std::unique_ptr<catalog::TokenStore> store;

  // For who asks later who could do what, and since when. A log that cannot be written stops
  // nothing.
  void Tell(std::string change, const catalog::TokenRecord& record) const;
};

// The store of the project; a state that is not there yet is made.
std::expected<Opened, int> OpenStore(const Command& command) {
  auto read = OpenTables(command.folder);
  if (!read)
    return std::unexpected(Report(command.terminal, read.error().errors, read.error().sources));
  const std::string path = read->state_folder + "/weir.db";
  if (!env::SystemFiles().Status(path)) {
    const auto lock = LockState(*read);
    if (!lock) return std::unexpected(Report(command.terminal, lock.error()));
    const auto made = State::Open(*read, State::Access::kWrite);
    if (!made) return std::unexpected(Report(command.terminal, made.error()));
  }
  auto store = catalog::OpenSqliteTokenStore(path);
  if (!store) return std::unexpected(Report(command.terminal, store.error()));
  return Opened{std::move(*read), std::move(*store)};
}

// "100/s, 8 at a time"; empty where it has none.
std::string LimitsOf(const catalog::TokenRecord& record) {
  std::string limits;
  if (record.rate > 0) limits = config::FormatPerSecond(record.rate);
  if (record.concurrency != 0)
    limits += fmt::format("{}{} at a time", limits.empty() ? "" : ", ", record.concurrency);
  return limits;
}

ordered_json ToJson(const catalog::TokenRecord& record) {
  ordered_json json = {{"id", record.id},
                       {"name", record.name},
                       {"scopes", record.scopes},
                       {"created_at", FormatInstant(record.created_at)}};
  json["rate"] =
      record.rate > 0 ? ordered_json(config::FormatPerSecond(record.rate)) : ordered_json();
  json["concurrency"] = record.concurrency != 0 ? ordered_json(record.concurrency) : ordered_json();
  json["revoked_at"] = record.revoked_at.micros == 0
                           ? ordered_json()
                           : ordered_json(FormatInstant(record.revoked_at));
  return json;
}

std::string Joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

void Opened::Tell(std::string change, const catalog::TokenRecord& record) const {
  if (const auto log = OpenProjectLog(read))
    (*log)->Write(telemetry::TokenChanged{std::move(change), record.id, record.name,
                                          Joined(record.scopes), LimitsOf(record)});
}

}  // namespace

int TokenCreate(const Command& command, const TokenOptions& options) {
  for (const std::string& scope : options.scopes) {
    if (const auto fits = api::CheckScope(scope); !fits) {
      Report(command.terminal, fits.error());
      return 2;
    }
  }
  double rate = 0;
  if (!options.rate.empty()) {
    const auto parsed = config::ParsePerSecond(options.rate);
    if (!parsed) {
      Report(command.terminal, parsed.error());
      return 2;
    }
    rate = *parsed;
  }
  const auto opened = OpenStore(command);
  if (!opened) return opened.error();
  api::NewToken made =
      api::MakeToken(env::SystemRandom(), options.name, options.scopes, env::SystemClock().Now());
  made.record.rate = rate;
  made.record.concurrency = options.concurrency;
  if (const auto added = opened->store->Add(made.record); !added)
    return Report(command.terminal, added.error());
  opened->Tell("created", made.record);
  if (command.terminal.json) {
    ordered_json json = {{"schema", "weir.token/1"}, {"token", made.text}};
    json.update(ToJson(made.record));
    command.terminal.Out(json.dump() + "\n");
    return 0;
  }
  command.terminal.Out(made.text + "\n");
  command.terminal.Talk("token " + made.record.id + " '" + options.name + "' may " +
                        Joined(options.scopes) +
                        (LimitsOf(made.record).empty() ? "" : ", " + LimitsOf(made.record)) +
                        "; it is shown this once");
  return 0;
}

int TokenLs(const Command& command) {
  const auto opened = OpenStore(command);
  if (!opened) return opened.error();
  const auto records = opened->store->All();
  if (!records) return Report(command.terminal, records.error());
  if (command.terminal.json) {
    ordered_json json = {{"schema", "weir.tokens/1"}, {"tokens", ordered_json::array()}};
    for (const auto& record : *records) json["tokens"].push_back(ToJson(record));
    command.terminal.Out(json.dump() + "\n");
    return 0;
  }
  size_t width = 4;
  for (const auto& record : *records) width = std::max(width, record.name.size());
  for (const auto& record : *records)
    command.terminal.Out(fmt::format("{}  {:{}}  {}  {}{}{}\n", record.id, record.name, width,
                                     record.revoked_at.micros == 0 ? "good   " : "revoked",
                                     Joined(record.scopes), LimitsOf(record).empty() ? "" : "  ",
                                     LimitsOf(record)));
  if (records->empty()) command.terminal.Talk("there are no tokens; weir token create makes one");
  return 0;
}

int TokenRevoke(const Command& command, const TokenOptions& options) {
  const auto opened = OpenStore(command);
  if (!opened) return opened.error();
  const auto revoked = opened->store->Revoke(options.name, env::SystemClock().Now());
  if (!revoked) return Report(command.terminal, revoked.error());
  opened->Tell("revoked", *revoked);
  if (command.terminal.json) {
    ordered_json json = {{"schema", "weir.token/1"}};
    json.update(ToJson(*revoked));
    command.terminal.Out(json.dump() + "\n");
  }
  command.terminal.Talk("token " + revoked->id + " '" + revoked->name + "' opens nothing any more");
  return 0;
}

}  // namespace weir::cli
