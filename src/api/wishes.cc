#include "api/wishes.h"

#include <algorithm>

namespace weir::api {

using source::Ack;
using source::Handling;

namespace {

std::string_view Trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

}  // namespace

Result<Ack> AckOf(const net::RequestHead& head, Ack of_route) {
  const auto wanted = net::QueryValue(head.query, "ack");
  if (!wanted) return of_route;
  if (*wanted == "durable") return Ack::kDurable;
  if (*wanted == "committed") return Ack::kCommitted;
  return Fail(ErrorKind::kInvalid, "request.ack", "ack is durable or committed",
              "leave it out: the pipeline says which");
}

// RFC 7240: of preferences of one name the first counts, and what is not known is passed over.
Handling HandlingOf(const net::RequestHead& head) {
  for (const net::Header& header : head.headers) {
    if (!net::EqualName(header.name, "prefer")) continue;
    std::string_view rest = header.value;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(','), rest.size());
      std::string_view preference = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      preference = Trimmed(preference.substr(0, preference.find(';')));
      const size_t sign = preference.find('=');
      if (sign == std::string_view::npos ||
          !net::EqualName(Trimmed(preference.substr(0, sign)), "handling"))
        continue;
      std::string_view value = Trimmed(preference.substr(sign + 1));
      if (value.size() > 1 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
      return net::EqualName(value, "strict") ? Handling::kStrict : Handling::kLenient;
    }
  }
  return Handling::kLenient;
}

}  // namespace weir::api
