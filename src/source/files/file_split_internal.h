// A version of a file being read.
#pragma once

#include <memory>
#include <string>

#include "env/files.h"
#include "source/source.h"

namespace weir::source {

// Errors source.lost: the file at `path` is gone or does not begin with that version.
Result<std::unique_ptr<OpenSplit>> OpenFileSplit(env::Files& files, const std::string& path,
                                                 const ledger::ObjectProgress& split);

}  // namespace weir::source
