#include "api/api.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "api/docs_page.h"
#include "api/meters.h"
#include "api/problem.h"
#include "api/receipt.h"
#include "api/refusal_log.h"
#include "api/route.h"
#include "api/upload.h"

namespace weir::api {
namespace {

using nlohmann::ordered_json;
using source::Intake;
using std::chrono::microseconds;

constexpr int kWorkerThreads = 2;

std::string_view NameOf(PipelineHealth::State state) {
  constexpr std::array<std::string_view, 4> kNames = {"running", "ended", "retrying", "failed"};
  return kNames[static_cast<size_t>(state)];
}

// A request without a body, answered by `answer` on whatever thread it likes.
class Later final : public net::Receiver {
 public:
  explicit Later(std::move_only_function<void(net::Answer)> begin) : begin_(std::move(begin)) {}
  net::Taken Take(std::string_view, net::Resume) override { return net::Taken::kMore; }
  void Finish(net::Answer answer) override { begin_(std::move(answer)); }

 private:
  std::move_only_function<void(net::Answer)> begin_;
};

// Counts the answer of what it stands before, and holds its pass until then.
class Metered final : public net::Receiver {
 public:
  Metered(std::unique_ptr<net::Receiver> inner, TokenPass pass, std::function<void(int)> count)
      : inner_(std::move(inner)), pass_(std::move(pass)), count_(std::move(count)) {}
  net::Taken Take(std::string_view piece, net::Resume resume) override {
    return inner_->Take(piece, std::move(resume));
  }
  void Finish(net::Answer answer) override {
    inner_->Finish([answer = std::move(answer), count = count_](net::Response response) mutable {
      count(response.status);
      answer(std::move(response));
    });
  }

 private:
  std::unique_ptr<net::Receiver> inner_;
  TokenPass pass_;
  std::function<void(int)> count_;
};

class RealApi final : public Api {
 public:
  explicit RealApi(ApiContext context) : context_(std::move(context)) {}

  Result<void> Build() {
    AddOwnRoutes();
    const size_t own = routes_.size();
    for (const std::string& name : context_.http_pipelines) WEIR_TRY(AddDoor(name, own));
    openapi_ = OpenApi(routes_, context_.project, context_.version, context_.tokens != nullptr);
    meters_ = std::make_shared<std::vector<RouteMeter>>(routes_.size() + 1);
    return {};
  }

  void SetDraining() override { draining_ = true; }
  std::string openapi() const override { return openapi_; }

  std::variant<net::Response, net::Admission> Begin(const net::RequestHead& head) override {
    const microseconds begun = context_.clock.Monotonic();
    Decided decided = Decide(head);
    RouteMeter& meter = (*meters_)[decided.route];
    if (auto* response = std::get_if<net::Response>(&decided.decision)) {
      meter.Count(response->status, context_.clock.Monotonic() - begun);
      return std::move(*response);
    }
    auto& admission = std::get<net::Admission>(decided.decision);
    // Who waits for a commit may be answered after our end, when its connection is long gone.
    admission.receiver = std::make_unique<Metered>(
        std::move(admission.receiver), std::move(decided.pass),
        [meters = meters_, &meter, &clock = context_.clock, begun](int status) {
          meter.Count(status, clock.Monotonic() - begun);
        });
    return std::move(admission);
  }

  net::Response Refuse(int status, std::string_view code, std::string_view detail) override {
    meters_->back().Count(status, {});
    return Problem(status, code, detail);
  }

 private:
  struct Decided {
    Decision decision;
    size_t route;  // Of meters_.
    TokenPass pass{};
  };

  Decided Decide(const net::RequestHead& head) {
    std::string allowed;
    for (size_t i = 0; i < routes_.size(); ++i) {
      const Route& route = routes_[i];
      auto path = MatchPath(route.pattern, head.path);
      if (!path) continue;
      const bool as_get = head.method == "HEAD" && route.method == "GET";
      if (head.method != route.method && !as_get) {
        allowed += (allowed.empty() ? "" : ", ") + route.method;
        continue;
      }
      auto pass = Authorise(route, head);
      if (!pass) return {std::move(pass).error(), i};
      return {route.call(Call{head, std::move(*path)}), i, std::move(*pass)};
    }
    const size_t none = routes_.size();
    if (allowed.empty())
      return {Problem(404, "http.no_route", "there is nothing at this path", "see /docs"), none};
    net::Response response =
        Problem(405, "http.method", "this path does not take that method", "it takes " + allowed);
    response.headers.emplace_back("Allow", allowed);
    return {std::move(response), none};
  }

