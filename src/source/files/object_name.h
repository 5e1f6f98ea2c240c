// The name under which a file is known in `_source`, the ledger and messages: its path, as UTF-8.
//
// Rules (docs/user/files.md): a byte that is no part of UTF-8 is written %XX in upper case, from
// %80 to %FF. A % that would be read as such an escape, or as %25, is written %25. So each path has
// one name, each name one path, and nearly all names are the paths themselves. Threads: any.
#pragma once

#include <string>
#include <string_view>

namespace weir::source {

std::string ObjectName(std::string_view path);
std::string PathOfObject(std::string_view name);

}  // namespace weir::source
