// What a file holds, as the cursor names it: the hash of its content. Where each file is all there
// is, content may be delivered again: then the time of its change belongs to it (HASH@NS), and a
// number where it came back under its name after other content (HASH@NS.2). Private to
// source/files/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::source {

inline std::string VersionOf(std::string content_hash, int64_t mtime_ns, bool each_is_all) {
  return each_is_all ? content_hash + "@" + std::to_string(mtime_ns) : content_hash;
}
// Whether it is all that the file may hold: with more in it, it is another one.
inline bool IsAll(std::string_view version) { return version.find('@') != version.npos; }
inline std::string_view ContentOf(std::string_view version) {
  return version.substr(0, version.find('@'));
}

}  // namespace weir::source
