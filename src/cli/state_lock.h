// The lock that one writing command at a time holds. A server of the project lends it: it rests its
// pipelines for as long (cli/serving.h), and goes on acknowledging.
#pragma once

#include <memory>
#include <string>

#include "cli/open_project.h"
#include "env/lock_loan.h"

namespace weir::cli {

enum class IfServed : uint8_t {
  kBorrow,
  kRefuse,  // For who would not give it back.
};

// Errors, all kBusy, with the holder: run.locked, run.served (a server that lends nothing, or not
// soon).
Result<std::unique_ptr<env::FileLock>> LockState(const ReadProject& project,
                                                 IfServed if_served = IfServed::kBorrow);

// For a server. The same errors.
Result<std::unique_ptr<env::LendableLock>> LockToServe(const ReadProject& project);
std::string LoanDeskOf(const ReadProject& project);

}  // namespace weir::cli
