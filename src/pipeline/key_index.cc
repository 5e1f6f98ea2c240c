#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/check.h"
#include "base/limits.h"
#include "pipeline/key_index_internal.h"

namespace weir::pipeline {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "weir.keys 1\n";
constexpr size_t kEntryBytes = 24;
constexpr size_t kHeaderBytesMax = 256ULL * 1024 * 1024;

struct Entry {
  KeyHash key;
  int64_t at = 0;
};

void Write(const Entry& entry, char* into) {
  std::memcpy(into, &entry.key.high, 8);
  std::memcpy(into + 8, &entry.key.low, 8);
  std::memcpy(into + 16, &entry.at, 8);
}

Entry ReadEntry(const char* from) {
  Entry entry;
  std::memcpy(&entry.key.high, from, 8);
  std::memcpy(&entry.key.low, from + 8, 8);
  std::memcpy(&entry.at, from + 16, 8);
  return entry;
}

std::unexpected<Error> Unusable(const std::string& why) {
  return Fail(ErrorKind::kCorrupt, "dedupe.run", "a file of known keys cannot be used: " + why);
}

// Reads the entries of a run in order, a block at a time.
class RunReader {
 public:
  RunReader(const env::OpenFile& file, uint64_t begin, uint64_t end)
      : file_(file), at_(begin), end_(end) {}

  // The next entry; none at the end.
  Result<std::optional<Entry>> Next() {
    if (next_ == filled_) {
      if (at_ == end_) return std::nullopt;
      const auto want = static_cast<size_t>(std::min<uint64_t>(buffer_.size(), end_ - at_));
      WEIR_ASSIGN(filled_, file_.ReadAt(at_, std::span(buffer_).first(want)));
      if (filled_ != want) return Unusable("it ends too early");
      at_ += want;
      next_ = 0;
    }
    const Entry entry = ReadEntry(buffer_.data() + next_);
    next_ += kEntryBytes;
    return entry;
  }

 private:
  const env::OpenFile& file_;
  uint64_t at_;
  uint64_t end_;
  std::vector<char> buffer_ = std::vector<char>(kEntryBytes * 8192);
  size_t next_ = 0;
  size_t filled_ = 0;
};

}  // namespace

KeyIndex::KeyIndex(env::Files& files, std::string folder, size_t keys_max)
    : files_(files), folder_(std::move(folder)), keys_max_(keys_max) {}

Result<KeyIndex::Header> KeyIndex::ReadHeader(const env::OpenFile& file) {
  WEIR_ASSIGN(const env::FileStatus status, file.Status());
  std::array<char, kMagic.size() + 8> front{};
  WEIR_ASSIGN(const size_t count, file.ReadAt(0, front));
  if (count != front.size() || std::string_view(front.data(), kMagic.size()) != kMagic)
    return Unusable("it does not begin as one");
  uint64_t length = 0;
  std::memcpy(&length, front.data() + kMagic.size(), 8);
  if (length > std::min<uint64_t>(kHeaderBytesMax, status.size)) return Unusable("its header");
  std::string text(length, '\0');
  WEIR_ASSIGN(const size_t read, file.ReadAt(front.size(), text));
  const json stored = json::parse(text, nullptr, false);
  if (read != length || !stored.is_object()) return Unusable("its header");
  try {
    Header header;
    header.subject = {stored.at("table"), stored.at("columns")};
    header.secret = stored.at("secret");
    header.files = stored.at("files").get<std::set<std::string>>();
    header.parts = stored.at("parts").get<std::set<std::string>>();
    header.keys = stored.at("keys");
    header.bytes = front.size() + length;
    if (status.size != header.bytes + header.keys * kEntryBytes) return Unusable("its size");
    return header;
  } catch (const json::exception& cause) {
    return Unusable(cause.what());
  }
}

Result<void> KeyIndex::Open(const KeyIndexSubject& subject, const std::set<std::string>& live,
                            const std::string& fresh_secret) {
  subject_ = subject;
  secret_.clear();
  memory_.clear();
  covered_.clear();
  files_in_memory_.clear();
  parts_in_memory_.clear();
  split_.clear();
  runs_.clear();
  auto names = files_.List(folder_);
  if (!names && names.error().kind != ErrorKind::kNotFound) return Fail(std::move(names).error());
  if (names)
    for (const std::string& name : *names)
      if (name.ends_with(".keys")) WEIR_TRY(TakeUp(name, live));
  if (secret_.empty()) secret_ = fresh_secret;
  return {};
}