  std::expected<TokenPass, net::Response> Authorise(const Route& route,
                                                    const net::RequestHead& head) {
    if (context_.tokens == nullptr || route.scope.empty()) return TokenPass();
    auto token = context_.tokens->Find(head.Find("authorization"));
    const auto refuse = [&](net::Response response, const std::string& code) {
      refusals_.Count({response.status, code, route.pattern, token ? token->record.id : ""},
                      head.peer);
      return std::unexpected(std::move(response));
    };
    if (!token) {
      net::Response response =
          Problem(401, "auth.token", "this needs a token that is known and good",
                  "Authorization: Bearer TOKEN; weir token create makes one");
      response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"weir\"");
      return refuse(std::move(response), "auth.token");
    }
    if (!Grants(token->record.scopes, route.scope))
      return refuse(Problem(403, "auth.scope", "the token does not have the scope " + route.scope,
                            "weir token create --scope " + route.scope),
                    "auth.scope");
    if (const auto begun = token->use.Begin(token->record, context_.clock.Monotonic()); !begun)
      return refuse(Problem(429, "auth.limit", "this token has used up its limit for now",
                            "weir token ls shows its rate and concurrency", begun.error()),
                    "auth.limit");
    return TokenPass(std::move(token));
  }

  void AddOwnRoutes() {
    const auto add = [this](Route route) { routes_.push_back(std::move(route)); };
    add({.method = "GET",
         .pattern = "/health",
         .name = "health",
         .summary = "Whether the server works, and each of its pipelines",
         .scope = "",
         .answers = {{200, "it answers: ok, or degraded where a pipeline does not do well",
                      "Health"}},
         .call = [this](const Call&) { return Health(); }});
    add({.method = "GET",
         .pattern = "/livez",
         .name = "livez",
         .summary = "Whether the process lives: restart it where it does not",
         .scope = "",
         .answers = {{200, "it lives", "Ok"}},
         .call = [](const Call&) { return Ok(R"({"status":"ok"})"); }});
    add({.method = "GET",
         .pattern = "/readyz",
         .name = "readyz",
         .summary = "Whether it takes requests: send none where it does not",
         .scope = "",
         .answers = {{200, "it takes requests", "Ok"}},
         .call = [this](const Call&) { return Ready(); }});
    add({.method = "GET",
         .pattern = "/version",
         .name = "version",
         .summary = "Which Weir this is",
         .scope = "",
         .answers = {{200, "its version", "Version"}},
         .call = [this](const Call&) {
           return Ok(ordered_json{{"name", "weir"}, {"version", context_.version}}.dump());
         }});
    add({.method = "GET",
         .pattern = "/metrics",
         .name = "metrics",
         .summary = "Counters for Prometheus",
         .scope = "read:metrics",
         .answers = {{200, "Prometheus' text format", "", "text/plain"}},
         .call = [this](const Call&) -> Decision {
           return net::Response{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                                .body = MetricsText()};
         }});
    add({.method = "GET",
         .pattern = "/openapi.json",
         .name = "openapi",
         .summary = "This description",
         .scope = "",
         .answers = {{200, "OpenAPI 3.1", "Any"}},
         .call = [this](const Call&) { return Ok(openapi_); }});
    for (const DocsFile& file : DocsFiles())
      add({.method = "GET",
           .pattern = std::string(file.path),
           .name = std::string(file.name),
           .summary = "The page that shows and tries this description",
           .scope = "",
           .answers = {{200, "a part of the page", "", std::string(file.content_type)}},
           .call = [&file](const Call&) -> Decision { return DocsResponse(file); }});
    if (context_.front == nullptr) return;
    add({.method = "GET",
         .pattern = "/v1/receipts/{id}",
         .name = "receipt",
         .summary = "What became of a request that was acknowledged",
         .scope = "read:receipts",
         .parameters = {{"id", "path", "Weir-Receipt of the answer", {}, true}},
         .answers = {{200, "where it stands, and its counts once it is committed", "Receipt"},
                     {404, "no such receipt", "Problem"}},
         .call = [this](const Call& call) { return Receipt(call); }});
  }

