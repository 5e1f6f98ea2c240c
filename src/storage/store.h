// A Store keeps immutable objects under locations: "file:///lake/raw/events/data/x.parquet".
// Objects are written once, whole, and never changed; a name in use is never written again.
//
// Invariants, checked for every implementation by store_contract_test.cc:
//   (1) An object is visible whole or not at all; after Finish it is durable.
//   (2) Writing to a name in use fails with storage.exists and changes nothing.
//   (3) Removing what is not there is success.
//
// Threads: any. Errors: kNotFound storage.not_found, kExists storage.exists, kIo as the disk says.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/bytes.h"
#include "env/files.h"

namespace weir::storage {

class Store {
 public:
  virtual ~Store() = default;
  // The object appears at Finish, and only if its name is still free then.
  virtual Result<std::unique_ptr<env::ByteWriter>> Create(const std::string& location) = 0;
  virtual Result<std::string> Read(const std::string& location) = 0;
  // For reading pieces of an object. Where a kind of store does not say otherwise, the object is
  // read whole.
  virtual Result<std::unique_ptr<env::OpenFile>> Open(const std::string& location);
  virtual Result<uint64_t> Size(const std::string& location) = 0;
  // Locations of all objects below `prefix` (a location that ends with '/'), sorted.
  virtual Result<std::vector<std::string>> List(const std::string& prefix) = 0;
  virtual Result<void> Remove(const std::string& location) = 0;
};

// Writes a whole small object.
Result<void> Put(Store& store, const std::string& location, std::string_view bytes);

// The store of a local folder tree. Borrows `files`.
std::unique_ptr<Store> MakeLocalStore(env::Files& files);
// Lives in memory, for tests.
std::unique_ptr<Store> MakeMemoryStore();

// "file:///a/b" or "file:/a/b" (as Java writes) -> "/a/b". Error storage.location for others.
Result<std::string> LocalPath(std::string_view location);
// "/a/b" -> "file:///a/b".
std::string FileLocation(std::string_view absolute_path);

}  // namespace weir::storage
