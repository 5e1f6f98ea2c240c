#include <algorithm>

#include "source/http/http_spec.h"

namespace weir::source {
namespace {

using config::Default;
using config::Field;
using config::Optional;
using config::Required;

std::unexpected<Error> BadRoute(std::string cause) {
  return Fail(ErrorKind::kConfig, "source.route", std::move(cause),
              "write a path such as /ingest/csv or /stores/{store_id}/events");
}

bool IsRouteCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

// "{store_id}" -> "store_id"; empty: no parameter.
std::string_view ParameterOf(std::string_view segment) {
  if (segment.size() < 2 || segment.front() != '{' || segment.back() != '}') return {};
  return segment.substr(1, segment.size() - 2);
}

template <class Take>
void EachSegment(std::string_view route, Take take) {
  for (size_t begin = 1; begin <= route.size();) {
    const size_t end = std::min(route.find('/', begin), route.size());
    take(route.substr(begin, end - begin));
    begin = end + 1;
  }
}

Result<std::string> ParseRoute(const std::string& text) {
  if (!text.starts_with('/')) return BadRoute("'" + text + "' does not begin with a slash");
  if (text.size() == 1) return BadRoute("the route has no name");
  std::string why;
  std::vector<std::string_view> names;
  EachSegment(text, [&](std::string_view segment) {
    const std::string shown(segment);
    if (const auto name = ParameterOf(segment); !name.empty()) {
      if (!config::IsName(name)) why = "'" + std::string(name) + "' is no name of a parameter";
      if (std::ranges::find(names, name) != names.end()) why = "'" + shown + "' stands twice";
      names.push_back(name);
    } else if (segment.empty()) {
      why = "a part of the route is empty";
    } else if (!std::ranges::all_of(segment, IsRouteCharacter)) {
      why = "'" + shown + "' has characters that no route has";
    }
  });
  if (!why.empty()) return BadRoute(why);
  return text;
}

config::Shape<format::FormatKind> AcceptedFormat() {
  using format::FormatKind;
  return config::Word<FormatKind>(
      {{"json", FormatKind::kJson}, {"ndjson", FormatKind::kNdjson}, {"csv", FormatKind::kCsv}});
}

void CheckHttp(const HttpSpec& spec, const config::Node& node, const config::Reading& reading) {
  if (const config::Node* most = node.Find("max_body"); most != nullptr && spec.max_body == 0)
    reading.Add("config.out_of_range", "a route must take a body", most->place,
                "write a size such as 16MiB");
  if (!spec.accept.empty()) return;
  const config::Node* accept = node.Find("accept");
  reading.Add("config.wrong_type", "a route must accept something",
              accept != nullptr ? accept->place : node.place, "accept: [json, ndjson, csv]");
}

}  // namespace

std::vector<std::string> HttpSpec::parameters() const {
  std::vector<std::string> names;
  EachSegment(route, [&](std::string_view segment) {
    if (const auto name = ParameterOf(segment); !name.empty()) names.emplace_back(name);
  });
  return names;
}

const config::FieldTable<HttpSpec>& HttpFields() {
  static const config::FieldTable<HttpSpec> table{
      "pipelines.NAME.source.http",
      {Field("route", &HttpSpec::route, config::Parsed<std::string>("path", ParseRoute), Required(),
             "where requests are sent; a part in braces is a parameter, {store_id}"),
       Field("accept", &HttpSpec::accept, config::OneOrMore(AcceptedFormat()),
             Default("[json, ndjson, csv]"), "formats of a body"),
       Field("max_body", &HttpSpec::max_body, config::Bytes(), Optional(),
             "of a body as it is sent; inflated it may have four times as much, and 100 times what "
             "was sent where that is over 1 MiB; left out: as `server.limits` says"),
       Field("ack", &HttpSpec::ack,
             config::Word<Ack>({{"durable", Ack::kDurable}, {"committed", Ack::kCommitted}}),
             Default("durable"),
             "when a request is answered: when it is on the disk, or when it is in the table"),
       Field("idempotency", &HttpSpec::idempotency,
             config::Word<Idempotency>({{"optional", Idempotency::kOptional},
                                        {"required", Idempotency::kRequired},
                                        {"content", Idempotency::kContent}}),
             Default("optional"),
             "requests with the same Idempotency-Key count once; required: one without is refused; "
             "content: one without has its body as key"),
       Field("scope", &HttpSpec::scope, config::Text(), Optional(),
             "what a token must be allowed; left out: ingest:NAME")},
      CheckHttp};
  return table;
}

}  // namespace weir::source
