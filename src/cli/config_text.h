// A configuration as text that can be read back, with secrets masked: what `weir config show` says.
#pragma once

#include <string>

#include "config/document.h"

namespace weir::cli {

// The scalar as it counts. Masked, all or in part: what a variable or a key named like a secret
// (password, secret, token, credential, access_key, api_key) gave, what ${file:...} gave, and the
// password within a connection string.
std::string ShownValue(const std::string& key, const config::Node& scalar);

// "weir.yaml:3", "default", "environment variable SHOP_DSN", "file secrets/token".
std::string OriginOf(const config::Node& scalar);

struct ConfigTextOptions {
  bool origin = false;  // A comment behind each value.
};
std::string ConfigText(const config::Node& root, const ConfigTextOptions& options);

// {"config": ...}, and with origin {"origin": {"pipelines.shop.flush.rows": "default", ...}}.
std::string ConfigJson(const config::Node& root, const ConfigTextOptions& options);

}  // namespace weir::cli
