// What `when_done` does with files whose records are committed.
//
//   in/a.csv --> in/.weir-done-1-a.csv (private: no glob finds it, no new writer opens it)
//                  |  its content is done by the cursor, and nobody writes it --> moved or deleted
//                  `- it is newer, or still written -----------------------------> put back
//
// If the process dies at any step, the private name is found by the next one, which goes on from
// there: what is done is put away, anything else put back. A name that is taken again meanwhile is
// waited for. Nothing is overwritten. Threads: one at a time.
#pragma once

#include <map>
#include <set>
#include <string>

#include "source/files/file_names_internal.h"
#include "source/files/files_source.h"

namespace weir::source {

class PutAway {
 public:
  PutAway(const FilesContext& context, const FilesSpec& spec);

  // Of files that were found in these folders. The answer names all that failed at their last try.
  PutAwayOutcome Run(const std::vector<ledger::ObjectProgress>& finished,
                     const std::vector<std::string>& folders, Cursor& cursor);

  // Whether the file was put back since its content was not the one that was read, so that its size
  // and its time say nothing. Told once.
  bool TakeOtherContent(const std::string& path) { return other_content_.erase(path) != 0; }

 private:
  void Note(const Result<void>& done, const std::string& path);
  Result<void> Hide(const std::string& path);
  Result<void> Finish(const std::string& hidden, Cursor& cursor);
  // What of a hidden file is not committed.
  enum class Left : uint8_t {
    kDone,          // Nothing, and nobody can be adding to it.
    kWritten,       // Somebody may be adding to it.
    kOtherContent,  // Its content was not read.
  };
  Result<Left> WhatIsLeft(const std::string& hidden, const std::string& path, Cursor& cursor);
  Result<void> Move(const std::string& hidden, const std::string& name, const MoveTo& to);
  Result<bool> SameBytes(const std::string& a, const std::string& b);
  Result<void> PutUnder(const std::string& hidden, const std::string& target);
  Result<void> CopyUnder(const std::string& hidden, const std::string& target);

  FilesContext context_;
  FileNames names_;
  bool marked_;
  WhenDone when_done_;
  bool each_is_all_;
  bool looked_for_hidden_ = false;
  std::set<std::string> hidden_;         // Private names that are there.
  std::set<std::string> unmarked_;       // Of these, whose marker was seen to.
  std::set<std::string> other_content_;  // Paths.
  std::set<std::string> told_;           // Of these, until they are put away: news but once.
  bool news_ = false;                    // Of this Run.
  // Where to -> the highest number given there: the lower ones are not tried again.
  std::map<std::string, int> numbers_taken_;
  std::map<std::string, Error> failed_;  // By path.
  uint64_t counter_ = 0;
};

// The name that a private one stands for; empty: it is no private name.
std::string NameBehind(const std::string& hidden);

}  // namespace weir::source
