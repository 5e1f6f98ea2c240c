#include <charconv>

#include "net/server.h"

namespace weir::net {

bool Address::is_loopback() const { return host == "::1" || host.starts_with("127."); }

std::string Address::ToString() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address> ParseAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  const auto wrong = [&] {
    return Fail(ErrorKind::kConfig, "server.listen",
                "'" + std::string(text) + "' is no address with a port",
                "write it as 127.0.0.1:8000, [::1]:8000 or 0.0.0.0:8000");
  };
  if (colon == std::string_view::npos) return wrong();
  Address address;
  address.host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size()) return wrong();
  if (address.host.starts_with('[') && address.host.ends_with(']'))
    address.host = address.host.substr(1, address.host.size() - 2);
  else if (address.host.find(':') != std::string::npos)
    return wrong();
  if (address.host == "localhost") address.host = "127.0.0.1";
  if (address.host.empty()) address.host = "0.0.0.0";
  if (address.host.find_first_not_of("0123456789abcdefABCDEF.:") != std::string::npos)
    return wrong();
  return address;
}

}  // namespace weir::net