Result<void> KeyIndex::TakeUp(const std::string& name, const std::set<std::string>& live) {
  const std::string path = folder_ + "/" + name;
  uint64_t number = 0;
  for (const char c : name)
    if (c >= '0' && c <= '9') number = number * 10 + static_cast<uint64_t>(c - '0');
  next_run_ = std::max(next_run_, number + 1);
  WEIR_ASSIGN(auto file, files_.Open(path));
  const auto header = ReadHeader(*file);
  const bool usable =
      header && header->subject == subject_ && (secret_.empty() || header->secret == secret_) &&
      std::ranges::includes(live, header->files) && std::ranges::includes(live, header->parts);
  // What it covers may have been deleted from the table: its keys would no longer be exact.
  if (!usable) return files_.Remove(path);
  secret_ = header->secret;
  covered_.insert(header->files.begin(), header->files.end());
  runs_.push_back(
      {path, std::move(file), header->bytes, header->bytes + header->keys * kEntryBytes});
  return {};
}

Result<void> KeyIndex::Add(std::span<const std::string> files, std::span<const KeyHash> keys,
                           Instant at) {
  bool named = false;
  for (const KeyHash& key : keys) {
    if (memory_.size() >= keys_max_) {
      WEIR_TRY(Spill());
      named = false;
    }
    if (!std::exchange(named, true)) parts_in_memory_.insert(files.begin(), files.end());
    const auto [known, is_new] = memory_.emplace(key, at.micros);
    if (!is_new) known->second = std::max(known->second, at.micros);
  }
  return {};
}

void KeyIndex::Cover(const std::string& file) {
  covered_.insert(file);
  // Of a file that is in several runs none can say that it covers it.
  if (split_.erase(file) != 0) return;
  parts_in_memory_.erase(file);
  files_in_memory_.insert(file);
}

Result<void> KeyIndex::Spill() {
  std::vector<Entry> entries;
  entries.reserve(memory_.size());
  for (const auto& [key, at] : memory_) entries.push_back({key, at});
  std::ranges::sort(entries, {}, &Entry::key);
  const std::string header =
      json{{"table", subject_.table},   {"columns", subject_.columns}, {"secret", secret_},
           {"files", files_in_memory_}, {"parts", parts_in_memory_},   {"keys", entries.size()}}
          .dump();
  WEIR_TRY(files_.MakeFolders(folder_));
  const std::string path = folder_ + "/" + std::to_string(next_run_++) + ".keys";
  WEIR_ASSIGN(const auto writer, files_.Replace(path));
  std::string front(kMagic);
  front.resize(kMagic.size() + 8);
  const uint64_t length = header.size();
  std::memcpy(front.data() + kMagic.size(), &length, 8);
  WEIR_TRY(writer->Write(front + header));
  std::string block;
  for (const Entry& entry : entries) {
    std::array<char, kEntryBytes> bytes{};
    Write(entry, bytes.data());
    block.append(bytes.data(), bytes.size());
    if (block.size() < kEntryBytes * 8192) continue;
    WEIR_TRY(writer->Write(block));
    block.clear();
  }
  WEIR_TRY(writer->Write(block));
  WEIR_TRY(writer->Finish());
  WEIR_ASSIGN(auto file, files_.Open(path));
  const uint64_t begin = front.size() + header.size();
  runs_.push_back({path, std::move(file), begin, begin + entries.size() * kEntryBytes});
  memory_.clear();
  files_in_memory_.clear();
  for (const std::string& part : parts_in_memory_)
    if (!covered_.contains(part)) split_.insert(part);
  parts_in_memory_.clear();
  return {};
}

Result<std::vector<std::optional<Instant>>> KeyIndex::NewestOf(
    std::span<const KeyHash> keys) const {
  WEIR_CHECK(std::ranges::is_sorted(keys));
  std::vector<std::optional<Instant>> newest(keys.size());
  for (size_t i = 0; i < keys.size(); ++i)
    if (const auto known = memory_.find(keys[i]); known != memory_.end())
      newest[i] = Instant{known->second};
  for (const Run& run : runs_) {
    RunReader reader(*run.file, run.begin, run.end);
    WEIR_ASSIGN(auto entry, reader.Next());
    for (size_t i = 0; i < keys.size() && entry;) {
      if (entry->key < keys[i]) {
        WEIR_ASSIGN(entry, reader.Next());
        continue;
      }
      if (entry->key == keys[i] && (!newest[i] || newest[i]->micros < entry->at))
        newest[i] = Instant{entry->at};
      ++i;
    }
  }
  return newest;
}

}  // namespace weir::pipeline
