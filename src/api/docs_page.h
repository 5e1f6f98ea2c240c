// The page at /docs: our own, small, without anything from elsewhere. It shows /openapi.json with a
// form per route.
#pragma once

#include <span>
#include <string_view>

#include "net/request.h"

namespace weir::api {

struct DocsFile {
  std::string_view path;
  std::string_view name;  // operationId
  std::string_view content_type;
  std::string_view text;
};

std::span<const DocsFile> DocsFiles();
net::Response DocsResponse(const DocsFile& file);

}  // namespace weir::api
