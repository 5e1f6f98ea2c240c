#include "wal/entry.h"

#include "env/hash.h"

namespace weir::wal {

StreamId StreamOf(std::string_view name) { return StreamId(env::ContentHash128(name).low); }

}  // namespace weir::wal