  // The route of a pipeline.
  Result<void> AddDoor(const std::string& name, size_t own) {
    Intake* intake = context_.front->Find(name);
    const source::HttpSpec& http = intake->http();
    for (size_t i = 0; i < routes_.size(); ++i) {
      if (!MatchPath(routes_[i].pattern, http.route) && !MatchPath(http.route, routes_[i].pattern))
        continue;
      return Fail(ErrorKind::kConfig, "server.route_taken",
                  "pipeline '" + name + "': the route " + http.route + " is " +
                      (i < own ? "the server's own" : "that of pipeline '" + routes_[i].name + "'"),
                  "choose another route");
    }
    Route route{.method = "POST",
                .pattern = http.route,
                .name = name,
                .summary = "Send records to pipeline " + name,
                .scope = http.scope.empty() ? "ingest:" + name : http.scope};
    for (const std::string& parameter : http.parameters())
      route.parameters.push_back({parameter, "path", "default of a column", {}, true});
    route.parameters.push_back({"ack", "query", "when to answer", {"durable", "committed"}});
    route.parameters.push_back(
        {"Prefer", "header", "handling=strict: all of its records are taken, or none", {}, false});
    route.parameters.push_back({"Idempotency-Key",
                                "header",
                                "a repetition is stored once",
                                {},
                                http.idempotency == source::Idempotency::kRequired});
    for (const format::FormatKind kind : http.accept) {
      if (kind == format::FormatKind::kJson) route.bodies.emplace_back("application/json");
      if (kind == format::FormatKind::kNdjson) route.bodies.emplace_back("application/x-ndjson");
      if (kind == format::FormatKind::kCsv) route.bodies.emplace_back("text/csv");
    }
    route.bodies.emplace_back("multipart/form-data");
    route.answers = {
        {200, "committed: all records were taken", "Committed"},
        {202, "durable: it will be committed", "Stored"},
        {207, "committed: some records were refused", "Committed"},
        {409, "the request with the same key is under way", "Problem"},
        {410, "a person left its batch out: nothing of it is in the table", "Committed"},
        {422, "nothing of it can be taken, or committed and all were refused", "Refused"},
        {429, "the pipeline has used its share of the log, or the token its limit", "Problem"}};
    route.call = [this, intake](const Call& call) {
      return BeginUpload({*context_.front, workers_, context_.ack_timeout,
                          [this](microseconds took) { acks_.Add(took); }},
                         *intake, call, context_.clock);
    };
    routes_.push_back(std::move(route));
    return {};
  }

  static Decision Ok(std::string body) { return net::Response{.body = std::move(body)}; }

  Decision Health() const {
    const std::vector<PipelineHealth> pipelines = context_.pipelines();
    const bool well = std::ranges::all_of(pipelines, &PipelineHealth::well);
    ordered_json body = {{"status", well ? "ok" : "degraded"},
                         {"version", context_.version},
                         {"project", context_.project}};
    body["pipelines"] = ordered_json::object();
    for (const PipelineHealth& one : pipelines) {
      ordered_json health = {{"state", NameOf(one.state)}};
      if (!one.code.empty()) health["code"] = one.code;
      body["pipelines"][one.name] = std::move(health);
    }
    if (const auto reload = context_.reload ? context_.reload() : std::nullopt) {
      body["reload"] = {{"state", reload->state}, {"at", FormatInstant(reload->at)}};
      if (!reload->code.empty()) body["reload"]["code"] = reload->code;
    }
    return Ok(body.dump());
  }

  Decision Ready() const {
    constexpr std::chrono::seconds kSoon{1};
    if (draining_) return Problem(503, "server.draining", "the server is about to end", "", kSoon);
    if (context_.front != nullptr) {
      const wal::LogState log = context_.front->log_state();
      if (!log.accepting)
        return Problem(503, log.why ? log.why->code : "wal.failed",
                       log.why ? log.why->message : "the log takes nothing", "", kSoon);
    }
    return Ok(R"({"status":"ok"})");
  }

  Decision Receipt(const Call& call) {
    // The front answers on a thread of its own.
    return net::Admission{
        .receiver =
            std::make_unique<Later>([this, id = call.path.front().second](net::Answer answer) {
              context_.front->FindReceipt(
                  id, [answer = std::move(answer)](Result<source::ReceiptState> state) mutable {
                    answer(state ? ReceiptResponse(*state) : Problem(state.error()));
                  });
            })};
  }

  std::string MetricsText() const {
    std::vector<RouteLabel> labels;
    for (const Route& route : routes_) labels.push_back({route.method, route.pattern});
    labels.push_back({"", ""});
    std::string text = context_.metrics.Prometheus();
    text += RouteMetrics(labels, *meters_);
    text +=
        acks_.Text("weir_ack_seconds", "Time from a request's head to its records on the disk.");
    text += ProcessMetrics(context_.version);
    if (context_.front != nullptr)
      text += LogMetrics(*context_.front, context_.http_pipelines, context_.clock.Now());
    return text;
  }

  ApiContext context_;
  std::vector<Route> routes_;
  std::shared_ptr<std::vector<RouteMeter>> meters_;  // One per route, and one for what is none.
  telemetry::Histogram acks_;
  std::string openapi_;
  std::atomic<bool> draining_{false};
  RefusalLog refusals_{context_.log, workers_};
  Workers workers_{kWorkerThreads};  // The first to end: its tasks use the others.
};

}  // namespace

Result<std::unique_ptr<Api>> Api::Make(ApiContext context) {
  auto api = std::make_unique<RealApi>(std::move(context));
  WEIR_TRY(api->Build());
  return std::unique_ptr<Api>(std::move(api));
}

}  // namespace weir::api
